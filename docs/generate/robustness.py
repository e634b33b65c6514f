"""Where the findings hold and where they stop: the matrix of claims by conditions, from the
committed records of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from icl_repro.numbers import count
from icl_repro.report.text import notes
from icl_repro.report.text.by_row import NO_MEANING, RowCell
from icl_repro.verification.record import HOLDS, VerificationRecord, read_record

from .catalogue import link
from .conditions import STOPS, Matrix, exemplars_of, matrix
from .found import named
from .in_words import FOLDER, in_words, short
from .markdown import escaped, table

PATH = "explanation/robustness.md"
RECORD = "reports/robustness.json.gz"
"""The record of the matrix. Those on other exemplars are called ``robustness_NAME.json.gz``."""

_HEAD = """\
# Where the findings hold, and where they stop

The paper shows its findings on one kind of network, trained in one way on one task. The claims of
the family `robustness`, which are ours, ask for the same under conditions that it did not try:
other widths, numbers of heads and layers, MLPs, no LayerNorm, other batches, learning rates and
optimisers, more pairs in context, several exemplars of a class, and other exemplars. Each condition
changes one thing and leaves the rest as in the paper.

What is asked for is the same under all conditions. It was decided before any network of the matrix
had been trained, but for trials of the learning rate of gradient descent, whose loss alone was
looked at, and no threshold was changed afterwards. Thresholds were not blind, though: most are
those of the paper's own claims, which had been judged as in the paper, on its five seeds, by
then. So the [ledger](ledger.md) counts each as set when results had been seen, and the report says:
“{thresholds}”

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
"""
_COST = """\
Measured times of runs give, [by simulation](../how-to/clusters.md), 1,286 seconds of training on
one core of an AMD EPYC (Zen 5) for the matrix on drawn characters, and its 109 programs take about
5 seconds each to compile: half an hour of one core, 16 minutes of two, 4 of eight.
"""
_EXEMPLARS = """\
## On other exemplars

Other exemplars are a session of their own, on the condition that is otherwise as in the paper.
Which files there are is known to a session and not to a claim, so that no cell of the matrix
depends on the machine that it was made on; its record is `reports/robustness_NAME.json.gz`, and
this page has a row for each such record.

```sh
pytest claims/robustness -n auto --icl-profile matrix -k as_in_the_paper \\
    --icl-exemplars=omniglot --icl-report=reports/matrix_omniglot
```

- **Drawn characters** are the exemplars of all rows that name no others.
- **ResNet18, as in the paper.** `--icl-exemplars=omniglot` encodes Omniglot by torchvision's
  weights, which it downloads. The record here is on a file of features that was made outside of
  this package with other weights, CNTK's: images resized bilinearly to 224 x 224, channels blue,
  green and red from 0 to 255 less that network's mean image, pooled features times 0.7735, so that
  the mean norm over the first exemplars is 27.
- **SqueezeNet 1.1.** `--icl-exemplars=omniglot:squeezenet1_1_imagenet.npz` encodes by a file of
  weights ([Use other exemplars](../how-to/exemplars.md)). The file of features of the record has
  the same numbers for the same drawings, times 0.38463885 (mean norm 27), but other classes in
  other places, so that other characters are trained on.
- **The Gabor bank on Omniglot.** `--icl-exemplars=omniglot:gabor`: real characters through the
  encoder that drawn ones go through.
- **Pixels.** No encoder: the drawings shrunk by averaging to 28 x 28, ink 1 and paper 0, in the
  order of their paths. This makes `pixels.npy` of Omniglot's two files, bit by bit that of the
  record, 1,623 classes x 20 exemplars x 784 pixels, and `--icl-exemplars=pixels.npy` takes it:

```python
{pixels}```
"""
PIXELS = """\
import io, zipfile
import numpy as np
from PIL import Image

classes = {}
for file in ("images_background.zip", "images_evaluation.zip"):
    with zipfile.ZipFile(file) as images:
        for name in sorted(one for one in images.namelist() if one.endswith(".png")):
            drawing = Image.open(io.BytesIO(images.read(name))).convert("L")
            small = np.asarray(drawing.resize((28, 28), Image.Resampling.BOX), np.float32)
            classes.setdefault(name.rpartition("/")[0], []).append(1 - small.ravel() / 255)
np.save("pixels.npy", np.stack([np.stack(drawings) for drawings in classes.values()]))
"""
"""What makes a file of exemplars of Omniglot's pixels."""

_NONE = """\
No record of the matrix is committed, so that nothing can be said here of what it shows.
"""


def page(root: Path) -> str:
    """The page, as Markdown, from what is committed below `root`."""
    paths = sorted((root / "reports").glob("robustness*.json.gz"))
    records = {path.relative_to(root).as_posix(): read_record(path) for path in paths}
    return "\n".join(_lines(records))


def _lines(records: dict[str, VerificationRecord]) -> Iterator[str]:
    usual = records.get(RECORD)
    thresholds = "" if usual is None else notes.thresholds_note(usual)
    yield _HEAD.format(thresholds=thresholds)
    if usual is not None:
        yield from (f"That is {_amount(usual)}.", "", _COST)
    if records:
        found = matrix([*records.values()])
        yield from in_words(found)
        yield from _matrix(found)
        yield from _sources(records)
    else:
        yield _NONE
    yield _EXEMPLARS.format(pixels=PIXELS)


def _amount(record: VerificationRecord) -> str:
    sizes = record.run_sizes
    return f"{count(len(sizes), 'network')} and {sum(sizes.values()):,} sequences at most"


def _matrix(found: Matrix) -> Iterator[str]:
    yield from ("## The matrix", "")
    yield from table(
        ["claim", "holds", "stops", "otherwise"],
        [[link(claim, FOLDER), *_told(found, claim)] for claim in found.claims],
    )
    yield from table(
        ["condition", *(escaped(short(claim).replace("_", " ")) for claim in found.claims)],
        [
            [escaped(row.name), *(_cell(row.cells.get(claim)) for claim in found.claims)]
            for row in found.rows
        ],
    )


def _told(found: Matrix, claim: str) -> list[str]:
    """Under which conditions a claim holds, where it does not, and what else there is."""
    others = dict.fromkeys(found.verdict(row, claim) for row in found.rows)
    told = [
        f"{verdict}: {', '.join(found.where(claim, [verdict]))}"
        for verdict in sorted(others, key=NO_MEANING.__eq__)
        if verdict not in (*HOLDS, *STOPS)
    ]
    return [
        escaped(", ".join(found.where(claim, HOLDS)) or "nowhere"),
        escaped(", ".join(found.where(claim, STOPS)) or "nowhere"),
        "<br>".join(map(escaped, told)) or "none",
    ]


def _cell(cell: RowCell | None) -> str:
    if cell is None:
        return "not in its record"
    told = [f"{one.name}: {one.measured}, {one.threshold} ({one.on})" for one in cell.effects]
    if not told or cell.verdict not in (*HOLDS, *STOPS, "mixed"):
        told.append(cell.why)
    return "<br>".join([f"**{escaped(cell.verdict)}**", *map(escaped, told)])


def _sources(records: dict[str, VerificationRecord]) -> Iterator[str]:
    """Which records the rows are from."""
    yield from ("The rows are from these records:", "")
    for path, record in sorted(records.items(), key=lambda one: bool(exemplars_of(one[1]))):
        of = exemplars_of(record)
        label = f"on {escaped(of)} (`{record.basis.label}`): " if of else ""
        yield f"- {label}{named(record, path)}; {_amount(record)}."
    yield ""
