"""Steps of each optimiser, beside what optax does with a network of its own."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from icl_repro.training import Optimiser
from icl_repro.training.descent import begin_optimiser, descend
from icl_repro.training.evaluation import losses
from tests.support.random_networks import random_episodes, random_network

RATE = 1e-2
RULES = {
    "adam": (Optimiser(), optax.adam(RATE)),
    "sgd": (Optimiser(rule="sgd"), optax.sgd(RATE)),
    "momentum": (Optimiser(rule="sgd", momentum=0.9), optax.sgd(RATE, momentum=0.9)),
    "adamw": (
        Optimiser(rule="adamw", weight_decay=0.1),
        optax.adamw(RATE, weight_decay=0.1),
    ),
}
EPISODES = random_episodes(0)


@jax.jit
def mean_loss(model):
    return losses(model(EPISODES), EPISODES).mean()


# Compiled as a whole: operation by operation, there are some three hundred programs.


@partial(jax.jit, static_argnums=0)
def step_of_ours(descent, model, state):
    return descend(mean_loss, model, state, jnp.float32(RATE), descent)


@partial(jax.jit, static_argnums=0)
def step_of_optax(rule, model, state):
    theirs = RULES[rule][1]
    updates, state = theirs.update(jax.grad(mean_loss)(model), state, model)
    return optax.apply_updates(model, updates), state


@pytest.mark.parametrize("rule", RULES)
def test_three_steps_are_those_of_optax(rule):
    optimiser, theirs = RULES[rule]
    ours = other = random_network(0)
    state, their_state = begin_optimiser(ours, optimiser.descent), theirs.init(other)
    for _ in range(3):
        ours, state, loss = step_of_ours(optimiser.descent, ours, state)
        assert jnp.isfinite(loss)
        other, their_state = step_of_optax(rule, other, their_state)
    for one, two in zip(jax.tree.leaves(ours), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_the_rules_are_different_steps():
    after = []
    for optimiser, _ in RULES.values():
        model = random_network(0)
        for _ in range(2):
            state = begin_optimiser(model, optimiser.descent)
            model, state, _ = step_of_ours(optimiser.descent, model, state)
            model, state, _ = step_of_ours(optimiser.descent, model, state)
        after.append(np.asarray(model.layers[0].query))
    differ = [not np.allclose(one, two) for i, one in enumerate(after) for two in after[:i]]
    assert all(differ)
