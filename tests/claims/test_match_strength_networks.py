"""The networks of Figure 15: all heads on but in one control, and what is read off their curves."""

from types import SimpleNamespace

import numpy as np
import pytest

from claims.figures.match_strength import half_time_on, published_final_loss, published_half_time
from claims.networks import clamped
from claims.networks.clamped import HEADS
from claims.networks.match_strength import (
    ABOVE_ONE_HALF,
    BELOW_ONE_HALF,
    STRENGTHS,
    alone_at_strength,
    at_strength,
    of_strength,
)
from claims.test_match_strength import (
    EIGHT,
    head_at,
    of_published_times,
    of_times,
    published_early_loss,
)
from icl_repro.optogenetics import AblateHeads, ClampMatch
from tests.support.golden import HEAD


def test_no_head_is_off():
    for strength in STRENGTHS:
        spec = of_strength(strength)(7, HEAD)
        assert spec.clamps == (ClampMatch((HEAD,), strength=strength),)
        assert (spec.init_seed, spec.sequences, spec.stop) == (7, clamped.SEQUENCES, None)


def test_all_other_heads_are_off_in_the_control():
    off, match = alone_at_strength(0.5)(5, HEAD).clamps
    assert off == AblateHeads((0, 1, 2, 4, 5, 6, 7))
    assert match == ClampMatch((HEAD,), strength=0.5)


def test_the_strengths_are_those_of_the_figure():
    assert len(STRENGTHS) == 16
    assert sorted((*ABOVE_ONE_HALF, 0.5, *BELOW_ONE_HALF), reverse=True) == list(STRENGTHS)


def falling_at(time):
    """A run whose loss on every set is 0.35 after so many sequences, or never."""
    loss = np.array([2.0, 0.35]) if np.isfinite(time) else np.array([2.0, 1.0])
    curves = {f"{which}.loss": loss for which in ("train", "test_relabel")}
    return SimpleNamespace(sequences=np.array([0.0, min(time, 1e6)]), curves=curves)


@pytest.mark.parametrize(("times", "expected"), [((1, 2, 3), -1), ((1, np.inf, np.inf), -0.866)])
def test_one_that_never_falls_is_later_than_any(times, expected):
    strengths = (1.0, 0.9, 0.8)
    runs = {at_strength(s): falling_at(t) for s, t in zip(strengths, times, strict=True)}
    assert of_times(runs, strengths, "test_relabel") == pytest.approx(expected, abs=1e-3)


def test_the_order_is_that_of_the_set():
    strengths = (1.0, 0.9, 0.8)
    runs = {at_strength(s): falling_at(t) for s, t in zip(strengths, (1, 2, 3), strict=True)}
    for run, last in zip(runs.values(), (0.1, 0.2, 0.3), strict=True):
        # Relabelings cross 0.35 in the other order, between the same two evaluations.
        run.sequences = np.array([0.0, 10.0])
        run.curves["train.loss"] = np.array([2.0, last])
        run.curves["test_relabel.loss"] = np.array([2.0, 0.4 - last])
    assert of_times(runs, strengths, "train") == pytest.approx(-1)
    assert of_times(runs, strengths, "test_relabel") == pytest.approx(1)


def test_for_a_control_single_heads_stand_in_for_strengths():
    runs = {f"head {head}": falling_at(10 + head) for head in HEADS}
    assert {head_at(strength) for strength in EIGHT} == set(runs)
    assert of_times(runs, EIGHT, "train", head_at) == pytest.approx(-1)


def test_the_half_time_is_that_of_the_set():
    run = falling_at(10.0)
    run.curves["test_relabel.loss"] = np.array([2.0, 1.0])
    assert half_time_on(run, "train") == 10
    assert half_time_on(run, "test_relabel") == np.inf


def test_published_curves_are_read_where_they_can_be_seen():
    assert published_half_time("train", 1.0) is None
    assert published_half_time("train", 0.5).value == pytest.approx(291_000, rel=0.01)
    assert published_final_loss("test_relabel", 0.0).value == pytest.approx(0.985, abs=0.01)
    assert of_published_times(ABOVE_ONE_HALF, "train") == -1
    assert of_published_times(BELOW_ONE_HALF, "train") == 1
    assert min(map(published_early_loss, BELOW_ONE_HALF)) > 1.3
