"""Claims by seeds: on which seed each one holds, and its verdict before and after correction."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.report.text import verdicts, words
from icl_repro.report.text.tables import seeds_of
from icl_repro.verification.record import ClaimRecord, VerificationRecord

SYMBOLS = {"passed": "✓", "failed": "✗", "inconclusive": "?", "error": "!", "not run": "–"}
"""What stands for each outcome of the tests of one seed."""

MEANINGS = {
    "passed": "holds",
    "failed": "fails",
    "inconclusive": "cannot tell",
    "error": "stopped with an error",
    "not run": "not run",
}
"""What these symbols mean, for the legend and for screen readers."""

_UNTESTED = "takes no part in the correction"


class MatrixCell(msgspec.Struct, frozen=True):
    """How the tests of a claim came out on one seed, or on all at once: `said` tells it in words,
    `across` over how many columns it stands.
    """

    symbol: str
    tone: str
    said: str
    across: int = 1


class MatrixVerdict(msgspec.Struct, frozen=True):
    """A verdict as a symbol with its words; `changed` where the correction makes another of it."""

    symbol: str
    tone: str
    said: str
    tentative: bool = False
    changed: bool = False


class MatrixRow(msgspec.Struct, frozen=True):
    """One claim: its cells, and its verdict before and after correction.

    `name` is its id without the family, in words; `after` is None where nothing is corrected.
    """

    name: str
    cells: list[MatrixCell]
    before: MatrixVerdict
    after: MatrixVerdict | None


def matrix_seeds(record: VerificationRecord) -> list[int]:
    """The columns: the seeds of the profile, then any others on which a claim was tested."""
    tested = {seed for claim in record.claims for trial in claim.trials for seed in seeds_of(trial)}
    return list(dict.fromkeys([*record.profile.seeds, *sorted(tested)]))


def is_corrected(record: VerificationRecord) -> bool:
    """Whether the verdict of any claim was corrected, so that there is something to set beside."""
    return any(claim.after_correction is not None for claim in record.claims)


def matrix_row(claim: ClaimRecord, seeds: Sequence[int], corrected: bool) -> MatrixRow:
    """The row of one claim. `corrected` says whether the matrix has a column for it."""
    told = verdicts.VERDICTS[claim.verdict]
    before = MatrixVerdict(told.symbol, told.tone, claim.verdict, told.tentative)
    return MatrixRow(
        name=_name(claim.id, claim.family),
        cells=_cells(claim, seeds),
        before=before,
        after=_after(claim) if corrected else None,
    )


def name_and_section(claim: str) -> tuple[str, str]:
    """The name of a claim in words and the title of its section, from its id."""
    family = claim.partition(".")[0]
    return _name(claim, family), words.family_title(family)


def legend() -> list[tuple[str, str, str]]:
    """Symbol, colour class and meaning of every outcome, those that one looks for first."""
    return [
        (SYMBOLS[outcome], verdicts.OUTCOMES[outcome].tone, MEANINGS[outcome])
        for outcome in SYMBOLS
    ]


def _name(claim: str, family: str) -> str:
    return claim.removeprefix(f"{family}.").replace("_", " ")


def _cells(claim: ClaimRecord, seeds: Sequence[int]) -> list[MatrixCell]:
    by_seed: dict[tuple[int, ...], list[str]] = {}
    for trial in claim.trials:
        by_seed.setdefault(seeds_of(trial), []).append(trial.outcome)
    whole = max(len(seeds), 1)
    if not by_seed:
        return [_cell(["error" if claim.verdict == "error" else "not run"], "", whole)]
    if not any(len(key) == 1 for key in by_seed):
        at_once = any(by_seed)
        where = "over all seeds at once" if at_once else "without seeds"
        outcomes = [one for all_ in by_seed.values() for one in all_]
        if at_once and claim.verdict == "inconclusive":
            # The checks hold, but not beyond what may be chance.
            outcomes = ["inconclusive"]
        return [_cell(outcomes, where, whole)]
    return [_cell(by_seed.get((seed,), ["not run"]), f"on seed {seed}") for seed in seeds]


def _cell(outcomes: Sequence[str], where: str, across: int = 1) -> MatrixCell:
    outcome = verdicts.combined_outcome(outcomes)
    return MatrixCell(
        symbol=SYMBOLS[outcome],
        tone=verdicts.OUTCOMES[outcome].tone,
        said=words.as_sentence(f"{MEANINGS[outcome]} {where}".strip()),
        across=across,
    )


def _after(claim: ClaimRecord) -> MatrixVerdict:
    after = claim.after_correction
    if after is None:
        return MatrixVerdict("", "none", _UNTESTED)
    told = verdicts.VERDICTS[after]
    return MatrixVerdict(told.symbol, told.tone, after, told.tentative, after != claim.verdict)
