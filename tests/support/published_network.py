"""A network that the authors' published code trained, and what that code measured on it.

From ``shared/golden`` of the project's material (its README says how they were recorded):
``published_runs.npz`` has the final weights of the full network of seed 5 and the losses of that
and of clamped ones, ``published_streams.npz`` the initial weights, the label pairs and the
evaluation sets. Exemplars are Omniglot characters through SqueezeNet, of which the copy here has
the 50 that were trained on, as the network embeds them: all that it ever sees of them.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import jax.numpy as jnp
import numpy as np

from icl_repro.episodes import Episodes, Sampler
from icl_repro.network.transformer import Attention, LayerNorm, Transformer

State = Literal["init", "final"]
SETS = ("fsl_train", "fsl_val_rl")
"""Evaluation sets of the training classes, as the authors call them: label pairs that are trained
on, and those that are held out.
"""


@cache
def published() -> dict[str, np.ndarray]:
    """The copied numbers; weights are named as in ``published_runs.npz``, after their state."""
    with np.load(Path(__file__).parents[1] / "data" / "published_network.npz") as arrays:
        return dict(arrays)


def published_model(state: State) -> Transformer:
    """The network, for exemplars that are embedded already."""

    def get(name: str):
        return jnp.asarray(published()[f"{state}/{name}"])

    def norm(name: str) -> LayerNorm:
        return LayerNorm(get(f"{name}.weight"), get(f"{name}.bias"))

    def layer(index: int) -> Attention:
        block = f"transformer.blocks[{index}]"
        query, key, value = jnp.split(get(f"{block}.attn.qkv.weight"), 3)
        return Attention(
            norm(f"{block}.norm1"), query, key, value, get(f"{block}.attn.proj.weight"), heads=8
        )

    width = get("unembed.weight").shape[1]
    return Transformer(
        exemplar_weight=jnp.eye(width),
        exemplar_bias=jnp.zeros(width),
        label_embedding=get("label_embed.weight"),
        layers=(layer(0), layer(1)),
        norm=norm("transformer.norm"),
        unembedding_weight=get("unembed.weight"),
        unembedding_bias=get("unembed.bias"),
    )


def evaluation_set(state: State, name: str) -> Episodes:
    """One of `SETS`: 1,000 sequences, embedded by the network of a state."""
    classes, labels = (
        published()[f"{name}/{part}"].astype(np.int32) for part in ("classes", "labels")
    )
    matching = (classes[:, 1] == classes[:, 2]).astype(np.int32)
    return Episodes(_embedded(state), *map(jnp.asarray, (classes.T, labels.T, matching)))


def training_sequences(state: State) -> Episodes:
    """All 78,400 training sequences, embedded by the network of a state."""
    pairs = published()["label_pairs"].astype(np.int32)
    return Sampler(_embedded(state), jnp.asarray(pairs)).enumerate()


def _embedded(state: State):
    return jnp.asarray(published()[f"{state}/embedded"])
