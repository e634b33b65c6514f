"""RunSpec: what a training run is, as frozen and hashable plain data."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, get_args

import msgspec
import numpy as np
from jaxtyping import Float

from icl_repro.episodes import EpisodeSettings
from icl_repro.exemplars import AnySource, Glyphs, about
from icl_repro.nearest import nearest, nearest_number
from icl_repro.network.transformer import ModelSettings
from icl_repro.numbers import count
from icl_repro.optogenetics import Clamp
from icl_repro.optogenetics.clamps import require_effect
from icl_repro.streams import STREAMS, StreamsName
from icl_repro.training import layout, provenance
from icl_repro.training.altered_streams import recipe_of
from icl_repro.training.descent import Descent, Rule
from icl_repro.training.described import clamp_in_words, setting
from icl_repro.training.one_form import in_one_form
from icl_repro.training.schedule import Schedule

LARGEST_SEED = 2**32 - 1
"""Larger seeds would wrap around: JAX makes its keys from 32 bits."""


class Optimiser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adam with optax's defaults (the paper: batches of 32, learning rate 1e-5), or another.

    Attributes:
        learning_rate: above 0.
        batch: sequences of a step.
        rule: "adam"; "sgd", gradient descent; "adamw", Adam with decoupled decay of weights.
        momentum: of "sgd" alone, from 0 to below 1.
        weight_decay: of "adamw" alone, above 0.
    """

    learning_rate: float = 1e-5
    batch: int = 32
    rule: Rule = "adam"
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(
                f"learning_rate is {self.learning_rate}, but must be above 0 and finite"
            )
        if self.batch < 1:
            raise ValueError(f"batch is {self.batch}, but must be at least 1")
        if self.rule not in get_args(Rule):
            raise ValueError(
                f"there is no optimiser {self.rule!r}: {nearest(str(self.rule), get_args(Rule))}"
            )
        if not 0 <= self.momentum < 1 or (self.momentum and self.rule != "sgd"):
            raise ValueError(
                f"momentum is {self.momentum} with {self.rule}, but must be from 0 to below 1 with "
                "sgd, and 0 with others"
            )
        if not 0 <= self.weight_decay < math.inf or (
            (self.weight_decay > 0) != (self.rule == "adamw")
        ):
            raise ValueError(
                f"weight_decay is {self.weight_decay} with {self.rule}, but must be above 0 and "
                "finite with adamw, and 0 with others"
            )
        for name in ("learning_rate", "momentum", "weight_decay"):
            msgspec.structs.force_setattr(self, name, float(getattr(self, name)))

    @property
    def descent(self) -> Descent:
        """It but for its learning rate and its batches."""
        return Descent(self.rule, self.momentum, self.weight_decay)


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a run may end before its last sequence: once the training loss has been at most `loss`
    (in nats, on the evaluation episodes) at `evaluations` evaluations in a row.
    """

    loss: float
    evaluations: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.loss < math.inf:
            raise ValueError(f"stop.loss is {self.loss}, but must be above 0 and finite")
        if self.evaluations < 1:
            raise ValueError(f"stop.evaluations is {self.evaluations}, but must be at least 1")
        msgspec.structs.force_setattr(self, "loss", float(self.loss))


class Transplant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights clamped instead of activations (Appendix D.1.1, Figure 7): the embeddings and all
    layers up to and with `up_to_layer` are taken from the network that the run `source` ended with,
    and never trained.
    """

    up_to_layer: int
    source: RunSpec


class Sample(NamedTuple):
    """Pictures of a few things that a run is trained on, in groups, for people.

    `pictures` are 0 for white paper to 1 for ink; `caption` says what they show, `source` where
    they come from.
    """

    source: str
    caption: str
    pictures: Float[np.ndarray, "groups each height width"]


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training run, described completely: the defaults are the paper's.

    Values are brought into one form (0 where a float is meant becomes 0.0, a list a tuple, clamps
    are put in order), so that equal meaning is equal data.

    Attributes:
        init_seed: seed of the initial weights (the paper's seeds 5 to 9), 0 to 2**32 - 1.
        data_seed: seed of the training episodes; eval_seed: of the evaluation episodes.
        clamps: what is clamped or ablated, throughout training and in evaluation. Their order
            does not matter.
        sequences: how many sequences to train on, a multiple of the batch.
        stop: when to end before that, if ever.
        transplant: weights of another run's network to start with and to leave as they are, if
            any.
        neighbour: 0 for the run itself; 1, 2, ... for runs whose initial weights lie one rounding
            of 32-bit numbers away, each to a side drawn from this number. They show how far
            trainings differ by rounding alone, as they do between processors.
        streams: what the seeds mean: "ours", or "published", with which initial weights, splits,
            batches and evaluation episodes are those of the authors' implementation for the same
            seeds (see :mod:`icl_repro.streams`); or the name of altered ones, for a run that is
            wrong on purpose (:func:`icl_repro.training.altered_streams.alter`).

    Raises:
        TypeError: a value of the wrong type.
        ValueError: a value out of range.
        EditError: a clamp on a layer or a head that the model does not have.
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
    stop: Stop | None = None
    transplant: Transplant | None = None
    neighbour: int = 0
    streams: str = "ours"

    def __post_init__(self) -> None:
        _require_known_streams(self.streams)
        for field in _fields_of_a_run():
            value = in_one_form(field, getattr(self, field.name))
            msgspec.structs.force_setattr(self, field.name, value)
        require_seeds(
            init_seed=self.init_seed,
            data_seed=self.data_seed,
            eval_seed=self.eval_seed,
            neighbour=self.neighbour,
        )
        if self.streams == "published":
            _require_published(self)
        require_whole_batches(self.sequences, self.optimiser.batch)
        for clamp in self.clamps:
            clamp.edits(self.model)  # raises where a layer or a head is out of range
        require_effect(self.clamps, n_positions=self.episodes.n_positions)
        if self.transplant is not None:
            _require_fitting(self, self.transplant)
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

    def neighbours(self, number: int) -> RunSpec:
        """The run that starts one rounding away, with the one that it takes weights from."""
        transplant = self.transplant and msgspec.structs.replace(
            self.transplant, source=self.transplant.source.neighbours(number)
        )
        return self.with_(neighbour=number, transplant=transplant)

    def made_of(self, exemplars: AnySource) -> RunSpec:
        """The run on other exemplars in place of the usual ones, with the one that it takes weights
        from; a run that names its own stays as it is.
        """
        transplant = self.transplant and msgspec.structs.replace(
            self.transplant, source=self.transplant.source.made_of(exemplars)
        )
        is_usual = self.exemplars == Glyphs()
        return self.with_(
            exemplars=exemplars if is_usual else self.exemplars, transplant=transplant
        )

    def misfit(self) -> str:
        """Why its exemplars are too few for it, in a sentence; empty where they are not."""
        source, episodes = self.exemplars, self.episodes
        needed = episodes.classes + episodes.test_classes
        if needed > source.n_classes:
            trained_on = count(episodes.classes, "class", "classes")
            return (
                f"{trained_on} to train on and {episodes.test_classes} to test on "
                f"are {needed}, but {about(source).title} has {source.n_classes:,}"
            )
        if episodes.exemplars_per_class > source.n_exemplars:
            return (
                f"{episodes.exemplars_per_class} exemplars a class are asked for, but "
                f"{about(source).title} has {source.n_exemplars}"
            )
        return "" if self.transplant is None else self.transplant.source.misfit()

    def drawn_by(self, streams: StreamsName) -> RunSpec:
        """The run with other streams, and the one that it takes weights from."""
        transplant = self.transplant and msgspec.structs.replace(
            self.transplant, source=self.transplant.source.drawn_by(streams)
        )
        return self.with_(streams=streams, transplant=transplant)

    @property
    def steps(self) -> int:
        """Number of optimiser steps."""
        return self.sequences // self.optimiser.batch

    def with_(self, **changes: Any) -> RunSpec:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def shortened(self) -> RunSpec:
        """A tiny run through the same paths, for the smoke profile: its results mean nothing.

        No more classes and labels than the paper's usual, because every number of them is a program
        of its own, which takes longer to compile than to run.
        """
        usual = EpisodeSettings()
        transplant = self.transplant and msgspec.structs.replace(
            self.transplant, source=self.transplant.source.shortened()
        )
        return self.with_(
            transplant=transplant,
            episodes=msgspec.structs.replace(
                self.episodes,
                classes=min(self.episodes.classes, usual.classes),
                labels=min(self.episodes.labels, usual.labels),
            ),
            sequences=min(self.sequences, 20 * self.optimiser.batch),
            schedule=msgspec.structs.replace(
                self.schedule, every=320, every_in_change=320, episodes=64
            ),
        )

    def sample(self) -> Sample:
        """A few exemplars of a few classes, as pictures; none where the exemplars have none."""
        source = self.exemplars
        if not source.has_pictures:
            return Sample(
                source=about(source).title,
                caption="There are no pictures of the exemplars, only their features",
                pictures=np.zeros((0, 0, 1, 1), np.float32),
            )
        classes, each = min(8, source.n_classes), min(5, source.n_exemplars)
        return Sample(
            source=about(source).title,
            caption="A sample of the exemplars, one class a group",
            pictures=source.images(range(classes), range(each)),
        )

    @property
    def units(self) -> int:
        """How much work it is at most: the sequences that it trains on."""
        return self.sequences

    def describe(self) -> str:
        """One line for people: seed, clamps, length, and what is not as in the paper; all but the
        schedule, which has no part in the training itself.
        """
        clamps = [clamp_in_words(clamp, self.model.heads) for clamp in self.clamps]
        length = f"{self.sequences:,} sequences"
        if self.stop is not None:
            length = (
                f"at most {length}, until the loss is at most {self.stop.loss:g} at "
                f"{self.stop.evaluations} evaluations in a row"
            )
        return ", ".join(
            [f"seed {self.init_seed}", *(clamps or ["unclamped"]), length, *_departures(self)]
        )


OfClamp = TypeVar("OfClamp")


def require_seeds(**seeds: int) -> None:
    """Raise ValueError unless each can be the seed that it is named as."""
    for name, seed in seeds.items():
        if not 0 <= seed <= LARGEST_SEED:
            raise ValueError(
                f"{name} is {seed}, but must be from 0 to {LARGEST_SEED} "
                f"(nearest: {nearest_number(seed, 0, LARGEST_SEED)})"
            )


def require_whole_batches(sequences: int, batch: int) -> None:
    """Raise ValueError unless so many sequences are one batch or several."""
    if sequences < batch or sequences % batch:
        nearest = max(batch, round(sequences / batch) * batch)
        raise ValueError(
            f"sequences is {sequences}, but must be a multiple of the batch, {batch} "
            f"(nearest: {nearest})"
        )


def in_order(clamps: Iterable[OfClamp]) -> tuple[OfClamp, ...]:
    """The clamps in the one order in which they are kept, each once."""
    return tuple(sorted(set(clamps), key=msgspec.json.encode))


@functools.cache
def _address(spec: RunSpec) -> str:
    content = msgspec.json.encode([spec.exemplars.fingerprint, _content(spec)])
    return hashlib.sha256(content).hexdigest()


def _content(spec: RunSpec) -> dict[str, Any]:
    """The spec as plain data, in the order of its fields.

    Some fields came later than the others: their defaults are left out, so that addresses stay what
    they were.
    """
    content = without_later_defaults(spec)
    if spec.streams == "ours":
        del content["streams"]
    elif recipe := recipe_of(spec.streams):
        content["streams"] = [spec.streams, recipe]
    if spec.transplant is not None:
        content["transplant"]["source"] = _content(spec.transplant.source)
    return content


LATER: Mapping[str, tuple[str, ...]] = {
    "model": ("mlps", "normalised"),
    "episodes": ("pairs",),
    "optimiser": ("rule", "momentum", "weight_decay"),
}
"""Fields of parts of a spec that came when runs had been stored; see :func:`_content`."""


def without_later_defaults(spec: msgspec.Struct) -> dict[str, Any]:
    """A spec as plain data, but for the later fields of its parts that are at their defaults."""
    content = msgspec.to_builtins(spec)
    for part, names in LATER.items():
        for name in names if part in content else ():
            usual = {field.name: field.default for field in _fields_of(type(getattr(spec, part)))}
            if content[part][name] == usual[name]:
                del content[part][name]
    return content


@functools.cache
def _fields_of(part: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(part)


@functools.cache
def _fields_of_a_run() -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(RunSpec)


def _departures(spec: RunSpec) -> Iterator[str]:
    """The settings that are not the defaults, as text."""
    defaults = _USUAL
    parts = ["exemplars", "episodes", "model", "optimiser"]
    if type(spec.exemplars) is not type(defaults.exemplars):
        yield f"exemplars {about(spec.exemplars).label}"
        parts.remove("exemplars")
    for part in parts:
        usual = msgspec.structs.asdict(getattr(defaults, part))
        for name, value in msgspec.structs.asdict(getattr(spec, part)).items():
            if value != usual.get(name):
                yield setting(f"{part}.{name}", value)
    for name in ("data_seed", "eval_seed", "neighbour", "streams"):
        if getattr(spec, name) != getattr(defaults, name):
            yield setting(name, getattr(spec, name))
    if spec.transplant is not None:
        source = spec.transplant.source.describe()
        yield f"weights up to layer {spec.transplant.up_to_layer} frozen, from ({source})"


def _require_published(spec: RunSpec) -> None:
    """Raise ValueError where the published streams do not have what a run asks for."""
    if spec.episodes.split_seed:
        raise ValueError(
            f"episodes.split_seed is {spec.episodes.split_seed}, but the published streams "
            "have a single split, which no seed decides (nearest: 0)"
        )
    for part, name in (("episodes", "pairs"), ("model", "mlps"), ("model", "normalised")):
        value, usual = (getattr(getattr(one, part), name) for one in (spec, _USUAL))
        if value != usual:
            raise ValueError(
                f"{part}.{name} is {value}, but the published streams have {name} {usual} only "
                f"(nearest: {usual})"
            )


def _require_fitting(spec: RunSpec, transplant: Transplant) -> None:
    layer, last = transplant.up_to_layer, spec.model.layers - 1
    if not 0 <= layer <= last:
        raise ValueError(
            f"transplant.up_to_layer is {layer}, but the model has layers 0 to {last} "
            f"(nearest: {nearest_number(layer, 0, last)})"
        )
    if _anatomy(transplant.source) != _anatomy(spec):
        raise ValueError(
            "the source of a transplant must have weights of the same shapes as the run, but has "
            f"{_anatomy(transplant.source)} and not {_anatomy(spec)}"
        )


def _require_known_streams(name: object) -> None:
    if name not in list(STREAMS):  # in which anything can be looked for, hashable or not
        known = get_args(StreamsName)
        raise ValueError(f"there are no streams {name!r}: {nearest(str(name), known)}")


_USUAL = RunSpec()


def _anatomy(spec: RunSpec) -> str:
    return f"{spec.model}, {spec.episodes.labels} labels, {spec.exemplars.width} features"
