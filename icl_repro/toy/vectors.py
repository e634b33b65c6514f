"""The toy model of interacting vectors (Section 4.2, Appendix D.2); for its saddle see
:mod:`icl_repro.toy.saddle`.

Some vectors are learnt at once, by gradient descent, so that their tensor product becomes that of
as many target vectors. The paper's case is three (a, b, c); it extends the model of Jermyn and
Shlegeris, "Multi-component learning and s-curves" (2022).

The loss is the mean, over all ``dimension ** vectors`` entries of the tensor, of the squared error.
It needs no tensor: the scalar product of two tensor products is the product of the vectors' scalar
products. Targets and starts are drawn in one of two ways:

- As in the authors' solver (:func:`draw_normal`), where every entry is standard normal. It takes
  1,000 steps at rate 1 on half of the mean squared error, which is :data:`AUTHORS_RATE` on the
  whole of it. The vectors then start as long as their targets, with a loss above that of the
  saddle. :func:`published_draw` is the one draw that the paper shows.
- From close to the saddle (:func:`draw`). Targets are uniformly random directions whose entries
  have mean square 1, so that the loss starts close to 1 for any number of vectors, and a vector
  whose partners are clamped closes a tenth (``2 * learning_rate / dimension``) of its error a step.
  Equal lengths also mean that a finished vector is plus or minus its target, which leaves no free
  scale between vectors. Starts are uniformly random directions with root mean square :data:`START`,
  which was chosen on draws that judge nothing, by the outcome: of 0.03, 0.1, 0.2, 0.3 and 0.5, the
  smallest with which at least nine in ten unclamped trainings of three vectors leave the plateau
  within 1,000 steps at rate 1. (Of 400, a share of 0.02, 0.63, 0.89, 0.95 and 0.96 did; targets
  with independent Gaussian entries gave 0.03, 0.55, 0.84, 0.91 and 0.93.)

Everything is computed in 64 bits and leaves JAX's global precision as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from operator import mul
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

DIMENSION = 20
"""Entries of a vector (Section 4.2)."""

LEARNING_RATE = 1.0
"""That of draws from close to the saddle."""
AUTHORS_RATE = 0.5
"""The authors' learning rate: theirs is 1, on half of this loss."""
STEPS = 1_000
"""How long the authors train."""

START = 0.3
"""Root mean square of an initial vector's entries; that of a target is 1."""

Vectors = Float[Array, "vectors dimension"]
Scalar = float | Float[Array, ""]
Count = int | Int[Array, ""]
"""Numbers, which are arrays within compiled programs."""
Clamps = Bool[Array, " vectors"]
"""Which vectors are held at their targets."""


class Draws(NamedTuple):
    """Random problems, each with a random start: `start` is where the vectors begin."""

    start: Float[np.ndarray, "draws vectors dimension"]
    targets: Float[np.ndarray, "draws vectors dimension"]

    def first(self, vectors: int) -> Draws:
        """The same draws with only their first `vectors` vectors.

        Raises:
            ValueError: fewer than one vector, or more than there are.
        """
        available = self.start.shape[1]
        if not 1 <= vectors <= available:
            raise ValueError(f"these draws have 1 to {available} vectors, not {vectors}")
        return Draws(self.start[:, :vectors], self.targets[:, :vectors])

    def at_distance(self, distance: float) -> Draws:
        """The same draws, started at `distance` from the origin in the space of all vectors."""
        length = np.linalg.norm(self.start, axis=(1, 2), keepdims=True)
        return Draws(self.start * (distance / length), self.targets)


class Training(NamedTuple):
    """Curves of training, one value a step, the first before any step.

    `loss` is the training loss. The other two are the progress measures of Appendix D.2 for the
    first vector: its squared cosine with its target, and the loss if all other vectors were at
    their targets (of their two signs, the one with the lower loss).
    """

    loss: Float[np.ndarray, "conditions draws steps"]
    squared_cosine: Float[np.ndarray, "conditions draws steps"]
    loss_with_others_set: Float[np.ndarray, "conditions draws steps"]


Curves = tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]]
"""The three of :class:`Training` within a compiled program."""


class TrainingDivergedError(ArithmeticError):
    """Gradient descent left the range of numbers: the learning rate is too high for the targets."""


def draw(
    draws: int,
    vectors: int,
    *,
    seed: int,
    start: float = START,
    dimension: int = DIMENSION,
) -> Draws:
    """Random targets (entries of mean square 1) and starts (root mean square `start`).

    Raises:
        ValueError: a count below one or a start that is not positive.
    """
    for name, count in (("draws", draws), ("vectors", vectors), ("dimension", dimension)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    if not start > 0:
        raise ValueError(f"start must be above 0 (the origin itself never moves), not {start}")
    generator = np.random.default_rng(seed)

    def directions() -> Float[np.ndarray, "draws vectors dimension"]:
        entries = generator.standard_normal((draws, vectors, dimension))
        return entries / np.sqrt(np.mean(entries**2, axis=-1, keepdims=True))

    return Draws(start=start * directions(), targets=directions())


def draw_normal(draws: int, vectors: int, *, seed: int, dimension: int = DIMENSION) -> Draws:
    """Targets and starts with standard normal entries, as in the authors' solver."""
    generator = np.random.default_rng(seed)
    start, targets = generator.standard_normal((2, draws, vectors, dimension))
    return Draws(start, targets)


def published_draw() -> Draws:
    """The one draw of Figures 5a and 9, from the seed that the authors' solver names (1).

    Random streams of JAX have had another default since; the old one is asked for.
    """
    with jax.threefry_partitionable(False):
        keys = jax.random.split(jax.random.key(1), 6)
        entries = jax.vmap(lambda key: jax.random.normal(key, (DIMENSION,)))(keys)
    targets, start = np.asarray(entries, np.float64).reshape(2, 1, 3, DIMENSION)
    return Draws(start, targets)


def loss_at_saddle(targets: Float[np.ndarray, "draws vectors dimension"]) -> np.ndarray:
    """The loss of each draw with all vectors zero, where the plateau is."""
    return np.prod(np.mean(targets**2, axis=-1), axis=-1)


def loss(vectors: Vectors, targets: Vectors) -> Float[Array, ""]:
    """Mean squared error between the tensor products of `vectors` and of `targets` (Section 4.2).

    In closed form: with <x, y> the mean of the products of entries, it is the product of all
    <v, v>, less twice the product of all <v, t>, plus the product of all <t, t>.
    """
    return (
        _inner_product(vectors, vectors)
        - 2 * _inner_product(vectors, targets)
        + _inner_product(targets, targets)
    )


def _inner_product(left: Vectors, right: Vectors) -> Float[Array, ""]:
    """Mean, over all entries, of the product of the tensor products of `left` and of `right`."""
    # One factor a vector, multiplied one by one: unlike that of `jnp.prod`, the derivative of this
    # has no division by a factor, so it is exact at the origin.
    return reduce(mul, list(jnp.mean(left * right, axis=-1)))


def squared_cosine(
    vector: Float[Array, " dimension"], target: Float[Array, " dimension"]
) -> Float[Array, ""]:
    """Squared cosine of the angle between a vector and its target (Appendix D.2)."""
    overlap = jnp.dot(vector, target)
    return overlap**2 / (jnp.dot(vector, vector) * jnp.dot(target, target))


def loss_with_others_set(vectors: Vectors, targets: Vectors, which: int) -> Float[Array, ""]:
    """The loss if all vectors but number `which` were at their targets (Appendix D.2).

    The targets are fixed only up to factors that multiply to one, signs among them, so both signs
    of the others' product are tried and the lower loss is taken (footnote 21).
    """
    others_set = targets.at[which].set(vectors[which])
    others_negated = targets.at[which].set(-vectors[which])
    return jnp.minimum(loss(others_set, targets), loss(others_negated, targets))


def step(vectors: Vectors, targets: Vectors, clamped: Clamps, learning_rate: Scalar) -> Vectors:
    """One step of gradient descent on the vectors that are not clamped."""
    gradient = jax.grad(loss)(vectors, targets)
    return jnp.where(clamped[:, None], vectors, vectors - learning_rate * gradient)


def set_clamped(start: Vectors, targets: Vectors, clamped: Clamps) -> Vectors:
    """Where training begins: vectors that are clamped at their targets, the others as drawn."""
    return jnp.where(clamped[:, None], targets, start)


@partial(jax.jit, static_argnames="steps")
def _train(
    clamped: Bool[Array, "conditions vectors"],
    start: Float[Array, "draws vectors dimension"],
    targets: Float[Array, "draws vectors dimension"],
    learning_rate: Scalar,
    steps: int,
) -> Curves:
    def one(clamped: Clamps, start: Vectors, targets: Vectors) -> Curves:
        def advance(vectors: Vectors, _: None) -> tuple[Vectors, Curves]:
            seen = (
                loss(vectors, targets),
                squared_cosine(vectors[0], targets[0]),
                loss_with_others_set(vectors, targets, 0),
            )
            return step(vectors, targets, clamped, learning_rate), seen

        vectors = set_clamped(start, targets, clamped)
        return jax.lax.scan(advance, vectors, length=steps + 1)[1]

    over_draws = jax.vmap(one, in_axes=(None, 0, 0))
    return jax.vmap(over_draws, in_axes=(0, None, None))(clamped, start, targets)


def train(
    draws: Draws,
    clamped: Sequence[Sequence[bool]],
    *,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
) -> Training:
    """Train every draw under every condition; each curve has ``steps + 1`` values.

    Args:
        draws: the problems and their starts.
        clamped: one row a condition, one entry a vector: whether it is held at its target.
        steps: steps of gradient descent.
        learning_rate: the authors' is :data:`AUTHORS_RATE`.

    Raises:
        ValueError: a condition without exactly one entry a vector, or that clamps every vector.
        TrainingDivergedError: a loss that is not finite.
    """
    masks = [mask_of(row, draws) for row in clamped]
    with jax.enable_x64(True):
        start, targets = map(jnp.asarray, draws)
        curves = _train(jnp.array(masks), start, targets, learning_rate, steps)
    training = Training(*(np.asarray(curve) for curve in curves))
    _require_finite(training.loss)
    return training


def mask_of(clamped: Sequence[bool], draws: Draws) -> list[bool]:
    """`clamped` as a list, checked against the number of vectors.

    Raises:
        ValueError: not one entry a vector, or every vector is clamped.
    """
    vectors = draws.start.shape[1]
    mask = [bool(entry) for entry in clamped]
    if len(mask) != vectors:
        raise ValueError(f"a condition needs one entry for each of {vectors} vectors, got {mask}")
    if all(mask):
        raise ValueError(f"the condition {mask} clamps every vector: nothing is left to learn")
    return mask


def _require_finite(losses: Float[np.ndarray, "conditions draws steps"]) -> None:
    diverged = ~np.isfinite(losses)
    if diverged.any():
        step = int(np.argmax(diverged.any(axis=(0, 1))))
        condition, number = (int(index) for index in np.argwhere(diverged[:, :, step])[0])
        raise TrainingDivergedError(
            f"the loss of draw {number} under condition {condition} is not finite at step {step}; "
            "lower the learning rate or the scale of the targets"
        )


def in_plane(draws: Draws) -> Draws:
    """The same problems in two coordinates a vector: along its target, and across it.

    Gradient descent never takes a vector out of the plane of its start and its target, so this
    loses nothing. The loss is the same, and training in the plane at learning rate
    ``2 / dimension`` is training in full at learning rate 1.
    """
    dimension = draws.start.shape[-1]
    length = np.linalg.norm(draws.targets, axis=-1)
    along = np.sum(draws.start * draws.targets, axis=-1) / length
    direction = draws.targets / length[..., None]
    across = np.linalg.norm(draws.start - along[..., None] * direction, axis=-1)
    scale = np.sqrt(2 / dimension)  # keeps the mean square of the entries
    return Draws(
        start=scale * np.stack([along, across], axis=-1),
        targets=scale * np.stack([length, np.zeros_like(length)], axis=-1),
    )
