"""Fisher's exact test against counting subsets one by one."""

from itertools import combinations

import pytest

from icl_repro.statistics.subsets import more_frequent, rarer

HOLDS = [True, True, True, False, False, False, False]


@pytest.mark.parametrize("within", [0, 1, 2, 3])
def test_p_values_are_shares_of_all_subsets_of_that_size(within):
    counts = [sum(subset) for subset in combinations(HOLDS, 3)]
    as_few = sum(count <= within for count in counts) / len(counts)
    as_many = sum(count >= within for count in counts) / len(counts)
    assert rarer(within, 3, 3, 7) == pytest.approx(as_few)
    assert more_frequent(within, 3, 3, 7) == pytest.approx(as_many)


def test_the_whole_set_is_no_subset_that_differs():
    assert rarer(3, 7, 3, 7) == more_frequent(3, 7, 3, 7) == 1


@pytest.mark.parametrize("numbers", [(4, 3, 5, 7), (2, 3, 1, 7), (-1, 3, 3, 7), (0, 6, 3, 7)])
def test_what_is_no_subset_is_refused(numbers):
    with pytest.raises(ValueError, match="cannot both be"):
        rarer(*numbers)
    with pytest.raises(ValueError, match="cannot both be"):
        more_frequent(*numbers)
