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
_IN_WORDS = """\
## In words

As the records below have it, of three seeds each (November 2026):

- **The plateau and the sudden change** are there under every condition but one: with one and
  with three more layers, in wider and narrower networks, with MLPs, other batches, rates and
  optimisers, and on every kind of exemplars. Without LayerNorm there is hardly a plateau, and
  the copy alone is learned as suddenly as the whole.
- **All five findings** hold as in the paper with batches of 16 and of 128, a third of the
  learning rate, AdamW, five exemplars a class, and on ResNet18 features of Omniglot; with three
  times the learning rate all but one, on one seed.
- **Additivity** stops first. The other heads do not make up for the strongest with width 32,
  with MLPs and with 16 heads on some seeds, without LayerNorm, and on one seed each of
  SqueezeNet features and of pixels. With width 128, 4 heads, gradient descent and more pairs in
  context it holds, but its control tells nothing there: heads are so alike that their order
  does not matter.
- **Many-to-many wiring** fails on one seed of three with width 32, 4 and 16 heads, MLPs and 4
  pairs in context, and on two for SqueezeNet features; on pixels it is seen on one.
- **The three subcircuits** are told apart wherever there is LayerNorm. With the copy clamped
  the match is learned a little less suddenly than asked for on single seeds (width 32 and 128,
  16 heads, three times the learning rate, pixels).
- **The time** is taken neither by the match nor by the copy alone, under any condition but
  without LayerNorm, where the copy takes a little more than half of it; on one seed of pixels the
  network with one head does not learn in time to tell. With gradient descent and with more pairs
  in context a head that attends to the token before saves more than half of the time by itself,
  so that the control does not fail.
"""
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
    return "\n".join([_HEAD, *([_IN_WORDS, *_of_records(records)] if records else [_NONE])])


def _of_records(records: Sequence[tuple[str, VerificationRecord]]) -> Iterator[str]:
    for path, record in records:
        for one in by_row(record) or _single(record):
            exemplars = Path(path).name.partition(".")[0].partition("_")[2]
            yield from _matrix(one, named(record, path), exemplars, record.basis.label)


def _single(record: VerificationRecord) -> list[ByRow]:
    """A record of one condition alone, as that of other exemplars is."""
    return by_row(record, fewest_rows=1)


def _matrix(one: ByRow, which: str, exemplars: str, label: str) -> Iterator[str]:
    yield from (
        f"## {words.as_sentence(exemplars) if exemplars else 'The matrix'}",
        "",
        f"From {which}{f', of exemplars `{label}`' if label else ''}.",
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
