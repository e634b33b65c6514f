"""The published streams draw what the authors' implementation drew, number by number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.episodes import EpisodeError, EpisodeSettings, Sampler
from icl_repro.network.transformer import ModelSettings
from icl_repro.streams import published
from icl_repro.streams.published import (
    EVALUATION_SETS,
    FEWEST_KEYS,
    PublishedSampler,
    batch_keys,
    evaluation_keys,
    evaluation_set,
    initial_network,
    split,
)
from tests.support.published_streams import CONDITIONS, N_CLASSES, SETS, published_streams

ROUNDING = 3e-6
"""How far weights may lie apart: the draws behind them are whole numbers, but what is computed from
those differs in the last bits between processors, and with how much the compiler optimises."""


def sampler_of(classes: np.ndarray, pairs: np.ndarray, per_class: int = 1) -> PublishedSampler:
    """With exemplars that nobody looks at."""
    bank = jnp.zeros((len(classes) * per_class, 1))
    return PublishedSampler(bank, jnp.asarray(pairs, jnp.int32), per_class)


def training_sampler(condition: str) -> PublishedSampler:
    parts = split(CONDITIONS[condition], N_CLASSES)
    return sampler_of(parts.training_classes, parts.training_pairs)


# --- initial weights ---


@pytest.mark.parametrize("seed", range(5, 10))
def test_initial_weights(seed):
    """Of every matrix the rows that are kept here."""
    model = initial_network(ModelSettings(), 512, 5, seed)
    found = {
        "example_embed.weight": model.exemplar_weight[::16],
        "label_embed.weight": model.label_embedding,
        "unembed.weight": model.unembedding_weight,
    }
    for index, layer in enumerate(model.layers):
        place = f"transformer.blocks[{index}].attn"
        found[f"{place}.qkv.weight"] = jnp.vstack([layer.query, layer.key, layer.value])[::16]
        found[f"{place}.proj.weight"] = layer.output[::8]
    expected = published_streams()
    assert {f"seed{seed}/init.{name}" for name in found} == {
        name for name in expected if name.startswith(f"seed{seed}/init.")
    }
    for name, weight in found.items():
        assert weight.dtype == jnp.float32
        np.testing.assert_allclose(weight, expected[f"seed{seed}/init.{name}"], rtol=ROUNDING)


@pytest.mark.parametrize("condition", ["labels10", "labels15"])
def test_initial_weights_of_more_labels(condition):
    labels = CONDITIONS[condition].labels
    model, expected = initial_network(ModelSettings(), 512, labels, 5), published_streams()
    for name, weight in {
        "label_embed": model.label_embedding,
        "unembed": model.unembedding_weight,
    }.items():
        of_file = expected[f"{condition}/init.{name}.weight"]
        np.testing.assert_allclose(weight, of_file, rtol=ROUNDING)


def test_biases_and_layer_norm_begin_neutral():
    model = initial_network(ModelSettings(layers=1, width=16, heads=2), 3, 4, 5)
    for zeros in (model.exemplar_bias, model.unembedding_bias, model.norm.bias):
        assert (np.asarray(zeros) == 0).all()
    for norm in (model.norm, model.layers[0].norm):
        assert (np.asarray(norm.weight) == 1).all()


# --- splits ---


@pytest.mark.parametrize("condition", CONDITIONS)
def test_splits(condition):
    settings, expected = CONDITIONS[condition], published_streams()
    parts = split(settings, N_CLASSES)
    np.testing.assert_array_equal(parts.training_pairs, expected[f"{condition}/label_pairs/train"])
    np.testing.assert_array_equal(parts.held_out_pairs, expected[f"{condition}/label_pairs/val"])
    np.testing.assert_array_equal(parts.training_classes, np.arange(settings.classes))
    np.testing.assert_array_equal(parts.test_classes, np.arange(1_523, 1_623))


def test_too_few_classes_are_refused():
    with pytest.raises(EpisodeError, match="need 150 classes, but the exemplar source has 149"):
        split(EpisodeSettings(), 149)


# --- batches ---


@pytest.mark.parametrize("condition", CONDITIONS)
def test_batches(condition):
    expected, sampler = published_streams(), training_sampler(condition)
    classes, labels = (expected[f"{condition}/train/{what}"] for what in ("classes", "labels"))
    keys = batch_keys(0, len(classes))
    drawn = jax.jit(jax.vmap(lambda step: sampler.sample(keys[step], 32)))(jnp.arange(len(classes)))
    assert len(classes) == (64 if condition == "seed5" else 8)
    np.testing.assert_array_equal(np.moveaxis(drawn.exemplars, 1, 2), classes)
    np.testing.assert_array_equal(np.moveaxis(drawn.labels, 1, 2), labels)
    np.testing.assert_array_equal(drawn.matching, classes[..., 1] == classes[..., 2])


def test_batches_are_the_same_whatever_the_sessions_setting_is():
    sampler, keys = training_sampler("seed5"), batch_keys(0, 1)
    draws = []
    for partitionable in (False, True):
        with jax.threefry_partitionable(partitionable):
            draws.append(jax.jit(lambda key: sampler.sample(key, 32))(keys[0]))
    np.testing.assert_array_equal(draws[0].exemplars, draws[1].exemplars)
    np.testing.assert_array_equal(
        draws[0].exemplars.T, published_streams()["seed5/train/classes"][0]
    )


def test_exemplars_are_drawn_from_those_trained_on():
    parts = split(EpisodeSettings(classes=6, test_classes=4), 10)
    sampler = sampler_of(parts.training_classes, parts.training_pairs, per_class=3)
    drawn = sampler.sample(batch_keys(0, 1)[0], 500)
    classes, which = np.divmod(drawn.exemplars, 3)
    assert set(which.ravel()) == {0, 1, 2}
    matching = np.take_along_axis(classes[:2], np.asarray(drawn.matching)[None], axis=0)[0]
    np.testing.assert_array_equal(matching, classes[2])


def test_a_sampler_gets_no_further_rows_by_which_it_would_draw_others():
    sampler = training_sampler(next(iter(CONDITIONS)))
    assert sampler.with_rows(1024) is sampler


def test_shuffled_labels_ask_for_either_label_and_draw_all_else_the_same():
    sampler, key = training_sampler("seed5"), batch_keys(0, 1)[0]
    shuffled = PublishedSampler(sampler.bank, sampler.pairs, shuffled_labels=True)
    usual, tossed = sampler.sample(key, 1_000), shuffled.sample(key, 1_000)
    np.testing.assert_array_equal(tossed.exemplars, usual.exemplars)
    np.testing.assert_array_equal(tossed.labels[:2], usual.labels[:2])
    assert (np.asarray(tossed.labels[:2]) == np.asarray(tossed.targets)).any(axis=0).all()
    assert 0.45 < np.mean(np.asarray(tossed.targets) == np.asarray(usual.targets)) < 0.55


def test_longer_runs_have_the_same_keys_and_more_of_them():
    few, many = (jax.random.key_data(batch_keys(0, steps)) for steps in (1, FEWEST_KEYS + 1))
    assert (len(few), len(many)) == (FEWEST_KEYS, 2 * FEWEST_KEYS)
    np.testing.assert_array_equal(few, many[:FEWEST_KEYS])
    assert len(np.unique(many, axis=0)) == len(many)


def test_other_seeds_have_other_keys():
    one, other = (jax.random.key_data(batch_keys(seed, 1)) for seed in (0, 1))
    assert (np.asarray(one) != np.asarray(other)).any(axis=1).all()


# --- evaluation sets ---


@pytest.mark.parametrize("condition", CONDITIONS)
def test_evaluation_sets(condition):
    """All four, that of other exemplars too, which no run measures."""
    parts, keys = split(CONDITIONS[condition], N_CLASSES), evaluation_keys(1)
    samplers = {
        "train": sampler_of(parts.training_classes, parts.training_pairs),
        "test_relabel": sampler_of(parts.training_classes, parts.held_out_pairs),
        "other_exemplars": sampler_of(parts.training_classes, parts.training_pairs, 4),
        "test_exemplars": sampler_of(parts.test_classes, parts.training_pairs),
    }
    assert tuple(samplers) == EVALUATION_SETS
    expected = published_streams()
    for name, sampler in samplers.items():
        place = f"{condition}/eval/{SETS[name]}"
        drawn = evaluation_set(sampler, keys[name], 1_000)
        classes, exemplars = np.divmod(drawn.exemplars.T, sampler.exemplars_per_class)
        numbers = parts.test_classes if name == "test_exemplars" else parts.training_classes
        np.testing.assert_array_equal(numbers[classes], expected[f"{place}/classes"])
        first = 1 if name == "other_exemplars" else 0
        np.testing.assert_array_equal(exemplars + first, expected[f"{place}/exemplars"])
        np.testing.assert_array_equal(drawn.labels.T, expected[f"{place}/labels"])


def test_a_set_does_not_depend_on_which_others_are_drawn():
    sampler = training_sampler("seed5")
    alone = published.evaluation_sets({"test_relabel": sampler}, 1, 50)
    beside = published.evaluation_sets({"train": sampler, "test_relabel": sampler}, 1, 50)
    np.testing.assert_array_equal(alone["test_relabel"].exemplars, beside["test_relabel"].exemplars)
    assert (alone["test_relabel"].exemplars != beside["train"].exemplars).any()


def test_every_episode_of_the_training_set_can_be_counted():
    settings = EpisodeSettings(classes=4, test_classes=2)
    parts = split(settings, 6)
    sampler = sampler_of(parts.training_classes, parts.training_pairs)
    assert isinstance(sampler, Sampler)
    assert sampler.enumerate().size == settings.dataset_size
