"""Measurements over a whole set of episodes are plain means over its episodes."""

import equinox as eqx
import jax
import numpy as np
import pytest

from icl_repro.measures.datasets import performance as dataset
from icl_repro.measures.datasets.performance import performance, performances
from icl_repro.optogenetics import AblateHeads, ClampMatch, Intervention, intervention
from icl_repro.training.evaluation import correct, losses, query_attention
from tests.support.random_networks import N_LABELS, SMALL, random_episodes, random_network


def clamped(*clamps) -> Intervention:
    return intervention(clamps, SMALL)


@jax.jit
def directly(model, episodes, edits: Intervention) -> dict[str, jax.Array]:
    trace = edits.predict(model, episodes)
    attention = [
        query_attention(trace, 1, position)
        for position in (episodes.correct_position, episodes.incorrect_position)
    ]
    return {
        "loss": losses(trace.logits, episodes).mean(),
        "accuracy": correct(trace.logits, episodes).mean(),
        "induction_strength": attention[0] - attention[1],
    }


def assert_performance(measured, expected: dict, at=()) -> None:
    for name, value in expected.items():
        np.testing.assert_allclose(
            getattr(measured, name)[at], value, rtol=1e-5, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize(
    ("largest", "edits"),
    [
        (10_000, None),
        (120, None),
        (50, clamped(AblateHeads((1,)), ClampMatch((2,)))),
        (7, None),
    ],
)
def test_performance_is_the_plain_mean_whatever_the_chunks(monkeypatch, largest, edits):
    monkeypatch.setattr(dataset, "LARGEST_CHUNK", largest)
    # Compiled anew, because the size of the chunks is none of the arguments.
    measure = jax.jit(dataset.performance.__wrapped__)
    model, episodes = random_network(1), random_episodes(2, n_episodes=120)
    measured = measure(model, episodes, edits)
    assert_performance(measured, directly(model, episodes, edits or Intervention()))


def test_performance_on_every_training_sequence_of_the_paper_takes_chunks_of_it():
    size = 78_400
    chunk = next(n for n in range(dataset.LARGEST_CHUNK, 0, -1) if size % n == 0)
    assert chunk == 200


def test_performance_compiled_is_performance():
    model, episodes = random_network(1), random_episodes(2, n_episodes=40)
    assert_performance(performance(model, episodes), directly(model, episodes, Intervention()))


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_induction_strength_of_a_clamped_head_is_twice_the_match_strength_less_one(strength):
    model, episodes = random_network(3), random_episodes(4, n_episodes=40)
    free = performance(model, episodes, clamped()).induction_strength
    found = performance(
        model, episodes, clamped(ClampMatch((0, 2), strength=strength))
    ).induction_strength
    np.testing.assert_allclose(found[np.array([0, 2])], 2 * strength - 1, atol=1e-6)
    np.testing.assert_allclose(found[np.array([1, 3])], free[np.array([1, 3])], atol=1e-6)


def masks_and_strength(mask, strength) -> Intervention:
    template = clamped(AblateHeads((0,)), ClampMatch((2,), strength=0.5))
    where = [edit.site for edit in template.edits].index("layers.1.attention.mixed")
    other = 1 - where
    return eqx.tree_at(
        lambda edits: (edits.edits[where].head_mask, edits.edits[other].value.strength),
        template,
        (mask, strength),
    )


def test_all_combinations_at_once_are_each_of_them():
    model, episodes = random_network(1), random_episodes(2, n_episodes=60)
    masks = np.eye(4, dtype=bool)[:3]
    strengths = np.array([0.2, 1.0], np.float32)
    measured = performances(model, episodes, masks_and_strength, masks, strengths)
    assert measured.loss.shape == measured.accuracy.shape == (3, 2)
    assert measured.induction_strength.shape == (3, 2, 4)
    for (row, mask), (column, strength) in [
        (one, other) for one in enumerate(masks) for other in enumerate(strengths)
    ]:
        heads = tuple(np.flatnonzero(mask).tolist())
        edits = clamped(AblateHeads(heads), ClampMatch((2,), strength=float(strength)))
        assert_performance(measured, directly(model, episodes, edits), at=(row, column))


def test_a_network_that_knows_nothing_has_the_loss_of_a_guess():
    model = jax.tree.map(lambda weight: 0 * weight, random_network(1))
    measured = performance(model, random_episodes(2, n_episodes=40))
    assert float(measured.loss) == pytest.approx(np.log(N_LABELS), rel=1e-6)
    np.testing.assert_allclose(measured.induction_strength, 0, atol=1e-6)
