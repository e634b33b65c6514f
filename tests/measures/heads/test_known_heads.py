"""Ablations as measurements make them, on networks in which every head can be told from the logits.

See :mod:`tests.support.known_networks`: in the roll call every head that is on raises a label of
its own, the higher the later the head; in the reader heads say which labels they attend to.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.measures.heads.ablation import (
    HeadsOff,
    each_kept,
    each_removed,
    head_ablations,
)
from icl_repro.measures.heads.mistakes import (
    SingleHeads,
    losses_of_head_alone,
    single_head_answers,
)
from icl_repro.measures.heads.wiring import PRESERVED, PreservingAblations
from tests.support.known_networks import (
    HEADS,
    episodes_that_ask,
    every_head,
    label_of_the_queried_class,
    reader,
    reader_logits,
    roll_call,
    roll_call_logits,
)
from tests.support.random_networks import random_episodes, random_network

EPISODES = episodes_that_ask()
TARGETS = np.asarray(EPISODES.targets)
FIRST = {(0, head) for head in range(HEADS)}


@jax.jit
def logits(build, model, *choices):
    return build(*choices).predict(model, EPISODES).logits


def assert_on(found, on):
    expected = np.broadcast_to(roll_call_logits(on)[:, None], found.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def cross_entropy(of_labels, targets):
    return np.log(np.exp(of_labels).sum()) - of_labels[targets]


@pytest.mark.parametrize("layer", [0, 1])
def test_a_mask_turns_off_its_heads_and_no_others(layer):
    for mask in (*each_removed(HEADS), *each_kept(HEADS), np.zeros(HEADS, bool)):
        off = {(layer, int(head)) for head in np.flatnonzero(mask)}
        assert_on(logits(HeadsOff(layer), roll_call(), mask), every_head() - off)


def test_each_removed_each_kept_and_added_back_are_those_heads():
    order = (2, 0, 3, 1)
    found = head_ablations(roll_call(), EPISODES, order)
    on = {
        "without": [every_head() - {(1, head)} for head in range(HEADS)],
        "alone": [FIRST | {(1, head)} for head in range(HEADS)],
        "from_strongest": [FIRST | {(1, h) for h in order[: n + 1]} for n in range(HEADS)],
        "from_second": [FIRST | {(1, h) for h in order[1 : n + 2]} for n in range(HEADS - 1)],
    }
    for family, heads in on.items():
        for index, which in enumerate(heads):
            of_labels = roll_call_logits(which)
            measured = jax.tree.map(lambda x, i=index: x[i], getattr(found, family))
            assert measured.loss == pytest.approx(cross_entropy(of_labels, TARGETS).mean(), 1e-5)
            # The answer is always the highest label of a head that is on.
            assert measured.accuracy == pytest.approx(np.mean(of_labels.argmax() == TARGETS))
    intact = cross_entropy(roll_call_logits(every_head()), TARGETS).mean()
    assert found.intact.loss == pytest.approx(intact, 1e-5)


def test_each_head_alone_answers_with_its_own_label():
    answers = single_head_answers(roll_call(), EPISODES).alone
    own = [np.argmax(roll_call_logits({(1, head)})) for head in range(HEADS)]
    np.testing.assert_array_equal(own, [4, 5, 6, 7])
    np.testing.assert_array_equal(answers, [label == TARGETS for label in own])
    for head in range(HEADS):
        expected = cross_entropy(roll_call_logits(FIRST | {(1, head)}), TARGETS)
        found = losses_of_head_alone(roll_call(), EPISODES, head)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("perfected", [False, True])
def test_a_head_alone_reads_all_tokens_alike_or_the_label_of_the_queried_class(perfected):
    for head, off in enumerate(each_kept(HEADS)):
        found = np.asarray(logits(SingleHeads(), reader(1), jnp.asarray(perfected), off))
        for episode in range(0, EPISODES.size, 5):
            shown = np.asarray(EPISODES.labels[:2, episode]).tolist()
            attention = np.zeros((HEADS, 5))
            right = (1, 3)[label_of_the_queried_class(EPISODES, episode)]
            attention[head] = np.eye(5)[right] if perfected else 1 / 5
            expected = reader_logits(tuple(shown), attention)
            np.testing.assert_allclose(found[:, episode], expected, atol=2e-5)
    answers = single_head_answers(reader(1), EPISODES)
    assert answers.perfected.all()


@pytest.mark.parametrize("preserved", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_heads_of_both_layers_are_off_by_their_masks_whatever_is_preserved(preserved):
    kept = np.array(preserved, bool)
    for off, receivers_off in ((0, 1), (3, 2), (1, 1)):
        masks = np.eye(HEADS, dtype=bool)[[off, receivers_off]]
        found = logits(PreservingAblations(), roll_call(), masks[0], kept, ~masks[1])
        assert_on(found, (FIRST - {(0, off)}) | {(1, receivers_off)})


@pytest.mark.parametrize("name", PRESERVED)
def test_what_of_layer_1_is_preserved_is_that_and_not_the_other(name):
    model, episodes = random_network(5), random_episodes(5)
    kept = np.array([name == other for other in PRESERVED])
    off = np.array([True, False, True, False])

    @jax.jit
    def activations(masks):
        edited = PreservingAblations()(*masks).trace(model, episodes)
        clean = HeadsOff(0)(jnp.zeros(HEADS, bool)).trace(model, episodes)
        return [
            (trace["layers.1.attention.pattern"], trace["layers.1.attention.value"])
            for trace in (edited, clean)
        ]

    edited, clean = activations((off, kept, jnp.zeros(HEADS, bool)))
    for other, mine, theirs in zip(PRESERVED, edited, clean, strict=True):
        assert np.allclose(mine, theirs, atol=1e-6) == (other == name), other
