"""LanguageSpec: what a training run of a language model is, as frozen and hashable plain data.

It stands beside :class:`~icl_repro.training.spec.RunSpec` and is stored, planned and carried out in
the same way; what differs is what is read and predicted.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import msgspec

from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.optogenetics import TextClamp
from icl_repro.optogenetics.arguments import whole_number
from icl_repro.optogenetics.clamps import require_effect
from icl_repro.text import TextSettings
from icl_repro.training import layout, provenance
from icl_repro.training.described import clamp_in_words, setting
from icl_repro.training.one_form import in_one_form
from icl_repro.training.spec import (
    Optimiser,
    Stop,
    in_order,
    require_seeds,
    require_whole_batches,
    without_later_defaults,
)


class TextSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a language model is evaluated, counted in sequences seen. Its first and its last weights
    are kept.

    Attributes:
        every: between evaluations.
        first: the first evaluation after that at 0; each later one comes as much later, or a
            quarter of the sequences seen, until they are `every` apart: some models change early.
        sequences: of text like that trained on to evaluate on.

    Raises:
        TypeError: a value that is no whole number.
        ValueError: one below 1.
    """

    every: int = 512
    first: int = 32
    sequences: int = 512

    def __post_init__(self) -> None:
        for name in ("every", "first", "sequences"):
            value = whole_number(getattr(self, name), f"schedule.{name}")
            if value < 1:
                raise ValueError(f"schedule.{name} is {value}, but must be at least 1 (nearest: 1)")
            msgspec.structs.force_setattr(self, name, value)

    def next_evaluation(self, sequences: int, loss: float) -> int:
        """Sequences at which to evaluate next, whatever the loss."""
        return sequences + min(self.every, max(sequences // 4, self.first))

    def keeps(self, sequences: int, loss: float, kept_at: int, kept_loss: float) -> bool:
        """Whether to keep the weights of an evaluation between the first and the last."""
        return False


class LanguageSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training run of a language model, described completely.

    Attributes:
        init_seed: seed of the initial weights, 0 to 2**32 - 1.
        clamps: what is clamped or ablated, throughout training and in evaluation. Their order does
            not matter.
        sequences: how many sequences to train on, a multiple of the batch.
        data_seed: seed of the training text; eval_seed: of the evaluation text.
        stop: when to end before the last sequence, if ever.
        neighbour: 0 for the run itself; 1, 2, ... for runs that start one rounding away.

    Raises:
        TypeError: a value of the wrong type.
        ValueError: a value out of range.
        EditError: a clamp on a layer or a head that the model does not have.
    """

    init_seed: int = 5
    clamps: tuple[TextClamp, ...] = ()
    sequences: int = 20_480
    text: TextSettings = TextSettings()
    model: LanguageModelSettings = LanguageModelSettings()
    optimiser: Optimiser = Optimiser(learning_rate=2e-3, batch=8)
    schedule: TextSchedule = TextSchedule()
    data_seed: int = 0
    eval_seed: int = 1
    stop: Stop | None = None
    neighbour: int = 0

    def __post_init__(self) -> None:
        for field in _fields():
            value = in_one_form(field, getattr(self, field.name))
            msgspec.structs.force_setattr(self, field.name, value)
        require_seeds(
            init_seed=self.init_seed,
            data_seed=self.data_seed,
            eval_seed=self.eval_seed,
            neighbour=self.neighbour,
        )
        require_whole_batches(self.sequences, self.optimiser.batch)
        for clamp in self.clamps:
            clamp.edits(self.model)  # raises where a layer or a head is out of range
        require_effect(self.clamps, n_positions=self.text.length)
        msgspec.structs.force_setattr(self, "clamps", in_order(self.clamps))

    @property
    def address(self) -> str:
        """64 hexadecimal digits: equal for specs that mean the same run, else different."""
        return _address(self)

    @property
    def key(self) -> str:
        """The same for what the run comes to: the code that trains and the libraries that compile
        count too.
        """
        return layout.key_of(self.address, provenance.source_and_libraries())

    @property
    def transplant(self) -> None:
        """It takes weights from no other run."""
        return None

    @property
    def steps(self) -> int:
        """Number of optimiser steps."""
        return self.sequences // self.optimiser.batch

    @property
    def units(self) -> int:
        """How much work it is at most: the sequences that it trains on."""
        return self.sequences

    def neighbours(self, number: int) -> LanguageSpec:
        """The run that starts one rounding away."""
        return self.with_(neighbour=number)

    def made_of(self, exemplars: object) -> LanguageSpec:
        """The run itself: no exemplars stand in its text."""
        return self

    def misfit(self) -> str:
        """Why its exemplars are too few for it: it has none."""
        return ""

    def drawn_by(self, streams: str) -> LanguageSpec:
        """The run itself: only few-shot episodes are drawn by streams of others."""
        return self

    def with_(self, **changes: Any) -> LanguageSpec:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def shortened(self) -> LanguageSpec:
        """A tiny run through the same paths, for the smoke profile: its results mean nothing."""
        batch = self.optimiser.batch
        return self.with_(
            sequences=min(self.sequences, 40 * batch),
            schedule=TextSchedule(every=10 * batch, first=5 * batch, sequences=16),
        )

    def describe(self) -> str:
        """One line for people: seed, clamps, length, and what is not as usual; all but the
        schedule, which has no part in the training itself.
        """
        clamps = [clamp_in_words(clamp, self.model.heads) for clamp in self.clamps]
        usual, departures = LanguageSpec(), list[str]()
        for part in ("text", "model", "optimiser"):
            of_part = msgspec.structs.asdict(getattr(usual, part))
            for name, value in msgspec.structs.asdict(getattr(self, part)).items():
                if value != of_part[name]:
                    departures.append(setting(f"{part}.{name}", value))
        for name in ("data_seed", "eval_seed", "neighbour"):
            if getattr(self, name) != getattr(usual, name):
                departures.append(setting(name, getattr(self, name)))
        length = f"{self.sequences:,} sequences"
        if self.stop is not None:
            length = f"at most {length}, until the loss is at most {self.stop.loss:g}"
        trained = ["language model", *(clamps or ["unclamped"]), length, *departures]
        return ", ".join([f"seed {self.init_seed}", *trained])


@functools.cache
def _address(spec: LanguageSpec) -> str:
    content = msgspec.json.encode(["text", without_later_defaults(spec)])
    return hashlib.sha256(content).hexdigest()


@functools.cache
def _fields() -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(LanguageSpec)
