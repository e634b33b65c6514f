"""Runs that are small enough to train within a test, and runs that were never trained."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import numpy as np

from icl_repro.episodes import EpisodeSettings, samplers
from icl_repro.exemplars.cache import recall
from icl_repro.exemplars.glyphs import MEAN_NORM
from icl_repro.network.transformer import ModelSettings
from icl_repro.training import Optimiser, Run, RunSpec, RunStore, Schedule

TINY = RunSpec(
    sequences=640,
    episodes=EpisodeSettings(classes=6, test_classes=4),
    model=ModelSettings(width=16, heads=2),
    optimiser=Optimiser(learning_rate=1e-3),
    schedule=Schedule(every=320, every_in_change=320, episodes=32),
)
"""20 steps, evaluated at 0, 320 and 640 sequences. Runs that differ from it in seeds, learning rate
and length only need no new program.
"""

DIVERGES = TINY.with_(optimiser=Optimiser(learning_rate=1e30))


@functools.cache
def exemplars() -> Path:
    """A folder with the encoded exemplars of :data:`TINY`.

    Their mean norm is only about right: it is set from 20 classes, because to draw all 1,623, from
    which the source sets it, takes seconds.
    """
    folder = Path(tempfile.mkdtemp(prefix="tiny-exemplars-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = TINY.exemplars

    def scale() -> np.ndarray:
        norms = np.linalg.norm(source.unscaled_features(tuple(range(20)), (0,)), axis=-1)
        return np.array([MEAN_NORM / norms.mean()], np.float32)

    recall(folder, name="scale", key=source.fingerprint, shape=(1,), compute=scale)
    samplers(TINY.episodes, TINY.exemplars, folder)
    return folder


def store_with_exemplars(root: Path) -> RunStore:
    """A store without runs in which the exemplars of :data:`TINY` need not be drawn again."""
    store = RunStore(root)
    shutil.copytree(exemplars(), store.exemplar_cache)
    return store


def made_up_run(spec: RunSpec = TINY, mark: float = 0.0) -> Run:
    """A run that was never trained. Each of its arrays tells its `mark`."""
    return Run(
        spec=spec,
        curves={
            "sequences": np.array([0, spec.sequences // 2, spec.sequences]),
            "train.loss": np.array([1.6, 1.1, 0.7], np.float32) + np.float32(mark),
            "attention.correct": np.full((3, 2, 2), mark, np.float32),
        },
        checkpoint_sequences=np.array([0, spec.sequences]),
        checkpoint_weights={
            "layers.0.query": np.full((2, 16, 16), mark, np.float32),
            "norm.bias": np.full((2, 16), -mark, np.float32),
        },
        seconds=float(mark),
    )


def entry_folder(store: RunStore) -> Path:
    """The folder of the one run in a store."""
    (folder,) = (store.root / "runs").glob("*/*/*")
    return folder


def assert_same_run(one: Run, other: Run) -> None:
    """Every number of two runs is the same, to the last bit."""
    assert one.spec == other.spec
    pairs = [
        (one.curves, other.curves),
        (one.checkpoint_weights, other.checkpoint_weights),
        ({"": one.checkpoint_sequences}, {"": other.checkpoint_sequences}),
    ]
    for mine, theirs in pairs:
        assert mine.keys() == theirs.keys()
        for name, array in mine.items():
            assert array.dtype == theirs[name].dtype, name
            np.testing.assert_array_equal(array, theirs[name], err_msg=name)
