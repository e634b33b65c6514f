"""Previous-token heads of the first layer (Section 3.3; Appendix E)."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_repro.episodes import LABEL_POSITIONS, N_CONTEXT, Episodes, label_positions
from icl_repro.measures.datasets.chunks import over_chunks
from icl_repro.measures.kept import kept
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Intervention
from icl_repro.optogenetics.arguments import require_in_range
from icl_repro.statistics.breaks import natural_break
from icl_repro.training.evaluation import previous_token_attention


def uniform_attention(positions: Sequence[int]) -> float:
    """Attention from a label to the token before, where every token up to the label gets the same,
    as a mean over labels at some positions.
    """
    return float(np.mean([1 / (position + 1) for position in positions]))


UNIFORM_ATTENTION = uniform_attention(LABEL_POSITIONS)
"""That of both labels in context: 3/8."""

MAJORITY = 1 / 2 - UNIFORM_ATTENTION
"""The score of a head that attends to the token before as much as to all others together."""

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
    require_in_range(layer, "layer", model.n_layers, "the model has")
    attention = np.asarray(_attention(model, episodes, layer), np.float64)
    return attention - uniform_attention(episodes.label_positions)


@kept(np.ndarray)
@eqx.filter_jit
def _attention(model: Transformer, episodes: Episodes, layer: int) -> Float[Array, " heads"]:
    def of_chunk(chunk: Episodes) -> Float[Array, " heads"]:
        return previous_token_attention(Intervention().trace(model, chunk), layer)

    return jnp.mean(over_chunks(episodes, of_chunk, LARGEST_CHUNK), axis=0)


def previous_token_heads(
    scores: Float[np.ndarray, " heads"], pairs: int = N_CONTEXT
) -> tuple[int, ...]:
    """The heads that stand out as previous-token heads, in order; there may be none.

    Whoever looks at attention patterns sees which heads stand out from the others, and what they
    attend to. So these are the heads above the natural break of all scores, as far as they attend
    to the token before more than to all others together (:data:`MAJORITY`). A fixed bar would ask
    for the same of every network; the largest gap alone would take the single head that stands out
    most. By the break, the accuracies of the published Figure 11b give the paper's heads 1, 2 and
    5, and by the largest gap head 2 alone.
    """
    values = np.asarray(scores, np.float64)
    cut = max(natural_break(values), 1 / 2 - uniform_attention(label_positions(pairs)))
    return tuple(int(head) for head in np.flatnonzero(values >= cut))
