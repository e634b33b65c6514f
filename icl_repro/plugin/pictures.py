"""Pictures of a few things that runs are trained on, for the report."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any

from icl_repro.verification.record import Sample


def sample(specs: Iterable[Any]) -> Sample | None:
    """Pictures of what the first of `specs` that has any is trained on.

    Such a spec has a method ``sample`` that takes nothing and gives the words ``source`` and
    ``caption``, and ``pictures``: groups of drawings, with 0 for paper and 1 for ink.
    """
    spec = next((spec for spec in specs if hasattr(spec, "sample")), None)
    if spec is None:
        return None
    found = spec.sample()
    return Sample(
        source=found.source,
        pictures=[[_png(drawing) for drawing in group] for group in found.pictures],
        caption=found.caption,
    )


def _png(ink: Any) -> str:
    """A drawing with 0 for paper and 1 for ink as a PNG image in base64, black on white."""
    import numpy as np
    from PIL import Image

    grey = np.round(255 * (1 - np.clip(np.asarray(ink), 0, 1))).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
