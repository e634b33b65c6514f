"""A frozen bank of Gabor filters: images to non-negative features.

Each filter is a complex wave under a round Gaussian window, less the window itself in such measure
that plain ink gives no response. The features are the filters' moduli, averaged over a grid of
cells: 4 scales x 8 orientations x 4 x 4 cells = 512 values, like the first layers of a visual
system or of a network trained on images, and with nothing learned or fitted to the characters.

A round window makes the filter a product of one in x and one in y, so filtering is two small matrix
products. The responses are evaluated on a grid, not at every pixel: 8 x 8 places in each cell for
the finest scale and 4 x 4 for the others, which is 1.4 standard deviations of the window or closer.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Complex64, Float

_IMAGES_AT_ONCE = 32
"""Bounds the memory in use (about 10 MB); also the fastest."""


class Scale(msgspec.Struct, frozen=True):
    """Filters of one size: `wavelength` in pixels, evaluated at `samples` x `samples` places a
    cell.
    """

    wavelength: float
    samples: int


class GaborBank(msgspec.Struct, frozen=True):
    """The filters.

    Args:
        scales: from fine to coarse, an octave apart; the finest fits the two edges of a pen line.
        orientations: directions of the wave, evenly from 0 (along x) up to half a turn.
        cells: cells a side over which responses are averaged.
        window: standard deviation of the Gaussian window, in wavelengths.
    """

    scales: tuple[Scale, ...] = (Scale(6, 8), Scale(12, 4), Scale(24, 4), Scale(48, 4))
    orientations: int = 8
    cells: int = 4
    window: float = 0.4

    @property
    def width(self) -> int:
        """Features an image."""
        return len(self.scales) * self.orientations * self.cells**2


class _Filters(NamedTuple):
    """The filters of one scale, factored; the last one is the plain window.

    Shapes: filters x places x pixels. `constant` is the share of the window that a wave under it
    holds, its response to plain ink.
    """

    down: Complex64[np.ndarray, "filters places side"]
    across: Complex64[np.ndarray, "filters places side"]
    constant: float


def encode(
    images: Float[np.ndarray, "images side side"], bank: GaborBank
) -> Float[np.ndarray, "images features"]:
    """Features of `images` (0 paper to 1 ink): float32, unscaled, non-negative.

    The order is scale, orientation, cell row, cell column, the last fastest. The features of an
    image do not depend on the other images.
    """
    features = np.empty((len(images), bank.width), np.float32)
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        some = np.asarray(images[start : start + _IMAGES_AT_ONCE], np.float32)
        pooled = [_pooled_moduli(some, bank, scale) for scale in bank.scales]
        features[start : start + len(some)] = np.stack(pooled, axis=1).reshape(len(some), -1)
    return features


def _pooled_moduli(
    images: Float[np.ndarray, "images side side"], bank: GaborBank, scale: Scale
) -> Float[np.ndarray, "images orientations cells cells"]:
    filters = _filters(bank, scale, images.shape[-1])
    down = _complex_times_real(filters.down, images)
    response = np.matmul(down, filters.across.swapaxes(1, 2))
    response = response[:, :-1] - np.float32(filters.constant) * response[:, -1:]
    modulus = np.sqrt(response.real**2 + response.imag**2)
    cells, samples = bank.cells, scale.samples
    split = modulus.reshape(len(images), bank.orientations, cells, samples, cells, samples)
    return split.mean(axis=(3, 5))


def _complex_times_real(
    filters: Complex64[np.ndarray, "filters places side"],
    images: Float[np.ndarray, "images side side"],
) -> Complex64[np.ndarray, "images filters places side"]:
    """One real matrix product an image: half the work of a complex one."""
    stacked = np.stack([filters.real, filters.imag]).reshape(-1, filters.shape[-1])  # pyright: ignore[reportAttributeAccessIssue]
    parts = np.matmul(stacked, images).reshape(len(images), 2, *filters.shape)
    product = np.empty((len(images), *filters.shape), np.complex64)
    product.real, product.imag = parts[:, 0], parts[:, 1]
    return product


@functools.cache
def _filters(bank: GaborBank, scale: Scale, side: int) -> _Filters:
    window = bank.window * scale.wavelength
    number = 2 * math.pi / scale.wavelength
    places = bank.cells * scale.samples
    middles = (np.arange(places) + 0.5) * side / places - 0.5
    distance = np.arange(side) - middles[:, None]
    # Sums to 1 over the plane, so that a line gives every scale a response of like size.
    envelope = np.exp(-0.5 * (distance / window) ** 2) / (window * math.sqrt(2 * math.pi))
    angle = math.pi * np.arange(bank.orientations) / bank.orientations
    across = envelope * np.exp(1j * number * np.cos(angle)[:, None, None] * distance)
    down = envelope * np.exp(1j * number * np.sin(angle)[:, None, None] * distance)
    return _Filters(
        np.concatenate([down, envelope[None]]).astype(np.complex64),
        np.concatenate([across, envelope[None]]).astype(np.complex64),
        math.exp(-0.5 * (number * window) ** 2),
    )
