"""Composition scores: how much of what a head writes another reads, by their weights alone.

Elhage et al. (2021); the paper shows them beside its ablations and finds them "much harder to
interpret" (Appendix E, Figure 11c).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Array, Float

from icl_repro.network.transformer import Attention, Transformer

Reading = Literal["key", "value", "query"]


def composition_scores(
    model: Transformer, reading: Reading, writer: int = 0, reader: int = 1
) -> Float[np.ndarray, "readers writers"]:
    """Composition score of every head of one layer with every head of a later one (Figure 11c).

    The Frobenius norm of the product of the reading matrix (of a head's queries, keys or values)
    and the writing matrix (the head's part of the output projection), over the product of their
    norms. LayerNorm is left out, as in the paper. Independent random matrices score about one over
    the square root of the width, 0.125.

    Returns:
        Rows are heads of layer `reader`, columns heads of layer `writer`.

    Raises:
        ValueError: the writing layer does not come before the reading one, or there is no such
            layer or no such reading matrix.
    """
    if not 0 <= writer < reader < model.n_layers:
        raise ValueError(
            f"layer {reader} cannot read what layer {writer} writes: of layers 0 to "
            f"{model.n_layers - 1}, the writer has to come first"
        )
    if reading not in ("key", "value", "query"):
        raise ValueError(f"heads read by key, value or query, not by {reading!r}")
    reads = _by_head(getattr(model.layers[reader], reading), model.layers[reader])
    writes = _by_head(np.asarray(model.layers[writer].output).T, model.layers[writer])
    products = np.einsum("rcw,sdw->rscd", reads, writes)
    norms = np.outer(*(np.linalg.norm(part, axis=(1, 2)) for part in (reads, writes)))
    return np.linalg.norm(products, axis=(2, 3)) / norms


def _by_head(
    weight: Float[Array | np.ndarray, "width width"], layer: Attention
) -> Float[np.ndarray, "heads channels width"]:
    """Rows of a matrix in double precision, head by head."""
    return np.asarray(weight, np.float64).reshape(layer.heads, -1, weight.shape[1])
