"""Whether the ablations of Appendix E are what they say: in the activations, and against the same
ablations made in the weights.

In the weights, a head is off if its columns of the output matrix are zero, and patterns or values
are preserved by putting those of the intact network in as numbers: no mask of heads decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from icl_repro.episodes import Episodes
from icl_repro.measures.heads.wiring import (
    PRESERVED,
    PreservingAblations,
    wiring_diagram,
    without_heads,
)
from icl_repro.measures.kept import kept as kept_on_disk
from icl_repro.network.transformer import ModelSettings, Transformer
from icl_repro.optogenetics import Constant, Edit, Intervention, PreservingAblation, intervention
from icl_repro.training.evaluation import correct

Kept = Literal["pattern", "value"]
"""What of layer 1 is preserved."""


class Effects(NamedTuple):
    """The largest of what a head of layer 0 that is off still writes, and of the changes of what
    the others write and of the patterns or the values of layer 1, over heads and episodes.
    """

    off: float
    on: float
    kept: float


def effects(
    model: Transformer, episodes: Episodes, kept: Kept, seen: Kept, shift: int = 0
) -> Effects:
    """Turn the heads of layer 0 off one at a time, by clamps and by masks, and look at the trace.

    Args:
        model: the network.
        episodes: what to look at.
        kept: what of layer 1 is preserved.
        seen: which of the two is looked at.
        shift: how far from the head that is off to look for it.
    """
    settings = ModelSettings(model.n_layers, model.width, model.n_heads)
    off, none = np.eye(model.n_heads, dtype=bool), np.zeros(model.n_heads, dtype=bool)
    preserved = np.array([name == kept for name in PRESERVED])
    named = [
        intervention([PreservingAblation((head,), (kept,))], settings)
        for head in range(model.n_heads)
    ]
    masked = [PreservingAblations()(row, preserved, none) for row in off]
    of_heads = np.roll(off, shift, axis=1)
    found = [_effects(model, episodes, _stacked(made), of_heads) for made in (named, masked)]
    written, silent, *changed = np.max(np.array(found), axis=0).tolist()
    return Effects(written, silent, changed[PRESERVED.index(seen)])


@kept_on_disk(np.ndarray)
@eqx.filter_jit
def _effects(
    model: Transformer,
    episodes: Episodes,
    ablations: Intervention,
    off: Bool[np.ndarray, "ablations heads"],
) -> Float[Array, " effects"]:
    """What a head that is off writes, and the changes of what the others write and of what may be
    preserved, in that order: the largest over several ablations, which are the first axis of all
    arrays in `ablations`.
    """
    clean, written = Intervention().trace(model, episodes), "layers.0.attention.mixed"

    def of_one(made: Intervention, off: Bool[Array, " heads"]) -> list[Float[Array, ""]]:
        ablated = made.trace(model, episodes)
        is_off = off[:, None, None, None]
        sites: dict[Kept, str] = {name: f"layers.1.attention.{name}" for name in PRESERVED}
        return [
            jnp.abs(jnp.where(is_off, ablated[written], 0)).max(),
            jnp.abs(jnp.where(is_off, 0, ablated[written] - clean[written])).max(),
            *(jnp.abs(ablated[site] - clean[site]).max() for site in sites.values()),
        ]

    of_each = jax.lax.map(lambda each: of_one(*each), (ablations, off))
    return jnp.stack([one.max() for one in of_each])


def _stacked(interventions: Sequence[Intervention]) -> Intervention:
    return jax.tree.map(lambda *arrays: np.stack(arrays), *interventions)


def difference_in_weights(
    model: Transformer, episodes: Episodes, kept: Kept, shift: int = 0
) -> float:
    """The largest difference of the accuracies of Figure 11, and of those without sets of heads of
    layer 0 (one, or all but one), from those of the same ablations made in the weights.

    Args:
        model: the network.
        episodes: what it is evaluated on.
        kept: what of layer 1 is preserved.
        shift: how far from the heads whose weights are zero those are that are off otherwise.
    """
    each = np.eye(model.n_heads, dtype=bool)
    none = np.zeros((1, model.n_heads), dtype=bool)
    diagram = wiring_diagram(model, episodes)
    sets = without_heads(model, episodes, [np.flatnonzero(m).tolist() for m in (*each, *~each)])
    off, receivers_off = (
        np.roll(np.concatenate(masks), shift, axis=1)
        for masks in ([none, each, ~each], [~each, none])
    )
    cut = _accuracies(model, episodes, jnp.asarray(off), jnp.asarray(receivers_off), kept)
    others = [diagram.baseline[:, None], diagram.remove_one[kept], diagram.keep_one[kept]]
    return max(
        float(np.abs(cut[:, :-1].T - np.concatenate(others, axis=1)).max()),
        float(np.abs(cut[1:, -1] - sets[:, PRESERVED.index(kept)]).max()),
    )


@kept_on_disk(np.ndarray)
@eqx.filter_jit
def _accuracies(
    model: Transformer,
    episodes: Episodes,
    off: Bool[Array, "ablations heads"],
    receivers_off: Bool[Array, "receptions heads"],
    kept: str,
) -> Float[Array, "ablations receptions"]:
    site = f"layers.1.attention.{kept}"
    preserved = Intervention([Edit(site, Constant(Intervention().predict(model, episodes)[site]))])

    def accuracy(off_0: Array, off_1: Array) -> Float[Array, ""]:
        cut = _without(_without(model, 0, off_0), 1, off_1)
        return correct(preserved.predict(cut, episodes).logits, episodes).mean()

    return jax.lax.map(lambda o: jax.lax.map(lambda r: accuracy(o, r), receivers_off), off)


def _without(model: Transformer, layer: int, off: Bool[Array, " heads"]) -> Transformer:
    output = model.layers[layer].output
    columns = jnp.repeat(off, output.shape[1] // model.n_heads, total_repeat_length=output.shape[1])
    cut = jnp.where(columns, 0, output)
    return eqx.tree_at(lambda m: m.layers[layer].output, model, cut)
