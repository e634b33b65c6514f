"""A run by the published streams begins as the run of the authors' implementation did.

Whole runs are compared by ``benchmarks/published_runs.py``.
"""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks.published_runs import Features
from icl_repro.training import Run, RunSpec, Schedule
from icl_repro.training.engine import train

EXEMPLARS = Path(__file__).parents[3] / "shared" / "exemplars" / "omniglot_squeezenet.h5"
"""What that run learnt from. It is no part of this project."""
PUBLISHED = {
    "train": [2.31162, 1.56515, 1.38122],
    "test_relabel": [2.16240, 1.77527, 1.69163],
    "test_exemplars": [2.34762, 1.60351, 1.41508],
}
"""Its losses after 0, 5,024 and 10,016 sequences: seed 5, no clamp."""


def test_the_first_losses():
    if not EXEMPLARS.exists():
        pytest.skip(f"the exemplars of the published run are not there: {EXEMPLARS}")
    pytest.importorskip("h5py", reason="the exemplars are in an HDF5 file")
    schedule = Schedule(every=5_024, every_in_change=5_024, first=5_024)
    spec = RunSpec(sequences=10_016, schedule=schedule, streams="published")
    msgspec.structs.force_setattr(spec, "exemplars", Features(str(EXEMPLARS)))
    (run,) = train([spec])
    assert isinstance(run, Run)
    np.testing.assert_array_equal(run.sequences, [0, 5_024, 10_016])
    for name, losses in PUBLISHED.items():
        np.testing.assert_allclose(run.curves[f"{name}.loss"], losses, atol=2e-4, err_msg=name)
