"""Edits: what they replace, what they leave alone, and what is refused, one by one."""

import re
from contextlib import contextmanager

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.network.transformer import SITE_AXES, ModelSettings
from icl_repro.optogenetics import (
    CLEAN,
    AblateHeads,
    Conflict,
    Constant,
    Edit,
    EditError,
    Intervention,
    LabelPattern,
    NeverFires,
    OutOfRange,
    Pass,
    PreviousTokenPattern,
    ScoresAsLogits,
    ShapeMismatch,
    Taken,
    TokenBefore,
    UnknownSite,
    WrongKind,
    sites,
    trace,
)
from tests.support.random_networks import random_episodes, random_network
from tests.support.shapes_checked import unchecked
from tests.support.untouched import assert_untouched, entries

MODEL = random_network(0)
EPISODES = random_episodes(0)
PATTERN = "layers.1.attention.pattern"
MIXED = "layers.1.attention.mixed"


def attempt(*edits, how="predict"):
    """Trace a program with the edits, without compiling or running it: their masks are known."""
    return eqx.filter_eval_shape(
        lambda *on: getattr(Intervention(edits), how)(*on), MODEL, EPISODES
    )


@contextmanager
def refused(kind, *parts):
    """Expect an error of exactly this kind whose message contains all the parts."""
    message = "".join(rf"(?=.*{re.escape(part)})" for part in parts)
    with unchecked(), pytest.raises(kind, match=message):
        yield


@pytest.fixture(params=["predict", "trace"])
def how(request):
    return request.param


# --- names ---


def test_a_misspelled_site_is_answered_with_the_nearest(how):
    with refused(UnknownSite, "'layers.1.attention.patern'", "not a site", f"'{PATTERN}'"):
        attempt(Edit("layers.1.attention.patern", 0.0), how=how)


def test_a_site_like_no_other_is_refused(how):
    with refused(UnknownSite, "'xyzzy'", "none is near"):
        attempt(Edit("xyzzy", 0.0), how=how)


def test_a_site_without_its_layer_is_answered_with_those_of_the_layers(how):
    with refused(UnknownSite, "'layers.0.attention.value'", "'layers.1.attention.value'"):
        attempt(Edit("attention.value", 0.0), how=how)


def test_a_layer_out_of_range_is_answered_with_the_layers_there_are(how):
    with refused(
        UnknownSite, "layer 2 is out of range", "layers 0 to 1", f"did you mean '{PATTERN}'"
    ):
        attempt(Edit("layers.2.attention.pattern", 0.0), how=how)


def test_a_negative_layer_is_no_layer():
    with refused(UnknownSite, "'layers.-1.attention.pattern'", "not a site", f"'{PATTERN}'"):
        attempt(Edit("layers.-1.attention.pattern", 0.0))


def test_asking_a_trace_for_an_unknown_site():
    with refused(UnknownSite, "asked for 'logit'", "'logits'"):
        trace(MODEL, EPISODES)["logit"]


# --- heads ---


@pytest.mark.parametrize(("head", "nearest"), [(4, 3), (17, 3), (-1, 0)])
def test_a_head_out_of_range(head, nearest, how):
    with refused(
        OutOfRange, f"head {head} is out of range", "heads 0 to 3", f"(nearest: {nearest})"
    ):
        attempt(Edit(MIXED, 0.0, heads=(0, head)), how=how)


@pytest.mark.parametrize(
    "site",
    [
        name
        for name, axes in SITE_AXES.items()
        if "head" not in axes and "." in name and not name.startswith("mlp.")
    ],
)
def test_heads_of_a_site_that_has_none(site):
    site = site if site in sites(MODEL) else f"layers.0.{site}"
    with refused(OutOfRange, site, "names heads, but the site has no head axis"):
        attempt(Edit(site, 0.0, heads=(0,)))


def test_a_mask_of_a_site_that_has_no_heads():
    with refused(OutOfRange, "names heads, but the site has no head axis"):
        attempt(Edit("logits", 0.0, heads=np.array([True, False, False, False])))


@pytest.mark.parametrize("heads", [[True, False], (1.5,), "12", 3, (np.True_,)], ids=repr)
def test_heads_that_are_no_numbers(heads):
    with refused(OutOfRange, "heads of an edit of", "whole numbers", "array of booleans"):
        Edit(MIXED, 0.0, heads=heads)


@pytest.mark.parametrize("length", [3, 5, 8])
def test_a_mask_of_the_wrong_length(length, how):
    mask = np.ones(length, bool)
    with refused(ShapeMismatch, f"of shape ({length},)", "must be 4 booleans, one for each head"):
        attempt(Edit(MIXED, 0.0, heads=mask), how=how)


def test_a_mask_that_is_not_of_booleans():
    with refused(ShapeMismatch, "the mask is int64", "must be 4 booleans"):
        attempt(Edit(MIXED, 0.0, heads=np.array([1, 0, 0, 0])))


def test_a_traced_mask_of_the_wrong_length_or_kind():
    for mask, part in ((jnp.ones(3, bool), "of shape (3,)"), (jnp.ones(4), "is float32")):
        with refused(ShapeMismatch, part):
            eqx.filter_eval_shape(
                lambda m: Intervention([Edit(MIXED, 0.0, heads=m)]).predict(MODEL, EPISODES), mask
            )


# --- kinds ---


@pytest.mark.parametrize(
    ("made", "parts"),
    [
        (lambda: Edit(3, 0.0), ["site of an edit is 3", "layers.0.attention.pattern"]),
        (lambda: Edit("logits", lambda context: 0.0), ["edit of logits is a function", "a Value"]),
        (lambda: Edit("logits", TokenBefore), ["is the class TokenBefore"]),
        (lambda: Edit("logits", "zero"), ["is 'zero', but must be a number"]),
        (lambda: Edit("logits", None), ["is None, but must be a number"]),
        (lambda: Edit("logits", 0.0, base=MODEL), ["base of", "of kind Transformer", "a Pass"]),
        (lambda: Constant(min), ["a Constant is a function"]),
        (lambda: Taken(1), ["site of Taken is 1"]),
        (lambda: Pass(MODEL), ["Pass takes a list of edits, not of kind Transformer"]),
        (lambda: Pass((), model=ModelSettings()), ["model of a Pass is", "a model with weights"]),
        (lambda: Intervention(Edit("logits", 0.0)), ["Intervention takes a list of edits, not"]),
        (lambda: Intervention(["logits"]), ["Intervention takes edits, not 'logits'"]),
        (lambda: Intervention([AblateHeads((1,))]), ["takes edits, not AblateHeads", "settings"]),
        (lambda: trace(MODEL, EPISODES, 3), ["Intervention takes a list of edits, not 3"]),
    ],
)
def test_what_is_of_another_kind_than_expected_is_refused(made, parts):
    with refused(WrongKind, *parts):
        made()


def test_values_may_be_nested_lists_of_numbers():
    with unchecked():
        assert Edit("logits", [[0.0], [np.float32(1)]]).value.array == [[0.0], [1.0]]


def test_a_model_is_traced_under_an_intervention_only():
    with unchecked(), pytest.raises(TypeError, match="under an Intervention, not under a list"):
        MODEL.trace(EPISODES, [Edit("logits", 0.0)])


@pytest.mark.parametrize("head", [4, -1])
def test_scores_of_a_head_that_there_is_not(head):
    with refused(OutOfRange, f"head {head} is out of range", "heads 0 to 3"):
        trace(MODEL, EPISODES, [Edit("logits", ScoresAsLogits(1, jnp.int32(head)))])


# --- positions ---


@pytest.mark.parametrize(("position", "nearest"), [(5, 4), (-1, 0)])
def test_a_position_out_of_range(position, nearest, how):
    with refused(OutOfRange, f"position {position} is", "positions 0 to 4", f"nearest: {nearest}"):
        attempt(Edit("embedding", 0.0, positions=(4, position)), how=how)


@pytest.mark.parametrize("site", ["logits", "layers.0.attention.key", "embedding.labels"])
def test_positions_of_a_site_that_has_none(site):
    with refused(OutOfRange, site, "names positions, but the site has no such axis"):
        attempt(Edit(site, 0.0, positions=(1,)))


def test_positions_that_are_no_numbers():
    with refused(OutOfRange, "positions of an edit of embedding", "(0.5,)"):
        Edit("embedding", 0.0, positions=(0.5,))


# --- values ---


@pytest.mark.parametrize(
    "shape",
    [(5,), (4, 5), (12,), (4, 5, 5, 11), (3, 5, 5, 12), (1, 4, 5, 5, 12), (4, 5, 5, 12, 1)],
    ids=str,
)
def test_a_value_of_the_wrong_shape(shape):
    """Fewer axes are refused even where they would happen to fit the last ones."""
    with refused(
        ShapeMismatch,
        f"a value of shape {shape} does not fit",
        "(head 4, query 5, key 5, episode 12)",
    ):
        attempt(Edit("layers.0.attention.pattern", np.zeros(shape)))


@pytest.mark.parametrize("shape", [(), (4, 5, 5, 12), (1, 5, 1, 12), (4, 1, 1, 1)], ids=str)
def test_values_that_fit(shape):
    attempt(Edit("layers.0.attention.pattern", np.zeros(shape)))


def test_an_activation_of_another_shape(how):
    """An activation has to fit exactly: that of a single head is not that of every head."""
    site = "layers.0.attention.pattern"
    one_head = Pass(model=random_network(0, ModelSettings(layers=2, width=16, heads=1)))
    with refused(ShapeMismatch, "(1, 5, 5, 12) does not fit", "(head 4, query 5, key 5, episode"):
        attempt(Edit(site, Taken(site), base=one_head), how=how)


def test_the_querys_row_is_not_spread_over_other_positions():
    """The one row that is computed of a last layer would broadcast over all of an earlier one."""
    edit = Edit("layers.0.attention.pattern", Taken(PATTERN), base=CLEAN)
    with refused(ShapeMismatch, "(4, 1, 5, 12) does not fit", "query 5"):
        attempt(edit)
    attempt(edit, how="trace")


# --- conflicts ---


ALL_BUT = {head: np.arange(4) != head for head in range(4)}
ONLY = {head: np.arange(4) == head for head in range(4)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({}, {"heads": (1,)}),
        ({"heads": (0, 1)}, {"heads": (1, 2)}),
        ({"heads": ALL_BUT[0]}, {"heads": (3,)}),
        ({"heads": ALL_BUT[0]}, {"heads": ALL_BUT[1]}),
        ({"heads": ALL_BUT[0]}, {}),
        ({"positions": (1, 4)}, {"positions": (3, 4)}),
        ({"heads": (1,), "positions": (4,)}, {"heads": (1,)}),
        ({"heads": (1,), "positions": (4,)}, {"heads": (1,), "positions": (3, 4)}),
    ],
)
def test_edits_of_the_same_entries_conflict(first, second, how):
    for order in ((first, second), (second, first)):
        with refused(Conflict, "fight over the same entries", f"edit of {PATTERN}"):
            attempt(*(Edit(PATTERN, 0.0, **where) for where in order), how=how)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"heads": (0, 1)}, {"heads": (2, 3)}),
        ({"heads": ALL_BUT[2]}, {"heads": (2,)}),
        ({"heads": ONLY[1]}, {"heads": ONLY[2]}),
        ({"positions": (0, 1)}, {"positions": (3, 4)}),
        ({"heads": (1,), "positions": (4,)}, {"heads": (1,), "positions": (1, 2)}),
        ({"heads": (1,), "positions": (4,)}, {"heads": (2,), "positions": (4,)}),
    ],
)
def test_edits_of_different_entries_go_together(first, second):
    attempt(*(Edit(PATTERN, 0.0, **where) for where in (first, second)), how="trace")


def test_masks_known_only_when_the_program_runs_may_conflict():
    def run(first, second):
        edits = Edit(MIXED, 0.0, heads=first), Edit(MIXED, 1.0, heads=second)
        return Intervention(edits).predict(MODEL, EPISODES)

    with refused(Conflict, "only known when the program runs", "join them into one edit"):
        eqx.filter_eval_shape(run, ONLY[1], jnp.asarray(ONLY[2]))
    eqx.filter_eval_shape(lambda: run(ONLY[1], ONLY[2]))


def test_edits_in_a_base_pass_conflict_too():
    base = Pass((Edit(MIXED, 0.0, heads=(1,)), Edit(MIXED, 0.0, heads=(1, 2))))
    with refused(Conflict, "fight over the same entries"):
        attempt(Edit("logits", Taken("logits"), base=base))


# --- edits that never fire ---


@pytest.mark.parametrize("where", [{"heads": ()}, {"positions": ()}])
def test_an_edit_of_nothing(where):
    with refused(NeverFires, f"acts on no {next(iter(where))}"):
        Edit(MIXED, 0.0, **where)


def test_an_empty_mask():
    with refused(NeverFires, "acts on no heads: its mask is empty"):
        attempt(Edit(MIXED, 0.0, heads=np.zeros(4, bool)))


@pytest.mark.parametrize("site", ["attention.pattern", "attention.query", "residual.post"])
def test_positions_of_the_last_layer_that_cannot_reach_the_prediction(site):
    edit = Edit(f"layers.1.{site}", 0.0, positions=(0, 3))
    with refused(NeverFires, "cannot reach the prediction, which depends on positions 4"):
        attempt(edit)
    attempt(edit, how="trace")
    attempt(Edit(f"layers.1.{site}", 0.0, positions=(3, 4)))


@pytest.mark.parametrize(
    ("edited", "read"),
    [
        ("logits", PATTERN),
        ("layers.1.residual.post", "layers.1.attention.mixed"),
        ("layers.1.attention.value", "layers.0.residual.post"),
        ("layers.1.attention.value", PATTERN),
        ("layers.1.attention.value", "layers.1.attention.scores"),
        (PATTERN, "layers.1.attention.value"),
        ("layers.1.attention.query", "layers.1.attention.key"),
        ("layers.1.attention.key", "layers.1.attention.query"),
    ],
)
def test_an_edit_of_a_base_pass_that_bears_on_nothing_read_from_it(edited, read, how):
    base = Pass((Edit(edited, 0.0),))
    with refused(
        NeverFires, f"edit of {edited} in a base pass", f"({read})", "it would change nothing"
    ):
        attempt(Edit(read, Taken(read), base=base), how=how)


@pytest.mark.parametrize(
    ("edited", "read"),
    [
        (PATTERN, PATTERN),
        ("layers.1.attention.value", "layers.1.attention.mixed"),
        ("layers.0.attention.value", PATTERN),
        ("layers.1.attention.query", PATTERN),
        ("embedding.exemplars", "embedding"),
    ],
)
def test_an_edit_of_a_base_pass_that_bears_on_what_is_read(edited, read, how):
    attempt(Edit(read, Taken(read), base=Pass((Edit(edited, 0.0),))), how=how)


def test_a_base_pass_that_the_value_does_not_read():
    with refused(NeverFires, "has a base pass, but its value reads nothing from it"):
        attempt(Edit("logits", 0.0, base=CLEAN))


# --- reading ---


def test_reading_what_is_not_computed_yet():
    with refused(
        EditError, f"reads '{PATTERN}' of its own pass", "not been computed yet", "embedding"
    ):
        attempt(Edit("layers.0.residual.post", Taken(PATTERN)))


def test_reading_itself():
    with refused(EditError, "not been computed yet"):
        attempt(Edit(PATTERN, Taken(PATTERN)))


@pytest.mark.parametrize("base", [None, CLEAN, Pass((Edit(MIXED, 0.0),))])
def test_reading_an_unknown_site(base):
    with refused(UnknownSite, "edit of logits reads 'layers.1.patern'", f"'{PATTERN}'"):
        attempt(Edit("logits", Taken("layers.1.patern"), base=base))


def test_reading_a_layer_that_the_base_model_does_not_have():
    shallow = Pass(model=random_network(0, ModelSettings(layers=1, width=16, heads=4)))
    with refused(UnknownSite, "layer 1 is out of range, the model has only layer 0"):
        attempt(Edit(PATTERN, Taken(PATTERN), base=shallow))


# --- what an edit replaces ---


def chosen(number):
    """Some of the numbers below this one, at least one."""
    return st.sets(st.integers(0, number - 1), min_size=1).map(lambda some: tuple(sorted(some)))


def regions():
    """Any site, with any heads and positions that it has."""
    shapes = sites(MODEL, EPISODES.size)

    def where(name):
        axes = shapes[name].axes
        some = {
            "heads": chosen(4) if "head" in axes else st.none(),
            "positions": chosen(5) if {"position", "query"} & set(axes) else st.none(),
        }
        return st.tuples(st.just(name), *(st.none() | choice for choice in some.values()))

    return st.sampled_from(list(shapes)).flatmap(where)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), region=regions(), value=st.floats(-3, 3, width=32))
def test_an_edit_replaces_what_it_names_and_disturbs_nothing_before_it_or_beside_it(
    seed, region, value
):
    """Exact, with random weights: what is named has the value; everything computed before it,
    every other head of the same layer, and every earlier position of the whole network is as it
    was. (Run step by step, so that equal computations give equal bits.)
    """
    site, heads, positions = region
    model, episodes = random_network(seed), random_episodes(seed)
    clean = trace(model, episodes)
    edited = trace(model, episodes, [Edit(site, value, heads=heads, positions=positions)])
    table = sites(model, episodes.size)
    assert_untouched(edited, clean, table, site, heads, positions)
    named = entries(table[site], heads, positions)
    assert (np.asarray(edited[site]) == np.float32(value))[named].all()


@pytest.mark.parametrize("name", ["mask", "numbers"])
def test_heads_by_number_and_by_mask_are_the_same(name):
    heads = {"mask": np.array([False, True, False, True]), "numbers": (3, 1)}[name]
    seen = trace(MODEL, EPISODES, [Edit(MIXED, 0.0, heads=heads)])[MIXED]
    zero = np.array([not np.asarray(head).any() for head in seen])
    np.testing.assert_array_equal(zero, [False, True, False, True])


# --- values ---


def value_at(site, value, **where):
    return np.asarray(trace(MODEL, EPISODES, [Edit(site, value, **where)])[site])


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_the_pattern_of_a_previous_token_head(shift):
    pattern = value_at(PATTERN, PreviousTokenPattern(shift))
    for query in range(5):
        attended = query - shift if query >= shift else query
        assert (pattern[:, query] == (np.arange(5) == attended)[None, :, None]).all()


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_the_pattern_of_a_matching_head(strength):
    pattern = value_at(PATTERN, LabelPattern(jnp.float32(strength)), heads=(2,), positions=(4,))
    for episode in range(EPISODES.size):
        expected = np.zeros(5, np.float32)
        expected[1 if EPISODES.matching[episode] == 0 else 3] = strength
        expected[3 if EPISODES.matching[episode] == 0 else 1] = 1 - strength
        np.testing.assert_allclose(pattern[2, 4, :, episode], expected, atol=1e-7)


def test_the_embedding_of_the_token_before():
    site = "layers.0.residual.post"
    embedding = np.asarray(trace(MODEL, EPISODES)["embedding"])
    np.testing.assert_array_equal(value_at(site, TokenBefore()), embedding[:, [0, 0, 1, 2, 4]])


@pytest.mark.parametrize("head", range(4))
def test_scores_as_logits(head):
    seen = trace(MODEL, EPISODES, [Edit("logits", ScoresAsLogits(1, jnp.int32(head)))])
    scores = np.asarray(seen["layers.1.attention.scores"])[head, 4]
    for episode in range(EPISODES.size):
        expected = np.full(5, -np.inf)
        first, second = np.asarray(EPISODES.labels[:2, episode])
        expected[first], expected[second] = scores[1, episode], scores[3, episode]
        np.testing.assert_array_equal(seen.logits[:, episode], expected)


def test_an_activation_of_all_positions_is_taken_where_it_is_needed():
    """Layer 1 attends as layer 0 does: the same whether or not its other rows are computed."""
    edits = Intervention([Edit(PATTERN, Taken("layers.0.attention.pattern"))])
    predicted, traced = edits.predict(MODEL, EPISODES), edits.trace(MODEL, EPISODES)
    assert predicted[PATTERN].shape == (4, 1, 5, EPISODES.size)
    np.testing.assert_array_equal(
        predicted[PATTERN][:, 0], traced["layers.0.attention.pattern"][:, 4]
    )
    np.testing.assert_allclose(predicted.logits, traced.logits, atol=1e-5)


def test_a_value_keeps_the_activations_precision():
    assert value_at("logits", np.float64(1)).dtype == np.float32
    assert value_at("logits", Constant(2)).dtype == np.float32
