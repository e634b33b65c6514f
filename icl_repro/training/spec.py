"""RunSpec: what a training run is, as frozen and hashable plain data."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import msgspec

from icl_repro.episodes import EpisodeSettings
from icl_repro.exemplars import AnySource, Glyphs
from icl_repro.optogenetics import Clamp
from icl_repro.training.schedule import Schedule
from icl_repro.transformer import ModelSettings

NUMERICS_VERSION = 1
"""Part of every key. Raise it whenever the engine may give other results for the same spec."""


class Optimiser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adam with optax's defaults (the paper: batches of 32, learning rate 1e-5)."""

    learning_rate: float = 1e-5
    batch: int = 32

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, but must be above 0")
        if self.batch < 1:
            raise ValueError(f"batch is {self.batch}, but must be at least 1")
        msgspec.structs.force_setattr(self, "learning_rate", float(self.learning_rate))


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training run, described completely: the defaults are the paper's.

    Attributes:
        init_seed: seed of the initial weights (the paper's seeds 5 to 9).
        data_seed: seed of the training episodes; eval_seed: of the evaluation episodes.
        clamps: what is clamped or ablated, throughout training and in evaluation. Their order
            does not matter.
        sequences: how many sequences to train on, a multiple of the batch.
    """

    init_seed: int = 5
    clamps: tuple[Clamp, ...] = ()
    sequences: int = 1_000_000
    exemplars: AnySource = Glyphs()
    episodes: EpisodeSettings = EpisodeSettings()
    model: ModelSettings = ModelSettings()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    data_seed: int = 0
    eval_seed: int = 1

    def __post_init__(self) -> None:
        batch = self.optimiser.batch
        if self.sequences < batch or self.sequences % batch:
            nearest = max(batch, round(self.sequences / batch) * batch)
            raise ValueError(
                f"sequences is {self.sequences}, but must be a multiple of the batch, {batch} "
                f"(nearest: {nearest})"
            )
        for clamp in self.clamps:
            clamp.edits(self.model)  # raises where a layer or a head is out of range
        ordered = tuple(sorted(set(self.clamps), key=msgspec.json.encode))
        msgspec.structs.force_setattr(self, "clamps", ordered)

    @property
    def key(self) -> str:
        """64 hexadecimal digits: equal for specs that mean the same run, else different."""
        return _key(self)

    @property
    def steps(self) -> int:
        """Number of optimiser steps."""
        return self.sequences // self.optimiser.batch

    def with_(self, **changes: Any) -> RunSpec:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def shortened(self) -> RunSpec:
        """A tiny run through the same paths, for the smoke profile: its results mean nothing."""
        return self.with_(
            sequences=min(self.sequences, 20 * self.optimiser.batch),
            schedule=msgspec.structs.replace(
                self.schedule, every=320, every_in_change=320, episodes=64
            ),
        )

    def describe(self) -> str:
        """One line for people: seed, clamps and length."""
        clamps = ", ".join(f"{type(clamp).__name__}({_fields(clamp)})" for clamp in self.clamps)
        return f"seed {self.init_seed}, {clamps or 'unclamped'}, {self.sequences:,} sequences"


@functools.cache
def _key(spec: RunSpec) -> str:
    content = msgspec.json.encode(
        [NUMERICS_VERSION, spec.exemplars.fingerprint, spec], order="deterministic"
    )
    return hashlib.sha256(content).hexdigest()


def _fields(clamp: Clamp) -> str:
    return ", ".join(f"{name}={value}" for name, value in msgspec.structs.asdict(clamp).items())
