"""Belkin et al. (2019) at toy scale: over the width of a network, test error has a peak.

The training is this file's own, in plain Equinox and Optax; the package judges what comes of it.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from icl_repro import Evidence, Panel, ReferenceLine, Series, claim, control

EXAMPLES, INPUTS, STEPS, NOISE = 40, 20, 4_000, 0.5
WIDTHS = np.array([4, 10, 20, 30, 40, 50, 60, 80, 120, 200, 400])


class Readout(eqx.Module):
    """What is learned: how to read the first `width` of the random features."""

    weights: Float[Array, " features"]

    def __call__(self, features: Float[Array, "n features"], width: Array) -> Float[Array, " n"]:
        """One number for each example."""
        there = jnp.arange(self.weights.size) < width
        return features @ (self.weights * there) / jnp.sqrt(width)


@jax.jit
def errors_by_width(seed: int, decay: float) -> Float[Array, " widths"]:
    """The mean squared test error of networks of each width, trained with this weight decay."""
    keys = jax.random.split(jax.random.key(seed), 4)
    x = jax.random.normal(keys[0], (EXAMPLES + 1_000, INPUTS))
    truth = x @ jax.random.normal(keys[1], (INPUTS,)) / INPUTS**0.5
    seen = (truth + NOISE * jax.random.normal(keys[2], truth.shape))[:EXAMPLES]
    features = jax.nn.relu(x @ jax.random.normal(keys[3], (INPUTS, WIDTHS[-1])))
    optimiser = optax.chain(optax.add_decayed_weights(decay), optax.sgd(0.02, momentum=0.95))

    def error_of(width: Array) -> Array:
        def loss(readout: Readout) -> Array:
            return jnp.square(readout(features[:EXAMPLES], width) - seen).mean()

        def step(carry: tuple[Any, optax.OptState], _: None) -> tuple[tuple, None]:
            readout, state = carry
            updates, state = optimiser.update(jax.grad(loss)(readout), state, readout)
            return (eqx.apply_updates(readout, updates), state), None

        start: Any = Readout(jnp.zeros(WIDTHS[-1]))  # the types of Optax know no modules
        (trained, _), _ = jax.lax.scan(step, (start, optimiser.init(start)), length=STEPS)
        return jnp.square(trained(features[EXAMPLES:], width) - truth[EXAMPLES:]).mean()

    return jax.vmap(error_of)(jnp.asarray(WIDTHS))


@claim(
    "double_descent.peak",
    source="Section 1, Figure 1",
    fails_on=control("With weight decay.", given={"decay": 0.1}, id="decay"),
)
def test_peak(evidence: Evidence, seed: int, decay: float = 0.0) -> None:
    """Test error peaks where networks can just fit their examples, and falls beyond."""
    errors = np.asarray(errors_by_width(seed, decay))
    peak = int(errors.argmax())
    evidence.check("width at the peak, by examples", WIDTHS[peak] / EXAMPLES, between=(0.5, 1.5))
    evidence.check("peak over the narrowest network", errors[peak] / errors[0], at_least=1.5)
    evidence.quantity("widest over the best before the peak", errors[-1] / errors[: peak + 1].min())
    series = Series("trained", WIDTHS.tolist(), errors.tolist())
    threshold = ReferenceLine("as wide as there are examples", EXAMPLES, axis="x")
    panel = Panel("", "width", "test error", [series], [threshold], x_scale="log")
    evidence.figure("descent", caption="Test error by width.", source="Figure 1", panels=[panel])
