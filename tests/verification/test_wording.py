"""Sentences that are put together from parts."""

from icl_repro.verification.wording import listed


def test_a_long_list_ends_with_how_many_more_there_are():
    assert listed(["a", "b", "c"], 3) == "a, b and c"
    assert listed(["a", "b", "c", "d", "e"], 3) == "a, b, c and 2 more"
    assert listed([], 3) == ""
