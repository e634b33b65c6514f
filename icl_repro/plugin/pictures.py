"""Pictures of a few exemplars, so that the report shows what the networks were trained on."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any

from icl_repro.verification.record import ExemplarSample

_CLASSES = 8
_EXEMPLARS = 5


def sample(specs: Iterable[Any]) -> ExemplarSample | None:
    """Draw exemplars of the source that the first of `specs` trains on.

    Returns:
        One row of PNG images for each of a few classes, or ``None`` if no spec has a source.
    """
    source = next((s.exemplars for s in specs if hasattr(s, "exemplars")), None)
    if source is None:
        return None
    classes = range(min(_CLASSES, source.n_classes))
    exemplars = range(min(_EXEMPLARS, source.n_exemplars))
    images = source.images(classes, exemplars)
    return ExemplarSample(
        source=repr(source), pictures=[[_png(image) for image in row] for row in images]
    )


def _png(ink: Any) -> str:
    """A drawing with 0 for paper and 1 for ink as a PNG image in base64, black on white."""
    import numpy as np
    from PIL import Image

    grey = np.round(255 * (1 - np.clip(np.asarray(ink), 0, 1))).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
