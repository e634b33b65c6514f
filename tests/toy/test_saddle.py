"""The saddle of the toy model against closed forms, brute force and its exact solutions."""

from fractions import Fraction
from math import prod

import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro import toy
from tests.toy.test_vectors import COUNTS, TWO, UNCLAMPED, outer, random_vectors


@pytest.mark.parametrize("count", COUNTS)
def test_the_origin_has_zero_gradient(count):
    targets = random_vectors(2, count, 6)
    gradient, _ = toy.derivatives_at_origin(targets)
    assert gradient.shape == (2, 6 * count)
    assert gradient.dtype == np.float64
    assert not gradient.any()


@pytest.mark.parametrize("count", [3, 4, 5])
def test_the_hessian_at_the_origin_is_zero_from_three_vectors_on(count):
    targets = random_vectors(3, count, 6)
    assert not toy.derivatives_at_origin(targets)[1].any()


def test_the_hessian_of_two_vectors_is_the_negative_outer_product_of_the_targets():
    first, second = targets = random_vectors(4, 2, 6)[0]
    hessian = toy.derivatives_at_origin(targets[None])[1][0]
    block = -2 / 6**2 * np.outer(first, second)
    zero = np.zeros((6, 6))
    np.testing.assert_allclose(hessian, np.block([[zero, block], [block.T, zero]]), atol=1e-15)
    extreme = 2 / 6**2 * np.linalg.norm(first) * np.linalg.norm(second)
    values = np.linalg.eigvalsh(hessian)
    assert values[[0, -1]] == pytest.approx([-extreme, extreme])


def test_derivatives_of_another_loss_are_those_of_that_loss():
    targets = random_vectors(5, 2, 3)
    gradient, hessian = toy.derivatives_at_origin(
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
        (toy.lowering_direction(targets), -1),
        (toy.raising_direction(targets), 1),
    ):
        change = toy.exact_loss_change(distance, direction, targets)
        used = np.sum(targets * np.abs(direction), axis=-1).tolist()
        leading = sign * 2 * abs(prod(map(Fraction, used))) * distance**count
        assert change == (leading + distance ** (2 * count)) / 4**count
        assert np.sign(float(change)) == sign
    large = toy.exact_loss_change(Fraction(1, 2), direction, targets)
    brute = np.mean((outer(direction / 2) - outer(targets)) ** 2) - origin
    assert float(large) == pytest.approx(brute, rel=1e-9)


def test_directions_use_the_first_entry_that_is_not_zero():
    targets = np.array([[0.0, -2.0, 1.0], [3.0, 0.0, 0.0]])
    assert toy.lowering_direction(targets).tolist() == [[0, -1, 0], [1, 0, 0]]
    assert toy.raising_direction(targets).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_a_target_of_zeros_has_no_lowering_direction():
    with pytest.raises(ValueError, match="target 1 is zero everywhere"):
        toy.lowering_direction(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_escape_from_the_aligned_start_follows_the_gradient_flow():
    # Aligned and equal, every vector is x times its target and dx/dt = (2 / d) x^(n-1) (1 - x^n).
    # To leading order three vectors take (d / 2) (1 / x0 - 1 / x1) steps from x0 to x1.
    targets = toy.draw(1, 3, seed=9).targets
    times = [
        toy.escape_times(toy.Draws(x0 * targets, targets), level=0.99)[0] for x0 in (0.02, 0.01)
    ]
    x1 = (1 - np.sqrt(0.99)) ** (1 / 3)
    for time, x0 in zip(times, (0.02, 0.01), strict=True):
        assert time == pytest.approx(10 * (1 / x0 - 1 / x1), rel=0.02)


def test_escape_times_are_where_the_training_loss_halves():
    draws = toy.draw(10, 3, seed=15)
    losses = toy.train(draws, [UNCLAMPED, TWO], steps=500).loss
    for clamped, curves in zip((UNCLAMPED, TWO), losses, strict=True):
        halved = curves <= curves[:, :1] / 2
        expected = np.where(halved.any(axis=1), halved.argmax(axis=1), np.inf)
        times = toy.escape_times(draws, clamped=clamped, limit=500)
        assert times.tolist() == expected.tolist()


def test_something_has_to_be_left_to_escape():
    with pytest.raises(ValueError, match="clamps every"):
        toy.escape_times(toy.draw(2, 3, seed=0), clamped=(True,) * 3)
