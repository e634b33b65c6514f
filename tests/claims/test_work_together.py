"""Which heads the claims turn off, and what share of the score goes with them: by made-up scores of
heads, and on a model that is an induction circuit by construction.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from claims.lecture import test_work_together
from claims.lecture.measured import text_of
from claims.lecture.test_work_together import Heads, most, named, off, shares_taken
from icl_repro.measures.language.heads import score_under
from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.optogenetics import AblateHeads, PreservingAblation
from icl_repro.text import TextSettings
from icl_repro.training import LanguageRun, LanguageSpec
from icl_repro.training.run import weights
from tests.support.language import ALONE, VOCABULARY, circuit_of_weights, small_model

TEXT = TextSettings(vocabulary=VOCABULARY, length=32)


def run_of(model, shape, **curves) -> LanguageRun:
    """A run that ends in a model, with made-up curves at one evaluation."""
    return LanguageRun(
        spec=LanguageSpec(text=TEXT, model=shape),
        curves={"sequences": np.array([0])} | {name: curve[None] for name, curve in curves.items()},
        checkpoint_sequences=np.array([0]),
        checkpoint_weights={name: weight[None] for name, weight in weights(model).items()},
        seconds=0.0,
    )


@pytest.fixture(scope="module")
def circuit() -> LanguageRun:
    return run_of(circuit_of_weights(), ALONE)


@pytest.fixture
def on_repeated_tokens(monkeypatch):
    """Measures on random tokens repeated, of which the circuit knows all from the second time on:
    text has tokens twice by chance, which takes training to tell apart.
    """
    monkeypatch.setattr(test_work_together, "text_of", lambda run, _: text_of(run, "repeated"))


# --- the share of the score ---


@pytest.mark.usefixtures("on_repeated_tokens")
@pytest.mark.parametrize("layer", [0, 1])
def test_without_a_head_of_the_circuit_the_score_goes_and_without_another_it_stays(circuit, layer):
    of_it, of_another = shares_taken(circuit, [off([0], layer), off([1], layer)])
    assert of_it > 0.8
    assert of_another == 0


@pytest.mark.usefixtures("on_repeated_tokens")
def test_the_previous_token_head_acts_through_patterns(circuit):
    kept = (PreservingAblation((0,), ("pattern",)),)
    preserved, off_ = shares_taken(circuit, [kept, off([0], 0)])
    assert preserved < 0
    assert off_ > 0.8


@pytest.mark.usefixtures("on_repeated_tokens")
def test_several_clamps_act_together(circuit):
    both = (*off([1], 0), *off([0], 1))
    of_both, of_one = shares_taken(circuit, [both, off([0], 1)])
    assert of_both == pytest.approx(of_one)


@pytest.mark.usefixtures("on_repeated_tokens")
def test_of_a_score_that_is_hardly_one_there_is_no_share(circuit):
    fainter = eqx.tree_at(
        lambda m: m.unembedding_weight, circuit.model(), replace_fn=lambda weight: weight / 30
    )
    faint = run_of(fainter, ALONE)
    assert -0.3 < score_under(fainter, text_of(faint, "repeated")) < -0.01
    assert np.isnan(shares_taken(faint, [off([0], 0)])).tolist() == [True]


def test_nothing_turned_off_and_no_score_have_no_share(circuit):
    assert np.isnan(shares_taken(circuit, [])).tolist() == [True]
    assert np.isnan(shares_taken(circuit, [()])).tolist() == [True]
    # Logits that are the same everywhere: nothing is predicted better late than early.
    model = eqx.tree_at(lambda m: m.unembedding_weight, small_model(), replace_fn=jnp.zeros_like)
    silent = run_of(model, LanguageModelSettings(width=16, heads=2))
    assert np.isnan(shares_taken(silent, [off([0], 0)])).tolist() == [True]


# --- the heads ---


def heads_of(previous, matching, copying=None) -> Heads:
    """What is chosen in a run by the final scores of its heads, layers by heads."""
    previous, matching = np.asarray(previous), np.asarray(matching)
    layers, heads = previous.shape
    shape = LanguageModelSettings(layers=layers, width=8 * heads, heads=heads)
    copying = np.ones_like(matching) if copying is None else np.asarray(copying)
    curves = {"attention.previous": previous, "attention.induction": matching, "copying": copying}
    return Heads.of(run_of(small_model(), shape, **curves))


NOWHERE = [0.0, 0.0, 0.0, 0.0]


def test_heads_are_chosen_by_layer_with_every_choice_of_as_many_others():
    found = heads_of(
        previous=[[0.9, 0.1, 0.2, 0.0], NOWHERE],
        matching=[NOWHERE, [0.0, 0.2, 0.9, 0.8]],
    )
    assert found.previous == (AblateHeads((0,), 0),)
    assert found.induction == (AblateHeads((2, 3), 1),)
    assert found.others_0 == tuple(off([head], 0) for head in (1, 2, 3))
    assert found.others_1 == (off([0, 1], 1),)


def test_heads_that_match_without_copying_are_others():
    found = heads_of(
        previous=[[0.9, 0.1, 0.2, 0.0], NOWHERE],
        matching=[NOWHERE, [0.9, 0.2, 0.9, 0.1]],
        copying=[NOWHERE, [0.0, 0.0, 0.9, 0.0]],
    )
    assert found.induction == (AblateHeads((2,), 1),)
    assert found.others_1 == tuple(off([head], 1) for head in (0, 1, 3))


def test_where_the_last_layer_has_too_few_others_layer_0_gives_the_rest():
    found = heads_of(
        previous=[[0.0, 0.9, 0.2, 0.1], NOWHERE],
        matching=[NOWHERE, [0.9, 0.8, 0.7, 0.1]],
    )
    assert found.induction == (AblateHeads((0, 1, 2), 1),)
    pairs = [(0, 2), (0, 3), (2, 3)]  # not the head 1
    assert found.others_1 == tuple((*off([3], 1), *off(pair, 0)) for pair in pairs)
    all_match = heads_of(previous=[[0.0, 0.9, 0.9, 0.1], NOWHERE], matching=[NOWHERE, [1.0] * 4])
    assert all_match.others_1 == (off([0, 3], 0),), "as many as there are"


def test_a_model_without_such_heads_has_nothing_to_turn_off():
    assert heads_of([NOWHERE, NOWHERE], [NOWHERE, NOWHERE]) == Heads((), (), ((),), ((),))


def test_with_one_layer_no_head_works_with_another():
    found = heads_of([[0.9, 0.1, 0.2, 0.0]], [[0.9, 0.0, 0.0, 0.0]])
    assert (found.previous, found.induction) == ((), ())


def test_the_last_layer_of_three_is_where_induction_heads_are():
    found = heads_of(
        previous=[[0.9, 0.0, 0.1, 0.1], NOWHERE, [0.9] * 4],
        matching=[NOWHERE, [0.9] * 4, [0.0, 0.9, 0.1, 0.2]],
    )
    assert found.previous == (AblateHeads((0,), 0),)
    assert found.induction == (AblateHeads((1,), 2),)


def test_what_is_off_is_named():
    assert named((*off([3, 1], 1), *off([0], 0))) == "heads 1, 3 of layer 1 and 0 of layer 0"
    assert named(off([], 1)) == "no heads"


def test_of_several_choices_it_is_said_how_many_and_which_takes_the_most():
    choices = [off([0], 0), off([2], 0)]
    assert most(np.array([0.1, 0.25]), choices) == "2 choices; the most, 0.25, heads 2 of layer 0"
    assert most(np.array([0.1]), choices[:1]) == "heads 0 of layer 0"
    assert most(np.array([np.nan]), []) == most(np.array([np.nan]), [()]) == "no heads"
