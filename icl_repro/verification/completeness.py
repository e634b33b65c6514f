"""Whether a record states all that its session had to: a claim with a check, a seed or a row taken
out of it would verify by the rest.

A session may select tests. Which rows it left out stands in the record; that it left out seeds or
claims shows only in the command that it was started by. There nothing is wrong, but nothing can be
said either.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath

from icl_repro.numbers import count
from icl_repro.verification import controls
from icl_repro.verification.by_seed import all_stated, condition_names, names
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.record import ClaimRecord, Trial, VerificationRecord
from icl_repro.verification.same_checks import differences_between_seeds
from icl_repro.verification.wording import listed, on_seeds

_SELECTING = ("-k", "-m", "--deselect", "--lf", "--last-failed", "--ignore", "--sw", "--stepwise")
_FAULTS = "--icl-faults"
_CLAIMS = "--icl-claims"


@dataclass
class Completeness:
    """What is missing from a record, and what may be: a sentence each."""

    missing: list[str] = field(default_factory=list[str])
    unchecked: list[str] = field(default_factory=list[str])


_MOST_NAMED = 5


def completeness(record: VerificationRecord, ledger: Ledger) -> Completeness:
    """Hold a record against the ledger, and the tests of each claim against one another.

    Checks and conditions of the ledger have to be stated by each claim of which every row came to
    its end, and alike on every seed; controls have to state those of their claim. Each row has to
    be there for every seed of the session, and each claim of the ledger has to be there too.
    """
    found = Completeness()
    selects = _selects(record.command)
    whole = found.unchecked if selects else found.missing
    left_out = record.seal.rows_left_out if record.seal is not None else {}
    for claim in record.claims:
        found.missing += [f"{claim.id}: {said}" for said in differences_between_seeds(claim.trials)]
        found.missing += _unstated(claim, ledger, left_out)
        whole += _not_there(claim, record.profile.seeds)
    known = dict.fromkeys(claim for claim, _ in ledger.thresholds)
    there = {claim.id for claim in record.claims} | set(record.not_selected)
    if absent := [claim for claim in known if claim not in there]:
        number = count(len(absent), "claim")
        whole.append(
            f"{number} of the ledger {'is' if len(absent) == 1 else 'are'} not in it: "
            f"{listed(absent, _MOST_NAMED)}"
        )
    if selects and found.unchecked:
        found.unchecked = [
            f"whether it is complete: its session was told to leave out tests ({selects}), and "
            f"{count(len(found.unchecked), 'thing')} {'is' if len(found.unchecked) == 1 else 'are'}"
            f" not there, such as: {found.unchecked[0]}"
        ]
    return found


def _unstated(claim: ClaimRecord, ledger: Ledger, left_out: dict[str, list[str]]) -> Iterator[str]:
    if not claim.trials or not all_stated(claim.trials):
        return
    if not left_out.get(claim.id) and ledger.configured:
        stated = [name for t in claim.trials for name in (*names(t), *condition_names(t))]
        yield from ledger.unstated(claim.id, list(dict.fromkeys(stated)))
    for control in claim.controls:
        for said in controls.differences(control.only, control.trials, claim.trials):
            yield f"{claim.id}, control {control.id} {said}"


def _not_there(claim: ClaimRecord, seeds: list[int]) -> Iterator[str]:
    """Rows and seeds of a claim and of its controls of which there is no test; a control may have
    none at all, as in a session of claims alone.
    """
    for name, trials in (
        ("", claim.trials),
        *((f", control {one.id}", one.trials) for one in claim.controls),
    ):
        for row, missing in _without(trials, seeds):
            of = f"row {row} of it" if row else "it"
            yield f"{claim.id}{name}: there is no test of {of}{on_seeds(missing)}"


def _without(trials: list[Trial], seeds: list[int]) -> Iterator[tuple[str, list[int | None]]]:
    """The seeds without a test, by row."""
    rows = dict.fromkeys(trial.row for trial in trials)
    there = {(trial.row, seed) for trial in trials for seed in (trial.seeds or [trial.seed])}
    if all(seed is None for _, seed in there):
        return
    for row in rows:
        missing: list[int | None] = [seed for seed in seeds if (row, seed) not in there]
        if missing:
            yield row, missing


def _selects(command: str) -> str:
    """What of a command leaves out tests; empty if nothing does."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    # The marker of `python -m pytest` is no option of pytest, and is not noted.
    for before, word in pairwise(words):
        option = word.partition("=")[0]
        if option in (*_SELECTING, _CLAIMS, _FAULTS) or word[:2] in ("-k", "-m"):
            return option
        if "::" in word or word.endswith(".py"):
            return word
        is_value = word.startswith("-") or (before.startswith("--icl-") and "=" not in before)
        if not is_value and _is_below_a_folder(word):
            return word
    return ""


def _is_below_a_folder(word: str) -> bool:
    """Whether a word is the path of a part of a suite, such as ``claims/lecture``."""
    path = PurePosixPath(word)
    return not path.is_absolute() and len(path.parts) > 1
