"""What is measured on evaluation sets, against its definition written out episode by episode."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from icl_repro.optogenetics import ClampCopy, Intervention, intervention, trace
from icl_repro.training import evaluation
from icl_repro.training.evaluation import (
    LARGEST_CHUNK,
    MOST_AT_ONCE,
    context_label_probability,
    correct,
    evaluate,
    is_target,
    largest_chunk,
    losses,
    previous_token_attention,
    query_attention,
)
from tests.support.random_networks import N_LABELS, SMALL, random_episodes, random_network

MODEL, EPISODES = random_network(1), random_episodes(2, n_episodes=30)
every_activation = functools.cache(functools.partial(jax.jit(trace), MODEL, EPISODES))
LOGITS = jnp.asarray(3 * np.random.default_rng(3).standard_normal((N_LABELS, 30)), jnp.float32)


def test_targets_are_the_labels_that_go_with_the_matching_exemplar():
    mask = np.asarray(is_target(EPISODES, N_LABELS))
    np.testing.assert_array_equal(mask.sum(axis=0), 1)
    np.testing.assert_array_equal(mask.argmax(axis=0), EPISODES.targets)


def test_losses_are_cross_entropies():
    expected = optax.softmax_cross_entropy_with_integer_labels(LOGITS.T, EPISODES.targets)
    np.testing.assert_allclose(losses(LOGITS, EPISODES), expected, rtol=1e-5, atol=1e-6)


def test_labels_that_are_ruled_out_cost_nothing_and_have_gradient_zero():
    label = np.arange(N_LABELS)[:, None]
    shown = np.asarray((label == EPISODES.labels[0]) | (label == EPISODES.labels[1]))
    ruled_out = jnp.where(shown, LOGITS, -jnp.inf)
    assert np.isfinite(losses(ruled_out, EPISODES)).all()
    gradient = jax.grad(lambda x: losses(jnp.where(shown, x, -jnp.inf), EPISODES).sum())(LOGITS)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(np.asarray(gradient)[~shown], 0)
    np.testing.assert_allclose(context_label_probability(ruled_out, EPISODES), 1, rtol=1e-6)


def test_correct_is_the_largest_logit_on_the_target():
    expected = [LOGITS[:, e].argmax() == int(EPISODES.targets[e]) for e in range(30)]
    np.testing.assert_array_equal(correct(LOGITS, EPISODES), expected)
    assert 0 < sum(expected) < 30


def test_context_label_probability_is_that_of_both_labels_together():
    probability = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=0)
    first, second = np.asarray(EPISODES.labels[:2])
    expected = [probability[first[e], e] + probability[second[e], e] for e in range(30)]
    np.testing.assert_allclose(context_label_probability(LOGITS, EPISODES), expected, rtol=1e-5)


@pytest.mark.parametrize("layer", [0, 1])
def test_query_attention_is_that_from_the_query_to_one_position_of_each_episode(layer):
    seen = every_activation()
    pattern = np.asarray(seen[f"layers.{layer}.attention.pattern"])
    position = np.asarray(EPISODES.correct_position)
    assert set(position.tolist()) == {1, 3}
    expected = np.mean([pattern[:, -1, position[e], e] for e in range(30)], axis=0)
    found = query_attention(seen, layer, EPISODES.correct_position)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    # The same when only what the prediction depends on is computed.
    of_prediction = jax.jit(Intervention().predict)(MODEL, EPISODES)
    found = query_attention(of_prediction, layer, EPISODES.correct_position)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_previous_token_attention_is_that_of_the_labels_to_their_exemplars():
    seen = every_activation()
    pattern = np.asarray(seen["layers.0.attention.pattern"])
    expected = (pattern[:, 1, 0] + pattern[:, 3, 2]).mean(axis=-1) / 2
    np.testing.assert_allclose(previous_token_attention(seen, 0), expected, rtol=1e-5)


@pytest.mark.parametrize("clamps", [(), (ClampCopy(2),)], ids=str)
def test_every_set_is_measured_and_the_training_set_more_closely(clamps):
    edits = intervention(clamps, SMALL)
    sets = {"train": EPISODES, "test_relabel": random_episodes(5, n_episodes=9)}
    measured = jax.jit(evaluate)(MODEL, edits, sets)
    assert {name: value.shape for name, value in measured.items()} == {
        "train.loss": (),
        "train.accuracy": (),
        "test_relabel.loss": (),
        "test_relabel.accuracy": (),
        "context_label_probability": (),
        "attention.correct": (2, 4),
        "attention.incorrect": (2, 4),
        "attention.previous": (1, 4),
    }
    predict = jax.jit(lambda episodes: edits.predict(MODEL, episodes).logits)
    for name, episodes in sets.items():
        logits = predict(episodes)
        expected = losses(logits, episodes).mean()
        np.testing.assert_allclose(measured[f"{name}.loss"], expected, rtol=1e-5)
        expected = correct(logits, episodes).mean()
        np.testing.assert_allclose(measured[f"{name}.accuracy"], expected, rtol=1e-5)
    assert float(measured["attention.correct"].sum()) != float(
        measured["attention.incorrect"].sum()
    )


def test_episodes_that_are_evaluated_in_chunks_give_what_they_give_at_once():
    sets = {"train": EPISODES, "test_exemplars": EPISODES}
    at_once = jax.jit(lambda: evaluate(MODEL, Intervention(), sets))()
    in_chunks = jax.jit(lambda: evaluate(MODEL, Intervention(), sets, 10))()
    assert at_once.keys() == in_chunks.keys()
    for name, value in at_once.items():
        np.testing.assert_allclose(in_chunks[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("episodes", "size"), [(1_000, 100), (64, 64), (300, 100), (997, 997), (1, 1), (134, 67)]
)
def test_chunks_are_equal_and_none_is_small(episodes, size):
    assert evaluation.chunk_size(episodes, LARGEST_CHUNK) == size


@pytest.mark.parametrize(
    ("platform", "n_runs", "size"),
    [("cpu", 1, 100), ("cpu", 64, 100), ("gpu", 1, 1_000), ("gpu", 64, 1_000), ("gpu", 256, 250)],
)
def test_other_devices_than_processors_evaluate_as_much_at_once_as_fits(platform, n_runs, size):
    largest = largest_chunk(platform, n_runs)
    assert evaluation.chunk_size(1_000, largest) == size
    assert platform == "cpu" or n_runs * size <= MOST_AT_ONCE
