"""The nearest valid choice is named for names and for numbers."""

import pytest

from icl_repro.nearest import alike, nearest, nearest_number


@pytest.mark.parametrize(
    ("name", "choices", "said"),
    [
        ("platau", ["plateau", "start"], "did you mean 'plateau'?"),
        ("tests", ["test", "text"], "did you mean 'test' or 'text'?"),
        ("x", ["one", "two"], "choose from one, two"),
        ("x", [f"n{n:02}" for n in range(20)], "choose from n00, n01"),
        ("x", [], "there are none to choose from"),
    ],
)
def test_names(name, choices, said):
    assert nearest(name, choices).startswith(said)


def test_names_that_are_not_alike_are_left_out_where_that_is_asked_for():
    assert alike("platau", ["plateau", "start"]) == "did you mean 'plateau'?"
    assert alike("x", ["one", "two"]) == ""


@pytest.mark.parametrize(("value", "near"), [(-3, 0), (0, 0), (4, 4), (7, 7), (10**30, 7)])
def test_numbers(value, near):
    assert nearest_number(value, 0, 7) == near
