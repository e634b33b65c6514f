"""The command that judges one claim again, as the session of the record was run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from icl_repro.verification.record import ClaimRecord, VerificationRecord

_DECIDING = ("--icl-profile", "--icl-seeds", "--icl-neighbour")
"""Options that decide what is judged; those that choose what runs are made from go with them."""


def claim_command(record: VerificationRecord, claim: ClaimRecord) -> str:
    """A command for this claim and its controls alone, with the profile, the seeds and what runs
    were made from as in the session; what it selected otherwise, and where it wrote, is left out.
    """
    parts = ["pytest", _folder(claim), "-n", "auto", "--icl-claims", claim.id, *_kept(record)]
    return shlex.join(part for part in parts if part)


def _folder(claim: ClaimRecord) -> str:
    """The folder of its tests, from which all claims are collected; empty for a file beside."""
    trials = [*claim.trials, *(trial for control in claim.controls for trial in control.trials)]
    file = next((trial.nodeid.partition("::")[0] for trial in trials), "")
    folder, slash, _ = file.partition("/")
    return f"{folder}/" if slash else file


def _kept(record: VerificationRecord) -> Iterator[str]:
    """The options of the session that decide what is judged, as they were typed."""
    deciding = [*_DECIDING, *(f"--icl-{one.name}" for one in record.basis.ingredients)]
    try:
        typed = shlex.split(record.command)[1:]
    except ValueError:
        return
    for index, word in enumerate(typed):
        option, equals, _ = word.partition("=")
        if option in deciding:
            yield word
            if not equals:
                yield from typed[index + 1 : index + 2]
