"""Whole runs by the published streams, beside what the authors' implementation learns from them.

Trains seed 5 on the same exemplars, evaluates where that implementation did, and prints one JSON
line a run: how far the loss curves lie from the published ones, half-times, and at the end the
induction strengths of the heads. Neighbours, which begin one rounding away, say how far apart
rounding alone brings two trainings, the published one among them:

    python -m benchmarks.published_runs ../shared/golden/published_runs.npz \
        ../shared/exemplars/omniglot_squeezenet.h5 --runs match copy --neighbours 2

Reading the exemplars needs h5py.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from icl_repro.episodes import Episodes, Sampler
from icl_repro.exemplars import ExemplarSource
from icl_repro.measures.curves.crossings import time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.optogenetics import Clamp, ClampCopy, ClampMatch, ClampPreviousToken, only_heads
from icl_repro.streams import published
from icl_repro.training import RunSpec, engine

HEAD = 3
CLAMPS: Mapping[str, tuple[Clamp, ...]] = {
    "full": (),
    "no_clamp": (only_heads([HEAD]),),
    "previous_token": (only_heads([HEAD]), ClampPreviousToken((2,))),
    "match": (only_heads([HEAD]), ClampMatch((HEAD,))),
    "copy": (only_heads([HEAD]), ClampCopy(HEAD)),
}
"""What is clamped in each published run."""
SETS = {
    "train": "fsl_train",
    "test_relabel": "fsl_val_rl",
    "other_exemplars": "fsl_train_valex",
    "test_exemplars": "fsl_test_class",
}
"""What the published sets are called there."""
OTHERS = slice(1, 5)
"""The exemplars that are not trained on."""


class Features(ExemplarSource, frozen=True, tag="features of a benchmark"):
    """Exemplars from the one data set of three axes in an HDF5 file."""

    path: str

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(_features(self.path))

    @property
    def n_exemplars(self) -> int:
        """How many exemplars each class has."""
        return _features(self.path).shape[1]

    def recipe(self) -> str:
        """Nothing but the file."""
        return "1"

    def compute_images(self, classes: tuple[int, ...], exemplars: tuple[int, ...]) -> np.ndarray:
        """There are none."""
        raise NotImplementedError

    def compute_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
    ) -> np.ndarray:
        """The features of a selection."""
        return _features(self.path)[np.ix_(classes, exemplars)]


_READ: dict[str, np.ndarray] = {}


def _features(path: str) -> np.ndarray:
    if path not in _READ:
        h5py = importlib.import_module("h5py")
        found: list[np.ndarray] = []
        with h5py.File(path) as file:
            file.visititems(
                lambda _, item: found.append(item[()]) if getattr(item, "ndim", 0) == 3 else None
            )
        (_READ[path],) = found
    return _READ[path]


def start(
    name: str, neighbour: int, source: ExemplarSource
) -> tuple[engine.Trainee, dict[str, Episodes]]:
    """A published run before its first step, and all four evaluation sets."""
    spec = RunSpec(clamps=CLAMPS[name], neighbour=neighbour, streams="published")
    # Which sources a spec can name is decided elsewhere.
    msgspec.structs.force_setattr(spec, "exemplars", source)
    trainee = engine.begin(spec)
    classes = range(spec.episodes.classes)
    features = source.features(classes, range(source.n_exemplars))[:, OTHERS]
    per_class = features.shape[1]
    bank = jnp.asarray(features.reshape(-1, features.shape[-1]))
    others = published.evaluation_set(
        Sampler(bank, trainee.sampler.pairs, per_class),
        published.evaluation_keys(spec.eval_seed)["other_exemplars"],
        spec.schedule.episodes,
    )
    return trainee, engine.evaluation_sets(spec) | {"other_exemplars": others}


def curves(
    trainee: engine.Trainee, sets: Mapping[str, Episodes], sequences: np.ndarray
) -> Iterator[dict[str, np.ndarray]]:
    """What is measured after so many sequences each."""
    compiled, step = engine.Compiled(trainee, sets, batch := RunSpec().optimiser.batch), 0
    for ahead in (sequences // batch).tolist():
        trainee = compiled.advance(trainee, step, ahead)
        step = ahead
        yield jax.tree.map(np.asarray, compiled.measure(trainee))


def compared(found: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> dict[str, object]:
    """How far two trainings lie apart: in nats at most, and in half-times as a share."""
    row: dict[str, object] = {}
    for name in SETS:
        apart = np.abs(found[f"{name}.loss"] - other[f"{name}.loss"])
        row[f"{name}: nats apart at most"] = round(float(apart.max()), 5)
    ours, theirs = (
        time_to(run["sequences"], run["train.loss"], HALF_LOSS) for run in (found, other)
    )
    if math.isfinite(ours) and math.isfinite(theirs):
        row["half-time"], row["of the other"] = round(ours), round(theirs)
        row["half-times apart"] = round(abs(ours / theirs - 1), 5)
    return row


def main() -> None:
    """Train what was asked for, and print how it compares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("golden", type=Path, help="published_runs.npz")
    parser.add_argument("exemplars", type=Path, help="the feature file that they learnt from")
    parser.add_argument("--runs", nargs="+", choices=CLAMPS, default=list(CLAMPS))
    parser.add_argument("--neighbours", type=int, default=0, metavar="N")
    parser.add_argument("--sequences", type=int, default=2**30, help="no longer than this")
    given = parser.parse_args()
    golden, source = dict(np.load(given.golden)), Features(str(given.exemplars))
    for name in given.runs:
        sequences = golden[f"{name}/sequences"]
        sequences = sequences[sequences <= given.sequences]
        theirs = {"sequences": sequences} | {
            f"{ours}.loss": golden[f"{name}/{called}/loss"][: len(sequences)]
            for ours, called in SETS.items()
        }
        first: dict[str, np.ndarray] = {}
        for neighbour in range(given.neighbours + 1):
            begun = time.process_time()
            rows = list(curves(*start(name, neighbour, source), sequences))
            found = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
            found["sequences"] = sequences
            first = first or found
            strengths = (found["attention.correct"] - found["attention.incorrect"])[-1, -1]
            row = {
                "run": name,
                "neighbour": neighbour,
                "beside the published run": compared(found, theirs),
                "beside the run itself": compared(found, first) if neighbour else None,
                "induction strengths": [round(float(strength), 3) for strength in strengths],
                "processor seconds": round(time.process_time() - begun, 1),
            }
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
