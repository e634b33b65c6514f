"""Numbers as people write them."""

import math

import pytest

from icl_repro.numbers import (
    apart,
    axis_numbers,
    count,
    decimal,
    duration,
    estimate,
    number,
    rounded,
    sparkline,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8.0e4, "80,000"),
        (253_833.0, "253,833"),
        (28_000_000, "28,000,000"),
        (1234.567, "1,235"),
        (-3, "−3"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (0.6931471805599453, "0.6931"),
        (-0.25, "−0.25"),
        (0.0001, "0.0001"),
        (0.00001, "10⁻⁵"),
        (-3.2e-7, "−3.2 × 10⁻⁷"),
        (2.5e20, "2.5 × 10²⁰"),
        (1.0, "1"),
    ],
)
def test_numbers_are_short_and_plain(value, text):
    assert number(value) == text


def test_powers_of_ten_tell_the_order_and_little_more():
    assert number(1.2414e-14) == "1.2 × 10⁻¹⁴"
    assert number(1.276e-5) == "1.3 × 10⁻⁵"


def test_decimals_in_a_grid():
    assert decimal(0.5, 2) == "0.50"
    assert decimal(-0.123, 2) == "−0.12"
    assert decimal(-0.001, 2) == "0.00"


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_finite_says_so(value):
    assert number(value) == rounded(value) == apart(value, [1.0]) == "not finite"


def test_an_accuracy_just_below_one_is_not_shown_as_one():
    assert number(0.99998724) == "0.999987"
    assert number(0.9999) == "0.9999"
    assert number(0.995) == "0.995"
    assert number(0.9999929) == "0.9999929"
    assert number(1 - 1.8e-15) == "> 0.999999"
    assert apart(1 - 1.8e-15, [1 - 1e-7]) == "1 − 2 × 10⁻¹⁵"


def test_a_value_is_told_from_the_threshold_that_it_misses():
    assert apart(0.99497, [0.995]) == "0.99497"
    assert apart(0.2000412, [0.2]) == "0.20004"
    assert apart(0.2, [0.2]) == "0.2", "equal values may look equal"
    assert apart(79_999.6, [80_000.0]) == "79,999.6"
    nearly = math.nextafter(0.35, 0)
    assert apart(nearly, [None, 0.35]) != number(0.35)


def test_a_value_read_off_a_figure_shows_no_more_digits_than_it_has():
    assert rounded(253_833.0) == "253,800"
    assert rounded(0.739455) == "0.7395"
    assert rounded(0.00159411) == "0.001594"


def test_an_estimate_has_few_digits_unless_they_tell_it_apart():
    assert estimate(144_767.2) == "145,000"
    assert estimate(0.0123456) == "0.0123"
    assert estimate(0.99998724) == "0.999987", "just below one, digits count from there"
    assert estimate(0.99504, [0.995]) == "0.99504"
    assert estimate(80_012.0, [80_000.0]) == "80,010"
    assert estimate(1.5, [1.5]) == "1.5"
    assert estimate(None) == estimate(math.nan) == "not finite"


def test_axis_labels():
    assert axis_numbers([0, 200_000, 400_000, 1_000_000]) == ["0", "200k", "400k", "1M"]
    assert axis_numbers([253_833]) == ["253.833k"]
    assert axis_numbers([0, 250, 500, 1000]) == ["0", "250", "500", "1,000"]
    assert axis_numbers([0, 5_000, 10_000]) == ["0", "5k", "10k"]
    assert axis_numbers([0.1, 0.2, 0.1 + 0.2]) == ["0.1", "0.2", "0.3"]
    assert axis_numbers([1e-5, 1e-3, 10]) == ["10⁻⁵", "0.001", "10"]
    assert axis_numbers([-500_000.0]) == ["−500k"]
    assert axis_numbers([]) == []


def test_durations_and_counts():
    assert duration(0.04) == "0.0 s"
    assert duration(29.4) == "29 s"
    assert duration(250) == "4 min 10 s"
    assert duration(4_271.8) == "1 h 11 min"
    assert duration(math.nan) == "not finite"
    assert (count(1, "claim"), count(28_000, "run")) == ("1 claim", "28,000 runs")


def test_a_sparkline_goes_from_the_least_to_the_greatest():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([-1e308, None, 1e308, math.nan]) == "▁·█·"
    assert sparkline([3.0, 3.0]) == "▄▄"
    assert sparkline([]) == ""
