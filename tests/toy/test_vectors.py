"""The toy model against brute force, automatic differentiation and its exact solutions."""

from fractions import Fraction
from functools import reduce
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.measures.curves.acceleration import exponential_fit
from icl_repro.toy import vectors as tensor_toy

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
    return float(exact(lambda: tensor_toy.loss(jnp.asarray(vectors), jnp.asarray(targets))))


@pytest.mark.parametrize("count", COUNTS)
def test_loss_is_the_mean_squared_error_of_the_tensors(count):
    vectors, targets = random_vectors(0, count, 4)
    expected = np.mean((outer(vectors) - outer(targets)) ** 2)
    assert model_loss(vectors, targets) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("count", COUNTS)
def test_a_step_follows_the_gradient_of_the_tensors(count):
    draws = tensor_toy.draw(1, count, seed=1, dimension=3)
    start, targets = draws.start[0], draws.targets[0]

    def error(vectors):
        tensor = reduce(lambda x, y: jnp.tensordot(x, y, axes=0), list(vectors))
        return jnp.mean((tensor - outer(targets)) ** 2)

    stepped = start - 0.1 * exact(lambda: jax.grad(error)(jnp.asarray(start)))
    after = tensor_toy.train(draws, [[False] * count], steps=1, learning_rate=0.1)
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


@pytest.mark.parametrize("count", COUNTS)
def test_the_origin_has_zero_gradient(count):
    targets = random_vectors(2, count, 6)
    gradient, _ = tensor_toy.derivatives_at_origin(targets)
    assert gradient.shape == (2, 6 * count)
    assert gradient.dtype == np.float64
    assert not gradient.any()


@pytest.mark.parametrize("count", [3, 4, 5])
def test_the_hessian_at_the_origin_is_zero_from_three_vectors_on(count):
    targets = random_vectors(3, count, 6)
    assert not tensor_toy.derivatives_at_origin(targets)[1].any()


def test_the_hessian_of_two_vectors_is_the_negative_outer_product_of_the_targets():
    first, second = targets = random_vectors(4, 2, 6)[0]
    hessian = tensor_toy.derivatives_at_origin(targets[None])[1][0]
    block = -2 / 6**2 * np.outer(first, second)
    zero = np.zeros((6, 6))
    np.testing.assert_allclose(hessian, np.block([[zero, block], [block.T, zero]]), atol=1e-15)
    extreme = 2 / 6**2 * np.linalg.norm(first) * np.linalg.norm(second)
    values = np.linalg.eigvalsh(hessian)
    assert values[[0, -1]] == pytest.approx([-extreme, extreme])


def test_derivatives_of_another_loss_are_those_of_that_loss():
    targets = random_vectors(5, 2, 3)
    gradient, hessian = tensor_toy.derivatives_at_origin(
        targets, lambda vectors, targets: jnp.sum((vectors - targets) ** 2)
    )
    np.testing.assert_allclose(gradient, -2 * targets.reshape(2, 6))
    np.testing.assert_allclose(hessian, [2 * np.eye(6)] * 2)


@pytest.mark.parametrize("count", COUNTS)
def test_the_stated_directions_lower_and_raise_the_loss(count):
    _, targets = random_vectors(6, count, 4)
    distance = Fraction(1, 1000)
    origin = np.mean(outer(targets) ** 2)
    for direction, sign in (
        (tensor_toy.lowering_direction(targets), -1),
        (tensor_toy.raising_direction(targets), 1),
    ):
        change = tensor_toy.exact_loss_change(distance, direction, targets)
        used = np.sum(targets * np.abs(direction), axis=-1).tolist()
        leading = sign * 2 * abs(prod(map(Fraction, used))) * distance**count
        assert change == (leading + distance ** (2 * count)) / 4**count
        assert np.sign(float(change)) == sign
    large = tensor_toy.exact_loss_change(Fraction(1, 2), direction, targets)
    brute = np.mean((outer(direction / 2) - outer(targets)) ** 2) - origin
    assert float(large) == pytest.approx(brute, rel=1e-9)


def test_directions_use_the_first_entry_that_is_not_zero():
    targets = np.array([[0.0, -2.0, 1.0], [3.0, 0.0, 0.0]])
    assert tensor_toy.lowering_direction(targets).tolist() == [[0, -1, 0], [1, 0, 0]]
    assert tensor_toy.raising_direction(targets).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_a_target_of_zeros_has_no_lowering_direction():
    with pytest.raises(ValueError, match="target 1 is zero everywhere"):
        tensor_toy.lowering_direction(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_with_all_others_clamped_the_loss_is_exactly_geometric():
    draws = tensor_toy.draw(5, 3, seed=7)
    training = tensor_toy.train(draws, [TWO], steps=60)
    kept = (1 - 2 / tensor_toy.DIMENSION) ** 2
    expected = training.loss[0, :, :1] * kept ** np.arange(61)
    np.testing.assert_allclose(training.loss[0], expected, rtol=1e-9)
    for curve in training.loss[0]:
        fit = exponential_fit(curve)
        assert fit.rate == pytest.approx(-np.log(kept))
        assert fit.r_squared > 1 - 1e-12


def test_small_steps_with_all_others_clamped_follow_the_gradient_flow():
    draws = tensor_toy.draw(3, 3, seed=8)
    rate, steps = 0.01, 1000
    training = tensor_toy.train(draws, [TWO], steps=steps, learning_rate=rate)
    flow = training.loss[0, :, 0] * np.exp(-4 / tensor_toy.DIMENSION * rate * steps)
    np.testing.assert_allclose(training.loss[0, :, -1], flow, rtol=0.01)


def test_escape_from_the_aligned_start_follows_the_gradient_flow():
    # Aligned and equal, every vector is x times its target and dx/dt = (2 / d) x^(n-1) (1 - x^n).
    # To leading order three vectors take (d / 2) (1 / x0 - 1 / x1) steps from x0 to x1.
    targets = tensor_toy.draw(1, 3, seed=9).targets
    times = [
        tensor_toy.escape_times(tensor_toy.Draws(x0 * targets, targets), level=0.99)[0]
        for x0 in (0.02, 0.01)
    ]
    x1 = (1 - np.sqrt(0.99)) ** (1 / 3)
    for time, x0 in zip(times, (0.02, 0.01), strict=True):
        assert time == pytest.approx(10 * (1 / x0 - 1 / x1), rel=0.02)


def test_clamped_vectors_stay_at_their_targets_and_the_others_learn():
    draws = tensor_toy.draw(4, 3, seed=10, start=0.5)
    training = tensor_toy.train(draws, [ONE, (True, False, False)], steps=300)
    assert (training.loss[:, :, -1] < 1e-6).all()
    np.testing.assert_allclose(training.squared_cosine[1], 1)
    # With the clamped vector at its target from the start, the problem is that of two vectors.
    alone = tensor_toy.train(draws.first(2), [(False, False)], steps=300)
    np.testing.assert_allclose(alone.loss[0], training.loss[0], rtol=1e-9, atol=1e-12)


def test_every_loss_falls_at_every_step():
    draws = tensor_toy.draw(20, 3, seed=11)
    losses = tensor_toy.train(draws, [UNCLAMPED, ONE, TWO]).loss
    assert np.diff(losses, axis=-1).max() < 1e-14


def test_progress_measures_against_their_definition():
    draws = tensor_toy.draw(3, 3, seed=12)
    training = tensor_toy.train(draws, [UNCLAMPED], steps=0)
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
    draws = tensor_toy.draw(10, 3, seed=13)
    training = tensor_toy.train(draws, [TWO], steps=100)
    aligned = np.sum(draws.start[:, 0] * draws.targets[:, 0], axis=-1) > 0
    assert aligned.any()
    np.testing.assert_allclose(
        training.loss_with_others_set[0, aligned], training.loss[0, aligned], rtol=1e-9
    )


@pytest.mark.parametrize("count", [2, 3])
def test_training_in_the_plane_is_training_in_full(count):
    draws = tensor_toy.draw(10, count, seed=14)
    free = [[False] * count]
    full = tensor_toy.train(draws, free, steps=500)
    plane = tensor_toy.train(
        tensor_toy.in_plane(draws), free, steps=500, learning_rate=2 / tensor_toy.DIMENSION
    )
    for curve, same in zip(full, plane, strict=True):
        np.testing.assert_allclose(same, curve, rtol=1e-6, atol=1e-9)


def test_escape_times_are_where_the_training_loss_halves():
    draws = tensor_toy.draw(10, 3, seed=15)
    losses = tensor_toy.train(draws, [UNCLAMPED, TWO], steps=500).loss
    for clamped, curves in zip((UNCLAMPED, TWO), losses, strict=True):
        halved = curves <= curves[:, :1] / 2
        expected = np.where(halved.any(axis=1), halved.argmax(axis=1), np.inf)
        times = tensor_toy.escape_times(draws, clamped=clamped, limit=500)
        assert times.tolist() == expected.tolist()


def test_draws_have_the_stated_scales_and_repeat():
    draws = tensor_toy.draw(6, 4, seed=16, start=0.2)
    assert draws.start.shape == draws.targets.shape == (6, 4, 20)
    np.testing.assert_allclose(np.mean(draws.targets**2, axis=-1), 1)
    np.testing.assert_allclose(np.mean(draws.start**2, axis=-1), 0.04)
    again = tensor_toy.draw(6, 4, seed=16, start=0.2)
    assert np.array_equal(draws.start, again.start)
    assert not np.array_equal(draws.start, tensor_toy.draw(6, 4, seed=17, start=0.2).start)


def test_draws_can_be_cut_to_fewer_vectors_and_set_to_a_distance():
    draws = tensor_toy.draw(6, 4, seed=18)
    assert np.array_equal(draws.first(2).targets, draws.targets[:, :2])
    moved = draws.at_distance(0.7)
    np.testing.assert_allclose(np.linalg.norm(moved.start, axis=(1, 2)), 0.7)
    factor = moved.start / draws.start
    np.testing.assert_allclose(factor, np.broadcast_to(factor[:, :1, :1], factor.shape))
    assert np.array_equal(moved.targets, draws.targets)


def test_global_precision_is_left_alone():
    tensor_toy.train(tensor_toy.draw(1, 2, seed=0), [(False, False)], steps=1)
    assert jnp.zeros(1).dtype == jnp.float32


def test_divergence_says_where():
    draws = tensor_toy.draw(2, 3, seed=0)
    message = r"draw \d under condition 0 .* at step \d+"
    with pytest.raises(tensor_toy.TrainingDivergedError, match=message):
        tensor_toy.train(draws, [UNCLAMPED], learning_rate=1000.0, steps=50)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda draws: tensor_toy.train(draws, [(True, False)]), "each of 3 vectors"),
        (lambda draws: tensor_toy.train(draws, [(True, True, True)]), "clamps every vector"),
        (lambda draws: tensor_toy.escape_times(draws, clamped=(True,) * 3), "clamps every"),
        (lambda draws: draws.first(4), "1 to 3 vectors, not 4"),
        (lambda draws: draws.first(0), "1 to 3 vectors, not 0"),
        (lambda draws: tensor_toy.draw(0, 3, seed=0), "draws must be at least 1"),
        (lambda draws: tensor_toy.draw(1, 3, seed=0, start=0), "start must be above 0"),
    ],
)
def test_what_cannot_be_trained_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call(tensor_toy.draw(2, 3, seed=0))
