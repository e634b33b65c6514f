"""Where the findings hold and where they stop: the matrix of claims by conditions, from the
committed records of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from icl_repro.report.text import words
from icl_repro.report.text.by_row import ByRow, RowCell, by_row
from icl_repro.verification.record import VerificationRecord, read_record

from .catalogue import link
from .found import named
from .markdown import escaped, table

PATH = "explanation/robustness.md"
FAMILY = "robustness"
RECORD = "reports/robustness.json.gz"
"""The record of the matrix. Those on other exemplars are called ``robustness_NAME.json.gz``."""
_FOLDER = "explanation"
_HOLDS, _STOPS = ("supported", "consistent"), ("refuted", "contradicted")

_HEAD = """\
# Where the findings hold, and where they stop

The paper shows its findings on one kind of network, trained in one way on one task. The claims of
the family `robustness`, which are ours, ask for the same under conditions that it did not try:
other widths, numbers of heads and layers, MLPs, no LayerNorm, other batches, learning rates and
optimisers, more pairs in context, several exemplars of a class. Each condition changes one thing
and leaves the rest as in the paper. What is asked for is the same under all of them, and was
fixed before any was trained.

A cell is judged like a claim, on the tests of one condition and of the controls there, which are
trained under that condition too. Three seeds say no more than what was seen: `consistent` (holds
on all), `contradicted` (fails on all) or `mixed`; `inconclusive` where a control did not fail as
it must, so that the check tells nothing there. Where a claim has no meaning, the cell says why.

```sh
icl-repro plan 'robustness.*' --profile matrix --no-timing
pytest claims/robustness -n auto --icl-profile matrix --icl-report=reports/matrix
```

The first tells how many networks and sequences that takes. Claims that name the `matrix` profile
are judged in no other, and it judges no others.

Other exemplars (Omniglot through an encoder, files of features, your own images) are a session of
their own, on the condition that is otherwise as in the paper:

```sh
pytest claims/robustness -n auto --icl-profile matrix -k as_in_the_paper \\
    --icl-exemplars=omniglot --icl-report=reports/matrix_omniglot
```

Which files there are is known to a session and not to a claim, so that no cell of the matrix
depends on the machine that it was made on. Pixels are exemplars like any other: `FILE.npy` with
an array of classes x exemplars x pixels.
"""

_NONE = """\
No record of the matrix is committed, so that nothing can be said here of what it shows.
"""


def page(root: Path) -> str:
    """The page, as Markdown, from what is committed below `root`."""
    paths = sorted((root / "reports").glob("robustness*.json.gz"))
    records = [(path.relative_to(root).as_posix(), read_record(path)) for path in paths]
    return "\n".join([_HEAD, *(_of_records(records) if records else [_NONE])])


def _of_records(records: Sequence[tuple[str, VerificationRecord]]) -> Iterator[str]:
    for path, record in records:
        for one in by_row(record) or _single(record):
            yield from _matrix(one, named(record, path), record)


def _single(record: VerificationRecord) -> list[ByRow]:
    """A record of one condition alone, as that of other exemplars is."""
    return by_row(record, fewest_rows=1)


def _matrix(one: ByRow, which: str, record: VerificationRecord) -> Iterator[str]:
    basis = record.basis.label
    yield from (
        f"## {words.as_sentence(basis) if basis else 'The matrix'}",
        "",
        f"From {which}.",
        "",
    )
    yield from table(
        ["claim", "holds", "stops", "otherwise"],
        [[link(claim, _FOLDER), *_told(one, place)] for place, claim in enumerate(one.claims)],
    )
    yield from table(
        ["condition", *map(escaped, one.names)],
        [[escaped(name), *map(_cell, cells)] for name, cells in one.rows],
    )


def _told(one: ByRow, place: int) -> list[str]:
    """Under which conditions a claim holds, where it does not, and what else there is."""
    verdicts = {name: cells[place].verdict for name, cells in one.rows}
    others = Counter(v for v in verdicts.values() if v not in (*_HOLDS, *_STOPS))
    return [
        escaped(", ".join(name for name, v in verdicts.items() if v in _HOLDS) or "nowhere"),
        escaped(", ".join(name for name, v in verdicts.items() if v in _STOPS) or "nowhere"),
        ", ".join(f"{amount} {verdict}" for verdict, amount in others.items()) or "none",
    ]


def _cell(cell: RowCell) -> str:
    told = [f"{one.name}: {one.measured}, {one.threshold} ({one.on})" for one in cell.effects]
    if not told or cell.verdict not in (*_HOLDS, *_STOPS, "mixed"):
        told.append(cell.why)
    return "<br>".join([f"**{escaped(cell.verdict)}**", *map(escaped, told)])
