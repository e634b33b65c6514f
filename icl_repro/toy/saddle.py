"""The saddle of the toy model at the origin (Appendix F): derivatives there, directions in which
the loss falls and rises, and how long training takes to escape.

Derivatives and times are computed in 64 bits, and JAX's global precision is left as it was; changes
of the loss along a direction in exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from icl_repro.toy.vectors import (
    LEARNING_RATE,
    Clamps,
    Count,
    Draws,
    Scalar,
    Vectors,
    in_plane,
    loss,
    mask_of,
    set_clamped,
    step,
)

ESCAPE_LIMIT = 200_000
"""Steps after which :func:`escape_times` gives a draw up."""

Targets = Float[np.ndarray, "vectors dimension"]
Loss = Callable[[Vectors, Vectors], Float[Array, ""]]


@jax.jit
def _escape_steps(
    clamped: Clamps,
    start: Float[Array, "draws vectors dimension"],
    targets: Float[Array, "draws vectors dimension"],
    learning_rate: Scalar,
    level: Scalar,
    limit: Count,
) -> Int[Array, " draws"]:
    start = jax.vmap(set_clamped, in_axes=(0, 0, None))(start, targets, clamped)
    losses = jax.vmap(loss)
    escaped_below = level * losses(start, targets)
    step_all = jax.vmap(step, in_axes=(0, 0, None, None))

    def advance(_: Count, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        steps, vectors, escaped_at = state
        newly = (escaped_at < 0) & (losses(vectors, targets) <= escaped_below)
        escaped_at = jnp.where(newly, steps, escaped_at)
        return steps + 1, step_all(vectors, targets, clamped, learning_rate), escaped_at

    def unfinished(state: tuple[Array, Array, Array]) -> Bool[Array, ""]:
        steps, _, escaped_at = state
        return (steps <= limit) & jnp.any(escaped_at < 0)

    # Whether anything is left to do is asked only once in a while: it costs as much as a step.
    state = (jnp.asarray(0), start, jnp.full(start.shape[0], -1))
    return jax.lax.while_loop(
        unfinished, lambda state: jax.lax.fori_loop(0, 64, advance, state), state
    )[2]


def escape_times(
    draws: Draws,
    *,
    clamped: Sequence[bool] | None = None,
    level: float = 0.5,
    limit: int = ESCAPE_LIMIT,
    learning_rate: float = LEARNING_RATE,
) -> Float[np.ndarray, " draws"]:
    """The first step at which the loss is at most `level` of what it was at the start.

    Args:
        draws: the problems and their starts.
        clamped: whether each vector is held at its target; none is by default.
        level: share of the first loss at which the plateau counts as left.
        limit: a draw that takes longer gets an infinite time.
        learning_rate: of gradient descent; twice as high, it takes half as long.

    Raises:
        ValueError: `clamped` without exactly one entry a vector, or that clamps every vector.
    """
    vectors, dimension = draws.start.shape[1:]
    mask = mask_of([False] * vectors if clamped is None else clamped, draws)
    with jax.enable_x64(True):
        start, targets = map(jnp.asarray, in_plane(draws))
        rate = learning_rate * 2 / dimension
        steps = np.asarray(_escape_steps(jnp.array(mask), start, targets, rate, level, limit))
    return np.where((steps < 0) | (steps > limit), np.inf, steps.astype(np.float64))


@partial(jax.jit, static_argnames="loss")
def _derivatives(
    targets: Float[Array, "draws vectors dimension"], loss: Loss
) -> tuple[Float[Array, "draws entries"], Float[Array, "draws entries entries"]]:
    origin = jnp.zeros(int(np.prod(targets.shape[1:])))

    def one(targets: Vectors) -> tuple[Array, Array]:
        def of_entries(entries: Float[Array, " entries"]) -> Float[Array, ""]:
            return loss(entries.reshape(targets.shape), targets)

        return jax.grad(of_entries)(origin), jax.hessian(of_entries)(origin)

    return jax.vmap(one)(targets)


def derivatives_at_origin(
    targets: Float[np.ndarray, "draws vectors dimension"], loss: Loss = loss
) -> tuple[Float[np.ndarray, "draws entries"], Float[np.ndarray, "draws entries entries"]]:
    """Gradient and Hessian of `loss` with every vector zero, by automatic differentiation.

    Both are over the entries of all vectors, one vector after the other (Appendices F and F.1).
    `loss` is that of the model; another one serves for comparison.
    """
    with jax.enable_x64(True):
        gradient, hessian = _derivatives(jnp.asarray(targets), loss)
    return np.asarray(gradient), np.asarray(hessian)


def lowering_direction(targets: Targets) -> Int[np.ndarray, "vectors dimension"]:
    """A direction from the origin in which the loss falls at first (Appendix F.2).

    Each vector has one entry, where its target has its first entry that is not zero, with the sign
    of that entry.

    Raises:
        ValueError: a target that is zero everywhere; the origin is then a minimum, no saddle.
    """
    direction = np.zeros(np.shape(targets), dtype=np.int64)
    for number, target in enumerate(np.asarray(targets)):
        occupied = np.flatnonzero(target)
        if not occupied.size:
            raise ValueError(
                f"target {number} is zero everywhere, so no direction lowers the loss; "
                "every target needs an entry that is not zero"
            )
        direction[number, occupied[0]] = int(np.sign(target[occupied[0]]))
    return direction


def raising_direction(targets: Targets) -> Int[np.ndarray, "vectors dimension"]:
    """A direction from the origin in which the loss rises at first (Appendix F.2).

    The lowering direction with the first vector turned round.
    """
    direction = lowering_direction(targets)
    direction[0] *= -1
    return direction


def exact_loss_change(
    distance: Fraction, direction: Int[np.ndarray, "vectors dimension"], targets: Targets
) -> Fraction:
    """The loss at `distance` times `direction`, less the loss at the origin, in exact arithmetic.

    Every floating-point number is a fraction, so no rounding enters: not even where the change
    is many orders of magnitude below the loss.
    """
    squares = overlaps = Fraction(1)
    for entries, target in zip(direction, targets, strict=True):
        # Where the direction is zero nothing is added; most of its entries are.
        point = {number: distance * int(entries[number]) for number in np.flatnonzero(entries)}
        along = [(x, Fraction(float(target[number]))) for number, x in point.items()]
        squares *= sum((x * x for x, _ in along), start=Fraction(0)) / len(entries)
        overlaps *= sum((x * y for x, y in along), start=Fraction(0)) / len(entries)
    return squares - 2 * overlaps
