"""Where the verification runs: versions, machine and commit."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import psutil

from icl_repro.git import git
from icl_repro.verification.record import Environment

_PACKAGES = (
    "icl-repro",
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "numpy",
    "scipy",
    "pytest",
    "pytest-xdist",
    "syrupy",
)


def describe(root: Path, workers: int) -> Environment:
    """Describe this machine and what is installed on it.

    Args:
        root: the folder whose commit counts.
        workers: how many processes ran tests.
    """
    commit = git(root, "rev-parse", "HEAD")
    changes = git(root, "status", "--porcelain") if commit else None
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        processor=_processor(),
        cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        packages=_versions(),
        commit=commit,
        uncommitted_changes=None if changes is None else bool(changes),
        workers=workers,
    )


def _versions() -> dict[str, str]:
    versions: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _processor() -> str:
    """Its name, family and model: virtual machines name processors of several families alike."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    said: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        said.setdefault(key.strip(), value.strip())
    name = said.get("model name") or platform.processor() or platform.machine()
    numbers = [
        f"{what} {said[key]}"
        for what, key in (("family", "cpu family"), ("model", "model"))
        if said.get(key)
    ]
    return ", ".join([name, *numbers])
