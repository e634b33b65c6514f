"""``icl-repro report``: a saved record drawn again, alone or beside others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from icl_repro.cli.records import Refused, read_named, require_other_name
from icl_repro.report import write_html, write_markdown, write_side_by_side

EXAMPLES = """\b
Examples:
  icl-repro report reports/paper.json.gz -o paper.html
  icl-repro report A.json --beside B.json -o page.html
  icl-repro report A.json --beside B.json --markdown table.md
"""


@click.command(epilog=EXAMPLES)
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="HTML",
    help="Where to write the page; beside the record, with the suffix .html, if not said.",
)
@click.option(
    "--markdown",
    type=click.Path(path_type=Path),
    metavar="MD",
    help="Also write the Markdown summary there; with --beside, the table of verdicts, and a page"
    " only if --output names one.",
)
@click.option(
    "--beside",
    type=click.Path(path_type=Path),
    metavar="RECORD",
    multiple=True,
    help="Another record, whose verdicts stand beside those of the first in a section of the page;"
    " may be repeated.",
)
def command(
    record: Path, output: Path | None, markdown: Path | None, beside: tuple[Path, ...]
) -> None:
    """Draw RECORD, the verification.json of an earlier session (as it is or packed with gzip), as
    HTML. Nothing is run or trained.
    """
    first, *others = [read_named(path) for path in (record, *beside)]
    page = partial(write_html, first, others=others)
    summary = partial(write_side_by_side, [first, *others])
    if not beside:
        summary = partial(write_markdown, first)
    if not (beside and markdown):
        unpacked = record.with_suffix("") if record.suffix == ".gz" else record
        output = output or unpacked.with_suffix(".html")
    for path in filter(None, (output, markdown)):
        if path.resolve() in [one.resolve() for one in (record, *beside)]:
            raise Refused(f"{path} is the record itself; name another file to write")
        require_other_name(path)
    if output is not None and markdown is not None and output.resolve() == markdown.resolve():
        raise Refused(f"page and Markdown would both be {output}; name two files")
    for path, write in ((output, page), (markdown, summary)):
        if path is None:
            continue
        try:
            write(path)
        except OSError as error:
            raise Refused(f"cannot write {path}: {error.strerror}") from None
        click.echo(f"wrote {path}")
