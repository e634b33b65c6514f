"""Previous-token heads of the first layer (Section 3.3; Appendix E)."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_repro.episodes import LABEL_POSITIONS, Episodes
from icl_repro.measures.datasets.chunks import over_chunks
from icl_repro.measures.kept import kept
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Intervention
from icl_repro.training.evaluation import previous_token_attention

ABOVE_UNIFORM = 0.5
"""By how much a previous-token head attends to the token before more than a uniform head does."""

UNIFORM_ATTENTION = float(np.mean([1 / (position + 1) for position in LABEL_POSITIONS]))
"""Attention from a label to the token before, where every token up to the label gets the same, as
a mean over both labels: 3/8.
"""

LARGEST_CHUNK = 1_000
"""Episodes evaluated at once."""


def previous_token_scores(
    model: Transformer, episodes: Episodes, layer: int = 0
) -> Float[np.ndarray, " heads"]:
    """How much more than a uniform causal pattern each head attends from the labels to the token
    before: 5/8 for a perfect previous-token head, 0 for a uniform one.

    The paper finds these heads "by inspecting attention patterns" (Section 3.3); this is what they
    show, as a mean over episodes and over both labels.

    Raises:
        ValueError: there is no such layer.
    """
    if layer not in range(model.n_layers):
        raise ValueError(
            f"layer {layer} is out of range, the model has layers 0 to {model.n_layers - 1}"
        )
    return np.asarray(_attention(model, episodes, layer), np.float64) - UNIFORM_ATTENTION


@kept(np.ndarray)
@eqx.filter_jit
def _attention(model: Transformer, episodes: Episodes, layer: int) -> Float[Array, " heads"]:
    def of_chunk(chunk: Episodes) -> Float[Array, " heads"]:
        return previous_token_attention(Intervention().trace(model, chunk), layer)

    return jnp.mean(over_chunks(episodes, of_chunk, LARGEST_CHUNK), axis=0)


def previous_token_heads(scores: Float[np.ndarray, " heads"]) -> tuple[int, ...]:
    """The heads whose score is at least :data:`ABOVE_UNIFORM`, in order; there may be none."""
    return tuple(int(head) for head in np.flatnonzero(np.asarray(scores) >= ABOVE_UNIFORM))
