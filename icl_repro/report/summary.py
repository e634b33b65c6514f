"""The Markdown summary, fit for a pull request and the summary of a CI job: the outcome and what
changed on its first line, then a table of claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from icl_repro.numbers import count, duration, number
from icl_repro.report.markdown import escape, head, row, table
from icl_repro.report.text import (
    by_row,
    checks,
    compared,
    coverage,
    faults,
    judged,
    verdicts,
    words,
)
from icl_repro.report.text.findings import FindingView, edges_note, finding_views, findings_note
from icl_repro.report.text.notes import notes
from icl_repro.report.text.past import new_steps
from icl_repro.storage.files import write_whole
from icl_repro.verification.record import HOLDS, ClaimRecord, Comparisons, VerificationRecord

_HOW_TO_READ = (
    "“Measured” is the median over seeds, with the lowest and the highest "
    "behind it (of a claim over all seeds at once the mean, with its interval); the unit stands "
    f"behind the name of the check. {words.AGREES_NOTE} {words.MARGINS_NOTE}"
)
_MANY = 20
"""More claims or known failures than these are folded."""
_ROWS, _FINDINGS, _EDGES, _STATEMENTS = 30_000, 10_000, 4_000, 8_000
"""Characters of the lists of claims, known failures, edges and statements: together with all else
fewer than the 65,536 that a comment on a pull request may have.
"""
_RED = 3_000
"""Characters of what made the session fail."""
_BY_ROW = 22_000
"""Characters of a table of rows by claims. The list of claims has as many less as it takes, and as
the planted faults take.
"""


def render_markdown(record: VerificationRecord) -> str:
    """The summary of `record`; the same record gives the same text."""
    changed = compared.headline(record.compared) if record.compared is not None else ""
    red = f"The session is red for {count(len(record.red), 'reason')}." if record.red else ""
    first = filter(None, [red, judged.opening(record), changed, verdicts.outcome(record)])
    lines = [
        f"**{escape(' '.join(first))}**",
        "",
        *_red(record),
        f"# {escape(record.title)}",
        "",
        *([f"Paper: {escape(record.paper)}", ""] if record.paper else []),
    ]
    warning = words.not_meaningful_warning(record.profile)
    if warning:
        lines += [f"> **Warning:** {escape(warning)}", ""]
    told = notes(record)
    if told:
        lines += [*(f"- {escape(note.text)}" for note in told), ""]
    steps = new_steps(record.past)
    if steps:
        lines += ["**Steps since earlier sessions.**", "", *(f"- {escape(s)}" for s in steps), ""]
    tables = [*_faults(record), ""] if record.faults else []
    tables += [line for one in by_row.by_row(record) for line in _by_row(one)]
    lines += tables
    if record.claims:
        lines += _claims(record, max(0, _ROWS - sum(map(len, tables))))
    judged_ids = {claim.id for claim in record.claims}
    views = [one for one in finding_views(record) if one.claim in judged_ids]
    for title, note, edge in (
        ("Known not to hold", findings_note(record), False),
        ("On the edge of their threshold", edges_note(record), True),
    ):
        told = [
            _finding(finding)
            for finding in sorted(views, key=lambda one: not one.is_changed)
            if finding.edge == edge
        ]
        if told:
            told, left = _within(told, _EDGES if edge else _FINDINGS)
            more = [_rest(left, "check")] if left else []
            lines += [f"**{title}.** {escape(note)}", ""]
            some = f"{count(len(told), 'check')}, those that changed first"
            whole = len(views) == len(record.findings)
            summary = some if left else "Each of them" if whole else "Those of this session"
            many = len(told) > _MANY or left
            lines += _folded(summary, told) if many else [*told, *([""] if told else [])]
            lines += [line for one in more for line in (one, "")]
    if record.coverage:
        lines += _coverage(record)
    if record.not_selected:
        lines += [escape(verdicts.left_out(record)), ""]
    training = record.training
    facts = [
        f"Started {words.moment(record.started)}",
        f"took {duration(record.duration)}",
        f"profile {record.profile.name}",
        words.seed_list(record.profile.seeds).lower() or "no seeds",
        f"{count(training.runs_trained, 'run')} trained, {number(training.runs_reused)} reused",
        f"commit {record.environment.commit}" if record.environment.commit else "",
    ]
    lines.append(escape(" · ".join(fact for fact in facts if fact)))
    return "\n".join(lines) + "\n"


def write_markdown(record: VerificationRecord, path: Path) -> None:
    """Write the summary of `record` to `path`, replacing it in one step."""
    write_whole(path, render_markdown(record))


def _red(record: VerificationRecord) -> list[str]:
    """What made the session fail, as far as there is room for it."""
    told, left = _within([f"- {escape(one)}" for one in record.red], _RED)
    more = [f"- {count(left, 'further reason')}: see the log of the session"] if left else []
    return [*told, *more, ""] if record.red else []


def _by_row(found: by_row.ByRow) -> list[str]:
    """A table of rows by claims: each verdict with what was measured."""
    names = ["", *map(escape, found.names)]
    rows = ([escape(name), *map(_row_cell, cells)] for name, cells in found.rows)
    lines, left = _within(table(names, rows), _BY_ROW)
    more = [_rest(left, "row"), ""] if left else []
    return _folded(f"{found.title} row by row", lines) + more


def _row_cell(cell: by_row.RowCell) -> str:
    told = [f"{escape(one.name)} {escape(one.measured)}" for one in cell.effects]
    parts = [f"{cell.symbol} {escape(cell.verdict)}", *(told or [escape(cell.why)])]
    return "<br>".join(parts)


def _coverage(record: VerificationRecord) -> list[str]:
    """The statements of the paper that this session tests, or that nothing does."""
    judged_ids = {claim.id for claim in record.claims}
    rows = [
        one
        for part in coverage.parts(record)
        for one in part.statements
        if not one.claims or any(claim.id in judged_ids for claim in one.claims)
    ]
    told = [_statement(one) for one in rows]
    if sum(map(len, told)) > _STATEMENTS:
        told = [_statement(one) for one in sorted(rows, key=_is_met)]
    told, left = _within(told, _STATEMENTS)
    names = ["", "In the paper", "Statement", "Claims", "How it is tested"]
    lines = _folded(coverage.coverage_note(record), [*head(names), *told])
    return [*lines, *([_rest(left, "statement"), ""] if left else [])]


def _is_met(one: coverage.StatementView) -> bool:
    """Whether all claims that test a statement hold."""
    return bool(one.claims) and all(claim.verdict in HOLDS for claim in one.claims)


def _within(lines: Sequence[str], limit: int) -> tuple[list[str], int]:
    """The first of some lines that have at most so many characters together, and how many are
    left.
    """
    kept: list[str] = []
    room = limit
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept, len(lines) - len(kept)


def _rest(amount: int, noun: str) -> str:
    """That so many of something stand on the page alone."""
    stand = "stands" if amount == 1 else "stand"
    return f"{count(amount, f'further {noun}')} {stand} in verification.html."


def _first(record: VerificationRecord) -> list[ClaimRecord]:
    """The claims, those first of which the verdict changed, then those that do not hold."""
    compared_ = record.compared
    changed = {one.claim for one in compared_.verdicts} if compared_ is not None else set[str]()
    return sorted(
        record.claims, key=lambda claim: (claim.id not in changed, claim.verdict in HOLDS)
    )


def _claims(record: VerificationRecord, room: int) -> list[str]:
    """The table of claims; of many it is folded, below how each section came out."""
    names = ["Verdict", "Claim", "In the paper", "Measured", "Threshold", "Paper's value"]
    rows = [_row(claim, record.comparisons) for claim in record.claims]
    left = 0
    if sum(map(len, rows)) > room:
        rows, left = _within([_row(claim, record.comparisons) for claim in _first(record)], room)
    told = [*head(names), *rows]
    more = [_rest(left, "claim"), ""] if left else []
    explained = _folded("How to read the table", [escape(_HOW_TO_READ)])
    if len(record.claims) <= _MANY:
        return [*told, "", *more, *explained]
    sections: dict[str, list[ClaimRecord]] = {}
    for claim in record.claims:
        sections.setdefault(claim.family, []).append(claim)
    outcomes = table(
        ["Section", "Claims", "Verdicts"],
        (
            [escape(words.family_title(family)), str(len(claims)), _outcome(claims)]
            for family, claims in sections.items()
        ),
    )
    which = f"{len(rows)} of {len(record.claims)} claims, those that do not hold first"
    whole = which if left else f"All {len(record.claims)} claims"
    return [*outcomes, "", *_folded(f"{whole}, with what was measured", told), *more, *explained]


def _outcome(claims: Sequence[ClaimRecord]) -> str:
    return ", ".join(
        f"{verdicts.VERDICTS[verdict].symbol} {amount} {verdict}"
        for verdict, amount in verdicts.verdict_counts(claims)
    )


def _folded(summary: str, lines: Iterable[str]) -> list[str]:
    """Lines that open with a click."""
    return [f"<details><summary>{escape(summary)}</summary>", "", *lines, "", "</details>", ""]


def _row(claim: ClaimRecord, comparisons: Comparisons | None) -> str:
    views = checks.check_views(claim)
    brief, more = checks.in_brief(views)
    beside = [verdicts.corrected(claim, comparisons), checks.agreements(views)]
    verdict = f"{verdicts.VERDICTS[claim.verdict].symbol} **{escape(claim.verdict)}**"
    cells = [
        "<br>".join(
            [verdict, *(escape(part) for part in [verdicts.reason(claim), *beside] if part)]
        ),
        f"{escape(claim.statement)}<br>{escape(claim.id)}",
        escape(claim.source),
        _lines([*map(_measured, brief), *filter(None, [more])]),
        _lines(check.threshold for check in brief),
        _lines(check.paper for check in brief),
    ]
    return row(cells)


def _measured(check: checks.CheckView) -> str:
    unit = words.shown_unit(check.unit, check.name)
    name = f"{check.name} ({unit})" if unit else check.name
    around = "; ".join(part for part in (check.spread, check.over) if part)
    value = f"{check.measured} ({around})" if around else check.measured
    partly = f", {check.mark}" if check.symbol == "~" else ""
    edge = f", {check.margin.warning}" if check.margin and check.margin.warning else ""
    return f"{check.symbol} {name}: {value}{partly}{edge}"


def _finding(finding: FindingView) -> str:
    case = f", control {finding.case}" if finding.case else ""
    values = "; ".join(
        f"{value.seed + ': ' if value.seed else ''}{value.known}"
        f"{f', now {value.now}' if finding.edge and value.now else ''} ({value.status.word})"
        for value in finding.values
    )
    parts = [f"{finding.claim}{case}: {finding.check}. {values}.", finding.spread, finding.why]
    return f"- {escape(' '.join(filter(None, parts)))}"


def _statement(one: coverage.StatementView) -> str:
    claims = (f"{claim.words.symbol} {claim.id}: {claim.verdict}" for claim in one.claims)
    how = [words.as_sentence(one.how), *filter(None, [one.because])]
    cells = [str(one.number), escape(one.where), escape(one.statement), _lines(claims), _lines(how)]
    return row(cells)


def _faults(record: VerificationRecord) -> list[str]:
    """The planted faults, and a table of what each claim makes of each."""
    views = faults.fault_views(record)
    told = [
        f"{one.number}. {one.words.symbol} **{escape(one.words.word)}** {escape(one.id)}: "
        f"{escape(one.statement)} {escape(one.tally)}."
        for one in views
    ]
    made = [
        [escape(of.claim), *(f"{cell.words.symbol} {escape(cell.words.word)}" for cell in of.cells)]
        for of in faults.matrix(record)
    ]
    caught = [
        f"- {escape(one.id)}, {escape(catch.claim)}: {escape(catch.said[0])}"
        for one in views
        for catch in one.catches
    ]
    names = ["Claim", *(f"{one.number} {escape(one.id)}" for one in views)]
    caught, left = _within(caught, _FINDINGS)
    caught += [f"- {_rest(left, 'line')}"] if left else []
    by = ["<details><summary>By what they were caught</summary>", "", *caught, "", "</details>"]
    unaffected = escape(faults.unaffected_note(record))
    parts = [
        [escape(faults.controls_note(record))],
        told,
        table(names, made) if made else [],
        by if caught else [],
        [unaffected] if unaffected else [],
    ]
    lines = [line for part in parts if part for line in (*part, "")]
    return lines[:-1]


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(escape(text) for text in texts)
