"""Whether what a session will write can be written, asked before it trains anything."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from icl_repro.plugin.options import Settings

DOCUMENTS = ("json", "html", "md")
"""The suffixes of ``verification.<suffix>`` in the folder of the report."""

FOLDERS_OF_THE_STORE = ("runs", "incoming", "locks")
"""Without these it cannot be used; what else it keeps only saves time."""


def problems(settings: Settings) -> list[str]:
    """A sentence for each path of the settings that cannot be what it is meant to be."""
    found = list(_of_folder("the run store", settings.store, reads_only=settings.no_train))
    found += [
        f"the run store cannot be at {settings.store}: {path} is a file where a folder should be"
        for name in FOLDERS_OF_THE_STORE
        if (path := settings.store / name).exists() and not path.is_dir()
    ]
    if settings.report is not None:
        found += _of_folder("the report", settings.report)
        found += [
            f"the report cannot be written: {path} is a folder where a file should be"
            for suffix in DOCUMENTS
            if (path := settings.report / f"verification.{suffix}").is_dir()
        ]
    if settings.history is not None:
        found += _of_history(settings.history, settings.report)
    return found


def _of_folder(what: str, path: Path, *, reads_only: bool = False) -> Iterator[str]:
    wanted = "it must be a folder that this user may write to, or a path where one can be made"
    try:
        there = _nearest_existing(path)
        if not there.is_dir():
            kind = "a file" if there.exists() else "a link that leads nowhere"
            yield f"{what} cannot be at {path}: {there} is {kind}; {wanted}"
        elif not reads_only:
            with tempfile.TemporaryFile(dir=there):
                pass
    except OSError as error:
        yield f"{what} cannot be at {path}: {error.strerror or error}; {wanted}"


def _of_history(path: Path, report: Path | None) -> Iterator[str]:
    if path.is_dir():
        yield f"the history cannot be at {path}: it is a folder where a file should be"
    elif path.exists():
        from icl_repro.history import file

        try:
            file.read(path)
        except file.UnreadableHistory as error:
            yield str(error)
    elif path.parent != report:  # of which all is told already
        yield from _of_folder("the history", path.parent)


def _nearest_existing(path: Path) -> Path:
    """The path itself, or else the nearest folder above it that is there."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path
