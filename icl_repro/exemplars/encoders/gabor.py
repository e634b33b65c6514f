"""The frozen bank of Gabor filters that drawn characters go through, as an encoder of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec
import numpy as np
from jaxtyping import Float, UInt8

from icl_repro.exemplars import gabor, glyphs
from icl_repro.exemplars.encoders.encoder import Encoder, batches, code_of
from icl_repro.exemplars.source import UnusableExemplars


class GaborEncoder(Encoder, frozen=True, tag="gabor"):
    """The same bank as for drawn characters, and features scaled to the same mean norm."""

    mean_norm: ClassVar[float | None] = glyphs.MEAN_NORM
    licence: ClassVar[str] = "MIT (this package)"
    citation: ClassVar[str] = "a frozen bank of Gabor filters; nothing in it is learned"

    @property
    def name(self) -> str:
        """See :class:`Encoder`."""
        return "gabor"

    @property
    def width(self) -> int:
        """See :class:`Encoder`."""
        return glyphs.BANK.width

    def recipe(self) -> str:
        """The constants of the bank and the code of it."""
        constants = msgspec.json.encode((glyphs.BANK, glyphs.MEAN_NORM)).decode()
        return f"{constants} {code_of('gabor.py', 'encoders/gabor.py')}"

    def encode(
        self, images: Iterable[UInt8[np.ndarray, "height width"]]
    ) -> Iterator[Float[np.ndarray, "some features"]]:
        """See :class:`Encoder`; images must be square."""
        for some in batches(images):
            height, width = some[0].shape
            if height != width:
                raise UnusableExemplars(
                    f"the Gabor bank takes square images, but got {width} x {height} pixels: "
                    "choose another encoder"
                )
            ink = 1 - np.stack(some).astype(np.float32) / 255
            yield gabor.encode(ink, glyphs.BANK)
