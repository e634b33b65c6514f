"""What decides the numbers of a run besides its description: the code that trains, and libraries.

A changed clamp with an old store must not be judged on old networks, so that both are part of the
key of every run (:attr:`icl_repro.training.spec.RunSpec.key`).
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

import icl_repro
from icl_repro.storage import fingerprint

DECIDING_SOURCE = (
    "exemplars/gabor.py",
    "exemplars/glyphs.py",
    "exemplars/pen.py",
    "exemplars/pictures.py",
    "exemplars/strokes.py",
    "episodes.py",
    "network",
    "optogenetics",
    "streams",
    "text.py",
    "training/descent.py",
    "training/engine.py",
    "training/evaluation.py",
    "training/language.py",
    "training/language_evaluation.py",
    "training/programs.py",
    "training/schedule.py",
)
"""The modules and packages whose code decides what a run comes to."""

NOT_DECIDING_SOURCE = (
    "exemplars/__init__.py",
    "exemplars/about.py",
    "exemplars/cache.py",
    "exemplars/checks.py",
    "exemplars/choice.py",
    "exemplars/data_sets.py",
    "exemplars/encoded.py",
    "exemplars/encoders",
    "exemplars/feature_file.py",
    "exemplars/image_set.py",
    "exemplars/omniglot.py",
    "exemplars/places.py",
    "exemplars/registry.py",
    "exemplars/source.py",
    "training/__init__.py",
    "training/altered_streams.py",
    "training/cost.py",
    "training/described.py",
    "training/cluster.py",
    "training/dask_executor.py",
    "training/dask_worker.py",
    "training/devices.py",
    "training/executors.py",
    "training/groups.py",
    "training/language_run.py",
    "training/language_spec.py",
    "training/layout.py",
    "training/local_executor.py",
    "training/methods.py",
    "training/one_form.py",
    "training/plan.py",
    "training/planned_work.py",
    "training/provenance.py",
    "training/run.py",
    "training/spec.py",
    "training/store.py",
    "training/tasks.py",
)
"""The modules beside them that do not: they describe a run, which is its address, or they check,
order, keep and hand on what the others compute. What reads and encodes exemplars decides only the
runs on those, whose address has its code and the content of the files
(:meth:`icl_repro.exemplars.ExemplarSource.recipe`); what alters streams decides only the runs on
altered ones, in the same way.
"""

DECIDING_LIBRARIES = ("jax", "jaxlib", "equinox", "optax", "numpy")
"""The libraries that compute and compile."""


@functools.cache
def source_and_libraries() -> str:
    """A digest of both: 64 hexadecimal digits, the same for all runs of a process."""
    source = fingerprint.of_source(Path(icl_repro.__file__).parent, DECIDING_SOURCE)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in DECIDING_LIBRARIES]
    return hashlib.sha256("\n".join([source, *versions]).encode()).hexdigest()
