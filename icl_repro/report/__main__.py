"""Renders a saved verification record again: ``python -m icl_repro.report verification.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from icl_repro.report import write_html, write_markdown
from icl_repro.verification.record import UnreadableRecord, read_record


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reports that the command line asks for; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        record = read_record(options.record)
    except OSError as error:
        return _refuse(f"cannot read {options.record}: {error.strerror}")
    except UnicodeDecodeError:
        return _refuse(f"{options.record} is not a verification record: it is not UTF-8 text")
    except UnreadableRecord as error:
        return _refuse(str(error))
    unpacked = options.record.with_suffix("") if options.record.suffix == ".gz" else options.record
    page = options.output or unpacked.with_suffix(".html")
    for path, write in ((page, write_html), (options.markdown, write_markdown)):
        if path is None:
            continue
        if path.resolve() == options.record.resolve():
            return _refuse(f"{path} is the record itself; name another file to write")
        try:
            write(record, path)
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
        "--markdown", type=Path, metavar="MD", help="also write the Markdown summary there"
    )
    return parser


def _refuse(reason: str) -> int:
    print(f"icl_repro.report: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
