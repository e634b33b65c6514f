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


@pytest.mark.parametrize(("end", "formed"), [(0.29, False), (0.31, True)])
def test_a_head_that_matches_no_more_than_others_never_comes_to(end, formed):
    matching = np.zeros((len(X), 2, 4), np.float32)
    matching[:, 1, 2] = falling([(0, 0.0), (1_600, 0.0), (2_400, end), (4_000, end)])
    change = measured.matching_change(made_up(**{"attention.induction": matching}))
    assert np.isfinite(change).all() == formed


def with_copying(matches: float) -> LanguageRun:
    """A run of which two heads of layer 1 copy from 2,000 sequences on, as a head of layer 0 does
    from 400 on. They match prefixes in the end.
    """
    matching, copying = np.zeros((2, len(X), 2, 4), np.float32)
    matching[-1, 1, :2] = matches
    copying[:, 0, 3] = falling([(0, 0.0), (200, 0.0), (600, 1.0), (4_000, 1.0)])
    copying[:, 1, 0] = falling([(0, 0.0), (1_600, 0.0), (2_400, 1.0), (4_000, 1.0)])
    copying[:, 1, 1] = copying[:, 1, 0] * 0.6
    return made_up(**{"attention.induction": matching, "copying": copying})


def test_copying_is_that_of_the_heads_that_are_induction_heads_in_the_end():
    run = with_copying(0.9)
    scores = measured.copying(run)
    assert scores is not None
    assert scores.dtype == np.float64
    assert scores[-1] == pytest.approx(0.8)
    assert measured.copying_change(run) == pytest.approx((1_800, 2_000, 2_320), abs=40)


def test_without_induction_heads_none_comes_to_copy():
    run = with_copying(0.2)
    assert measured.copying(run) is None
    assert np.isnan(measured.copying_change(run)).all()


def test_the_number_of_heads_that_do_both_changes_when_the_later_of_both_does():
    run = with_copying(0.9)
    run.curves["attention.induction"][X >= 3_000, 1, :2] = 0.9
    assert measured.number_change(run).middle == pytest.approx(2_980, abs=40)
    assert np.isnan(measured.number_change(with_copying(0.2))).all()


def test_a_score_nearer_to_zero_than_the_least_is_none_to_take_a_share_of():
    assert measured.has_score(-0.3)
    assert not measured.has_score(-0.29)
    assert measured.share_of(-0.5, -2.0) == 0.25
    assert np.isnan([measured.share_of(-0.5, usual) for usual in (-0.29, 0.0, 0.5)]).all()


def test_the_same_time_is_a_fifth_of_the_later_one_apart_either_way():
    low, high = measured.SAME_TIME
    assert low == 1 - 0.2
    assert high == 1 / low


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
