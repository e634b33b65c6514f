"""The Gabor bank against its definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.exemplars.gabor import GaborBank, Scale, encode
from icl_repro.exemplars.glyphs import BANK

SIDE = 105
RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, SIDE, SIDE)).astype(np.float32)


def by_definition(image: np.ndarray, bank: GaborBank) -> np.ndarray:
    """Every filter as a full two-dimensional kernel at every place, in 64 bits."""
    side = len(image)
    y, x = np.mgrid[:side, :side]
    features = np.empty((len(bank.scales), bank.orientations, bank.cells, bank.cells))
    for s, scale in enumerate(bank.scales):
        places = bank.cells * scale.samples
        deviation = bank.window * scale.wavelength
        number = 2 * math.pi / scale.wavelength
        middles = (np.arange(places) + 0.5) * side / places - 0.5
        for o in range(bank.orientations):
            angle = math.pi * o / bank.orientations
            modulus = np.empty((places, places))
            for i, down in enumerate(middles):
                for j, across in enumerate(middles):
                    dx, dy = x - across, y - down
                    window = np.exp(-(dx**2 + dy**2) / (2 * deviation**2))
                    window /= 2 * math.pi * deviation**2
                    wave = np.exp(1j * number * (dx * math.cos(angle) + dy * math.sin(angle)))
                    wave -= math.exp(-((number * deviation) ** 2) / 2)
                    modulus[i, j] = abs((image * window * wave).sum())
            split = modulus.reshape(bank.cells, scale.samples, bank.cells, scale.samples)
            features[s, o] = split.mean(axis=(1, 3))
    return features.reshape(-1)


def test_the_features_are_those_of_the_definition():
    bank = GaborBank(scales=(Scale(5, 3), Scale(11, 2)), orientations=3, cells=2)
    image = RNG.random((1, 24, 24)).astype(np.float32)
    np.testing.assert_allclose(encode(image, bank)[0], by_definition(image[0], bank), atol=2e-6)


def test_there_are_512_non_negative_features():
    features = encode(IMAGES, BANK)
    assert BANK.width == 512
    assert features.shape == (3, 512)
    assert features.dtype == np.float32
    assert features.min() >= 0


def test_plain_ink_and_plain_paper_give_no_response():
    grey = encode(np.full((1, SIDE, SIDE), 0.7, np.float32), BANK).reshape(4, 8, 4, 4)
    # The finest scale alone sees no border from the inner cells.
    assert grey[0, :, 1:3, 1:3].max() < 1e-4
    assert encode(np.zeros((1, SIDE, SIDE), np.float32), BANK).max() == 0


@pytest.mark.parametrize("orientation", range(8))
def test_each_orientation_answers_most_to_its_own_line(orientation):
    angle = math.pi * orientation / 8
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    across = x * math.cos(angle) + y * math.sin(angle)
    line = np.exp(-(across**2) / (2 * 1.5**2)).astype(np.float32)
    features = encode(line[None], BANK).reshape(4, 8, 4, 4)
    inner = features[:3, :, 1:3, 1:3].sum(axis=(2, 3))
    assert (inner.argmax(axis=1) == orientation).all()


def test_a_cell_sees_what_lies_in_it():
    image = np.zeros((1, SIDE, SIDE), np.float32)
    image[0, 8:18, 90:93] = 1  # top right
    features = encode(image, BANK).reshape(4, 8, 4, 4).sum(axis=(0, 1))
    assert np.unravel_index(features.argmax(), (4, 4)) == (0, 3)


def test_an_image_is_encoded_alike_alone_and_among_others():
    many = np.concatenate([IMAGES] * 25)
    alone = encode(IMAGES[1:2], BANK)[0]
    np.testing.assert_allclose(encode(many, BANK)[70], alone, rtol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.01, 1))
def test_features_are_proportional_to_ink(amount):
    np.testing.assert_allclose(
        encode(np.float32(amount) * IMAGES, BANK), amount * encode(IMAGES, BANK), rtol=1e-3
    )
