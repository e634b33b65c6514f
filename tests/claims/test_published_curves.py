"""The phase changes of the published curves, as measured by us and by another smoothing."""

import numpy as np
import pytest

from claims.published import published_series, reported
from icl_repro.measures.curves.phase_change import phase_change, plateau_level

ISSUED = {
    "fig5b.main.none": 8,
    "fig5b.main.1": 3.5,
    "fig5b.main.1_2_layer_1": 4.4,
    "fig5b.main.3v_5_copy": 3.3,
    "fig5b.main.1_2_3v_5_layer_1_copy": 2.0,
    "fig5b.main.1_2_3qk_4_match": 1.3,
    "fig10.right_progress_measures.composite_sub_circuit_steps_2_3qkv_4_5": 7.2,
    "fig10.right_progress_measures.copy_sub_circuit_steps_3v_5": 4.4,
}
"""What another smoothing of the same curves gave."""


@pytest.mark.parametrize("curve_id", ISSUED)
def test_published_curves(curve_id):
    published = published_series(curve_id)
    found = phase_change(np.array(published.x), np.array(published.y))
    ratio = ISSUED[curve_id]
    assert ratio / 1.5 < found.acceleration.value < 1.5 * ratio
    half = reported(f"dig.{curve_id}.half_time").value
    assert found.half_time.value == pytest.approx(half, rel=0.01)
    prefers_s = not curve_id.endswith("match")
    assert (found.preference.shape == "S-shape") == prefers_s
    assert found.preference.support == 1


@pytest.mark.parametrize("name", ["none", "1", "1_2_layer_1", "3v_5_copy"])
def test_plateaus_of_published_curves(name):
    published = published_series(f"fig5b.main.{name}")
    level = plateau_level(np.array(published.x), np.array(published.y))
    assert level == pytest.approx(reported(f"dig.fig5b.main.{name}.plateau_level").value, abs=0.02)
