"""Characters and the pen: what is drawn, and that nothing else decides it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.exemplars import Glyphs
from icl_repro.exemplars.glyphs import HAND, PEN
from icl_repro.exemplars.pen import ink
from icl_repro.exemplars.strokes import Hand, bernstein, characters, redraws

SIDE = 105
class_numbers = st.integers(0, Glyphs.n_classes - 1)
exemplar_numbers = st.integers(0, Glyphs.n_exemplars - 1)


def straight(start, end):
    return np.linspace(start, end, 4)[None, None]


def draw(strokes, drawn=None):
    drawn = np.ones(strokes.shape[:2], bool) if drawn is None else np.asarray(drawn)
    return ink(strokes, drawn, SIDE, PEN)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**63 - 1),
    classes=st.lists(class_numbers, min_size=1, max_size=4, unique=True),
    exemplars=st.lists(exemplar_numbers, min_size=1, max_size=3, unique=True),
)
def test_a_drawing_does_not_depend_on_the_others_asked_for(seed, classes, exemplars):
    together = Glyphs(seed).images(classes, exemplars)
    alone = Glyphs(seed).images(classes[-1:], exemplars[-1:])
    np.testing.assert_allclose(together[-1, -1], alone[0, 0], atol=1e-6)


def test_the_order_of_pictures_is_that_of_the_request():
    images = Glyphs().images([3, 40, 7], [1, 0])
    for i, class_ in enumerate([3, 40, 7]):
        for j, exemplar in enumerate([1, 0]):
            np.testing.assert_allclose(
                images[i, j], Glyphs().images([class_], [exemplar])[0, 0], atol=1e-6
            )


def test_pictures_are_ink_on_paper():
    images = Glyphs().images(range(60), range(2))
    assert images.shape == (60, 2, SIDE, SIDE)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    share = images.mean(axis=(2, 3))
    assert share.min() > 0.01, "no picture is empty"
    assert share.max() < 0.2
    grey = ((images > 0.05) & (images < 0.95)).sum() / (images > 0.5).sum()
    assert grey > 0.1, "edges are smooth"


def test_every_seed_class_and_exemplar_is_another_drawing():
    pictures = [
        *Glyphs(0).images(range(6), range(4)).reshape(24, -1),
        *Glyphs(1).images(range(6), range(4)).reshape(24, -1),
        *Glyphs(2**32).images(range(6), range(4)).reshape(24, -1),
    ]
    distances = [
        np.abs(one - other).max() for i, one in enumerate(pictures) for other in pictures[:i]
    ]
    assert min(distances) > 0.5


def test_characters_have_two_to_four_strokes_and_fill_a_like_part_of_the_canvas():
    made = characters(0, range(400), HAND)
    count = made.drawn.sum(axis=1)
    assert set(count) == {2, 3, 4}
    assert np.bincount(count)[2:].min() > 90, "about a third each"
    curve = np.einsum("pk,cskd->cspd", bernstein(np.linspace(0, 1, 200)), made.strokes)
    curve = np.where(made.drawn[:, :, None, None], curve, 0)  # the origin is inside every box
    longer = (curve.max(axis=(1, 2)) - curve.min(axis=(1, 2))).max(axis=1)
    assert (longer > HAND.smallest - 0.01).all()
    assert (longer < HAND.largest + 0.01).all()


def test_a_redraw_is_the_character_moved_a_little():
    character = characters(0, [5], HAND).strokes[0]
    drawn = redraws(0, character, 5, range(20), HAND)
    assert drawn.shape == (20, *character.shape)
    moved = np.abs(drawn - (character + 0.5))
    assert 0.01 < moved.mean() < 0.1
    still = Hand(jitter=0, turning=0, stretching=0, slanting=0, straying=0)
    np.testing.assert_allclose(redraws(0, character, 5, [0], still)[0], character + 0.5, atol=1e-12)


def test_a_straight_line_has_the_profile_of_the_pen():
    row = 40
    image = draw(straight((0.1, (row + 0.5) / SIDE), (0.9, (row + 0.5) / SIDE)))[0]
    middle = image[:, SIDE // 2]
    distance = np.arange(SIDE) - row
    expected = 1 - np.exp(-PEN.flow * np.exp(-(distance**2) / (2 * PEN.radius**2)))
    np.testing.assert_allclose(middle, expected, atol=1e-3)
    width = (middle > 0.5).sum()
    assert 3 <= width <= 5, "pixels, like the pen of Omniglot"
    assert image[row, 20:85].std() < 1e-3, "no beads"
    assert image[row, 2] < 1e-3, "nothing beyond the ends"


def test_a_line_is_as_dark_however_fast_it_is_drawn():
    start, end = np.array((0.2, 0.5)), np.array((0.8, 0.5))
    uneven = np.stack([start, start, start, end])[None, None]
    even = draw(straight(start, end))[0, 52]
    np.testing.assert_allclose(draw(uneven)[0, 52, 30:75], even[30:75], atol=5e-3)


def test_crossings_are_no_darker_than_ink_and_padding_draws_nothing():
    across, down = straight((0.1, 0.5), (0.9, 0.5)), straight((0.5, 0.1), (0.5, 0.9))
    both = np.concatenate([across, down], axis=1)
    crossing = draw(both)[0]
    assert crossing.max() <= 1
    first_only = draw(both, [[True, False]])[0]
    np.testing.assert_array_equal(first_only, draw(across)[0])
    assert draw(both, [[False, False]]).max() == 0


def test_x_runs_to_the_right_and_y_down():
    image = draw(straight((0.7, 0.2), (0.9, 0.2)))[0]
    rows, columns = np.nonzero(image > 0.5)
    assert abs(rows.mean() + 0.5 - 0.2 * SIDE) < 0.5
    assert abs(columns.mean() + 0.5 - 0.8 * SIDE) < 0.5


@settings(deadline=None)
@given(st.floats(0, 1))
def test_bernstein_weights_are_a_partition_of_one(at):
    weights = bernstein(np.array([at]))[0]
    assert weights.min() >= 0
    assert math.isclose(weights.sum(), 1)


@pytest.mark.parametrize(("at", "expected"), [(0.0, [1, 0, 0, 0]), (1.0, [0, 0, 0, 1])])
def test_a_curve_runs_from_its_first_to_its_last_control_point(at, expected):
    np.testing.assert_array_equal(bernstein(np.array(at)), expected)
