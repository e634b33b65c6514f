"""Small pictures of exemplars for a report."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from icl_repro.exemplars.source import ExemplarSource


def exemplar_pictures(
    source: ExemplarSource, classes: Sequence[int], exemplars: Sequence[int], *, side: int = 64
) -> list[list[bytes]]:
    """PNG files of exemplars, black on white: one list a class, one picture an exemplar.

    Args:
        source: whose exemplars.
        classes: numbers of classes, as for :meth:`ExemplarSource.images`.
        exemplars: numbers of exemplars.
        side: pixels of the longer side of a picture.

    Raises:
        InvalidSelection: classes or exemplars that the source does not have.
        ValueError: `side` is below 1.
    """
    if side < 1:
        raise ValueError(f"side must be at least 1 pixel, got {side}")
    return [[_png(image, side) for image in row] for row in source.images(classes, exemplars)]


def _png(image: Float[np.ndarray, "height width"], side: int) -> bytes:
    from PIL import Image  # here: who only needs features need not have it loaded

    scale = side / max(image.shape)
    size = tuple(max(1, round(scale * length)) for length in reversed(image.shape))
    gray = np.round(255 * (1 - np.clip(image, 0, 1))).astype(np.uint8)
    picture = Image.fromarray(gray).resize(size, Image.Resampling.LANCZOS)  # pyright: ignore[reportArgumentType]
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()
