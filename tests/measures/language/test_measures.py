"""Scores, changes, paths and completions against what they are by construction."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.measures.language.change import change_of
from icl_repro.measures.language.completion import (
    completion_by_distance,
    completion_probabilities,
)
from icl_repro.measures.language.heads import (
    induction_heads,
    mean_losses,
    others,
    previous_token_heads,
    score_under,
)
from icl_repro.measures.language.paths import apart_at, in_common_plane, legs_between, sharpest_turn
from icl_repro.measures.language.score import early_and_late, in_context_score
from icl_repro.optogenetics import AblateHeads
from tests.support.language import PREVIOUS, RANDOM_TOKENS, SHAPE, induction_circuit
from tests.support.shapes_checked import unchecked


def test_the_score_is_late_less_early():
    early, late = early_and_late(64)
    assert (early, late) == (slice(2, 10), slice(56, 64))
    losses = np.zeros((3, 64))
    losses[:, early], losses[:, late] = 2.0, [[1.0], [2.0], [3.0]]
    np.testing.assert_allclose(in_context_score(losses), [-1, 0, 1])


@pytest.mark.parametrize("number", [1, 0, -3])
def test_a_score_needs_an_early_and_a_late_position(number):
    said = rf"two positions or more, .* but got {number} \(nearest: 2\)"
    with pytest.raises(ValueError, match=said):
        early_and_late(number)
    if number >= 0:
        with pytest.raises(ValueError, match=said):
            in_context_score(np.ones((3, number)))


def test_two_positions_are_early_and_late():
    assert in_context_score(np.array([3.0, 1.0])) == -2


def test_losses_without_positions_have_no_score():
    with unchecked(), pytest.raises(ValueError, match=r"have no axes, .* one of positions"):
        in_context_score(np.array(1.0))
    with unchecked(), pytest.raises(TypeError, match=r"n_positions is 2\.5, but must be a whole"):
        early_and_late(2.5)


def test_a_straight_change_has_its_half_in_the_middle():
    x = np.arange(101)
    y = np.interp(x, [0, 40, 60, 100], [1.0, 1.0, 0.0, 0.0])
    assert change_of(x, y) == pytest.approx((45, 50, 58))
    assert np.isnan(change_of(x, -y)).all()


def test_a_path_turns_where_it_has_its_corner():
    times = np.arange(201.0)
    path = np.stack([np.minimum(times, 120), np.maximum(times - 120, 0)], axis=1)
    turn = sharpest_turn(times, path)
    assert turn.degrees == pytest.approx(90, abs=10)
    assert turn.at == pytest.approx(120, abs=5)
    assert np.isnan(sharpest_turn(times, np.zeros((201, 2)))).all()


def test_a_turn_needs_six_legs_and_a_time_for_each_point():
    times = np.arange(201.0)
    path = np.stack([np.minimum(times, 100), np.maximum(times - 100, 0)], axis=1)
    assert sharpest_turn(times, path, legs=6).degrees == pytest.approx(90)
    with pytest.raises(ValueError, match=r"legs is 4, .* at least 6, .* \(nearest: 6\)"):
        sharpest_turn(times, path, legs=4)
    with (
        unchecked(),
        pytest.raises(ValueError, match=r"shape \(201, 2\), but .* \(9, 2\): a point"),
    ):
        sharpest_turn(times[:9], path)
    assert np.isnan(sharpest_turn(times[:1], path[:1])).all()


@pytest.mark.parametrize(
    ("legs", "said"),
    [
        (6.5, r"legs is 6\.5, but must be a whole number \(nearest: 6\)"),
        (2.5, r"legs is 2\.5, but must be a whole number \(nearest: 6\)"),
        (float("nan"), "legs is nan, but must be a whole number, such as 24"),
        ("24", "legs is '24', but must be a whole number, such as 24"),
        (True, "legs is True, but must be a whole number, such as 24"),
    ],
)
def test_legs_are_a_whole_number(legs, said):
    with unchecked(), pytest.raises(TypeError, match=said):
        sharpest_turn(np.arange(9.0), np.ones((9, 2)), legs=legs)


def test_paths_in_a_plane_keep_their_shape_and_part_where_they_do():
    rng = np.random.default_rng(0)
    plane = np.linalg.qr(rng.standard_normal((50, 2)))[0].T
    times = np.arange(101.0)
    together = np.minimum(times, 50)
    up, right = np.maximum(times - 50, 0), np.zeros(101)
    one, other = np.stack([together, up], 1), np.stack([together, right], 1)
    found = in_common_plane({"one": one @ plane + 3, "other": other @ plane + 3})
    assert sum(found.shares) == pytest.approx(1)
    paths = found.paths["one"], found.paths["other"]
    assert apart_at((times, times), paths, 50) == pytest.approx(0, abs=1e-6)
    assert apart_at((times, times), paths, 100) == pytest.approx(50 / np.hypot(50, 50))
    shorter = paths[0], paths[1][:81]
    assert apart_at((times, times[:81]), shorter, 50) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("times", "points", "said"),
    [
        ((9, 8), (9, 9), r"second path has shape \(9, 2\), but must have \(8, 2\): a point"),
        ((8, 9), (9, 9), r"first path has shape \(9, 2\), but must have \(8, 2\): a point"),
        ((9, 0), (9, 0), "second path has no points, but must have one or more"),
        ((9, 9), (9,), "two paths are apart, .* but got 1 with the times of 2"),
    ],
)
def test_paths_are_apart_where_each_has_a_time_for_each_point(times, points, said):
    given = tuple(map(np.arange, times)), tuple(np.ones((number, 2)) for number in points)
    with unchecked(), pytest.raises(ValueError, match=said):
        apart_at(*given, 1.0)


def test_points_that_are_not_finite_are_refused():
    times, path = np.arange(30.0), np.ones((30, 2))
    path[3, 1] = np.nan
    said = "the path has numbers at point 3 that are not finite, but must be finite throughout"
    for measure in (sharpest_turn, lambda *given: legs_between(*given, 1.0, 2.0)):
        with pytest.raises(ValueError, match=said):
            measure(times, path)
    with pytest.raises(ValueError, match="the second path has numbers at point 3"):
        apart_at((times, times), (np.ones((30, 2)), path), 1.0)


def test_times_rise():
    times, path = np.array([0.0, 2.0, 1.0]), np.ones((3, 2))
    for measure in (sharpest_turn, lambda *given: legs_between(*given, 1.0, 2.0)):
        with pytest.raises(
            ValueError, match="times of the path do not rise after point 1, but each"
        ):
            measure(times, path)


@pytest.mark.parametrize(
    ("seed", "error", "said"),
    [
        (
            2**32,
            ValueError,
            r"seed is 4294967296, but must be from 0 to .* \(nearest: 4294967295\)",
        ),
        (-1, ValueError, r"seed is -1, .* \(nearest: 0\)"),
        (1.5, TypeError, r"seed is 1\.5, but must be a whole number"),
        (True, TypeError, "seed is True, but must be a whole number"),
    ],
)
def test_a_seed_that_would_be_another_is_refused(seed, error, said):
    for measure in (
        lambda: completion_probabilities(induction_circuit(), 12, [1.0], seed=seed),
        lambda: completion_by_distance(induction_circuit(), 12, [5], [1.0], seed=seed),
    ):
        with unchecked(), pytest.raises(error, match=said):
            measure()


@pytest.mark.parametrize("given", [None, 0.5, [[0.5]]])
def test_similarities_are_a_sequence(given):
    with unchecked(), pytest.raises(ValueError, match=r"similarities are .* a sequence of cosines"):
        completion_probabilities(induction_circuit(), 12, given)


def test_cosines_may_be_numbers_of_any_kind():
    with unchecked():
        found = [
            completion_probabilities(induction_circuit(), 12, one)
            for one in ([0.5], np.array([0.5]), jnp.array([0.5]))
        ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_times_have_one_axis():
    with (
        unchecked(),
        pytest.raises(ValueError, match=r"times of the path have shape \(\), .* one axis"),
    ):
        sharpest_turn(np.array(1.0), np.ones((1, 2)))


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ({}, "at least one model, but got none"),
        ({"one": np.ones((3, 4)), "two": np.ones((3, 5))}, "but got 4 of 'one', 5 of 'two'"),
        ({"one": np.ones(3)}, r"'one' have shape \(3,\), but must have two axes"),
        ({"one": np.ones((1, 4))}, "two snapshots and two sequences or more, but got 1 and 4"),
        (
            {"one": np.ones((2, 2)), "two": np.array([[1.0, 2.0], [3.0, np.nan]])},
            "loss of 'two' is nan at snapshot 1 and sequence 1, but losses must be finite",
        ),
        ({"one": np.ones((4, 1))}, "two snapshots and two sequences or more, but got 4 and 1"),
    ],
)
def test_losses_that_have_no_plane_in_common_are_refused(vectors, said):
    with unchecked(), pytest.raises(ValueError, match=said):
        in_common_plane(vectors)


def test_heads_are_chosen_by_their_scores():
    matching, copying = np.array([0.9, 0.9, 0.1, 0.4]), np.array([0.9, 0.1, 0.9, 0.6])
    assert induction_heads(matching, copying) == (0, 3)
    assert previous_token_heads(np.array([0.2, 0.8])) == (1,)


@pytest.mark.parametrize(
    ("matching", "copying", "said"),
    [
        (np.ones((2, 4)), np.ones((2, 4)), r"prefix-matching scores have shape \(2, 4\), .* layer"),
        (np.ones(4), np.ones((2, 4)), r"copying scores have shape \(2, 4\), but .* one axis"),
        (np.ones(4), np.array(1.0), r"copying scores have shape \(\), but must have one axis"),
        (np.array([1, np.nan]), np.ones(2), "prefix-matching score of head 1 is nan, but must be"),
        (np.ones(2), np.array([np.inf, 1]), "copying score of head 0 is inf, but must be from -1"),
        (np.ones(4), np.ones(3), "a prefix-matching and a copying score, but there are 4 and 3"),
    ],
)
def test_scores_are_those_of_the_heads_of_a_layer(matching, copying, said):
    with unchecked(), pytest.raises(ValueError, match=said):
        induction_heads(matching, copying)


@pytest.mark.parametrize(
    ("attention", "said"),
    [
        (np.ones((2, 4)), r"previous-token scores have shape \(2, 4\), .* one layer at a time"),
        (np.array([np.nan]), "previous-token score of head 0 is nan, but must be"),
    ],
)
def test_attention_is_that_of_the_heads_of_a_layer(attention, said):
    with unchecked(), pytest.raises(ValueError, match=said):
        previous_token_heads(attention)


def test_others_are_all_choices_of_heads_that_are_left():
    assert others((0, 3), 4, 1) == [(1,), (2,)]
    assert others((0,), 4, 2) == [(1, 2), (1, 3), (2, 3)]
    assert others((0, 1, 2), 4, 3) == [(3,)]
    assert others((0,), 4, 0) == others(range(4), 4, 2) == [()]
    with pytest.raises(ValueError, match=r"head 4 is out of range, .* 0 to 3 \(nearest: 3\)"):
        others((0, 4), 4, 1)
    with pytest.raises(ValueError, match=r"size is -1, but must be at least 0 \(nearest: 0\)"):
        others((0,), 4, -1)
    with unchecked(), pytest.raises(TypeError, match=r"size is 1\.5, but must be a whole number"):
        others((0,), 4, 1.5)


def test_the_built_circuit_knows_late_tokens_until_one_of_its_heads_is_off():
    text = RANDOM_TOKENS.sample(jax.random.key(1), 8)
    model, clamp = induction_circuit(), PREVIOUS.edits(SHAPE)
    assert score_under(model, text, clamp) < -1
    assert mean_losses(model, text, clamp)[-2:].max() < 0.05
    for layer in (0, 1):
        without = (*clamp, *AblateHeads((0,), layer).edits(SHAPE))
        assert mean_losses(model, text, without)[-2:].min() > 1


def test_the_built_circuit_completes_by_similarity():
    found = completion_probabilities_of_circuit([0.0, 0.5, 1.0])
    assert found[0] < 0.5 < found[1] <= found[2]
    assert found[2] > 0.9


def test_the_built_circuit_completes_at_any_distance():
    distances = [2, 5, 9]
    found = completion_by_distance(smeared_circuit(), 12, distances, [0.0, 1.0])
    assert found.shape == (3, 2)
    assert (found[:, 0] < 0.5).all()
    assert (found[:, 1] > 0.9).all()
    assert completion_by_distance(smeared_circuit(), 12, [], [1.0]).shape == (0, 1)


@pytest.mark.parametrize(("distance", "nearest"), [(1, 2), (12, 11)])
def test_a_distance_that_does_not_fit_is_refused(distance, nearest):
    said = rf"distance {distance} must be from 2 to 11, .* \(nearest: {nearest}\)"
    with pytest.raises(ValueError, match=said):
        completion_by_distance(induction_circuit(), 12, [distance], [1.0])


@pytest.mark.parametrize(
    ("length", "cosine", "error", "said"),
    [
        (2, 1.0, ValueError, r"length is 2, but must be at least 3: .* \(nearest: 3\)"),
        (2.5, 1.0, TypeError, r"length is 2\.5, but must be a whole number"),
        (12, 1.5, ValueError, r"similarity 1\.5 must be a cosine, .* \(nearest: 1\)"),
        (12, -2, ValueError, r"similarity -2 must be a cosine, .* \(nearest: -1\)"),
        (12, float("nan"), ValueError, r"similarity nan must be a cosine, .* from -1 to 1$"),
        (12, "1", ValueError, r"similarity '1' must be a cosine"),
        (12, 0.5 + 0j, ValueError, r"similarity \(0\.5\+0j\) must be a cosine"),
    ],
)
def test_a_length_or_a_cosine_that_cannot_be_is_refused(length, cosine, error, said):
    model = induction_circuit()
    with unchecked(), pytest.raises(error, match=said):
        completion_probabilities(model, length, [cosine])
    with unchecked(), pytest.raises(error, match=said):
        completion_by_distance(model, length, [2], [cosine])


def test_a_distance_is_a_whole_number():
    with unchecked(), pytest.raises(TypeError, match=r"distance is 2\.5, but must be a whole"):
        completion_by_distance(induction_circuit(), 12, [2.5], [1.0])


def test_legs_are_counted_along_the_path_in_either_direction():
    times = np.array([0.0, 1.0, 10.0])
    path = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
    assert legs_between(times, path, 0.0, 1.0) == pytest.approx(18)
    assert legs_between(times, path, 10.0, 1.0) == pytest.approx(-6)
    assert legs_between(times, path, 0.5, 1.0, legs=8) == pytest.approx(3)
    assert np.isnan(legs_between(times, np.zeros((3, 2)), 0.0, 1.0))


@pytest.mark.parametrize("where", [("key",), ("value", "key"), ("query", "value")])
def test_the_built_circuit_completes_with_fuzzy_tokens_wherever_they_are(where):
    found = completion_probabilities_of_circuit([0.0, 0.5, 1.0], where=where)
    usual = completion_probabilities_of_circuit([1.0])
    assert found[0] < 0.5 < found[2]
    assert found[0] < found[1] <= found[2]
    np.testing.assert_allclose(found[2], usual[0], rtol=1e-5)


def test_a_fuzzy_query_is_usual_and_the_order_of_places_does_not_count():
    cosines = [0.0, 0.5]
    usual, query = (
        completion_probabilities_of_circuit(cosines, **where)
        for where in ({}, {"where": ["query"]})
    )
    np.testing.assert_array_equal(usual, query)
    one, other = (
        completion_probabilities_of_circuit(cosines, where=where)
        for where in (("key", "value"), ("value", "key", "key"))
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (["keys"], r"no token 'keys' can be fuzzy: did you mean 'key'\?"),
        ([1], r"no token 1 can be fuzzy: choose from key, query, value"),
        (None, r"no token None can be fuzzy: choose from key, query, value"),
        ([], r"no token is to be fuzzy: choose from key, query, value"),
    ],
)
def test_a_place_that_is_none_is_refused(where, said):
    with unchecked(), pytest.raises(ValueError, match=said):
        completion_probabilities(induction_circuit(), 12, [1.0], where=where)


def completion_probabilities_of_circuit(similarities, **named):
    return completion_probabilities(smeared_circuit(), 12, similarities, **named)


def smeared_circuit():
    """Its layer 0 does not attend to the token before by itself: keys smeared all the way do."""
    import equinox as eqx
    import jax.numpy as jnp

    plain = induction_circuit()
    layer = plain.layers[1]
    layer = eqx.tree_at(lambda one: one.key, layer, layer.query)
    layer = eqx.tree_at(
        lambda one: one.smear, layer, jnp.array([-30.0]), is_leaf=lambda leaf: leaf is None
    )
    return eqx.tree_at(lambda m: m.layers, plain, (layer,))


def test_a_vocabulary_that_is_too_small_is_refused():
    said = r"16 tokens, but 17 different ones are needed \(nearest length: 14\)"
    with pytest.raises(ValueError, match=said):
        completion_probabilities(induction_circuit(), 15, [1.0])
