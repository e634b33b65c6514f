"""What the claims of the lecture measure, on curves that are made up."""

import numpy as np
import pytest

from claims.lecture import measured
from icl_repro.measures.language.score import early_and_late
from icl_repro.text import TextSettings
from icl_repro.training import LanguageRun, LanguageSpec

SPEC = LanguageSpec(text=TextSettings(vocabulary=32, length=32))
X = np.arange(0, 4_040, 40)


def made_up(sequences=X, **curves) -> LanguageRun:
    """A run of which nothing but some curves is there."""
    return LanguageRun(
        spec=SPEC,
        curves={"sequences": np.asarray(sequences), **curves},
        checkpoint_sequences=np.array([0]),
        checkpoint_weights={},
        seconds=0.0,
    )


def with_score(score) -> LanguageRun:
    """A run whose model predicts late tokens better than early ones by a score, at each point."""
    early, late = early_and_late(64)
    losses = np.full((len(score), 64), 3.0, np.float32)
    losses[:, late] = losses[:, early].mean() + np.asarray(score)[:, None]
    return made_up(np.linspace(0, X[-1], len(score)), **{"train.losses": losses})


def falling(points) -> np.ndarray:
    """A curve through points (sequences, value), straight between them."""
    return np.interp(X, *zip(*points, strict=True))


def test_the_score_is_that_of_each_evaluation_in_double_precision():
    score = measured.score_of(with_score([0.0, -0.25, -1.5]))
    np.testing.assert_array_equal(score, [0.0, -0.25, -1.5])
    assert score.dtype == np.float64


def test_the_score_changes_when_it_falls():
    run = with_score(falling([(0, 0.0), (1_600, 0.0), (2_400, -1.0), (4_000, -1.0)]))
    change = measured.score_change(run)
    assert change == pytest.approx((1_800, 2_000, 2_320), abs=40)
    assert np.isnan(measured.score_change(with_score(np.linspace(0, 1, 101)))).all()


def test_an_improvement_at_one_speed_is_not_sudden_and_one_after_a_plateau_is():
    steady = measured.suddenness(with_score(falling([(0, 0.0), (4_000, -1.0)])))
    assert steady == pytest.approx(1, abs=0.01)
    plateau = [(0, 0.0), (1_600, -0.1), (2_000, -1.0), (4_000, -1.1)]
    assert measured.suddenness(with_score(falling(plateau))) > 10


def test_a_sudden_step_below_the_least_is_no_sudden_improvement():
    for size, is_sudden in ((0.04, False), (4.0, True)):
        points = [(0, 0.0), (1_600, -size / 10), (1_680, -size), (4_000, -1.1 * size)]
        found = measured.suddenness(with_score(falling(points)))
        assert (found > 2) == is_sudden
        assert np.isfinite(found)


def test_the_best_head_is_the_best_of_all_layers():
    matching = np.zeros((3, 2, 4), np.float32)
    matching[:, 0, 3], matching[:, 1, 2] = [0.5, 0.25, 0.0], [0.0, 0.125, 0.75]
    run = made_up([0, 1, 2], **{"attention.induction": matching})
    np.testing.assert_array_equal(measured.best_matching(run), [0.5, 0.25, 0.75])


def test_matching_changes_when_the_best_head_rises():
    matching = np.zeros((len(X), 2, 4), np.float32)
    matching[:, 1, 2] = falling([(0, 0.0), (1_600, 0.0), (2_400, 1.0), (4_000, 1.0)])
    change = measured.matching_change(made_up(**{"attention.induction": matching}))
    assert change == pytest.approx((1_800, 2_000, 2_320), abs=40)
    level = made_up(**{"attention.induction": np.full_like(matching, 0.5)})
    assert np.isnan(measured.matching_change(level)).all()


def test_the_final_value_is_the_last():
    found = measured.final(made_up([0, 1], copying=np.array([[0.1], [0.5]], np.float32)), "copying")
    np.testing.assert_array_equal(found, [0.5])
    assert found.dtype == np.float64


def test_induction_heads_match_and_copy_in_the_end():
    matching, copying = np.zeros((2, 2, 3)), np.ones((2, 2, 3))
    matching[0] = 1  # at first, which does not count
    matching[1] = [[0.0, 0.1, 0.29], [0.3, 0.9, 0.9]]
    copying[1, 1, 1] = 0.49
    run = made_up([0, 1], **{"attention.induction": matching, "copying": copying})
    assert measured.induction_heads_of(run) == [(), (0, 2)]


def test_text_to_measure_on_is_of_its_set_and_always_the_same():
    run = made_up()
    random, again = (measured.text_of(run, "repeated") for _ in range(2))
    assert (random.size, random.n_positions) == (measured.EVALUATED, SPEC.text.length)
    np.testing.assert_array_equal(random.tokens, again.tokens)
    tokens = np.asarray(random.tokens)
    np.testing.assert_array_equal(tokens[:16], tokens[16:32])
    assert not np.asarray(measured.text_of(run, "no_repeats").repeated).any()
    assert np.asarray(measured.text_of(run, "train").repeated).any()
