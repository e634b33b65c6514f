"""A claim on exemplars of which one thing is changed at a time: what its verdict depends on.

    python -m benchmarks.altered_exemplars FEATURES.h5 timing.labels --streams=published \
        --norm=27 --norm=9 --classes=25 --within=0.5 --middle=0 --order=1

judges the claim on the exemplars as they are and on each alteration of them, in sessions of their
own with a common store, and prints a Markdown table: the verdict, and each check over the seeds;
below it what the exemplars are like. Features are taken apart into the middle of all classes, the
places of classes around it and those of exemplars around their class; `--middle`, `--between` and
`--within` multiply one of these, after which features have the mean norm that they had. `--norm`
sets the mean norm, `--classes` how many classes runs are trained on that have the paper's 50, and
`--order` puts classes into another order, drawn by that number, so that others are trained on.

It trains what the claim needs once for each alteration, which takes as long as it takes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from benchmarks import fewer_classes
from benchmarks.exemplar_statistics import statistics
from icl_repro.exemplars import chosen
from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.report.markdown import table
from icl_repro.report.text.checks import CheckView, check_views
from icl_repro.verification.record import ClaimRecord, read_record

ROOT = Path(__file__).parents[1]
AS_IT_IS = "as it is"
MOST_EXEMPLARS = 5
"""Of each class, as in the authors' file."""

Features = Float[np.ndarray, "classes exemplars features"]


class Alteration(NamedTuple):
    """A change of exemplars: what is multiplied, the mean norm after it (0: as it was), how many
    classes are trained on (0: as many as else), and by which number their order is drawn (0: as it
    was).
    """

    middle: float = 1.0
    between: float = 1.0
    within: float = 1.0
    norm: float = 0.0
    classes: int = 0
    order: int = 0


def altered(features: Features, by: Alteration) -> Features:
    """Features in double precision, altered; the same numbers where nothing is."""
    if by.order:
        features = features[np.random.default_rng(by.order).permutation(len(features))]
    if by._replace(classes=0, norm=0, order=0) == Alteration():
        return features * (by.norm / mean_norm(features)) if by.norm else features
    means = features.mean(axis=1, keepdims=True)
    middle = means.mean(axis=0, keepdims=True)
    changed = (
        by.middle * middle + by.between * (means - middle) + by.within * (features - means)
    )  # fmt: skip
    return changed * ((by.norm or mean_norm(features)) / mean_norm(changed))


def mean_norm(features: Features) -> float:
    """The mean norm of first exemplars."""
    return float(np.linalg.norm(features[:, 0], axis=1).mean())


def judged(features: Path, claim: str, by: Alteration, options: Sequence[str]) -> ClaimRecord:
    """Judge a claim on a file of features, in a process of its own.

    Raises:
        RuntimeError: the session made no record.
    """
    with tempfile.TemporaryDirectory() as report:
        command = [sys.executable, "-m", "pytest", "claims/", "-q", f"--icl-claims={claim}"]
        command += [f"--icl-exemplars={features}", f"--icl-report={report}", "--icl-history=none"]
        command += ["-p", fewer_classes.__name__, *options]
        env = os.environ | {fewer_classes.VARIABLE: str(by.classes or "")}
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        try:
            record = read_record(Path(report) / "verification.json")
        except FileNotFoundError as error:
            raise RuntimeError(f"no record was made: {done.stdout}{done.stderr}") from error
        return record.claims[0]


def verdicts(found: Mapping[str, ClaimRecord]) -> list[str]:
    """The lines of a table of what was measured, with a column for each alteration."""
    told = [f"{one.verdict}, {one.seeds_held} of {one.seeds_judged}" for one in found.values()]
    rows = [["verdict", *told, "", ""]]
    views = [{(v.row, v.name): v for v in check_views(one)} for one in found.values()]
    every = {key: view for of_one in reversed(views) for key, view in of_one.items()}
    for key, view in every.items():
        name = f"{view.row}: {view.name}" if view.row else view.name
        cells = (_cell(of_one.get(key)) for of_one in views)
        rows.append([name, *cells, view.threshold, view.paper])
    return table(["", *found, "threshold", "paper"], rows)


def quantities(like: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The lines of a table of what the exemplars are like, with a column for each alteration."""
    rows = ([of, *(f"{one[of]:.3g}" for one in like.values())] for of in like[AS_IT_IS])
    return table(["", *like], rows)


def _cell(view: CheckView | None) -> str:
    if view is None:
        return "—"
    spread = f" ({view.spread})" if view.spread else ""
    return f"{view.symbol} {view.measured}{spread}"


def alterations(given: argparse.Namespace) -> dict[str, Alteration]:
    """What the command line asks for, by what it is called; the exemplars as they are first."""
    found = {AS_IT_IS: Alteration()}
    for field in Alteration._fields:
        for value in getattr(given, field):
            found[f"{field} {value:g}"] = Alteration()._replace(**{field: value})
    return found


def main() -> None:
    """Judge what the command line names, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("exemplars", help="as for --icl-exemplars")
    parser.add_argument("claim")
    for field in Alteration._fields:
        kind = type(Alteration._field_defaults[field])
        parser.add_argument(f"--{field}", type=kind, action="append", default=[])
    parser.add_argument("--streams", default="ours", help="(ours)")
    parser.add_argument("--seeds", default="5-9", help="(5-9)")
    parser.add_argument("--profile", default="paper", help="(paper)")
    parser.add_argument("--store", type=Path, default=Path(".icl-repro"), help="(.icl-repro)")
    parser.add_argument("--workers", default="auto", help="(auto)")
    given = parser.parse_args()
    store = given.store.absolute()
    try:
        source = chosen(given.exemplars)
        each = range(min(MOST_EXEMPLARS, source.n_exemplars))
        features = source.features(range(source.n_classes), each, store / "exemplars")
    except UnusableExemplars as error:
        parser.error(str(error))
    options = [f"--icl-streams={given.streams}", f"--icl-seeds={given.seeds}", "-n", given.workers]
    options += [f"--icl-profile={given.profile}", f"--icl-store={store}"]
    found: dict[str, ClaimRecord] = {}
    like: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, by in alterations(given).items():
            changed = altered(features.astype(np.float64), by)
            path = Path(folder) / f"{name}.npy"
            np.save(path, changed.astype(np.float32))
            try:
                found[name] = judged(path, given.claim, by, options)
            except RuntimeError as error:
                parser.error(f"{name}: {error}")
            like[name] = statistics(changed)
    print("\n".join([*verdicts(found), "", *quantities(like)]))


if __name__ == "__main__":
    main()
