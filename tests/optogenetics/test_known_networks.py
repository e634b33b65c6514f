"""Ablations and the match clamp on networks whose logits have a closed form.

A network that was built so that every head can be told from the logits shows which head an ablation
turns off, and where and how strongly a clamped head attends: off-by-one errors in heads, positions
or labels, and a strength that is ignored, cannot hide.
"""

import jax
import numpy as np
import pytest

from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import (
    AblateHeads,
    Clamp,
    ClampMatch,
    ClampPreviousToken,
    Edit,
    Intervention,
    PreservingAblation,
    intervention,
    only_heads,
)
from tests.support.known_networks import (
    HEADS,
    N_LABELS,
    WIDTH,
    episodes_that_ask,
    every_head,
    label_of_the_queried_class,
    reader,
    reader_logits,
    roll_call,
    roll_call_logits,
)

SHAPE = ModelSettings(layers=2, width=WIDTH, heads=HEADS)
EPISODES = episodes_that_ask()
LAYER_0, LAYER_1 = ({(layer, head) for head in range(HEADS)} for layer in (0, 1))


@jax.jit
def logits(edits: Intervention, model):
    return edits.predict(model, EPISODES).logits


def assert_on(edits: Intervention, on: set[tuple[int, int]]) -> None:
    """On the roll call: exactly these heads write, each what it always writes."""
    found = np.asarray(logits(edits, roll_call()))
    expected = np.broadcast_to(roll_call_logits(on)[:, None], found.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


# --- ablations ---


@pytest.mark.parametrize("head", range(HEADS))
@pytest.mark.parametrize("layer", [0, 1])
def test_an_ablated_head_writes_nothing_and_every_other_head_what_it_wrote(layer, head):
    assert_on(intervention([AblateHeads((head,), layer)], SHAPE), every_head() - {(layer, head)})


@pytest.mark.parametrize("heads", [(0, 1), (1, 3), (0, 2, 3), (0, 1, 2, 3)])
@pytest.mark.parametrize("layer", [0, 1])
def test_several_ablated_heads(layer, heads):
    off = {(layer, head) for head in heads}
    assert_on(intervention([AblateHeads(heads, layer)], SHAPE), every_head() - off)


def test_heads_that_an_edit_names_by_numbers():
    edit = Edit("layers.1.attention.mixed", 0.0, heads=(0, 2))
    assert_on(Intervention([edit]), every_head() - {(1, 0), (1, 2)})


@pytest.mark.parametrize("head", range(HEADS))
@pytest.mark.parametrize("layer", [0, 1])
def test_a_head_that_is_left_on_alone_is_that_head(layer, head):
    clamps = [only_heads([head], layer, n_heads=HEADS)]
    assert_on(intervention(clamps, SHAPE), {(layer, head)} | (LAYER_1, LAYER_0)[layer])


def test_ablations_of_both_layers_together():
    clamps = [only_heads([2], n_heads=HEADS), AblateHeads((0, 3), layer=0)]
    assert_on(intervention(clamps, SHAPE), {(1, 2), (0, 1), (0, 2)})


@pytest.mark.parametrize("preserve", [("pattern",), ("value",), ("pattern", "value")], ids=str)
@pytest.mark.parametrize("heads", [(0,), (3,), (1, 2)])
def test_what_is_preserved_does_not_bring_ablated_heads_back(preserve, heads):
    clamps = [PreservingAblation(heads, preserve)]
    assert_on(intervention(clamps, SHAPE), every_head() - {(0, head) for head in heads})


def test_the_closed_form_is_that_of_the_network_as_it_is():
    assert_on(Intervention(), every_head())


# --- the match clamp ---


def attended(labels_at: tuple[int, int], weights: tuple[float, float]) -> np.ndarray:
    row = np.zeros(5)
    row[list(labels_at)] = weights
    return row


def assert_attention(layer: int, clamps: list[Clamp], attention_of) -> None:
    """The logits of the reader are those of heads that attend as `attention_of` says, which gets
    the place in context (0 or 1) of the class that is asked for.
    """
    found = np.asarray(logits(intervention(clamps, SHAPE), reader(layer)))
    for episode in range(EPISODES.size):
        first, second = np.asarray(EPISODES.labels[:2, episode]).tolist()
        place = label_of_the_queried_class(EPISODES, episode)
        expected = reader_logits((first, second), attention_of(place))
        np.testing.assert_allclose(found[:, episode], expected, atol=2e-5)


UNIFORM = np.full((HEADS, 5), 1 / 5)


def matched(heads: tuple[int, ...], strength: float):
    """Clamped heads give the label of the queried class `strength`, the other label the rest."""

    def attention_of(place: int) -> np.ndarray:
        attention = UNIFORM.copy()
        right, other = (1, 3) if place == 0 else (3, 1)
        attention[list(heads)] = attended((right, other), (strength, 1 - strength))
        return attention

    return attention_of


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(
    ("layer", "heads"), [(1, (0,)), (1, (3,)), (1, (1, 2)), (1, (0, 1, 2, 3)), (0, (2,))]
)
def test_clamped_heads_read_the_label_of_the_queried_class_by_the_strength(layer, heads, strength):
    clamps = [ClampMatch(heads, layer=layer, strength=strength)]
    assert_attention(layer, clamps, matched(heads, strength))


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("head", range(HEADS))
def test_the_strength_can_be_read_off_the_logits_of_a_head_alone(head, strength):
    """The logit of the right label above that of a third one, over both such differences."""
    clamps = [only_heads([head], n_heads=HEADS), ClampMatch((head,), strength=strength)]
    found = np.asarray(logits(intervention(clamps, SHAPE), reader(1)), np.float64)
    for episode in range(EPISODES.size):
        shown = np.asarray(EPISODES.labels[:2, episode]).tolist()
        third = min(set(range(N_LABELS)) - set(shown))
        above = found[shown, episode] - found[third, episode]
        assert above.sum() > 1, "it reads labels"
        right = label_of_the_queried_class(EPISODES, episode)
        assert above[right] / above.sum() == pytest.approx(strength, abs=1e-5)
    if strength == 1:
        np.testing.assert_array_equal(found.argmax(axis=0), EPISODES.targets)


def test_a_head_that_is_not_clamped_attends_to_all_tokens_alike():
    assert_attention(1, [], lambda place: UNIFORM)


@pytest.mark.parametrize("shift", [1, 3])
def test_under_the_previous_token_clamp_the_query_reads_the_token_before_it(shift):
    def attention_of(place: int) -> np.ndarray:
        attention = UNIFORM.copy()
        attention[[0, 2]] = attended((4 - shift,), (1.0,))
        return attention

    assert_attention(0, [ClampPreviousToken((0, 2), shift=shift)], attention_of)
