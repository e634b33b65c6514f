"""Composition scores against the definition, and rank correlations over pairs of heads."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr

from icl_repro.measures.heads.composition import composition_scores
from icl_repro.measures.heads.pair_correlation import pair_correlation
from icl_repro.network.transformer import ModelSettings, initialise
from tests.support.random_networks import random_network
from tests.support.shapes_checked import unchecked


@pytest.mark.parametrize("reading", ["key", "value", "query"])
def test_scores_are_norms_of_products_over_products_of_norms(reading):
    model = random_network(3)
    found = composition_scores(model, reading)
    read, write = (
        np.asarray(getattr(model.layers[1], reading)),
        np.asarray(model.layers[0].output),
    )
    for reader in range(4):
        for writer in range(4):
            reads = read[4 * reader : 4 * reader + 4]  # what is read into the head's channels
            writes = write[:, 4 * writer : 4 * writer + 4]  # what the head's channels write
            expected = np.linalg.norm(reads @ writes) / (
                np.linalg.norm(reads) * np.linalg.norm(writes)
            )
            assert found[reader, writer] == pytest.approx(expected, rel=1e-5)


def test_a_head_that_reads_one_writer_alone_scores_with_that_one_only():
    model = random_network(4)
    # Writers write into channels of their own; each reader reads those of the next writer.
    write = jnp.eye(16)
    read = jnp.roll(jnp.eye(16), 4, axis=1)
    model = eqx.tree_at(lambda m: (m.layers[0].output, m.layers[1].key), model, (write, read))
    expected = np.roll(np.eye(4), 1, axis=1) / 2  # 4 channels: the identity has norm 2
    np.testing.assert_allclose(composition_scores(model, "key"), expected)


def test_at_initialisation_scores_are_as_published():
    model = initialise(ModelSettings(), n_features=512, n_labels=5, key=jax.random.key(5))
    scores = np.stack([composition_scores(model, reading) for reading in ("key", "value")])
    # The authors' own networks at initialisation: mean 0.123, standard deviation 0.0106.
    assert scores.mean() == pytest.approx(0.125, abs=0.003)
    assert scores.std() == pytest.approx(0.0106, abs=0.0015)
    assert scores.min() > 0.09
    assert scores.max() < 0.16


def test_what_cannot_compose_is_refused():
    model = random_network(0)
    with pytest.raises(ValueError, match="layer 0 cannot read what layer 1 writes"):
        composition_scores(model, "key", writer=1, reader=0)
    with pytest.raises(ValueError, match="layer 2 cannot read what layer 0 writes"):
        composition_scores(model, "key", reader=2)
    with unchecked(), pytest.raises(ValueError, match="by key, value or query, not by 'pattern'"):
        composition_scores(model, "pattern")


def test_pair_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 9, (5, 6)).astype(float)  # with ties
    second = first + rng.normal(0, 3, (5, 6))
    found = pair_correlation(first, second, draws=99)
    assert found.value == pytest.approx(spearmanr(first.ravel(), second.ravel()).statistic)


def test_chance_shuffles_heads_and_not_pairs():
    # Both depend on the sender alone: with eight senders, chance alone correlates strongly.
    sender = np.arange(8.0)
    first = np.tile(sender, (8, 1))
    found = pair_correlation(first, first)
    assert found.value == pytest.approx(1)
    assert found.high > 0.5  # pairs shuffled one by one would give 0.25
    assert found.low < -0.5


def test_chance_is_the_same_every_time_and_covers_independent_tables():
    rng = np.random.default_rng(1)
    tables = [rng.normal(size=(2, 8, 8)) for _ in range(40)]
    outside = 0
    for first, second in tables:
        found = pair_correlation(first, second, draws=499)
        assert found == pair_correlation(first, second, draws=499)
        outside += not found.low <= found.value <= found.high
    assert outside <= 8  # 2 of 40 expected


def test_a_constant_table_has_no_correlation():
    found = pair_correlation(np.ones((3, 3)), np.arange(9.0).reshape(3, 3))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_tables_have_to_be_of_the_same_pairs():
    with unchecked(), pytest.raises(ValueError, match=r"these are \(2, 3\) and \(3, 2\)"):
        pair_correlation(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="two rows and columns or more"):
        pair_correlation(np.ones((1, 3)), np.ones((1, 3)))
