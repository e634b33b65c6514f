"""The transformer against a slow one written for reading, and what its shape promises."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.network.transformer import SITE_AXES, ModelSettings, initialise, site_axes
from icl_repro.optogenetics import Intervention, trace
from tests.support.golden import evaluation_batch, golden_model
from tests.support.random_networks import N_FEATURES, N_LABELS, random_episodes, random_network
from tests.support.shapes_checked import unchecked
from tests.support.slow_transformer import in_our_layout, slow_transformer

traced = jax.jit(trace)
predicted = jax.jit(lambda model, episodes: Intervention().predict(model, episodes))
seeds = st.integers(0, 10_000)


# --- an independent implementation ---


def assert_matches_slow(model, episodes, n_checked, atol):
    seen = traced(model, episodes)
    bank, rows = np.asarray(episodes.bank, np.float64), np.asarray(episodes.exemplars)
    for episode in range(n_checked):
        expected = slow_transformer(
            model, bank[rows[:, episode]], np.asarray(episodes.labels[:-1, episode])
        )
        assert expected.keys() == seen.activations.keys()
        for site, activation in expected.items():
            np.testing.assert_allclose(
                seen[site][..., episode],
                in_our_layout(site, activation),
                atol=atol,
                rtol=1e-5,
                err_msg=f"{site}, episode {episode}",
            )


@settings(deadline=None, max_examples=15)
@given(seed=seeds)
def test_every_activation_is_that_of_a_slow_64_bit_implementation(seed):
    assert_matches_slow(random_network(seed), random_episodes(seed), n_checked=2, atol=1e-5)


@pytest.mark.parametrize(
    "shape",
    [
        ModelSettings(layers=1, width=4, heads=1),
        ModelSettings(layers=3, width=12, heads=3),
        ModelSettings(layers=2, width=8, heads=2, mlps=True),
        ModelSettings(layers=2, width=8, heads=2, mlps=True, normalised=False),
    ],
    ids=str,
)
def test_networks_of_other_shapes_too(shape):
    # What is not normalised grows, and with it what rounding makes of it.
    atol = 1e-5 if shape.normalised else 1e-3
    assert_matches_slow(random_network(0, shape), random_episodes(0), n_checked=3, atol=atol)


@pytest.mark.parametrize("pairs", [3, 4])
def test_episodes_of_more_pairs_too(pairs):
    assert_matches_slow(random_network(0), random_episodes(0, pairs=pairs), n_checked=3, atol=1e-5)


def test_weights_but_those_of_mlps_are_as_without_them():
    plain = initialise(ModelSettings(), 6, 5, jax.random.key(5))
    having = initialise(ModelSettings(mlps=True), 6, 5, jax.random.key(5))
    without = eqx.tree_at(lambda m: [layer.mlp for layer in m.layers], having, [None, None])
    assert eqx.tree_equal(without, plain)
    first, second = (layer.mlp for layer in having.layers)
    assert (first.into.shape, first.out.shape) == ((256, 64), (64, 256))
    for one, other in ((first.into, second.into), (first.out, second.out)):
        assert not np.array_equal(one, other)
        assert np.std(one) * math.sqrt(one.shape[1]) == pytest.approx(1, abs=0.05)


def test_without_layer_norm_there_are_no_weights_of_it():
    plain = initialise(ModelSettings(), 6, 5, jax.random.key(5))
    bare = initialise(ModelSettings(normalised=False), 6, 5, jax.random.key(5))
    of_norms = 2 * (len(plain.layers) + 1)
    assert len(jax.tree.leaves(bare)) == len(jax.tree.leaves(plain)) - of_norms
    np.testing.assert_array_equal(bare.layers[1].value, plain.layers[1].value)


def test_the_golden_network_too():
    assert_matches_slow(golden_model("trained"), evaluation_batch(), n_checked=3, atol=5e-5)


# --- what its shape promises ---


@settings(deadline=None, max_examples=25)
@given(seed=seeds, position=st.integers(0, 4))
def test_no_activation_depends_on_a_later_token(seed, position):
    """Changing one token leaves every activation at earlier positions as it was, to the bit."""
    model, episodes = random_network(seed), random_episodes(seed)
    is_label = position % 2 == 1
    rows = episodes.labels if is_label else episodes.exemplars
    other = (rows[position // 2] + 1) % (N_LABELS if is_label else episodes.bank.shape[0])
    changed = eqx.tree_at(
        lambda e: e.labels if is_label else e.exemplars,
        episodes,
        rows.at[position // 2].set(other),
    )
    before, after = (causal_parts(traced(model, e)) for e in (episodes, changed))
    for site, activation in before.items():
        axes = site_axes(site)
        axis = next((axes.index(a) for a in ("position", "query", "key") if a in axes), None)
        if axis is not None:
            earlier, here = ((slice(None),) * axis + (p,) for p in (slice(position), position))
            np.testing.assert_array_equal(activation[earlier], after[site][earlier], site)
            if position or not site.endswith("pattern"):  # the first token has no choice
                assert (activation[here] != after[site][here]).any(), site


def causal_parts(seen):
    """Activations, without the scores of later tokens, which the pattern leaves out."""
    later = ~np.tri(5, dtype=bool)[None, :, :, None]
    return {
        site: np.where(later, 0, activation) if site.endswith("scores") else np.asarray(activation)
        for site, activation in seen.activations.items()
    }


@settings(deadline=None, max_examples=15)
@given(seed=seeds)
def test_patterns_are_distributions_over_earlier_tokens(seed):
    seen = traced(random_network(seed), random_episodes(seed))
    for layer in range(2):
        pattern = np.asarray(seen[f"layers.{layer}.attention.pattern"])
        assert (pattern[:, ~np.tri(5, dtype=bool)] == 0).all()
        np.testing.assert_allclose(pattern.sum(axis=2), 1, atol=1e-6)


@settings(deadline=None, max_examples=15)
@given(seed=seeds)
def test_logits_do_not_depend_on_whether_the_other_positions_are_computed(seed):
    model, episodes = random_network(seed), random_episodes(seed)
    everything, needed = traced(model, episodes), predicted(model, episodes)
    assert everything.activations.keys() == needed.activations.keys()
    np.testing.assert_allclose(everything.logits, needed.logits, atol=1e-5)
    for site, activation in needed.activations.items():
        whole = everything[site]
        if activation.shape != whole.shape:
            axis = [a in ("position", "query") for a in site_axes(site)].index(True)
            assert activation.shape[axis] == 1
            whole = jnp.take(whole, np.array([4]), axis=axis)
        np.testing.assert_allclose(activation, whole, atol=2e-5, err_msg=site)


def test_calling_the_model_gives_the_logits_of_a_trace():
    model, episodes = random_network(1), random_episodes(1)

    @jax.jit
    def in_two_ways(model, episodes):
        return model(episodes), model.trace(episodes, Intervention()).logits

    called, of_trace = in_two_ways(model, episodes)
    expected = traced(model, episodes).logits
    np.testing.assert_allclose(called, expected, atol=1e-5)
    np.testing.assert_allclose(of_trace, expected, atol=1e-5)


@settings(deadline=None, max_examples=15)
@given(seed=seeds)
def test_small_and_large_banks_are_embedded_alike(seed):
    """A small bank is embedded whole and picked from; from a large one is picked first."""
    model, small = random_network(seed), random_episodes(seed)
    unused = np.random.default_rng(seed).standard_normal((60, N_FEATURES))
    large = eqx.tree_at(
        lambda e: e.bank, small, jnp.concatenate([small.bank, jnp.asarray(unused, jnp.float32)])
    )
    assert small.bank.shape[0] <= small.exemplars.size < large.bank.shape[0]
    np.testing.assert_allclose(
        predicted(model, small).logits, predicted(model, large).logits, atol=1e-5
    )


# --- initial weights ---


@pytest.fixture(scope="module")
def initial():
    return initialise(ModelSettings(), 512, 5, jax.random.key(0))


def named_leaves(model):
    leaves, _ = jax.tree.flatten_with_path(model)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def test_initial_weights_are_distributed_like_the_published_ones(initial):
    """Every matrix of the golden data's `init`: same spread, same tails, same distribution."""
    published = named_leaves(golden_model("init"))
    ours = named_leaves(initial)
    assert ours.keys() == published.keys()
    for name, expected in published.items():
        drawn = np.ravel(ours[name])
        assert ours[name].shape == expected.shape, name
        expected = np.ravel(expected)
        if ours[name].ndim == 1:
            np.testing.assert_array_equal(drawn, expected, name)
            continue
        error = expected.std() / math.sqrt(len(expected))
        assert abs(drawn.mean()) < 5 * error, name
        assert drawn.std() == pytest.approx(expected.std(), rel=5 / math.sqrt(len(expected))), name
        assert ks_2samp(drawn, expected).pvalue > 1e-3, name


def test_initial_weights_are_truncated_at_two_standard_deviations(initial):
    for name, leaf in named_leaves(initial).items():
        if leaf.ndim == 2:
            limit = 2 * 0.02
            if name != "label_embedding":
                limit = 2 / 0.87962566 / math.sqrt(leaf.shape[1])
                assert np.std(leaf) * math.sqrt(leaf.shape[1]) == pytest.approx(1, abs=0.1), name
            assert 0.85 * limit < np.abs(leaf).max() <= limit * (1 + 1e-6), name


def test_seeds_decide_the_initial_weights(initial):
    again = initialise(ModelSettings(), 512, 5, jax.random.key(0))
    other = initialise(ModelSettings(), 512, 5, jax.random.key(1))
    assert eqx.tree_equal(initial, again)
    for name, leaf in named_leaves(other).items():
        if leaf.ndim == 2:
            assert (leaf != named_leaves(initial)[name]).mean() > 0.99, name
    matrices = [np.ravel(leaf) for leaf in named_leaves(initial).values() if leaf.shape == (64, 64)]
    correlations = np.corrcoef(matrices) - np.eye(len(matrices))
    assert np.abs(correlations).max() < 0.1, "two matrices are drawn from one key"


# --- settings ---


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layers": 0}, "layers is 0, but must be at least 1"),
        ({"width": 0}, "width is 0, but must be at least 1"),
        ({"heads": -2}, "heads is -2, but must be at least 1"),
        ({"width": 60}, r"width 60 must be a multiple of twice the number of heads \(16\).*: 64\)"),
        ({"width": 8}, r"width 8 must be a multiple of twice the number of heads \(16\).*: 16\)"),
    ],
)
def test_a_shape_that_cannot_be_built_says_why(fields, message):
    with pytest.raises(ValueError, match=message):
        ModelSettings(**fields)


@pytest.mark.parametrize("given", ["2", 2.0, None, max, True])
def test_a_shape_is_of_whole_numbers(given):
    with unchecked(), pytest.raises(TypeError, match=r"layers is .*, but must be a whole number"):
        ModelSettings(layers=given)


@pytest.mark.parametrize("given", ["no", 1, None, np.True_])
def test_a_shape_has_a_part_or_not(given):
    for kind, name in (
        (ModelSettings, "mlps"),
        (ModelSettings, "normalised"),
        (LanguageModelSettings, "smeared_keys"),
    ):
        with unchecked(), pytest.raises(TypeError, match=f"{name} is .*, but must be True or Fal"):
            kind(**{name: given})


def test_names_of_sites():
    assert site_axes("layers.0.attention.pattern") == ("head", "query", "key", "episode")
    assert site_axes("logits") == ("label", "episode")
    for wrong in ("attention.pattern", "layers.0.logits", "layers.x.residual.post", "pattern", ""):
        assert site_axes(wrong) is None
    assert all(axes[-1] == "episode" for axes in SITE_AXES.values())
