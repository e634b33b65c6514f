"""The verdicts of several records side by side: a Markdown table of claims by what runs were made
from, such as another data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from icl_repro.numbers import count
from icl_repro.report.summary import escape
from icl_repro.report.text import checks, verdicts, words
from icl_repro.report.text.checks import CheckView
from icl_repro.storage.files import write_whole
from icl_repro.verification.record import ClaimRecord, VerificationRecord

_UNALIKE = "≠"
_OPEN = ("not run", "not meaningful", "error")
"""Verdicts that tell nothing, so that none is unlike them."""


def render_side_by_side(records: Sequence[VerificationRecord]) -> str:
    """The claims of `records`, those of the first in its order and others after them; a column for
    each record, and the paper's values beside them.

    A claim is marked where two records judge it otherwise. The same few checks are shown of it in
    every column.
    """
    claims = [{claim.id: claim for claim in record.claims} for record in records]
    ids = list(dict.fromkeys(id_ for of_record in claims for id_ in of_record))
    rows = [[of_record.get(id_) for of_record in claims] for id_ in ids]
    unalike = sum(map(_is_unalike, rows))
    names = [chr(ord("A") + number) for number in range(len(records))]
    lines = [
        "# Verdicts side by side",
        "",
        *(
            f"- **{name}**: {escape(_about(record))}"
            for name, record in zip(names, records, strict=True)
        ),
        "",
        f"{count(unalike, 'claim')} of {len(ids)} {'is' if unalike == 1 else 'are'} judged "
        f"otherwise in one column than in another ({_UNALIKE}). Values are medians over seeds; of "
        "a claim over all seeds at once, means.",
        "",
        f"| Claim | {' | '.join(names)} | Paper |",
        f"|{' --- |' * (len(names) + 2)}",
        *map(_row, rows),
    ]
    return "\n".join(lines) + "\n"


def write_side_by_side(records: Sequence[VerificationRecord], path: Path) -> None:
    """Write the table of `records` to `path`, replacing it in one step."""
    write_whole(path, render_side_by_side(records))


def _about(record: VerificationRecord) -> str:
    """What a column is of."""
    made_of = [one.title for one in record.basis.ingredients] or ["what is usual"]
    verdict_counts = verdicts.verdict_counts(record.claims)
    outcomes = ", ".join(f"{amount} {verdict}" for verdict, amount in verdict_counts)
    facts = [
        *made_of,
        words.seed_list(record.profile.seeds).lower(),
        f"commit {record.environment.commit}" if record.environment.commit else "",
        outcomes,
    ]
    return "; ".join(filter(None, facts))


def _is_unalike(row: Sequence[ClaimRecord | None]) -> bool:
    return len({claim.verdict for claim in row if claim and claim.verdict not in _OPEN}) > 1


def _row(row: Sequence[ClaimRecord | None]) -> str:
    views = [{} if claim is None else _views(claim) for claim in row]
    first = next(claim for claim in row if claim is not None)
    shown, more = checks.in_brief([*next(filter(None, views), {}).values()])
    mark = f"{_UNALIKE} " if _is_unalike(row) else ""
    cells = [f"{mark}{escape(first.id)}<br>{escape(first.statement)}"]
    for claim, of_claim in zip(row, views, strict=True):
        cells.append("" if claim is None else _cell(claim, of_claim, shown))
    cells.append("<br>".join(escape(view.paper) for view in shown if view.paper))
    if more:
        cells[0] += f"<br>({escape(more)})"
    return f"| {' | '.join(cells)} |"


def _cell(
    claim: ClaimRecord, views: dict[tuple[str, str], CheckView], shown: Sequence[CheckView]
) -> str:
    seeds = f", {claim.seeds_held} of {claim.seeds_judged}" if claim.seeds_judged > 1 else ""
    verdict = f"{verdicts.VERDICTS[claim.verdict].symbol} **{escape(claim.verdict)}**{seeds}"
    told = [verdict]
    for check in shown:
        own = views.get((check.row, check.name))
        if own is not None:
            told.append(escape(f"{own.symbol} {own.name}: {own.measured}"))
    return "<br>".join(told)


def _views(claim: ClaimRecord) -> dict[tuple[str, str], CheckView]:
    return {(view.row, view.name): view for view in checks.check_views(claim)}
