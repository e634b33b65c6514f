"""What is wrong on purpose with episodes and networks of planted faults (:mod:`claims.faults`).

No option of a run says such things, so that they are said through its streams: what it draws at
random, altered. The same alterations are there where a trained run is measured, as they would be if
the mistake stood in the code.
"""

from __future__ import annotations

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import LayerNorm, Transformer
from icl_repro.training import RunSpec
from icl_repro.training.altered_streams import alter

HERE = Path(__file__)


def with_answers_exchanged(spec: RunSpec) -> RunSpec:
    """The run on episodes whose answer is the label of the other class."""
    streams = alter(spec.streams, "answers exchanged", HERE, episodes=answers_exchanged)
    return spec.with_(streams=streams)


def with_answer_leaked(spec: RunSpec) -> RunSpec:
    """The run on episodes that show the answer as the label of both classes."""
    streams = alter(spec.streams, "answer leaked", HERE, episodes=answer_leaked)
    return spec.with_(streams=streams)


def without_normalisation(spec: RunSpec) -> RunSpec:
    """The run of a network that scales and shifts where it should normalise first."""
    streams = alter(spec.streams, "no normalisation", HERE, network=not_normalising)
    return spec.with_(streams=streams)


def answers_exchanged(episodes: Episodes) -> Episodes:
    """The same episodes, with the other of the two labels in context as the answer."""
    first, second, answer = episodes.labels
    return _with_labels(episodes, first, second, first + second - answer)


def answer_leaked(episodes: Episodes) -> Episodes:
    """The same episodes, with the answer in place of both labels in context."""
    answer = episodes.targets
    return _with_labels(episodes, answer, answer, answer)


def _with_labels(episodes: Episodes, *labels: Array) -> Episodes:
    return Episodes(episodes.bank, episodes.exemplars, jnp.stack(labels), episodes.matching)


class ScaleAndShift(LayerNorm):
    """A LayerNorm that forgets to normalise."""

    def __call__(self, x: Float[Array, "width ..."]) -> Float[Array, "width ..."]:
        """Scale and shift along the first axis."""
        along = (-1,) + (1,) * (x.ndim - 1)
        return x * self.weight.reshape(along) + self.bias.reshape(along)


def not_normalising(network: Transformer) -> Transformer:
    """The same network with nothing normalised, in any layer or before the unembedding."""

    def norms(model: Transformer) -> list[LayerNorm]:
        mlps = [layer.mlp.norm for layer in model.layers if layer.mlp is not None]
        found = [*(layer.norm for layer in model.layers), *mlps, model.norm]
        return [norm for norm in found if isinstance(norm, LayerNorm)]

    if not norms(network):
        return network  # there is none to forget it
    forgetful = [ScaleAndShift(norm.weight, norm.bias) for norm in norms(network)]
    return eqx.tree_at(norms, network, forgetful)
