"""Differences against the largest of a few others, by closed forms and by drawing them."""

import math

import numpy as np
import pytest

from icl_repro.statistics.drifts import beyond_largest


@pytest.mark.parametrize("ratio", [0.01, 0.5, 1.0, 3.0, 50.0, 5_000.0])
def test_one_of_each_is_the_ratio_of_two_half_normals(ratio):
    expected = 1 - 2 / math.pi * math.atan(ratio)
    assert beyond_largest(2 * ratio, 2.0, 1) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("pairs", "drawn"), [(1, 4), (5, 1), (8, 5), (2, 2)])
def test_at_the_largest_itself_each_is_as_likely_the_largest(pairs, drawn):
    """Of so many differences that are alike, one of the new is the largest so often."""
    assert beyond_largest(1.0, 1.0, pairs, drawn) == pytest.approx(drawn / (pairs + drawn))


@pytest.mark.parametrize(("ratio", "pairs", "drawn"), [(2.0, 5, 1), (3.0, 8, 5), (0.7, 2, 3)])
def test_it_is_the_share_of_draws(ratio, pairs, drawn):
    generator = np.random.default_rng(3)
    largest = np.abs(generator.normal(size=(200_000, pairs))).max(axis=1)
    new = generator.normal(size=(200_000, drawn))
    two, one = (np.abs(new).max(axis=1) > ratio * largest), (new.max(axis=1) > ratio * largest)
    assert beyond_largest(ratio, 1.0, pairs, drawn) == pytest.approx(two.mean(), abs=0.004)
    sided = beyond_largest(ratio, 1.0, pairs, drawn, two_sided=False)
    assert sided == pytest.approx(one.mean(), abs=0.004)


def test_what_is_no_difference_is_likely():
    assert beyond_largest(0.0, 1.0, 3) == 1.0
    assert beyond_largest(0.0, 1.0, 3, two_sided=False) == pytest.approx(0.5)


@pytest.mark.parametrize("given", [(1.0, 0.0, 1, 1), (1.0, 1.0, 0, 1), (1.0, 1.0, 1, 0)])
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(ValueError, match=r"it takes one|is no spread"):
        beyond_largest(*given)
