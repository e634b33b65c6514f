"""One step of an optimiser down a mean loss, whatever network it is of."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

import equinox as eqx
import jax
import optax
from jaxtyping import Array, Float, PyTree

from icl_repro.network.transformer import AttentionOnly

Rule = Literal["adam", "sgd", "adamw"]
"""How a gradient becomes a step: Adam, gradient descent (with momentum), Adam with decoupled decay
of weights.
"""

OfNetwork = TypeVar("OfNetwork", bound=AttentionOnly)


class Descent(NamedTuple):
    """An optimiser but for its learning rate, which is a number of the compiled program.

    Attributes:
        rule: see :data:`Rule`; with optax's defaults for what is not said here.
        momentum: the share of a step of gradient descent that goes into the next.
        weight_decay: of AdamW: the share of each weight, times the learning rate, that a step takes
            away.
    """

    rule: Rule = "adam"
    momentum: float = 0.0
    weight_decay: float = 0.0


ADAM = Descent()


@functools.cache
def _scale(descent: Descent) -> optax.GradientTransformation:
    """What optax has for it, but for the learning rate."""
    if descent.rule == "sgd":
        return optax.trace(decay=descent.momentum) if descent.momentum else optax.identity()
    adam = optax.scale_by_adam()
    if descent.rule == "adamw":
        return optax.chain(adam, optax.add_decayed_weights(descent.weight_decay))
    return adam


def begin_optimiser(model: AttentionOnly, descent: Descent = ADAM) -> PyTree:
    """The state of an optimiser before the first step."""
    return _scale(descent).init(eqx.filter(model, eqx.is_array))


def descend(
    mean_loss: Callable[[OfNetwork], Float[Array, ""]],
    model: OfNetwork,
    optimiser_state: PyTree,
    learning_rate: Float[Array, ""],
    descent: Descent = ADAM,
) -> tuple[OfNetwork, PyTree, Float[Array, ""]]:
    """Step down a loss: the new model and optimiser state, and the loss before the step."""
    loss, gradient = eqx.filter_value_and_grad(mean_loss)(model)
    weights = eqx.filter(model, eqx.is_array)
    direction, optimiser_state = _scale(descent).update(gradient, optimiser_state, weights)
    change = jax.tree.map(lambda d: -learning_rate * d, direction)
    return eqx.apply_updates(model, change), optimiser_state, loss
