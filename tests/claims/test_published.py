"""The paper's curves and values that travel with the package."""

import math
import subprocess
import sys

import numpy as np
import pytest

from claims import published
from claims.conftest import pytest_icl_published
from claims.published import (
    UnknownPublishedId,
    published_heatmap,
    published_series,
    reported,
)
from claims.published.computed import COMPUTED, learning_time_alone


def test_a_published_curve_is_a_series_in_the_group_of_the_measured_one():
    series = published_series("fig3a.main.train", group="train")
    assert (series.origin, series.style, series.group) == ("published", "line", "train")
    assert series.label == "train"
    x, y = np.array(series.x), np.array(series.y)
    assert (np.diff(x) > 0).all()
    assert 0.99e6 < x[-1] <= 1e6
    assert 0.6 < np.interp(1e5, x, y) < 0.85, "the plateau"
    assert y[-1] < 0.01


def test_the_figures_of_curves_are_complete():
    by_figure = {}
    for curve in published.published_data().curves.values():
        by_figure.setdefault(curve.figure, []).append(curve)
    assert {name: len(curves) for name, curves in by_figure.items()} == {
        "Figure 3a": 3,
        "Figure 3b": 8,
        "Figure 12": 2,
        "Figure 4b": 9,
        "Figure 17": 8,
        "Figure 6": 24,
        "Figure 7": 4,
        "Figure 8": 5,
        "Figure 15": 41,
        "Figure 5b": 6,
        "Figure 10": 4,
    }


@pytest.mark.parametrize("curve_id", sorted(published.published_data().curves))
def test_every_curve_is_sound_and_says_how_well_it_was_read(curve_id):
    curve = published.published_data().curves[curve_id]
    # Figure 15 has many lines over one another: what can be seen of some is short.
    assert len(curve.x) == len(curve.y) >= (25 if curve.figure == "Figure 15" else 84)
    assert np.isfinite([*curve.x, *curve.y]).all()
    assert (np.diff(curve.x) > 0).all()
    assert 0 < curve.uncertainty < 0.01
    assert 0 < curve.x_uncertainty < 4000
    assert 0 <= curve.covered_fraction < 0.8
    assert "ipynb" in curve.source


def test_values_read_off_a_figure_agree_with_the_curves():
    for curve_id, curve in published.published_data().curves.items():
        if curve.figure in ("Figure 6", "Figure 7", "Figure 8"):
            half = reported(f"dig.{curve_id}.half_time")
            crossing = np.interp(-0.35, -np.minimum.accumulate(curve.y), curve.x)
            assert crossing == pytest.approx(half.value, rel=0.02)
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


def test_points_stand_at_the_strength_that_the_notebook_prints():
    for figure in ("fig4a", "fig13"):
        circles = published_series(f"{figure}.only_head", group="alone")
        triangles = published_series(f"{figure}.remove_head")
        assert (circles.origin, circles.style, triangles.style) == (
            "published",
            "circles",
            "triangles",
        )
        assert circles.group == "alone"
        strengths = [reported(f"nb.seed5.strength.h{head}").value for head in range(8)]
        assert circles.x == triangles.x == pytest.approx(strengths, rel=1e-4)
    only = [reported(f"nb.seed5.only_head_accuracy.h{head}").value for head in range(8)]
    assert published_series("fig4a.only_head").y == pytest.approx(only, rel=1e-4)


@pytest.mark.parametrize("points_id", sorted(published.published_data().points))
def test_every_row_of_points_names_a_head_for_each(points_id):
    points = published.published_data().points[points_id]
    assert len(points.heads) == len(points.x) == len(points.y)
    assert len(set(points.heads)) == len(points.heads)
    assert np.isfinite([*points.x, *points.y]).all()


def test_all_seeds_of_figure_18_are_there():
    for seed in range(5, 10):
        for panel in ("accuracy", "loss", "time"):
            assert published_series(f"fig18.{panel}.seed{seed}").label == f"seed {seed}"
        notebook = "seed5" if seed == 5 else f"is{seed}"
        points = published.published_data().points[f"fig18.accuracy.seed{seed}"]
        strengths = [reported(f"nb.{notebook}.strength.h{head}").value for head in points.heads]
        assert points.y == pytest.approx(strengths, rel=1e-4)


def test_heat_maps_of_the_wiring_have_the_printed_accuracies():
    one = "nb.seed5.wiring.only_l1h3"
    kept, removed = published_heatmap("fig11b.pv"), published_heatmap("fig11a.pp")
    assert (kept.origin, kept.unit) == ("published", "accuracy")
    assert kept.rows == kept.columns == [str(head) for head in range(8)]
    assert kept.values[3][5] == reported(f"{one}_remove_allbut_l0h5_pv").value
    change = reported(f"{one}_remove_l0h5_pp").value - reported(one).value
    assert removed.values[3][5] == pytest.approx(change, abs=1e-4)


def test_composition_scores_stay_within_the_scale_that_they_were_read_with():
    for name in ("key", "value", "key_init", "value_init"):
        scores = published_heatmap(f"fig11c.{name}")
        assert scores.limits == (0.09, 0.16)
        values = np.array(scores.values)
        assert values.shape == (8, 8)
        assert (values.min(), values.max()) >= (0.0895, 0.09)
        assert values.max() <= 0.1605


RATIO = "nb.seed5.table3.ratio.h5"
SLIPS = {("table2", "overall", 2), ("table3", "overall", 0), ("table3", "overall", 5)}


def test_tables_agree_with_the_notebooks_but_for_slips():
    for head in (0, 1, 2, 4, 5, 6, 7):
        for table, column, printed in (
            ("table2", "subset", f"nb.seed5.accuracy_on_h3_missed.h{head}"),
            ("table2", "overall", f"nb.seed5.only_head_accuracy.h{head}"),
            ("table3", "subset", f"nb.seed5.table3.subset.h{head}"),
            ("table3", "overall", f"nb.seed5.table3.overall.h{head}"),
        ):
            cell = reported(f"paper.{table}.{column}.h{head}")
            if (table, column, head) in SLIPS:
                assert f"its notebook gives {reported(printed).value:.4f}" in cell.source
                assert abs(cell.value - reported(printed).value) > 3e-4
            else:
                assert cell.value == pytest.approx(reported(printed).value, abs=6e-5)
                assert not cell.approximate


def test_the_number_in_the_wrong_place_of_table_3_is_the_ratio():
    cell, ratio = (reported(id_).value for id_ in ("paper.table3.overall.h5", RATIO))
    assert cell == pytest.approx(ratio, abs=1e-4)


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
        (published_series, "fig4a.only_heads", "fig4a.only_head"),
        (published_heatmap, "fig11c.keys", "fig11c.key"),
        (reported, "final_accuracy", "paper.final_accuracy"),
        (reported, "dig.fig3a.train.half_time", "dig.fig3a.main.train.half_time"),
        (reported, "calc.plateau_lenght", "calc.plateau_length"),
    ],
)
def test_an_unknown_id_names_the_nearest(look_up, wanted, nearest):
    with pytest.raises(UnknownPublishedId) as caught:
        look_up(wanted)
    assert isinstance(caught.value, LookupError)
    message = str(caught.value)
    assert message.startswith("no published ")
    assert repr(wanted) in message
    assert repr(nearest) in message


def test_nothing_is_read_at_import_and_only_once_afterwards():
    script = (
        "from claims import published\n"
        "assert published.published_data.cache_info().currsize == 0\n"
        "published.reported('paper.dataset_size'); published.reported('calc.plateau_length')\n"
        "assert published.published_data.cache_info().misses == 1\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_caller_cannot_change_the_cached_curve():
    published_series("fig3a.main.train").y[0] = -1.0
    assert published_series("fig3a.main.train").y[0] != -1.0


def test_a_value_says_by_which_id_it_was_named():
    for value_id in ("paper.final_accuracy", "calc.plateau_length"):
        assert reported(value_id).id == value_id


@pytest.mark.parametrize("value_id", sorted(COMPUTED))
def test_every_computed_value_is_a_number_and_says_where_from(value_id):
    found = reported(value_id)
    assert math.isfinite(found.value)
    assert found.source.startswith(("Figure", "Section"))


@pytest.mark.parametrize(
    ("value_id", "value"),
    [
        ("calc.plateau_length", 160_000),
        ("calc.rise_over_fall", 1.099),
        ("calc.induction_heads", 7),
        ("calc.direct_path_on_the_plateau", 0.165),
        ("calc.lost_by_removing", 0.0009),
        ("calc.strongest_alone", 0.98019),
        ("calc.strength_and_accuracy_alone", 0.952),
        ("calc.spread_without_over_alone", 0.00194),
        ("calc.rise_from_strongest", -0.00033),
        ("calc.rise_from_second", -0.0056),
        ("calc.slower_alone", 8),
        ("calc.place_of_fastest", 1),
        ("calc.pairs_faster", 6),
        ("calc.delay_closed", 0.533),
        ("calc.distance_of_pairs", 0.619),
        ("calc.distance_of_pairs_and_single_heads", 0.166),
        ("calc.order_of_pairs.emergence", -0.321),
        ("calc.order_of_pairs.strength", -0.286),
    ],
)
def test_computed_values_are_those_that_were_reported_first(value_id, value):
    assert reported(value_id).value == pytest.approx(value, rel=0.02)


def test_values_of_all_five_seeds_begin_with_that_of_the_main_one():
    for value_id in ("calc.strongest_alone", "calc.strength_and_accuracy_alone"):
        found = reported(value_id)
        assert len(found.over_seeds) == 5
        assert found.over_seeds[0] == found.value
    for value_id in ("paper.final_accuracy", "paper.no_l1_output_drop"):
        found = reported(value_id)
        assert len(found.over_seeds) == 5
        assert found.over_seeds[0] == pytest.approx(found.value, abs=1e-4), "the text rounds"


def test_the_strongest_head_alone_is_what_the_notebook_prints():
    printed = reported("nb.seed5.only_head_accuracy.h3").value
    assert reported("calc.strongest_alone").value == printed


def test_learning_times_alone_are_sorted_and_those_of_a_place_that_is_not_known_are_left_out():
    fastest, slowest = learning_time_alone(1), learning_time_alone(8)
    assert fastest.value == fastest.over_seeds[0] < slowest.value
    assert slowest.over_seeds == [], "on seed 9 a head is still learning when the figure ends"


def test_the_plugin_finds_published_values_by_their_ids():
    assert pytest_icl_published("paper.final_accuracy") == reported("paper.final_accuracy")
    with pytest.raises(UnknownPublishedId, match=r"did you mean 'paper\.final_accuracy'"):
        pytest_icl_published("paper.final_acuracy")


def test_the_last_place_that_is_printed_is_known_to_half_a_unit():
    assert reported("paper.final_accuracy").uncertainty == pytest.approx(5e-5)
    assert reported("paper.vp_all").uncertainty == pytest.approx(0.005)
    assert reported("paper.table1.vp_ablate_1_2_5").uncertainty == pytest.approx(5e-5)
    assert reported("paper.table3.overall.h1").uncertainty == pytest.approx(5e-5), "0.8280"
    assert reported("paper.dataset_size").uncertainty == 0
