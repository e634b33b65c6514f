"""``icl-repro compare``: what changed from one record to another."""

from __future__ import annotations

from pathlib import Path

import click

from icl_repro.cli.checkout import at_hand
from icl_repro.cli.records import Refused, read_named, require_other_name
from icl_repro.comparison import (
    NothingToCompare,
    UnknownKind,
    compare,
    parse_kinds,
    require_compared,
    require_shared,
)
from icl_repro.comparison.values import MARGIN, UNTESTED_MARGIN
from icl_repro.report.compared import (
    terminal_lines,
    write_comparison_html,
    write_comparison_markdown,
)
from icl_repro.verification import spreads
from icl_repro.verification.compared import DEFAULT_FAIL_ON, KINDS

EXAMPLES = """\b
Examples:
  icl-repro compare reports/reference.json reports/verification.json
  icl-repro compare OLD.json.gz NEW.json --html changes.html --markdown changes.md
  icl-repro compare OLD.json NEW.json --fail-on verdict,value,curve,speed
  icl-repro compare OLD.json NEW.json --margin 0.25 --fail-on none

\b
Exit statuses:
  0  nothing regressed of what --fail-on names
  1  something did
  2  a mistake in what was typed or in a file, or records of which nothing can be compared
"""


@click.command(epilog=EXAMPLES)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--fail-on",
    metavar="KINDS",
    default=",".join(DEFAULT_FAIL_ON),
    show_default=True,
    help=f"What makes it end with status 1 where it regressed: of {', '.join(KINDS)}, with commas "
    "between them, or none. A curve regressed if it drifted, a threshold if it is looser or gone "
    "and the ledger does not say why.",
)
@click.option(
    "--margin",
    type=float,
    metavar="SHARE",
    help="How much nearer to the bad side of its threshold a value may come, as a share of the "
    f"distance from its old mean to that threshold. If not said, {MARGIN:g}, and "
    f"{UNTESTED_MARGIN:g} where nothing is known of how trainings differ.",
)
@click.option(
    "--spread",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="How far trainings of one seed differ; the file that icl_spread names in the ini file of "
    "this folder, if not said.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="F",
    help="Also write all changes there, as a page.",
)
@click.option(
    "--markdown",
    type=click.Path(path_type=Path),
    metavar="F",
    help="Also write them there as Markdown, the outcome on the first line.",
)
def command(
    old: Path,
    new: Path,
    fail_on: str,
    margin: float | None,
    spread: Path | None,
    html: Path | None,
    markdown: Path | None,
) -> None:
    """Say what changed from the record OLD to the record NEW: verdicts, measured values by seed,
    curves, thresholds, the speed of training, and where and how it was run. Records may be packed
    with gzip. Nothing is run or trained.
    """
    try:
        kinds = parse_kinds(fail_on)
    except UnknownKind as error:
        raise Refused(f"--fail-on: {error}") from None
    before, now = read_named(old), read_named(new)
    for path in (html, markdown):
        if path is not None and path.resolve() in (old.resolve(), new.resolve()):
            raise Refused(f"{path} is one of the records; name another file to write")
    if html is not None and markdown is not None and html.resolve() == markdown.resolve():
        raise Refused(f"--html and --markdown both name {html}; name two files")
    for path in filter(None, (html, markdown)):
        if path.is_dir():
            raise Refused(f"{path} is a folder; name a file to write")
        require_other_name(path)
    try:
        require_shared(before, now)
        known = spreads.load(at_hand().path("icl_spread") if spread is None else spread)
        found = compare(before, now, spreads=known, margin=margin, fail_on=kinds)
        require_compared(found)
    except (NothingToCompare, spreads.UnusableSpreads) as error:
        raise Refused(str(error)) from None
    except ValueError as error:
        raise Refused(f"--margin: {error}") from None
    try:
        if html is not None:
            write_comparison_html(found, before, now, html)
        if markdown is not None:
            write_comparison_markdown(found, markdown)
    except OSError as error:
        raise Refused(f"cannot write {error.filename}: {error.strerror}") from None
    for line in terminal_lines(found):
        click.echo(line)
    for path in filter(None, (html, markdown)):
        click.echo(f"wrote {path}")
    if found.failing():
        raise SystemExit(1)
