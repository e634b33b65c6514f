"""A finished run: its curves, its checkpoints, and the networks in them."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from icl_repro.episodes import Sampler, SetName
from icl_repro.network.transformer import AttentionOnly, ModelSettings, Transformer
from icl_repro.optogenetics import Intervention, intervention
from icl_repro.training.altered_streams import streams_named
from icl_repro.training.spec import RunSpec

if TYPE_CHECKING:
    from pathlib import Path


OfNetwork = TypeVar("OfNetwork", bound=AttentionOnly)


def weights(model: AttentionOnly) -> dict[str, np.ndarray]:
    """The weights of a network by name, such as ``layers.0.query``."""
    leaves, _ = jax.tree.flatten_with_path(model)
    return {_name(path): np.asarray(leaf) for path, leaf in leaves}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A finished run.

    Attributes:
        spec: what was trained.
        curves: what :func:`~icl_repro.training.evaluation.evaluate` measured, first axis
            evaluations; ``sequences`` is their common x axis.
        checkpoint_sequences: sequences seen at each checkpoint, from 0 to the last.
        checkpoint_weights: weights by name, first axis checkpoints.
        seconds: how long training took.
        cache: folder for encoded exemplars, or None.
    """

    spec: RunSpec
    curves: dict[str, np.ndarray]
    checkpoint_sequences: np.ndarray
    checkpoint_weights: dict[str, np.ndarray]
    seconds: float
    cache: Path | None = None

    def __repr__(self) -> str:
        # Not the arrays: they would bury the message of any test that fails.
        counts = f"{len(self.sequences)} evaluations, {len(self.checkpoint_sequences)} checkpoints"
        return f"<Run {self.spec.key[:12]}: {self.spec.describe()}; {counts}>"

    @property
    def sequences(self) -> np.ndarray:
        """Sequences seen at each evaluation."""
        return self.curves["sequences"]

    @property
    def intervention(self) -> Intervention:
        """The clamps that it was trained under."""
        return intervention(self.spec.clamps, self.spec.model)

    def arrays(self) -> list[np.ndarray]:
        """All its arrays."""
        kept = (self.checkpoint_sequences, *self.checkpoint_weights.values())
        return [*self.curves.values(), *kept]

    def samplers(self) -> dict[SetName, Sampler]:
        """Samplers of the evaluation sets, as the run's streams split classes and labels."""
        spec = self.spec
        return streams_named(spec.streams).samplers(spec.episodes, spec.exemplars, self.cache)

    def model(self, checkpoint: int = -1) -> Transformer:
        """The network at a checkpoint: the last by default.

        Raises:
            IndexError: there is no such checkpoint.
        """
        return self._with_weights(self._shape(), checkpoint)

    def models(self) -> Transformer:
        """The networks of all checkpoints in one, with an axis of checkpoints before the others."""
        return self._with_all_weights(self._shape())

    def _shape(self) -> Transformer:
        """Its network, of shapes in place of weights."""
        spec = self.spec
        return _shape(spec.streams, spec.model, spec.exemplars.width, spec.episodes.labels)

    def _with_all_weights(self, shape: OfNetwork) -> OfNetwork:
        """A network of a shape with the weights of every checkpoint."""
        kept = self.checkpoint_weights
        return jax.tree.map_with_path(lambda path, _: jnp.asarray(kept[_name(path)]), shape)

    def _with_weights(self, shape: OfNetwork, checkpoint: int) -> OfNetwork:
        """A network of a shape with the weights of a checkpoint."""
        n_checkpoints = len(self.checkpoint_sequences)
        if not -n_checkpoints <= checkpoint < n_checkpoints:
            raise IndexError(
                f"checkpoint {checkpoint} is out of range, the run has {n_checkpoints} "
                f"(0 to {n_checkpoints - 1})"
            )

        def weight(path: tuple, _: jax.ShapeDtypeStruct) -> jax.Array:
            return jnp.asarray(self.checkpoint_weights[_name(path)][checkpoint])

        return jax.tree.map_with_path(weight, shape)

    def with_model(self, model: Transformer) -> Run:
        """The same run ending in another network of the same shapes, such as an altered one; its
        curves and its earlier checkpoints stay as they are.

        Raises:
            ValueError: it has weights of other names or shapes.
        """
        last = weights(model)
        shapes = {name: weight.shape for name, weight in last.items()}
        expected = {name: kept.shape[1:] for name, kept in self.checkpoint_weights.items()}
        if shapes != expected:
            raise ValueError(f"the run has weights of shapes {expected}, the network of {shapes}")
        changed = {
            name: np.concatenate([kept[:-1], last[name][None]])
            for name, kept in self.checkpoint_weights.items()
        }
        return dataclasses.replace(self, checkpoint_weights=changed)


@functools.cache
def _shape(streams: str, settings: ModelSettings, n_features: int, n_labels: int) -> Transformer:
    """A network with shapes in place of its weights."""
    begin = streams_named(streams).initial_network
    return eqx.filter_eval_shape(begin, settings, n_features, n_labels, 0)


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")
