"""Streams: what a run draws at random, and by which rule.

A stream decides the initial weights, which classes and label pairs are held out, every batch and
every evaluation set. Ours draw each batch by its number; the published ones retrace what the
authors' implementation draws from the same seeds. Both are modules with the same four functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from jaxtyping import Array, Int, Key

from icl_repro.episodes import Episodes, EpisodeSettings, Sampler, SetName
from icl_repro.network.transformer import ModelSettings, Transformer
from icl_repro.streams import ours, published

if TYPE_CHECKING:
    from pathlib import Path

    from icl_repro.exemplars import ExemplarSource

StreamsName = Literal["ours", "published"]
"""Whose streams: this package's, or those of the published implementation."""


class BatchKeys(Protocol):
    """The key of every batch, by the number of its step; arrays only."""

    def __getitem__(self, step: Int[Array, ""] | int, /) -> Key[Array, ""]:
        """The key to draw the batch of a step with."""
        ...


class Streams(Protocol):
    """What each module of streams offers."""

    def initial_network(
        self, settings: ModelSettings, n_features: int, n_labels: int, seed: int
    ) -> Transformer:
        """A network before training."""
        ...

    def samplers(
        self, settings: EpisodeSettings, source: ExemplarSource, cache: Path | None = None
    ) -> dict[SetName, Sampler]:
        """The samplers of the evaluation sets; `train` is also what is trained on.

        Raises:
            EpisodeError: the source has too few classes or exemplars for the settings.
        """
        ...

    def batch_keys(self, seed: int, steps: int) -> BatchKeys:
        """The keys of the batches of a run of so many steps."""
        ...

    def evaluation_sets(
        self, sets: Mapping[SetName, Sampler], seed: int, size: int
    ) -> dict[str, Episodes]:
        """So many episodes of each set. What is drawn of one does not depend on the others."""
        ...


STREAMS: Mapping[StreamsName, Streams] = {"ours": ours, "published": published}
"""All streams, by their names in a :class:`~icl_repro.training.spec.RunSpec`."""
