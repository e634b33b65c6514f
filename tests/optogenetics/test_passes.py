"""Passes: where the values of edits come from, and where gradients go."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.optogenetics import (
    CLEAN,
    Constant,
    Edit,
    Intervention,
    Pass,
    Taken,
    Value,
    trace,
)
from tests.support.random_networks import random_episodes, random_network

MODEL, DONOR, THIRD = (random_network(seed) for seed in range(3))
EPISODES = random_episodes(0)
RESIDUAL = "layers.0.residual.post"
PATTERN = "layers.1.attention.pattern"
VALUE = "layers.1.attention.value"
NEARLY = {"atol": 1e-5, "rtol": 1e-5}


@pytest.fixture(params=["predict", "trace"])
def how(request):
    return request.param


def evaluated(how, *edits, model=MODEL):
    return getattr(Intervention(edits), how)(model, EPISODES)


def after_layer_0(model, of):
    """The network that embeds and runs layer 0 as `of` does, and goes on as `model` does."""
    return eqx.tree_at(
        lambda m: (m.layers[1], m.norm, m.unembedding_weight, m.unembedding_bias),
        of,
        (model.layers[1], model.norm, model.unembedding_weight, model.unembedding_bias),
    )


# --- where values come from ---


def test_without_edits_a_pass_is_the_model(how):
    np.testing.assert_array_equal(evaluated(how).logits, MODEL(EPISODES, full=how == "trace"))


def test_what_is_taken_from_a_clean_pass_changes_nothing(how):
    clean = evaluated(how)
    for site in clean.activations:
        edited = evaluated(how, Edit(site, Taken(site), base=CLEAN))
        np.testing.assert_array_equal(edited.logits, clean.logits, site)


def test_taking_from_another_model_is_running_its_first_part(how):
    grafted = evaluated(how, Edit(RESIDUAL, Taken(RESIDUAL), base=Pass(model=DONOR)))
    expected = after_layer_0(MODEL, of=DONOR)(EPISODES, full=how == "trace")
    np.testing.assert_array_equal(grafted.logits, expected)


@pytest.mark.parametrize("site", [PATTERN, VALUE, "layers.1.attention.key", "final.normed"])
def test_taking_from_a_pass_under_edits_is_putting_in_what_that_pass_had(site, how):
    ablated = Edit("layers.0.attention.mixed", 0.0, heads=(1,))
    there = evaluated(how, ablated)[site]
    taken = evaluated(how, Edit(site, Taken(site), base=Pass((ablated,))))
    put = evaluated(how, Edit(site, Constant(there)))
    np.testing.assert_array_equal(taken[site], there)
    np.testing.assert_array_equal(taken.logits, put.logits)
    assert (taken.logits != evaluated(how).logits).any()


def test_a_pass_may_take_from_a_pass_that_takes_from_a_pass(how):
    """Layer 0 of a third model, layer 1's pattern of a second one, the rest of the first."""
    innermost = Pass(model=THIRD)
    middle = Pass((Edit(RESIDUAL, Taken(RESIDUAL), base=innermost),), model=DONOR)
    nested = evaluated(how, Edit(PATTERN, Taken(PATTERN), base=middle))
    there = trace(after_layer_0(DONOR, of=THIRD), EPISODES)[PATTERN]
    by_hand = evaluated(how, Edit(PATTERN, Constant(there if how == "trace" else there[:, 4:])))
    np.testing.assert_allclose(nested.logits, by_hand.logits, **NEARLY)


def test_a_pass_under_edits_of_itself_reads_what_it_computed_before(how):
    """Layer 1 reads the embeddings: the same as a network whose layer 0 writes nothing."""
    skipped = evaluated(how, Edit(RESIDUAL, Taken("embedding")))
    silent = eqx.tree_at(lambda m: m.layers[0].output, MODEL, replace_fn=jnp.zeros_like)
    np.testing.assert_array_equal(skipped.logits, silent(EPISODES, full=how == "trace"))


def test_the_order_of_edits_does_not_matter(how):
    edits = [
        Edit(PATTERN, 0.2, heads=(0, 2)),
        Edit("embedding.labels", 0.1),
        Edit(PATTERN, Taken(PATTERN), heads=(1,), base=Pass((Edit("embedding.labels", 1.0),))),
    ]
    forward, backward = evaluated(how, *edits), evaluated(how, *reversed(edits))
    np.testing.assert_array_equal(forward.logits, backward.logits)


runs = []


class Noted(Value):
    """A value that notes each time that a pass evaluates it."""

    def __call__(self, context):
        runs.append(context.positions)
        return context.current


def test_a_base_pass_runs_once_however_many_edits_read_from_it(how):
    def noting():
        return Pass((Edit("embedding", Noted()),))

    runs.clear()
    evaluated(how, *(Edit(site, Taken(site), base=noting()) for site in (RESIDUAL, VALUE)))
    assert len(runs) == 1

    runs.clear()
    other = Pass((Edit("embedding", Noted()), Edit("embedding.labels", 0.0)))
    evaluated(
        how,
        Edit(RESIDUAL, Taken(RESIDUAL), base=noting()),
        Edit(VALUE, Taken(VALUE), base=other),
    )
    assert len(runs) == 2, "passes under different edits are different"


def test_passes_of_different_models_are_different(how):
    edits = [
        Edit(PATTERN, Taken(PATTERN), base=Pass(model=DONOR)),
        Edit(VALUE, Taken(VALUE), base=Pass(model=THIRD)),
    ]
    seen = evaluated(how, *edits)
    for site, model in ((PATTERN, DONOR), (VALUE, THIRD)):
        np.testing.assert_array_equal(seen[site], evaluated(how, model=model)[site])


# --- where gradients go ---


def square_of_logits(model, edits):
    return jnp.square(Intervention(edits).predict(model, EPISODES).logits).mean()


gradient = eqx.filter_grad(square_of_logits)


def assert_trees_close(first, second):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **NEARLY), first, second)


def test_gradients_flow_through_a_base_pass_as_through_the_two_passes_written_out():
    ablated = Edit("layers.0.attention.mixed", 0.0, heads=(1,))

    @eqx.filter_grad
    def written_out(model):
        first = Intervention([ablated]).predict(model, EPISODES)[PATTERN]
        return square_of_logits(model, [Edit(PATTERN, Constant(first))])

    @jax.jit
    def gradients(model):
        fixed = jax.lax.stop_gradient(Intervention([ablated]).predict(model, EPISODES)[PATTERN])
        taken = Edit(PATTERN, Taken(PATTERN), base=Pass((ablated,)))
        return gradient(model, [taken]), written_out(model), gradient(model, [Edit(PATTERN, fixed)])

    through_base, through_both, through_none = gradients(MODEL)
    assert_trees_close(through_base, through_both)
    assert np.abs(through_base.layers[1].query).max() > 0
    assert not np.asarray(through_none.layers[1].query).any()


def test_stopping_the_gradient_makes_what_is_taken_a_constant():
    site = "layers.1.attention.key"
    there = evaluated("predict")[site]

    @jax.jit
    def gradients(model):
        flowing, stopped = (
            Edit(site, Taken(site), base=CLEAN, stop_gradient=stop) for stop in (False, True)
        )
        every = ([flowing], [stopped], [Edit(site, there)], [])
        return [gradient(model, edits) for edits in every]

    flowing, stopped, constant, unedited = gradients(MODEL)
    assert_trees_close(stopped, constant)
    assert not np.asarray(stopped.layers[1].key).any()
    assert_trees_close(flowing, unedited)
    assert np.asarray(flowing.layers[1].key).any()


def test_gradients_reach_the_model_that_is_taken_from():
    @jax.jit
    @eqx.filter_jacrev
    def of_donor(donor):
        return [
            square_of_logits(
                MODEL, [Edit(RESIDUAL, Taken(RESIDUAL), base=base, stop_gradient=stop)]
            )
            for base, stop in ((Pass(model=donor), False), (Pass(model=donor), True))
        ]

    flowing, stopped = of_donor(DONOR)
    assert np.asarray(flowing.layers[0].value).any()
    assert not np.asarray(flowing.layers[1].value).any()
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(stopped))


def test_edits_meet_where_two_of_one_pass_act_on_one_site():
    pattern, mixed = (f"layers.1.attention.{leaf}" for leaf in ("pattern", "mixed"))
    first, second = Edit(pattern, 0.0, heads=[0]), Edit(pattern, 0.0, heads=[1])
    assert Intervention([first, second]).meets_itself
    assert not Intervention([first, Edit(mixed, 0.0)]).meets_itself
    assert not Intervention([first, Edit(mixed, Taken(mixed), base=Pass((second,)))]).meets_itself
    within = Pass((Edit(mixed, Taken(mixed), base=Pass((first, second))),))
    assert Intervention([Edit(mixed, Taken(mixed), base=within)]).meets_itself
