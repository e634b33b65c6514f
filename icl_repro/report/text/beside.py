"""Several records side by side, in words: their claims, a column for each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from icl_repro.numbers import count
from icl_repro.report.text import checks, verdicts, words
from icl_repro.report.text.checks import CheckView
from icl_repro.verification.record import ClaimRecord, VerificationRecord

OPEN = ("not run", "not meaningful", "error")
"""Verdicts that tell nothing, so that none is unlike them; nor is one that rests on a part of what
was to be run.
"""
MOST = 2
"""So many checks of a claim are told where there is little room."""

Key = tuple[str, str]
"""A check, by the row of the claim's table and its name."""
Views = Mapping[Key, CheckView]


class Column(msgspec.Struct, frozen=True):
    """A record: the letter that its column is headed with, what its runs were made from in a word,
    and all that there is to say of it.
    """

    letter: str
    name: str
    about: str


class Cell(msgspec.Struct, frozen=True):
    """What a record says of a claim: its verdict, on how many seeds it holds and whether it was
    judged in part (empty where there is neither to say), and each check that is told: a symbol, its
    colour class, its name and value; ``None`` for one that was not measured.
    """

    symbol: str
    tone: str
    verdict: str
    seeds: str
    values: list[tuple[str, str, str, str] | None]


class Row(msgspec.Struct, frozen=True):
    """A claim: one cell for each record, ``None`` where it has no such claim. `unalike` says that
    two records judge it otherwise; `checks` are the names of those told, `paper` the published
    value of each, and `more` says how many there are beside them.
    """

    claim: str
    statement: str
    unalike: bool
    checks: list[str]
    paper: list[str]
    more: str
    cells: list[Cell | None]


class SideBySide(msgspec.Struct, frozen=True):
    """The table: claims of the first record in its order, others after them; `sentence` says how
    many are judged otherwise.
    """

    columns: list[Column]
    rows: list[Row]
    sentence: str


def side_by_side(records: Sequence[VerificationRecord], *, in_full: bool = False) -> SideBySide:
    """The claims of some records.

    Args:
        records: one or more, a column for each.
        in_full: whether as many checks of a claim are told as in an overview of one record, or only
            the one or two that say most: those that do not hold everywhere, then those that have a
            published value.
    """
    claims = [{claim.id: claim for claim in record.claims} for record in records]
    ids = list(dict.fromkeys(id_ for of_record in claims for id_ in of_record))
    rows = [_row([of_record.get(id_) for of_record in claims], in_full=in_full) for id_ in ids]
    unalike = sum(row.unalike for row in rows)
    return SideBySide(
        [_column(record, chr(ord("A") + place)) for place, record in enumerate(records)],
        rows,
        f"{count(unalike, 'claim')} of {len(rows)} {'is' if unalike == 1 else 'are'} judged "
        "otherwise in one column than in another (≠), where both judge all of it. Values are "
        "medians over seeds; of a claim over all seeds at once, means.",
    )


def _column(record: VerificationRecord, letter: str) -> Column:
    made_of = [one.title for one in record.basis.ingredients] or ["what is usual"]
    verdict_counts = verdicts.verdict_counts(record.claims)
    commit = record.environment.commit
    facts = [
        *made_of,
        words.seed_list(record.profile.seeds).lower(),
        words.moment(record.started).partition(",")[0],
        f"commit {commit[:10]}" if commit else "",
        ", ".join(f"{amount} {verdict}" for verdict, amount in verdict_counts),
    ]
    return Column(letter, record.basis.label or "usual", "; ".join(filter(None, facts)))


def _row(claims: Sequence[ClaimRecord | None], *, in_full: bool) -> Row:
    first = next(claim for claim in claims if claim is not None)
    views: list[Views] = [
        {} if claim is None else {(one.row, one.name): one for one in checks.check_views(claim)}
        for claim in claims
    ]
    if in_full:
        shown, more = checks.in_brief([*next(filter(None, views), {}).values()])
    else:
        shown, more = _leading(views), ""
    keys = [(view.row, view.name) for view in shown]
    judged = {claim.verdict for claim in claims if claim and not _is_open(claim)}
    return Row(
        claim=first.id,
        statement=first.statement,
        unalike=len(judged) > 1,
        checks=[_named(view) for view in shown],
        paper=[view.paper for view in shown],
        more=more,
        cells=[
            None if claim is None else _cell(claim, [of_claim.get(key) for key in keys])
            for claim, of_claim in zip(claims, views, strict=True)
        ],
    )


def _leading(views: Sequence[Views]) -> list[CheckView]:
    """The few checks that say most, in the order in which they are stated."""
    every: dict[Key, CheckView] = {}
    for of_claim in views:
        every = {**of_claim, **every}

    def weight(key: Key) -> tuple[bool, bool]:
        everywhere = all(one[key].tone == "good" for one in views if key in one)
        return everywhere, every[key].paper == words.NOTHING

    chosen = sorted(every, key=weight)[:MOST]
    return [every[key] for key in every if key in chosen]


def _is_open(claim: ClaimRecord) -> bool:
    return claim.verdict in OPEN or _in_part(claim)


def _in_part(claim: ClaimRecord) -> bool:
    """Whether some of its tests, or of those of its controls, were not run, and others were."""
    trials = [*claim.trials, *(trial for case in claim.controls for trial in case.trials)]
    return 0 < sum(trial.outcome == "not run" for trial in trials) < len(trials)


def _cell(claim: ClaimRecord, told: Sequence[CheckView | None]) -> Cell:
    of = verdicts.VERDICTS[claim.verdict]
    seeds = f"{claim.seeds_held} of {claim.seeds_judged}" if claim.seeds_judged > 1 else ""
    in_part = "judged in part" if _in_part(claim) and claim.verdict not in OPEN else ""
    return Cell(
        symbol=of.symbol,
        tone=of.tone,
        verdict=claim.verdict,
        seeds=", ".join(filter(None, [seeds, in_part])),
        values=[one and (one.symbol, one.tone, one.name, one.measured) for one in told],
    )


def _named(view: CheckView) -> str:
    row = f"{view.row}: " if view.row else ""
    unit = words.shown_unit(view.unit, view.name)
    return f"{row}{view.name}{f' ({unit})' if unit else ''}"
