"""The numbers of a figure in the page."""

import base64
import json
import math
import re
import zlib

import pytest

from icl_repro.report.pictures.figure_data import differences, figure_data
from icl_repro.report.pictures.over_seeds import merge
from icl_repro.verification.pictures import Figure, Panel, Series
from tests.support.report_pictures import all_figures


def summed(told):
    """What the script of the page makes of differences."""
    decimals, *steps = told
    if decimals is None:
        return steps
    values, whole = [], 0
    for step in steps:
        whole += step or 0
        values.append(None if step is None else whole / 10**decimals)
    return values


def unpacked(figure):
    data = json.loads(zlib.decompress(base64.b64decode(figure_data(figure))))
    return data | {"lists": list(map(summed, data["lists"]))}


def data_of(*series):
    return unpacked(Figure("f", "c", "s", [Panel("t", "x", "y", list(series))]))


@pytest.mark.parametrize(
    "values",
    [
        [0, 10000, 20000, None, 5],
        [0.12345, 1.2345e-07, None, -98.765, 3],
        [1e300, -1e300, 5],
        [1.5, 2.0**60],
        [2.5e-308, 1.0],
        [None, None],
        [],
    ],
)
def test_numbers_come_back_from_their_differences_as_they_were(values):
    assert summed(differences(values)) == values


def test_numbers_keep_five_digits_and_whole_ones_all():
    data = data_of(Series("a", [1234567.0, 0.123456789], [math.nan, None]))
    (series,) = data["panels"][0]["series"]
    assert data["lists"][series["x"]] == [1234567, 0.12346]
    assert data["lists"][series["y"]] == [None, None]


def test_lists_that_are_the_same_are_kept_once():
    data = data_of(Series("a", [0.0, 1.0], [2.0, 3.0]), Series("b", [0.0, 1.0], [0.0, 1.0]))
    assert data["lists"] == [[0, 1], [2, 3]]


def test_seeds_and_their_mean_can_be_told_apart():
    figures = [
        (seed, Figure("f", "c", "s", [Panel("", "x", "y", [Series("a", [0.0], [float(seed)])])]))
        for seed in (5, 7)
    ]
    data = unpacked(merge(figures).figure)
    told = [(one.get("mean"), one.get("seed")) for one in data["panels"][0]["series"]]
    assert told == [(True, None), (None, 5), (None, 7)]


def test_published_series_are_of_the_seed_that_they_name_or_that_others_leave():
    def panel(seed):
        theirs = [
            Series("a", [0.0], [3.0], origin="published"),
            Series("a, seed 7", [0.0], [4.0], origin="published", background="more"),
        ]
        return Panel("", "x", "y", [Series("a", [0.0], [float(seed)]), *theirs])

    figures = [(seed, Figure("f", "c", "s", [panel(seed)])) for seed in (5, 7)]
    data = unpacked(merge(figures).figure)
    told = [one.get("seed") for one in data["panels"][0]["series"] if one.get("published")]
    assert told == [5, 7]
    (alone,) = data_of(Series("a", [0.0], [1.0], origin="published"))["panels"][0]["series"]
    assert "seed" not in alone


def test_no_text_ends_the_script_that_holds_it():
    figure = Figure("</script><b>", "", "", [Panel("</script>", "<!--", "", [])])
    assert re.fullmatch(r"[\w+/=]+", figure_data(figure))
    assert unpacked(figure)["name"] == "</script><b>"


def test_all_kinds_of_panels_have_data():
    kinds = {p["kind"] for f in all_figures() for p in unpacked(f)["panels"]}
    assert kinds == {"curves", "bars", "grid", "graph", "diagram"}
