"""The Markdown summary: the outcome and a table of claims, fit for the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from icl_repro.numbers import count, duration
from icl_repro.report.text import tables, words
from icl_repro.report.text.plain_text import printable
from icl_repro.storage.files import write_whole
from icl_repro.verification.record import ClaimRecord, VerificationRecord

_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_AUTOLINKS = re.compile(r"(?i)(?<=http)(?=s?:)|(?<=www)(?=\.)|(?<=@)(?=\w)")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render_markdown(record: VerificationRecord) -> str:
    """The summary of `record`; the same record gives the same text."""
    lines = [
        f"# {escape(record.title)}",
        "",
        f"Paper: {escape(record.paper)}",
        "",
        f"**{escape(words.overall(record))}**",
        "",
    ]
    warning = words.not_meaningful_warning(record.profile)
    if warning:
        lines += [f"> **Warning:** {escape(warning)}", ""]
    if record.claims:
        lines += [
            "| Verdict | Claim | In the paper | Measured | Threshold | Paper's value |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_row(claim) for claim in record.claims),
            "",
        ]
    if record.not_selected:
        lines += [escape(words.left_out(record)), ""]
    training = record.training
    facts = [
        f"Started {words.moment(record.started)}",
        f"took {duration(record.duration)}",
        f"profile {record.profile.name}",
        words.seed_list(record.profile.seeds).lower() or "no seeds",
        f"{count(training.runs_trained, 'run')} trained, {training.runs_reused:,} reused",
        f"commit {record.environment.commit}" if record.environment.commit else "",
    ]
    lines.append(escape(" · ".join(fact for fact in facts if fact)))
    return "\n".join(lines) + "\n"


def write_markdown(record: VerificationRecord, path: Path) -> None:
    """Write the summary of `record` to `path`, replacing it in one step."""
    write_whole(path, render_markdown(record))


def escape(text: str) -> str:
    """`text` for one line of Markdown, table cells included, showing what it says and no more.

    No emphasis, links, HTML, formulas, mentions or further table cells come out of it.
    """
    flat = " ".join(printable(text).split())
    flat = re.sub("[&<>]", lambda found: _HTML[found.group()], flat)
    # An empty comment breaks what would become a link of its own accord.
    return _AUTOLINKS.sub("<!-- -->", _MARKDOWN.sub(r"\\\1", flat))


def _row(claim: ClaimRecord) -> str:
    verdict = f"{words.VERDICTS[claim.verdict].symbol} **{escape(claim.verdict)}**"
    held = words.seeds_held(claim)
    checks = tables.summaries(claim.trials)
    cells = [
        verdict + (f"<br>{escape(held)}" if held else ""),
        f"{escape(claim.statement)}<br>{escape(claim.id)}",
        escape(claim.source),
        _lines(_measured(check) for check in checks)
        or escape(claim.reason.removeprefix(f"{claim.verdict}: ")),
        _lines(check.threshold for check in checks),
        _lines(check.paper for check in checks),
    ]
    return f"| {' | '.join(cells)} |"


def _measured(check: tables.CheckSummary) -> str:
    unit = f" {check.unit}" if check.unit else ""
    partly = f", {check.mark}" if check.symbol == "~" else ""
    return f"{check.symbol} {check.name}: {check.measured}{unit}{partly}"


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(escape(text) for text in texts)
