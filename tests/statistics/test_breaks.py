"""Where values fall into two groups: by hand, against all divisions, and undeceived by outliers."""

import numpy as np
import pytest

from icl_repro.statistics.breaks import natural_break


@pytest.mark.parametrize(
    ("values", "smallest_of_upper"),
    [
        ([0.0, 1.0], 1.0),
        ([3.0, 3.1, 0.1, 0.0, 0.2], 3.0),
        # The largest gap would be the one below 0.91.
        ([0.91, 0.73, 0.72, 0.59, 0.47, 0.47, 0.46, 0.44], 0.72),
        # One far below does not make all others one group.
        ([0.6, 0.55, 0.5, 0.05, 0.0, 0.0, -0.05, -0.37], 0.5),
        ([1.0, 0.0, 0.0, 0.0], 1.0),
    ],
)
def test_values_fall_into_two_groups(values, smallest_of_upper):
    assert natural_break(np.array(values)) == smallest_of_upper
    assert natural_break(np.array(values[::-1])) == smallest_of_upper


def test_the_groups_differ_more_than_those_of_any_other_division():
    rng = np.random.default_rng(0)
    for values in rng.normal(size=(20, 8)):

        def between(cut, values=values):
            upper, lower = values[values >= cut], values[values < cut]
            return upper.size * lower.size * (upper.mean() - lower.mean()) ** 2

        best = max(sorted(values)[1:], key=between)
        assert natural_break(values) == best
        assert natural_break(3 * values - 7) == pytest.approx(3 * best - 7)


@pytest.mark.parametrize("values", [[1.0], [1.0, np.nan], [1.0, np.inf]])
def test_what_cannot_be_divided_is_refused(values):
    with pytest.raises(ValueError, match="two or more finite values"):
        natural_break(np.array(values))
