"""The transformer, the clamps and the training step are the same mathematics as the published
implementation's: every condition of the golden data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from golden import CONDITIONS, evaluation_batch, golden, golden_episodes, golden_model

from icl_repro.optogenetics import intervention, trace
from icl_repro.training.engine import begin_optimiser, update
from icl_repro.transformer import ModelSettings

TRAINED = [name for name in CONDITIONS if f"{name}/losses" in golden()]


def logits(state: str, condition: str, *, full: bool = False):
    edits = intervention(CONDITIONS[condition], ModelSettings())
    evaluate = edits.trace if full else edits.predict
    return evaluate(golden_model(state), evaluation_batch()).logits.T


@pytest.mark.parametrize("full", [False, True], ids=["query only", "all positions"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_logits_at_initialisation(condition, full):
    expected = golden()[f"{condition}/init_eval_logits"]
    np.testing.assert_allclose(logits("init", condition, full=full), expected, atol=1e-4, rtol=0)


def test_logits_of_trained_network_under_pattern_preserving_ablation():
    expected = golden()["pp_ablate_125/trained_eval_logits"]
    np.testing.assert_allclose(logits("trained", "pp_ablate_125"), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("layer", [0, 1])
def test_patterns_and_residual_stream_of_trained_network(layer):
    seen = trace(golden_model("trained"), evaluation_batch())
    pattern = seen[f"layers.{layer}.attention.pattern"].transpose(3, 0, 1, 2)
    residual = seen[f"layers.{layer}.residual.post"].transpose(2, 1, 0)
    expected = golden()[f"none/trained_layer{layer}_pattern"]
    np.testing.assert_allclose(pattern, expected, atol=1e-5)
    np.testing.assert_allclose(residual, golden()[f"none/trained_layer{layer}_out"], atol=1e-4)


@pytest.mark.parametrize("condition", TRAINED)
def test_all_losses_of_300_steps_and_the_network_they_end_in(condition):
    edits = intervention(CONDITIONS[condition], ModelSettings())
    batches = [
        golden_episodes(classes, labels)
        for classes, labels in zip(golden()["train_classes"], golden()["train_labels"], strict=True)
    ]
    stacked = jax.tree.map(lambda *xs: jnp.stack(xs), *batches)

    def step(state, episodes):
        model, optimiser_state = state
        model, optimiser_state, loss = update(
            model, optimiser_state, edits, episodes, jnp.float32(golden()["lr"])
        )
        return (model, optimiser_state), loss

    model = golden_model("init")
    (model, _), losses = jax.jit(lambda s, b: jax.lax.scan(step, s, b))(
        (model, begin_optimiser(model)), stacked
    )
    np.testing.assert_allclose(losses, golden()[f"{condition}/losses"], rtol=1e-3)
    final = edits.predict(model, evaluation_batch()).logits.T
    np.testing.assert_allclose(final, golden()[f"{condition}/final_eval_logits"], atol=2e-2)
