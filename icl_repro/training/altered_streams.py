"""Streams with a part altered, under a name of their own: another network to begin with, or other
episodes.

They are for runs that are wrong on purpose. A spec that names them is another run than the one that
it was made of, with a key of its own; specs that name no such streams stay what they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from jaxtyping import Array, Key

from icl_repro.episodes import Episodes, EpisodeSettings, Sampler, SetName
from icl_repro.network.transformer import ModelSettings, Transformer
from icl_repro.storage import fingerprint
from icl_repro.streams import STREAMS, BatchKeys, Streams

if TYPE_CHECKING:
    from icl_repro.exemplars import ExemplarSource

_KNOWN = cast("dict[str, Streams]", STREAMS)
"""All streams: altered ones join the others, where the engine looks."""

OfEpisodes = Callable[[Episodes], Episodes]
OfNetwork = Callable[[Transformer], Transformer]


class AlteredStreams:
    """Streams that give what others do, altered.

    Attributes:
        recipe: 64 hexadecimal digits, the same for streams that alter alike: part of the address of
            every run on them, because the source of an alteration is no part of its key otherwise.
    """

    def __init__(
        self, base: Streams, recipe: str, episodes: OfEpisodes | None, network: OfNetwork | None
    ) -> None:
        self.recipe = recipe
        self._base = base
        self._episodes = episodes
        self._network = network

    def initial_network(
        self, settings: ModelSettings, n_features: int, n_labels: int, seed: int
    ) -> Transformer:
        """A network before training."""
        network = self._base.initial_network(settings, n_features, n_labels, seed)
        return network if self._network is None else self._network(network)

    def samplers(
        self, settings: EpisodeSettings, source: ExemplarSource, cache: Path | None = None
    ) -> dict[SetName, Sampler]:
        """The samplers of the evaluation sets; `train` is also what is trained on."""
        plain = self._base.samplers(settings, source, cache)
        if self._episodes is None:
            return plain
        alter = self._episodes
        return {name: _as(_altered_kind(type(s), alter), s) for name, s in plain.items()}

    def batch_keys(self, seed: int, steps: int) -> BatchKeys:
        """The keys of the batches of a run of so many steps."""
        return self._base.batch_keys(seed, steps)

    def evaluation_sets(
        self, sets: Mapping[SetName, Sampler], seed: int, size: int
    ) -> dict[str, Episodes]:
        """So many episodes of each set."""
        if self._episodes is None:
            return self._base.evaluation_sets(sets, seed, size)
        # Not every stream draws them by the sampler's own method.
        plain: dict[SetName, Sampler] = {
            name: _as(type(s).__bases__[0], s) for name, s in sets.items()
        }
        drawn = self._base.evaluation_sets(plain, seed, size)
        return {name: self._episodes(episodes) for name, episodes in drawn.items()}


def alter(
    streams: str,
    what: str,
    source: Path,
    *,
    episodes: OfEpisodes | None = None,
    network: OfNetwork | None = None,
) -> str:
    """The name of altered streams, for a spec; they are there from now on in this process.

    Args:
        streams: the streams that are altered.
        what: what is altered, in words: it follows the name of these streams.
        source: the file of the alteration: runs are made anew when its code changes.
        episodes: takes the episodes of every batch, evaluation set and enumeration and gives them
            altered; has to work inside compiled programs.
        network: the same for the network before training.
    """
    name = f"{streams}, {what}"
    base = streams_named(streams)
    _KNOWN[name] = AlteredStreams(base, _recipe(source), episodes, network)
    return name


def streams_named(name: str) -> Streams:
    """The streams of a name, altered or not."""
    return _KNOWN[name]


def recipe_of(streams: str) -> str:
    """The recipe of altered streams; empty for others, whose source is part of every key."""
    return getattr(streams_named(streams), "recipe", "")


@functools.cache
def _recipe(source: Path) -> str:
    here = Path(__file__)
    return fingerprint.of_code("\n".join(file.read_text("utf-8") for file in (here, source)))


@functools.cache
def _altered_kind(kind: type[Sampler], alter: OfEpisodes) -> type[Sampler]:
    """A kind of samplers whose episodes are altered; the same one each time, as programs are
    compiled for it.
    """

    class Altered(kind):
        """Draws as `kind` does, and alters what it has drawn."""

        def sample(self, key: Key[Array, ""], size: int) -> Episodes:
            """Draw independent episodes."""
            return alter(super().sample(key, size))

        def enumerate(self) -> Episodes:
            """Every episode exactly once."""
            return alter(super().enumerate())

    return Altered


def _as(kind: type[Sampler], sampler: Sampler) -> Sampler:
    return kind(sampler.bank, sampler.pairs, sampler.exemplars_per_class, sampler.shuffled_labels)
