"""What the text says of Figure 11, against the figure: which heads of the paper's Layer 1 matter.

Nothing is trained or measured here but what stands in the figure, as in ``test_published.py``.
Heads are named as in the paper, whose Layers 1 and 2 are layers 0 and 1 elsewhere.
"""

from __future__ import annotations

import numpy as np

from claims.comparisons import PerHead
from claims.published import published_data
from claims.published.by_head import HEADS
from icl_repro import Evidence, claim, control

READ_OFF = "Figure 11 of the paper, as its authors' notebook prints it or as it was read"

# Figure 11a: one head of Layer 1 off.

SAID_TO_MATTER = 2
"""The only head that seems to have a strong effect, by the text."""


def costs(kept: str) -> PerHead:
    """What the loss of each head of Layer 1 costs that head of Layer 2 alone which it costs most;
    `kept` says what is preserved: ``pp``, patterns, or ``pv``, values.
    """
    return -np.min(published_data().heatmaps[f"fig11a.{kept}"].values, axis=0)


@claim(
    "published.knock_outs",
    source="Appendix E, Figure 11a",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "The head after it is not the one that costs most",
        id="next_head",
        given={"shift": 1},
    ),
)
def test_knock_outs(evidence: Evidence, *, shift: int = 0) -> None:
    """When single heads of Layer 1 are ablated only Head 2 has a strong effect.

    With values preserved it has the strongest, and no other stands out. With patterns preserved,
    in the other half of the figure, three heads cost more than it does. The text is about heads
    that serve the match, which shows with values preserved, but does not say so.
    """
    meant = SAID_TO_MATTER + shift
    others = np.delete(np.arange(len(HEADS)), meant)
    strong = costs("pv")[meant]
    for kept, name in (("pv", "values"), ("pp", "patterns")):
        found = costs(kept)
        stronger = [head for head in others if found[head] > strong]
        evidence.check(
            f"other heads with a stronger effect, {name} preserved",
            len(stronger),
            at_most=0,
            unit="heads",
            note=f"than Head {meant} has with values preserved ({strong:.3f}): "
            + (", ".join(f"Head {head} ({found[head]:.3f})" for head in stronger) or "none"),
        )
    evidence.quantity("cost of the next, values preserved", np.sort(costs("pv"))[-2])


# Figure 11b: active paths.

NAMED_PATHS = ((1, 3), (2, 1), (2, 2), (2, 3), (5, 1), (5, 3))
"""The paths that Appendix E names: a head of Layer 1, and the head of Layer 2 that it serves."""
STRONG_HEADS = (1, 2, 3)
"""The strongest heads of Layer 2 (Figure 4a)."""
CHANCE = 0.5
"""Of a guess between the two labels in context."""


@claim(
    "published.active_paths",
    source="Section 3.3; Appendix E, Figure 11b",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "Paths from the head after each do not stand out",
        id="next_head",
        given={"shift": 1},
    ),
)
def test_active_paths(evidence: Evidence, *, shift: int = 0) -> None:
    """Six paths through one head of each layer are active: from Head 1 of Layer 1 to Head 3 of
    Layer 2, from Head 2 to Heads 1, 2 and 3, and from Head 5 to Heads 1 and 3; each of Heads 1, 2
    and 5 is enough for accuracy above chance in one of the strongest heads.
    """
    accuracies = np.array(published_data().heatmaps["fig11b.pv"].values).T
    named = [(sender + shift, receiver) for sender, receiver in NAMED_PATHS]
    least = min(accuracies[path] for path in named)
    evidence.check("least accuracy of the paths that are named", least, at_least=CHANCE)
    others = {
        (sender, receiver): accuracies[sender, receiver]
        for sender in HEADS
        for receiver in HEADS
        if (sender, receiver) not in named and accuracies[sender, receiver] > least
    }
    evidence.quantity(
        "paths that are not named, but better than one that is",
        len(others),
        note="the text does not say that there is none; "
        + "; ".join(
            f"Head {sender} to Head {receiver}: {accuracy:.3f}"
            for (sender, receiver), accuracy in others.items()
        )
        + f"; the least named: {least:.3f}",
    )
    evidence.check(
        "least of the accuracies in a strongest head for which one of Heads 1, 2 and 5 is enough",
        min(accuracies[sender, list(STRONG_HEADS)].max() for sender, _ in named),
        at_least=CHANCE,
    )
