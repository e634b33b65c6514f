"""Renders a saved verification record again: ``python -m icl_repro.report verification.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from icl_repro.report import write_html, write_markdown, write_side_by_side
from icl_repro.verification.record import UnreadableRecord, VerificationRecord, read_record


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reports that the command line asks for; returns the exit status."""
    options = _parser().parse_args(arguments)
    records: list[VerificationRecord] = []
    for path in (options.record, *options.beside):
        try:
            records.append(read_record(path))
        except OSError as error:
            return _refuse(f"cannot read {path}: {error.strerror}")
        except UnicodeDecodeError:
            return _refuse(f"{path} is not a verification record: it is not UTF-8 text")
        except UnreadableRecord as error:
            return _refuse(str(error))
    if options.beside and options.markdown is None:
        return _refuse("--beside makes a table; name a file for it with --markdown MD")
    if options.beside and options.output is not None:
        return _refuse("--beside makes no page; leave out --output")
    page, markdown = options.output, options.markdown
    if not options.beside:
        packed = options.record.suffix == ".gz"
        unpacked = options.record.with_suffix("") if packed else options.record
        page = page or unpacked.with_suffix(".html")
    summary = partial(write_markdown, records[0])
    if options.beside:
        summary = partial(write_side_by_side, records)
    for path, write in ((page, partial(write_html, records[0])), (markdown, summary)):
        if path is None:
            continue
        if path.resolve() in [one.resolve() for one in (options.record, *options.beside)]:
            return _refuse(f"{path} is the record itself; name another file to write")
        try:
            write(path)
        except OSError as error:
            return _refuse(f"cannot write {path}: {error.strerror}")
        print(f"wrote {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m icl_repro.report",
        description="Render a saved verification record as HTML; nothing is run or trained.",
    )
    parser.add_argument(
        "record",
        type=Path,
        help="the verification.json of an earlier session, as it is or packed with gzip",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="HTML",
        help="where to write the page (default: beside the record, with the suffix .html)",
    )
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="MD",
        help="also write the Markdown summary there; with --beside, the table of verdicts instead",
    )
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="RECORD",
        action="append",
        default=[],
        help="another record, to set its verdicts beside those of the first; may be repeated",
    )
    return parser


def _refuse(reason: str) -> int:
    print(f"icl_repro.report: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
