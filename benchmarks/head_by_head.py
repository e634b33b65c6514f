"""The networks of a record beside the published ones of the same seeds, head by head.

    python -m benchmarks.head_by_head RECORD [--markdown FILE]

prints, or writes, a Markdown table of what is alike on each seed, and two tables for each: its
heads, and its networks as a whole and under the clamps of Figure 5b. All is read from the record
(as it is or packed with gzip): nothing is trained, and no store is needed. The documentation shows
the same of the records in `reports/exemplars`. :mod:`claims.head_by_head` says what is compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from claims.head_by_head import beside_published, of_seed, summary
from icl_repro.storage.files import write_whole
from icl_repro.verification.record import VerificationRecord, read_record


def tables(record: VerificationRecord) -> Iterator[str]:
    """The lines of all tables.

    Raises:
        ValueError: the record has no heads.
    """
    found = beside_published(record)
    yield "# Head by head"
    yield ""
    yield from (f"- {one.sentence}" for one in record.basis.ingredients)
    yield ""
    yield "Cells have ours, then the published; times are in thousand sequences."
    yield ""
    yield from summary(found)
    for one in found:
        yield f"## Seed {one.seed}"
        yield ""
        yield from of_seed(one)


def main() -> None:
    """Print or write the tables of the record that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="the verification.json of a session")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write there instead")
    options = parser.parse_args()
    try:
        text = "\n".join(tables(read_record(options.record)))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if options.markdown is None:
        print(text, end="")
    else:
        write_whole(options.markdown, text)


if __name__ == "__main__":
    main()
