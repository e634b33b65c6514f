"""What is learnt with the match, the copy, or all but one subcircuit clamped (Section 4.2, Appendix
D.1.2, Figure 5b).

Networks and measures are those of :mod:`claims.test_subcircuits`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from claims.comparisons import NOT_NEGATIVE
from claims.networks.clamped import (
    BOTH,
    COPY,
    LAYER_1,
    MATCH,
    NONE,
    PREVIOUS_TOKEN,
    change_of_weights,
    fastest_head,
    match_error,
)
from claims.phase_changes import (
    check_acceleration,
    check_over,
    duration_of,
    half_time_of,
    of_run,
    saddle_of,
)
from claims.subcircuits import (
    CLAMPED,
    FIGURE,
    HELD,
    WRONG_LABEL,
    Runs,
    check_ratio,
    check_times,
    of_seeds,
    published,
    read_off,
    until_learned,
)
from icl_repro import Evidence, claim, control


def check_accelerations(
    evidence: Evidence, name: str, runs: Runs, one: str, others: Sequence[str]
) -> None:
    """State that the acceleration ratio of a network is at most the smallest of others; of the
    published ones, the smallest of those whose change the figure of a seed shows.
    """
    ours, *rest = (of_run(runs[condition]).acceleration.value for condition in (one, *others))
    theirs, *their_rest = (published(c).acceleration.value for c in (one, *others))
    check_over(
        evidence,
        name,
        (ours, float(np.min(rest))),
        (theirs, float(np.min(their_rest))),
        "Figure 5b",
        "{:.2f} and {:.2f}",
        of_seeds(one, "acceleration")
        / np.nanmin([of_seeds(other, "acceleration") for other in others], axis=0),
        at_most=1,
    )


# With match: what is left, the copy, is learnt smoothly.

MATCH_HELD = "largest distance of the clamped head's attention from the right label"
PHASE_CHANGES = (NONE, PREVIOUS_TOKEN, LAYER_1, COPY)
"""Those that the paper calls a phase change."""


@claim(
    "subcircuits.match",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "Without a clamp the loss speeds up and prefers an S-shape",
            id="no_clamp",
            swap={MATCH: NONE},
        ),
        control(
            "A head that attends to the wrong label is not clamped to match, though its copy is "
            "learnt as smoothly: one of two labels is as well known by the other",
            id="wrong_label",
            swap={MATCH: WRONG_LABEL},
            only=MATCH_HELD,
        ),
    ],
)
def test_match(runs: Runs, evidence: Evidence) -> None:
    """With the whole match operation clamped, only the copy is learnt: smoothly and exponentially,
    without a phase change.
    """
    check_ratio(evidence, "acceleration ratio, match clamped", runs, MATCH, at_most=1.5)
    check_accelerations(
        evidence,
        "acceleration ratio with match clamped over the smallest of a phase change",
        runs,
        MATCH,
        PHASE_CHANGES,
    )
    shape = of_run(runs[MATCH]).preference
    evidence.check(
        "criterion of an S-shape less that of exponentials, with match clamped",
        shape.against_s,
        at_least=0,
        published=read_off(MATCH, "against_s", published(MATCH).preference.against_s),
        interval=shape.against_s_interval,
        note="one exponential or two, whichever is better",
    )
    evidence.check(MATCH_HELD, match_error(runs[MATCH], fastest_head(runs)), at_most=HELD)


# What is copied holds for labels that were never seen together: ours, because on the training
# sequences attention to the wrong one of two labels teaches as much as to the right one.


@claim(
    "subcircuits.held_out",
    source="ours, beyond Section 4.2 and Figure 5b",
    on=CLAMPED,
    fails_on=control(
        "A head that attends to the wrong label teaches no copying that holds for label pairs held "
        "out: they come later, in a phase change",
        id="wrong_label",
        swap={MATCH: WRONG_LABEL},
    ),
)
def test_held_out(runs: Runs, evidence: Evidence) -> None:
    """With match clamped, the copy is learnt as smoothly for label pairs held out."""
    found = of_run(runs[MATCH], "test_relabel.loss")
    name = "acceleration ratio on label pairs held out, match clamped"
    check_acceleration(evidence, name, found, at_most=1.5)
    evidence.quantity(
        "half-time on label pairs held out, match clamped", found.half_time.value, unit="sequences"
    )


# With copy: what is left, the match, is learnt in a quick phase change after a small saddle.

COPY_RATIO = "acceleration ratio, copy clamped"
SADDLE_LEVEL = "level of the saddle with copy clamped"
SADDLE_LENGTH = "time near ln 2 with copy clamped over that without a clamp"
QUICK = "duration with copy clamped over that without a clamp"
COPY_HELD = "largest change of a weight that reads labels out, with copy clamped"
LABELS_OUT = ("layers.1.value", "layers.1.output", "unembedding")


@claim(
    "subcircuits.copy",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "With match clamped, in place of copy, the loss does not speed up",
            id="match",
            swap={COPY: MATCH},
            only=(COPY_RATIO, COPY_HELD),
        ),
        control(
            "With the paper's Layer 1 clamped, in place of copy, the loss is slowest above ln 2",
            id="layer_1",
            swap={COPY: LAYER_1},
            only=(SADDLE_LEVEL, COPY_HELD),
        ),
        control(
            "With a perfect previous-token pattern neither the saddle nor the change is short",
            id="previous_token",
            swap={COPY: PREVIOUS_TOKEN},
            only=(SADDLE_LENGTH, QUICK, COPY_HELD),
        ),
    ],
)
def test_copy(runs: Runs, evidence: Evidence) -> None:
    """With copy clamped, only the match is learnt: a small saddle is followed by a quick phase
    change.
    """
    check_ratio(evidence, COPY_RATIO, runs, COPY, at_least=1.5)
    saddle = of_run(runs[COPY]).plateau
    evidence.check(
        SADDLE_LEVEL,
        saddle.value,
        between=(0.6, 0.8),
        unit="nats",
        published=read_off(COPY, "plateau", published(COPY).plateau.value),
        interval=saddle.interval,
        limits=NOT_NEGATIVE,
        note="mean loss while it is slowest before the phase change; ln 2 is 0.693",
    )
    near = saddle_of(runs[COPY]), saddle_of(runs[NONE])
    check_times(evidence, SADDLE_LENGTH, near, (COPY, NONE), "saddle", at_most=1 / 4)
    change = duration_of(runs[COPY]), duration_of(until_learned(runs))
    check_times(evidence, QUICK, change, (COPY, NONE), "duration", at_most=1 / 2)
    evidence.check(COPY_HELD, change_of_weights(runs[COPY], *LABELS_OUT), at_most=0)


# With Layer 1 and copy, the same is closer to exponential.

CLOSER = "acceleration ratio with Layer 1 and copy clamped over that with copy clamped"
BOTH_HELD = "largest change of a weight that reads labels out, with Layer 1 and copy clamped"


@claim(
    "subcircuits.more_exponential",
    source=FIGURE,
    on=CLAMPED,
    fails_on=control(
        "With the paper's Layer 1 clamped, but not copy, it is not",
        id="layer_1",
        swap={BOTH: LAYER_1},
    ),
)
def test_more_exponential(runs: Runs, evidence: Evidence) -> None:
    """With the paper's Layer 1 and copy clamped, the loss is more exponential than with copy
    clamped.
    """
    check_accelerations(evidence, CLOSER, runs, BOTH, [COPY])
    evidence.check(BOTH_HELD, change_of_weights(runs[BOTH], *LABELS_OUT), at_most=0)


# Each subcircuit alone is learnt much faster than all together.

ALONE: Mapping[str, str] = {"the match (subcircuit B)": BOTH, "the copy (subcircuit C)": MATCH}
"""What is learnt where the rest is clamped."""

faster = "half-time of {} alone over that without a clamp".format


@claim(
    "subcircuits.faster",
    source="Section 5, at its end, and Section 7; Figure 5b",
    on=CLAMPED,
    fails_on=control(
        "With a perfect previous-token pattern the rest takes more than a quarter of the time",
        id="previous_token",
        swap=dict.fromkeys(ALONE.values(), PREVIOUS_TOKEN),
    ),
)
@pytest.mark.parametrize("what", ALONE, ids=["match", "copy"])
def test_faster(what: str, runs: Runs, evidence: Evidence) -> None:
    """An individual subcircuit is learnt substantially faster than the whole circuit."""
    condition = ALONE[what]
    ours = half_time_of(runs[condition]), half_time_of(runs[NONE])
    check_times(evidence, faster(what), ours, (condition, NONE), "half_time", at_most=1 / 4)
