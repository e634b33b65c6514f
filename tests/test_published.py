"""The paper's curves and values that travel with the package."""

import math
import subprocess
import sys

import numpy as np
import pytest

from icl_repro.verification import published
from icl_repro.verification.published import UnknownPublishedId, published_series, reported


def test_a_published_curve_is_a_series_in_the_group_of_the_measured_one():
    series = published_series("fig3a.main.train", group="train")
    assert (series.origin, series.style, series.group) == ("published", "line", "train")
    assert series.label == "train"
    x, y = np.array(series.x), np.array(series.y)
    assert (np.diff(x) > 0).all()
    assert 0.99e6 < x[-1] <= 1e6
    assert 0.6 < np.interp(1e5, x, y) < 0.85, "the plateau"
    assert y[-1] < 0.01


def test_the_three_figures_are_complete():
    by_figure = {}
    for curve in published.published_data().curves.values():
        by_figure.setdefault(curve.figure, []).append(curve)
    assert {name: len(curves) for name, curves in by_figure.items()} == {
        "Figure 3a": 3,
        "Figure 3b": 8,
        "Figure 12": 2,
    }


@pytest.mark.parametrize("curve_id", sorted(published.published_data().curves))
def test_every_curve_is_sound_and_says_how_well_it_was_read(curve_id):
    curve = published.published_data().curves[curve_id]
    assert len(curve.x) == len(curve.y) == 120
    assert np.isfinite([*curve.x, *curve.y]).all()
    assert (np.diff(curve.x) > 0).all()
    assert 0 < curve.uncertainty < 0.01
    assert 0 < curve.x_uncertainty < 2000
    assert 0 <= curve.covered_fraction < 0.2
    assert "ipynb" in curve.source


def test_values_read_off_a_figure_agree_with_the_curves():
    for curve_id, curve in published.published_data().curves.items():
        if curve.figure == "Figure 3a":
            half = reported(f"dig.{curve_id}.half_time")
            assert half.approximate
            assert half.source == "Figure 3a"
            crossing = np.interp(-0.35, -np.minimum.accumulate(curve.y), curve.x)
            assert crossing == pytest.approx(half.value, rel=0.02)
            final = reported(f"dig.{curve_id}.final_loss")
            assert final.value == pytest.approx(curve.y[-1], abs=0.005)
        if curve.figure == "Figure 3b":
            final = reported(f"dig.{curve_id}.final_strength")
            assert final.value == pytest.approx(curve.y[-1], abs=0.005)


def test_printed_values():
    assert reported("paper.dataset_size").value == 78_400
    assert not reported("paper.dataset_size").approximate
    assert reported("paper.plateau_loss").value == pytest.approx(math.log(2))
    assert reported("paper.final_accuracy").value == 0.9999
    assert reported("paper.final_accuracy").approximate, "the text rounds it"


def test_the_accuracy_drop_is_a_fraction_like_the_accuracies():
    # The text says "drops by 0.01% to 99.98%"; both ends are rounded there.
    drop = reported("paper.no_l1_output_drop").value
    assert drop == 0.0001
    assert reported("paper.final_accuracy").value - drop == pytest.approx(
        reported("paper.no_l1_output_accuracy").value
    )


@pytest.mark.parametrize(
    ("look_up", "wanted", "nearest"),
    [
        (published_series, "fig3a.main.trian", "fig3a.main.train"),
        (published_series, "fig3b.main.l1_head_3", "fig3b.main.l2_head_3"),
        (reported, "final_accuracy", "paper.final_accuracy"),
        (reported, "dig.fig3a.train.half_time", "dig.fig3a.main.train.half_time"),
    ],
)
def test_an_unknown_id_names_the_nearest(look_up, wanted, nearest):
    with pytest.raises(UnknownPublishedId) as caught:
        look_up(wanted)
    assert isinstance(caught.value, KeyError)
    message = str(caught.value)
    assert message.startswith("no published ")
    assert repr(wanted) in message
    assert repr(nearest) in message


def test_nothing_is_read_at_import_and_only_once_afterwards():
    script = (
        "from icl_repro.verification import published\n"
        "assert published.published_data.cache_info().currsize == 0\n"
        "published.reported('paper.dataset_size'); published.published_series('fig3a.main.train')\n"
        "assert published.published_data.cache_info().misses == 1\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_caller_cannot_change_the_cached_curve():
    published_series("fig3a.main.train").y[0] = -1.0
    assert published_series("fig3a.main.train").y[0] > 0
