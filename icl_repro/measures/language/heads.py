"""Induction heads and previous-token heads of language models, and what a model is without them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_repro.measures.kept import kept
from icl_repro.measures.language.score import in_context_score
from icl_repro.network.language_model import LanguageModel
from icl_repro.optogenetics import Edit, Intervention
from icl_repro.optogenetics.arguments import require_in_range, whole_number
from icl_repro.text import Text
from icl_repro.training.language_evaluation import losses_of

MATCHES = 0.3
"""The least prefix-matching score of an induction head."""
COPIES = 0.5
"""Its least copying score: it favours what it attends to over three of four other tokens."""
ATTENDS = 0.3
"""The least mean attention of a previous-token head to the token before. A uniform pattern has 0.06
on 64 tokens.
"""

PerHead = Float[np.ndarray, " heads"]


def induction_heads(matching: PerHead, copying: PerHead) -> tuple[int, ...]:
    """The heads of a layer that match prefixes and copy, in order.

    Raises:
        ValueError: scores of several layers, of different heads, or not from -1 to 1.
    """
    matching, copying = _of_heads(matching, "prefix-matching"), _of_heads(copying, "copying")
    if len(matching) != len(copying):
        raise ValueError(
            "each head of a layer needs a prefix-matching and a copying score, but there are "
            f"{len(matching)} and {len(copying)}"
        )
    return tuple(np.flatnonzero((matching >= MATCHES) & (copying >= COPIES)).tolist())


def previous_token_heads(attention: PerHead) -> tuple[int, ...]:
    """The heads of a layer that attend to the token before, in order.

    Raises:
        ValueError: scores of several layers, or not from -1 to 1.
    """
    return tuple(np.flatnonzero(_of_heads(attention, "previous-token") >= ATTENDS).tolist())


def _of_heads(scores: PerHead, kind: str) -> PerHead:
    """Scores of the heads of a layer."""
    scores = np.asarray(scores)
    if scores.ndim != 1:
        raise ValueError(
            f"{kind} scores have shape {scores.shape}, but must have one axis, the heads of a "
            "layer: give one layer at a time"
        )
    # A mean of 32-bit numbers from -1 to 1 may round to a little more.
    amiss = np.flatnonzero(~(np.abs(scores) <= 1 + 1e-5))
    if len(amiss):
        raise ValueError(
            f"the {kind} score of head {amiss[0]} is {scores[amiss[0]]}, but must be from -1 to 1"
        )
    return scores


def others(heads: Collection[int], n_heads: int, size: int) -> list[tuple[int, ...]]:
    """All choices of so many other heads of a layer: all others as one where there are fewer.

    Args:
        heads: those that are not among them.
        n_heads: how many the layer has.
        size: how many are chosen.

    Raises:
        ValueError: one of the heads is not there, `size` is below 0 or `n_heads` below 1.
        TypeError: `size` or `n_heads` is no whole number.
    """
    if (n_heads := whole_number(n_heads, "n_heads")) < 1:
        raise ValueError(f"n_heads is {n_heads}, but must be at least 1 (nearest: 1)")
    if whole_number(size, "size") < 0:
        raise ValueError(f"size is {size}, but must be at least 0 (nearest: 0)")
    for head in sorted(heads):
        require_in_range(head, "head", n_heads, "the layer has")
    rest = [head for head in range(n_heads) if head not in heads]
    return [*itertools.combinations(rest, min(size, len(rest)))]


def mean_losses(
    model: LanguageModel, text: Text, edits: Iterable[Edit] = ()
) -> Float[np.ndarray, " positions"]:
    """Mean loss at each position of a model under edits."""
    return np.asarray(_losses(model, Intervention(edits), text), np.float64)


def score_under(model: LanguageModel, text: Text, edits: Iterable[Edit] = ()) -> float:
    """The in-context-learning score of a model under edits, in nats."""
    return float(in_context_score(mean_losses(model, text, edits)))


@kept(np.ndarray)
@eqx.filter_jit
def _losses(
    model: LanguageModel, intervention: Intervention, text: Text
) -> Float[Array, " positions"]:
    return jnp.mean(losses_of(model, intervention, text), axis=1)
