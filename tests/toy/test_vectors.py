"""The toy model against brute force, automatic differentiation and its exact solutions."""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro import toy
from icl_repro.measures.curves.acceleration import exponential_fit

COUNTS = [2, 3, 4, 5]
UNCLAMPED, ONE, TWO = (False, False, False), (False, False, True), (False, True, True)


def outer(vectors):
    return reduce(np.multiply.outer, list(vectors))


def random_vectors(seed, count, dimension):
    return np.random.default_rng(seed).normal(size=(2, count, dimension))


def exact(value):
    with jax.enable_x64(True):
        return np.asarray(value())


def model_loss(vectors, targets):
    return float(exact(lambda: toy.loss(jnp.asarray(vectors), jnp.asarray(targets))))


@pytest.mark.parametrize("count", COUNTS)
def test_loss_is_the_mean_squared_error_of_the_tensors(count):
    vectors, targets = random_vectors(0, count, 4)
    expected = np.mean((outer(vectors) - outer(targets)) ** 2)
    assert model_loss(vectors, targets) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("count", COUNTS)
def test_a_step_follows_the_gradient_of_the_tensors(count):
    draws = toy.draw(1, count, seed=1, dimension=3)
    start, targets = draws.start[0], draws.targets[0]

    def error(vectors):
        tensor = reduce(lambda x, y: jnp.tensordot(x, y, axes=0), list(vectors))
        return jnp.mean((tensor - outer(targets)) ** 2)

    stepped = start - 0.1 * exact(lambda: jax.grad(error)(jnp.asarray(start)))
    after = toy.train(draws, [[False] * count], steps=1, learning_rate=0.1)
    assert after.loss[0, 0, 1] == pytest.approx(model_loss(stepped, targets), rel=1e-13)


factors = st.floats(0.1, 10) | st.floats(-10, -0.1)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), factor=factors)
def test_loss_is_blind_to_scale_moved_between_vectors(seed, factor):
    vectors, targets = random_vectors(seed, 3, 5)
    moved = vectors * np.array([[factor], [1 / factor], [1]])
    assert model_loss(moved, targets) == pytest.approx(model_loss(vectors, targets), rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), order=st.permutations(range(4)))
def test_loss_is_blind_to_the_order_of_vectors(seed, order):
    vectors, targets = random_vectors(seed, 4, 5)
    permuted = model_loss(vectors[order], targets[order])
    assert permuted == pytest.approx(model_loss(vectors, targets), rel=1e-9)


def test_with_all_others_clamped_the_loss_is_exactly_geometric():
    draws = toy.draw(5, 3, seed=7)
    training = toy.train(draws, [TWO], steps=60)
    kept = (1 - 2 / toy.DIMENSION) ** 2
    expected = training.loss[0, :, :1] * kept ** np.arange(61)
    np.testing.assert_allclose(training.loss[0], expected, rtol=1e-9)
    for curve in training.loss[0]:
        fit = exponential_fit(curve)
        assert fit.rate == pytest.approx(-np.log(kept))
        assert fit.r_squared > 1 - 1e-12


def test_small_steps_with_all_others_clamped_follow_the_gradient_flow():
    draws = toy.draw(3, 3, seed=8)
    rate, steps = 0.01, 1000
    training = toy.train(draws, [TWO], steps=steps, learning_rate=rate)
    flow = training.loss[0, :, 0] * np.exp(-4 / toy.DIMENSION * rate * steps)
    np.testing.assert_allclose(training.loss[0, :, -1], flow, rtol=0.01)


def test_clamped_vectors_stay_at_their_targets_and_the_others_learn():
    draws = toy.draw(4, 3, seed=10, start=0.5)
    training = toy.train(draws, [ONE, (True, False, False)], steps=300)
    assert (training.loss[:, :, -1] < 1e-6).all()
    np.testing.assert_allclose(training.squared_cosine[1], 1)
    # With the clamped vector at its target from the start, the problem is that of two vectors.
    alone = toy.train(draws.first(2), [(False, False)], steps=300)
    np.testing.assert_allclose(alone.loss[0], training.loss[0], rtol=1e-9, atol=1e-12)


def test_every_loss_falls_at_every_step():
    draws = toy.draw(20, 3, seed=11)
    losses = toy.train(draws, [UNCLAMPED, ONE, TWO]).loss
    assert np.diff(losses, axis=-1).max() < 1e-14


def test_progress_measures_against_their_definition():
    draws = toy.draw(3, 3, seed=12)
    training = toy.train(draws, [UNCLAMPED], steps=0)
    for draw in range(3):
        a, target = draws.start[draw, 0], draws.targets[draw]
        cosine = a @ target[0] / np.linalg.norm(a) / np.linalg.norm(target[0])
        assert training.squared_cosine[0, draw, 0] == pytest.approx(cosine**2)
        with_both_signs = [
            np.mean((outer([a, sign * target[1], target[2]]) - outer(target)) ** 2)
            for sign in (1, -1)
        ]
        measured = training.loss_with_others_set[0, draw, 0]
        assert measured == pytest.approx(min(with_both_signs))


def test_the_loss_with_others_set_is_the_loss_where_they_are_clamped():
    draws = toy.draw(10, 3, seed=13)
    training = toy.train(draws, [TWO], steps=100)
    aligned = np.sum(draws.start[:, 0] * draws.targets[:, 0], axis=-1) > 0
    assert aligned.any()
    np.testing.assert_allclose(
        training.loss_with_others_set[0, aligned], training.loss[0, aligned], rtol=1e-9
    )


@pytest.mark.parametrize("count", [2, 3])
def test_training_in_the_plane_is_training_in_full(count):
    draws = toy.draw(10, count, seed=14)
    free = [[False] * count]
    full = toy.train(draws, free, steps=500)
    plane = toy.train(toy.in_plane(draws), free, steps=500, learning_rate=2 / toy.DIMENSION)
    for curve, same in zip(full, plane, strict=True):
        np.testing.assert_allclose(same, curve, rtol=1e-6, atol=1e-9)


def test_draws_have_the_stated_scales_and_repeat():
    draws = toy.draw(6, 4, seed=16, start=0.2)
    assert draws.start.shape == draws.targets.shape == (6, 4, 20)
    np.testing.assert_allclose(np.mean(draws.targets**2, axis=-1), 1)
    np.testing.assert_allclose(np.mean(draws.start**2, axis=-1), 0.04)
    again = toy.draw(6, 4, seed=16, start=0.2)
    assert np.array_equal(draws.start, again.start)
    assert not np.array_equal(draws.start, toy.draw(6, 4, seed=17, start=0.2).start)


def test_normal_draws_have_independent_entries_and_repeat():
    draws = toy.draw_normal(200, 3, seed=19)
    assert draws.start.shape == draws.targets.shape == (200, 3, 20)
    for vectors in draws:
        assert np.std(vectors) == pytest.approx(1, abs=0.02)
    assert abs(np.mean(draws.start * draws.targets)) < 0.02
    assert np.std(np.mean(draws.targets**2, axis=-1)) == pytest.approx(np.sqrt(2 / 20), abs=0.03)
    assert np.array_equal(draws.start, toy.draw_normal(200, 3, seed=19).start)


def test_half_of_the_loss_at_rate_1_is_the_loss_at_the_authors_rate():
    draws = toy.draw_normal(1, 3, seed=20)
    start, targets = draws.start[0], draws.targets[0]

    def authors_loss(vectors):
        tensor = reduce(lambda x, y: jnp.tensordot(x, y, axes=0), list(vectors))
        return 0.5 * jnp.mean((tensor - outer(targets)) ** 2)

    stepped = start - exact(lambda: jax.grad(authors_loss)(jnp.asarray(start)))
    after = toy.train(draws, [UNCLAMPED], steps=1, learning_rate=toy.AUTHORS_RATE)
    assert after.loss[0, 0, 1] == pytest.approx(model_loss(stepped, targets), rel=1e-12)


def test_the_published_draw_is_one_of_three_vectors_and_always_the_same():
    draws = toy.published_draw()
    assert draws.start.shape == draws.targets.shape == (1, 3, 20)
    again = toy.published_draw()
    assert all(np.array_equal(*pair) for pair in zip(draws, again, strict=True))
    assert toy.loss_at_saddle(draws.targets)[0] == pytest.approx(0.4401, abs=1e-4)


def test_the_loss_at_the_saddle_is_that_with_all_vectors_zero():
    draws = toy.draw_normal(3, 2, seed=21)
    expected = [model_loss(np.zeros((2, 20)), targets) for targets in draws.targets]
    np.testing.assert_allclose(toy.loss_at_saddle(draws.targets), expected)


def test_draws_can_be_cut_to_fewer_vectors_and_set_to_a_distance():
    draws = toy.draw(6, 4, seed=18)
    assert np.array_equal(draws.first(2).targets, draws.targets[:, :2])
    moved = draws.at_distance(0.7)
    np.testing.assert_allclose(np.linalg.norm(moved.start, axis=(1, 2)), 0.7)
    factor = moved.start / draws.start
    np.testing.assert_allclose(factor, np.broadcast_to(factor[:, :1, :1], factor.shape))
    assert np.array_equal(moved.targets, draws.targets)


def test_global_precision_is_left_alone():
    toy.train(toy.draw(1, 2, seed=0), [(False, False)], steps=1)
    assert jnp.zeros(1).dtype == jnp.float32


def test_divergence_says_where():
    draws = toy.draw(2, 3, seed=0)
    message = r"draw \d under condition 0 .* at step \d+"
    with pytest.raises(toy.TrainingDivergedError, match=message):
        toy.train(draws, [UNCLAMPED], learning_rate=1000.0, steps=50)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda draws: toy.train(draws, [(True, False)]), "each of 3 vectors"),
        (lambda draws: toy.train(draws, [(True, True, True)]), "clamps every vector"),
        (lambda draws: draws.first(4), "1 to 3 vectors, not 4"),
        (lambda draws: draws.first(0), "1 to 3 vectors, not 0"),
        (lambda draws: toy.draw(0, 3, seed=0), "draws must be at least 1"),
        (lambda draws: toy.draw(1, 3, seed=0, start=0), "start must be above 0"),
    ],
)
def test_what_cannot_be_trained_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call(toy.draw(2, 3, seed=0))
