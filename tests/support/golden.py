"""The golden data: numbers from an independent implementation, and how to read them."""

from functools import cache
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import Attention, LayerNorm, Transformer
from icl_repro.optogenetics import (
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    PreservingAblation,
    only_heads,
)

HEAD = 3
CONDITIONS = {
    "none": (),
    "only_l1h3": (only_heads([HEAD]),),
    "pt": (only_heads([HEAD]), ClampPreviousToken((2,))),
    "match": (only_heads([HEAD]), ClampMatch((HEAD,))),
    "layer1": (only_heads([HEAD]), ClampFirstLayer()),
    "pp_ablate_125": (PreservingAblation((1, 2, 5), ("pattern",)),),
}
"""The conditions of the golden data, as our clamps."""


@cache
def golden() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).parents[1] / "data" / "training_reference.npz") as arrays:
        return dict(arrays)


def golden_model(state: str) -> Transformer:
    """The golden weights, `init` or `trained`."""

    def get(name: str):
        return jnp.asarray(golden()[f"{state}/{name}"])

    def norm(name: str) -> LayerNorm:
        return LayerNorm(get(f"{name}.weight"), get(f"{name}.bias"))

    def layer(index: int) -> Attention:
        query, key, value = jnp.split(get(f"layer{index}.qkv.weight"), 3)
        return Attention(
            norm(f"layer{index}.norm"), query, key, value, get(f"layer{index}.proj.weight"), heads=8
        )

    return Transformer(
        exemplar_weight=get("example_embed.weight"),
        exemplar_bias=get("example_embed.bias"),
        label_embedding=get("label_embed.weight"),
        layers=(layer(0), layer(1)),
        norm=norm("final_norm"),
        unembedding_weight=get("unembed.weight"),
        unembedding_bias=get("unembed.bias"),
    )


def golden_episodes(classes: np.ndarray, labels: np.ndarray) -> Episodes:
    """Episodes from class and label numbers of shape (episodes, 3)."""
    return Episodes(
        jnp.asarray(golden()["features"]),
        jnp.asarray(classes.T),
        jnp.asarray(labels.T),
        jnp.asarray((classes[:, 1] == classes[:, 2]).astype(np.int32)),
    )


def evaluation_batch() -> Episodes:
    return golden_episodes(golden()["eval_classes"], golden()["eval_labels"])
