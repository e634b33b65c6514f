"""What was trained for a claim: its runs in words, those that differ in their seed or in one word
alone together, and what they cost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

import msgspec

from icl_repro.numbers import count, duration, number
from icl_repro.report.text import words
from icl_repro.verification.record import ClaimRecord, TrainingDone, Trial, VerificationRecord

_SEED = re.compile(r"^seed (\d+), |, seed (\d+)(?=,|$)")
UNTOLD = "told by their keys alone"


class RunKind(msgspec.Struct, frozen=True):
    """Runs that are the same but for their seed: what they are, on which seeds, how many."""

    told: str
    on_seeds: str
    amount: int


class Trained(msgspec.Struct, frozen=True):
    """All runs that the tests of a claim read; `cost` is a sentence, empty without runs."""

    kinds: list[RunKind]
    cost: str


def run_kinds(told: Iterable[str]) -> list[RunKind]:
    """The runs with these descriptions by kind, those on the most seeds first."""
    kinds: dict[str, list[str]] = {}
    amounts: dict[str, int] = {}
    for text in told:
        kind, seed = _without_seed(text)
        seeds = kinds.setdefault(kind, [])
        amounts[kind] = amounts.get(kind, 0) + 1
        if seed and seed not in seeds:
            seeds.append(seed)
    return [
        RunKind(kind, words.seed_list(sorted(seeds, key=int)), amounts[kind])
        for kind, seeds in sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    ]


def keys_by_kind(runs: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """The kinds of runs of a record, in its order, each with the seeds and keys of its runs.

    Args:
        runs: what each run is, by its key.
    """
    kinds: dict[str, list[tuple[str, str]]] = {}
    for key, told in runs.items():
        kind, seed = _without_seed(told)
        kinds.setdefault(kind, []).append((seed, key))
    return kinds


def _without_seed(told: str) -> tuple[str, str]:
    """What a description says besides its seed, and the seed, if it names one."""
    found = _SEED.search(told)
    if found is None:
        return told, ""
    return _SEED.sub("", told, count=1), next(filter(None, found.groups()))


def differing_in_a_word(kinds: Iterable[RunKind]) -> list[RunKind]:
    """`kinds` with those on the same seeds together that differ in the same one word: ``of 5 / 10
    metres``.
    """
    groups: list[_Group] = []
    for kind in kinds:
        if not kind.on_seeds or not any(group.takes(kind) for group in groups):
            groups.append(_Group(kind))
    return [group.kind() for group in groups]


class _Group:
    """Kinds of runs that differ in one word."""

    def __init__(self, first: RunKind) -> None:
        self._all = [first]
        self._words = first.told.split(" ")
        self._place: int | None = None

    def takes(self, kind: RunKind) -> bool:
        """Whether `kind` belongs to these, which it then does."""
        told = kind.told.split(" ")
        if kind.on_seeds != self._all[0].on_seeds or len(told) != len(self._words):
            return False
        differ = [place for place, word in enumerate(told) if word != self._words[place]]
        if len(differ) != 1 or self._place not in (None, differ[0]):
            return False
        if told[differ[0]].endswith(",") != self._words[differ[0]].endswith(","):
            return False
        self._all.append(kind)
        self._place = differ[0]
        return True

    def kind(self) -> RunKind:
        """All of them as one."""
        place = self._place
        if place is None:
            return self._all[0]
        words = [kind.told.split(" ")[place].rstrip(",") for kind in self._all]
        told = list(self._words)
        comma = "," if told[place].endswith(",") else ""
        told[place] = " / ".join(sorted(words, key=_in_order)) + comma
        return RunKind(" ".join(told), self._all[0].on_seeds, sum(k.amount for k in self._all))


def _in_order(word: str) -> tuple[float, str]:
    """Numbers by size, before all else."""
    try:
        return float(word.replace(",", "")), word
    except ValueError:
        return math.inf, word


def trained_for(record: VerificationRecord, claim: ClaimRecord) -> Trained:
    """The runs that the tests of a claim and of its controls read."""
    own = _keys(claim.trials)
    others = {key for control in claim.controls for key in _keys(control.trials)} - own.keys()
    keys = [*own, *sorted(others)]
    known = sorted(record.runs[key] for key in keys if key in record.runs)
    kinds = differing_in_a_word(run_kinds(known))
    if untold := len(keys) - len(known):
        kinds.append(RunKind(UNTOLD, "", untold))
    return Trained(kinds, _cost(record, keys, len(own)) if keys else "")


def _keys(trials: Iterable[Trial]) -> dict[str, None]:
    return {key: None for trial in trials for key in trial.runs}


def _cost(record: VerificationRecord, keys: list[str], own: int) -> str:
    runs = f"{count(len(keys), 'training run')}"
    if own < len(keys):
        for_controls = len(keys) - own
        runs += f", {number(for_controls)} of them for controls alone"
    sizes = [record.run_sizes[key] for key in keys if key in record.run_sizes]
    if len(sizes) < len(keys):
        return f"{runs}."
    at_most = f"{runs}: at most {sized(sum(sizes), record.training)} in all"
    return f"{at_most}{_took(record, keys) or _minutes(record, sizes)}."


def sized(amount: int, training: TrainingDone) -> str:
    """An amount of work with its unit: ``2,000 metres``."""
    return f"{number(amount)} {training.unit or 'units of work'}"


def _took(record: VerificationRecord, keys: list[str]) -> str:
    """How long training them took; empty where that is not known of all."""
    seconds = [record.run_seconds[key] for key in keys if key in record.run_seconds]
    if len(seconds) < len(keys):
        return ""
    return f", trained in {duration(sum(seconds))} one after the other"


def _minutes(record: VerificationRecord, sizes: list[int]) -> str:
    """About how long that takes, at the speed of a session that trained; empty where none did."""
    training = record.training
    if not (training.units_trained and training.seconds):
        return ""
    seconds = sum(sizes) * training.seconds / training.units_trained
    return f", or about {duration(seconds)} at the speed of this session"
