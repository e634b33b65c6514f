"""Paths from heads of layer 0 to heads of layer 1, and what Figure 11 says of them.

Layer 0 and layer 1 are the paper's Layer 1 and Layer 2. The same functions are put to our networks
and to the published heat maps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from claims.comparisons import place_of
from claims.published import published_heatmap, reported
from icl_repro import Evidence
from icl_repro.measures.heads.wiring import wired
from icl_repro.training import Run

PAPER_HEADS = (1, 2, 5)
"""The paper's previous-token heads, all in its Layer 1 (Section 3.3)."""
PAPER_EPISODES = 78_400
STRONG_EFFECT = 0.085
"""The accuracy of a head of layer 1 alone that the loss of one head of layer 0 must cost to be a
strong effect. In the published Figure 11a, values preserved, Head 2 costs up to 0.103 and "only
Head 2 seems to have a strong effect"; the next, Head 3, costs up to 0.068: this is halfway.
"""
N_STRONGEST = 3
"""How many heads of layer 1 are its strongest: those in which the paper's six paths end."""

Pairs = Float[np.ndarray, "receivers senders"]


def published_accuracies(panel: str) -> np.ndarray:
    """A heat map of Figure 11: rows are the paper's Layer 2 heads, columns its Layer 1 heads."""
    return np.array(published_heatmap(f"fig11{panel}").values)


def strongest(strengths: Float[np.ndarray, " receivers"]) -> tuple[int, ...]:
    """The heads of layer 1 with the highest induction strength, in order of their number."""
    return tuple(sorted(int(head) for head in np.argsort(-np.asarray(strengths))[:N_STRONGEST]))


def paths(
    accuracies: Pairs,
    senders: Sequence[int],
    receivers: Sequence[int],
    n_episodes: int,
    chance: float = 0.5,
) -> Bool[np.ndarray, "receivers senders"]:
    """Which of all pairs of heads are active paths from one of `senders` to one of `receivers`:
    with these two heads alone, accuracy is above that of a guess between the labels in context,
    `chance`.
    """
    active = wired(accuracies, n_episodes, chance=chance)
    receives, sends = (
        np.isin(range(n), heads)
        for n, heads in zip(active.shape, (receivers, senders), strict=True)
    )
    return active & receives[:, None] & sends


def published_paths() -> Bool[np.ndarray, "receivers senders"]:
    """The six paths of Appendix E, by the same rule from Figure 11b."""
    strengths = [reported(f"nb.seed5.strength.h{head}").value for head in range(8)]
    return paths(
        published_accuracies("b.pv"), PAPER_HEADS, strongest(np.array(strengths)), PAPER_EPISODES
    )


def with_strong_effect(change: Pairs) -> tuple[int, ...]:
    """The heads of layer 0 whose loss costs some head of layer 1 alone :data:`STRONG_EFFECT`."""
    return tuple(int(head) for head in np.flatnonzero(-change.min(axis=0) > STRONG_EFFECT))


def place_by_ablation(
    scores: Pairs, accuracies: Pairs, chosen: Callable[[np.ndarray], np.intp] = np.argmax
) -> int:
    """The place of a head of layer 0, that with the highest composition score unless another is
    chosen, by the accuracy of its best path: 1 if it is the one that matters most by ablation.
    """
    return place_of(int(chosen(scores.max(axis=0))), accuracies.max(axis=0))


def say_if_none_stands_out(evidence: Evidence, senders: Collection[int]) -> None:
    """Leave open what is said of previous-token heads if there are none."""
    evidence.inconclusive(
        "no head of layer 0 stands out as a previous-token head",
        unless="number of previous-token heads",
        value=len(senders),
        at_least=1,
    )


def shuffled_writers(run: Run) -> Run:
    """The trained network, each head of layer 0 writing through the next one's output matrix: all
    heads read what they read before, but what they write no longer is what layer 1 listens to.
    """
    model = run.model()
    output = jnp.roll(model.layers[0].output, model.width // model.n_heads, axis=1)
    return run.with_model(eqx.tree_at(lambda model: model.layers[0].output, model, output))
