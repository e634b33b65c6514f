"""A plugin of pytest (``-p benchmarks.fewer_classes``): runs that have the paper's number of
classes are trained on as many as the environment variable says, all else as they were described.
"""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

import msgspec
import pytest

from icl_repro.episodes import EpisodeSettings
from icl_repro.ingredients import Ingredients

VARIABLE = "ICL_REPRO_CLASSES"
"""How many classes; nothing changes where it is empty."""


def on_fewer(spec: Any, classes: int) -> Any:
    """A run, and the one that it takes weights from, on so many classes; runs of another number of
    classes stay as they are.
    """
    episodes = getattr(spec, "episodes", None)
    if episodes is None or episodes.classes != EpisodeSettings().classes:
        return spec
    transplant = spec.transplant and msgspec.structs.replace(
        spec.transplant, source=on_fewer(spec.transplant.source, classes)
    )
    fewer = msgspec.structs.replace(episodes, classes=classes)
    return spec.with_(episodes=fewer, transplant=transplant)


def pytest_configure(config: pytest.Config) -> None:
    """Have the session make its runs so."""
    classes, applied = os.environ.get(VARIABLE), Ingredients.applied
    if not classes:
        return

    def on_as_many(made_of: Ingredients, spec: Any) -> Any:
        return on_fewer(applied(made_of, spec), int(classes))

    patched = mock.patch.object(Ingredients, "applied", on_as_many)
    patched.start()
    config.add_cleanup(patched.stop)
