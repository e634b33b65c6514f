"""The networks of the claims of Section 4: which head, clamps that are seen to be held, and times
that never come.
"""

import math
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from claims.networks import clamped as clamped_networks
from claims.networks.clamped import (
    ALL_HEADS,
    ANOTHER_HEAD,
    COPY,
    LAYER_1,
    MATCH,
    NONE,
    ONE_HEAD,
    PREVIOUS_TOKEN,
    THREE_HEADS,
    Chosen,
    change_of_weights,
    figure_5b,
    figure_8,
    match_error,
    previous_token_error,
)
from claims.phase_changes import apart, duration_of, half_time_of, saddle_of
from claims.test_isolated_subcircuits import LABELS_OUT
from icl_repro.episodes import LABEL_POSITIONS, N_POSITIONS
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import (
    AblateHeads,
    ClampCopy,
    ClampMatch,
    ClampPreviousToken,
    intervention,
)
from icl_repro.optogenetics import (
    clamps as clamps_module,
)
from icl_repro.optogenetics.edits import LabelPattern
from icl_repro.training.engine import train
from icl_repro.training.evaluation import evaluate
from tests.optogenetics.test_gradients import FROZEN
from tests.support.golden import CONDITIONS, HEAD, evaluation_batch, golden, golden_model
from tests.support.random_networks import SMALL, random_episodes, random_network
from tests.support.tiny import TINY, exemplars


def clamps(condition):
    """Without the heads that are off, which differ with the number of heads."""
    return frozenset(clamp for clamp in condition if not isinstance(clamp, AblateHeads))


GOLDEN = {clamps(condition) for condition in CONDITIONS.values()}
BY_GRADIENT = {clamps(condition) for condition, _ in FROZEN.values()}


THE_PAPERS = Chosen(HEAD, (2, 1, 5, 0, 3, 4, 7, 6))
"""The paper's heads of seed 5: 3, and of layer 0 those that it clamps, one, three and another."""
OURS = {name: clamps(spec.clamps) for name, spec in figure_5b(5, THE_PAPERS).items()}


@pytest.mark.parametrize("name", [NONE, PREVIOUS_TOKEN, LAYER_1, MATCH])
def test_clamps_are_those_of_the_golden_data(name):
    assert OURS[name] in GOLDEN


def test_the_copy_gives_each_label_what_the_golden_pattern_gives_it():
    """Of a network with copy clamped the golden data have losses alone, with which ours starts
    (``test_published_network.py``). Here it is the attention of every head without a clamp, from
    which the scores follow up to a constant: logits are those of the two labels.
    """
    clamped = intervention(figure_5b(5, THE_PAPERS)[COPY].clamps, ModelSettings())
    predict = jax.jit(lambda model, episodes: clamped.predict(model, episodes).logits.T)
    predicted = jax.nn.softmax(predict(golden_model("trained"), evaluation_batch()))
    pattern = golden()["none/trained_layer1_pattern"][:, HEAD, -1]
    labels = golden()["eval_labels"][:, :2]
    to_labels = pattern[:, LABEL_POSITIONS]
    expected = to_labels / to_labels.sum(axis=1, keepdims=True)
    found = np.take_along_axis(np.asarray(predicted), labels, axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["unclamped", "layer_1", "match", "copy", "layer_1_and_copy"])
def test_what_can_learn_under_these_clamps_is_known(name):
    spec = getattr(clamped_networks, name)(5, HEAD)
    assert clamps(spec.clamps) in BY_GRADIENT


def test_what_can_learn_under_wrong_patterns_is_known():
    wrong_label = clamped_networks.match(5, HEAD, strength=0.0)
    assert clamps(wrong_label.clamps) in BY_GRADIENT
    for shift in (1, 2):
        spec = clamped_networks.previous_token(5, HEAD, heads_0=[HEAD], shift=shift)
        assert clamps(spec.clamps) in BY_GRADIENT


def test_the_clamp_without_effect_acts_on_the_heads_that_are_off():
    spec = clamped_networks.no_op(5, HEAD)
    (match,) = [clamp for clamp in spec.clamps if isinstance(clamp, ClampMatch)]
    (off,) = [clamp for clamp in spec.clamps if isinstance(clamp, AblateHeads)]
    assert match.heads == off.heads


def test_all_train_as_long_with_one_head_on():
    specs = [*figure_5b(6, THE_PAPERS).values(), *figure_8(6, THE_PAPERS).values()]
    for spec in (*specs, clamped_networks.no_op(6, HEAD)):
        assert (spec.init_seed, spec.sequences) == (6, 600_000)
        assert AblateHeads((0, 1, 2, 4, 5, 6, 7)) in spec.clamps


def falling(start, end):
    """A run with a loss at its start and after 100 sequences."""
    return SimpleNamespace(
        sequences=np.array([0.0, 100.0]), curves={"train.loss": np.array([start, end])}
    )


def test_the_fastest_head_is_first_at_half_of_ln_2():
    runs = {f"head {head}": falling(2.0, 0.1 + head / 100) for head in range(8)}
    runs["head 5"] = falling(0.5, 0.2)
    assert clamped_networks.fastest_head(runs) == 5


def test_where_none_gets_there_it_is_the_one_with_the_lowest_loss():
    runs = {f"head {head}": falling(2.0, 1.8) for head in range(8)}
    runs["head 2"] = falling(2.0, 1.7)
    assert clamped_networks.fastest_head(runs) == 2


def test_the_heads_of_figure_8_are_the_papers_where_the_order_is():
    assert THE_PAPERS.previous_token_head == 2
    assert THE_PAPERS.sets_of_heads == {
        ONE_HEAD: (2,),
        ANOTHER_HEAD: (6,),
        THREE_HEADS: (1, 2, 5),
        ALL_HEADS: tuple(range(8)),
    }


def with_scores(monkeypatch, scores):
    """The order of the heads of a network in which they have these previous-token scores."""
    monkeypatch.setattr(clamped_networks, "previous_token_scores", lambda *_: np.array(scores))
    monkeypatch.setattr(clamped_networks, "every_sequence", lambda run: None)
    return clamped_networks.previous_token_order(SimpleNamespace(model=lambda: None))


def test_the_first_head_attends_the_most_to_the_token_before(monkeypatch):
    assert with_scores(monkeypatch, [0.1, 0.6, -0.3, 0.5]) == (1, 3, 0, 2)


# A wrong clamp is seen in the run itself, whatever the network learns under it.


@jax.jit
def measured_under(clamped):
    """What is measured of a random network under an intervention."""
    return evaluate(random_network(0), clamped, {"train": random_episodes(0)})


def evaluated_under(*clamped):
    """A run with one evaluation of that network under clamps."""
    measured = measured_under(intervention(clamped, SMALL))
    return SimpleNamespace(
        curves={name: np.asarray(value)[None] for name, value in measured.items()}
    )


@pytest.mark.parametrize("strength", [1.0, 0.9, 0.5, 0.0])
def test_a_match_that_is_clamped_has_its_strength(strength):
    run = evaluated_under(ClampMatch((1,), strength=strength))
    assert match_error(run, 1, strength) < 1e-6
    assert match_error(run, 2, strength) > 0.1


class OtherLabel(LabelPattern):
    """The label of the other class is attended to."""

    def __call__(self, context):
        return LabelPattern(1 - self.strength)(context)


class TokenBeforeTheLabel(LabelPattern):
    """The position is one too low."""

    def __call__(self, context):
        at = context.episodes.correct_position - 1
        return jax.nn.one_hot(at, N_POSITIONS, axis=0)[None, None] * self.strength


class Weaker(LabelPattern):
    """A little of the attention goes to the other label."""

    def __call__(self, context):
        return LabelPattern(self.strength - 0.01)(context)


@pytest.mark.parametrize("wrong", [OtherLabel, TokenBeforeTheLabel, Weaker])
def test_a_wrong_match_is_seen(monkeypatch, wrong):
    monkeypatch.setattr(clamps_module, "LabelPattern", wrong)
    assert match_error(evaluated_under(ClampMatch((1,))), 1) > 5e-3


def test_a_match_of_the_next_head_is_seen():
    assert match_error(evaluated_under(ClampMatch((2,))), 1) > 0.1


def test_a_wrong_previous_token_pattern_is_seen():
    assert previous_token_error(evaluated_under(ClampPreviousToken((2,))), [2]) == 0
    assert previous_token_error(evaluated_under(ClampPreviousToken((2,), shift=2)), [2]) == 1
    assert previous_token_error(evaluated_under(ClampPreviousToken((2,))), [1, 2]) > 0.1


def test_the_change_of_weights_is_that_of_the_parts_that_are_named():
    weights = {
        "layers.0.query": np.zeros((2, 3)),
        "layers.0.key": np.array([[0.0, 1.0], [0.0, 0.5]]),
        "norm.weight": np.array([1.0, 9.0]),
    }
    run = SimpleNamespace(checkpoint_weights=weights)
    assert change_of_weights(run, "layers.0.") == 0.5
    assert change_of_weights(run, "layers.0.query") == 0


def test_a_copy_clamp_that_does_nothing_is_seen_in_what_it_trains(monkeypatch):
    # The store trains it again (tests/training/test_provenance.py), and this is why it is red then.
    copied = TINY.with_(clamps=(ClampCopy(1),))
    (run,) = train([copied], exemplars())
    assert change_of_weights(run, *LABELS_OUT) == 0
    monkeypatch.setattr(ClampCopy, "edits", lambda self, model: ())
    (run,) = train([copied.with_(init_seed=1)], exemplars())
    assert change_of_weights(run, *LABELS_OUT) > 1e-3


# A network that never learns is later than any.


def test_a_half_time_that_never_comes_is_infinite():
    assert half_time_of(falling(2.0, 0.4)) == math.inf
    assert half_time_of(falling(0.7, 0.0)) == pytest.approx(50)


def test_a_duration_that_never_ends_is_infinite():
    assert duration_of(falling(1.1, 0.1)) == pytest.approx(50)
    assert duration_of(falling(1.0, 0.2)) == math.inf
    assert duration_of(falling(1.0, 0.7)) == math.inf


def test_the_time_near_ln_2_is_that_from_0_8_to_0_6():
    assert saddle_of(falling(1.0, 0.0)) == pytest.approx(20)
    assert saddle_of(falling(1.0, 0.7)) == math.inf


def test_two_runs_of_another_pace_have_the_same_profile():
    slow = SimpleNamespace(
        sequences=np.array([0.0, 50.0, 200.0]), curves={"train.loss": np.array([1.0, 0.9, 0.0])}
    )
    fast = SimpleNamespace(sequences=slow.sequences / 4, curves=slow.curves)
    assert apart(slow, fast) < 1e-9
    assert apart(slow, falling(1.0, 0.0)) > 0.03
    assert math.isnan(apart(slow, falling(1.0, 0.6)))
