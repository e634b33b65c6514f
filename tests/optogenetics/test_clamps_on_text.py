"""Clamps and ablations on text: what they put there, the gradients they cut, what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.optogenetics import (
    AblateHeads,
    ClampCopy,
    ClampInduction,
    ClampMatch,
    ClampPreviousToken,
    Edit,
    Intervention,
    NeverFires,
    OutOfRange,
    PreservingAblation,
    WrongSequences,
    intervention,
)
from icl_repro.text import Text
from icl_repro.training.language_evaluation import token_losses
from tests.support.language import RANDOM_TOKENS, small_model

MODEL = small_model()
SHAPE = LanguageModelSettings(layers=2, width=16, heads=2)
TEXT = RANDOM_TOKENS.sample(jax.random.key(0), 4)


def edits(*clamps) -> Intervention:
    return intervention(clamps, SHAPE)


def gradient(*clamps):
    def loss(model):
        return token_losses(edits(*clamps).predict(model, TEXT).logits, TEXT).mean()

    return eqx.filter_grad(loss)(MODEL)


def test_the_induction_pattern_is_uniform_over_what_came_next():
    tokens = jnp.asarray([[1, 2, 1, 3, 1, 1, 0]]).T
    text = Text(tokens, jnp.zeros(tokens.shape, bool))
    trace = edits(ClampInduction((0,))).trace(MODEL, text)
    pattern = np.asarray(trace["layers.1.attention.pattern"])[0, :, :, 0]
    expected = np.zeros((6, 6))
    expected[2, 1] = 1  # after the first 1
    expected[4, [1, 3]] = 1 / 2  # after both earlier ones
    expected[5, [1, 3, 5]] = 1 / 3  # the last of them is this very token
    np.testing.assert_allclose(pattern, expected)
    others = np.asarray(trace["layers.1.attention.pattern"])[1].sum(axis=1)
    np.testing.assert_allclose(others, 1, rtol=1e-5)


def test_clamped_patterns_leave_their_queries_and_keys_untrained():
    both = tuple(range(SHAPE.heads))
    for layer, clamp in ((1, ClampInduction(both)), (0, ClampPreviousToken(both))):
        found = gradient(clamp)
        clamped, other = found.layers[layer], found.layers[1 - layer]
        for name in ("query", "key"):
            assert (np.asarray(getattr(clamped, name)) == 0).all()
            assert (np.asarray(getattr(other, name)) != 0).any()
        for name in ("value", "output"):
            assert (np.asarray(getattr(clamped, name)) != 0).any()


def test_a_preserving_ablation_leaves_later_patterns_and_an_ablation_does_not():
    clean = Intervention().trace(MODEL, TEXT)["layers.1.attention.pattern"]
    ablated = edits(AblateHeads((0, 1), 0)).trace(MODEL, TEXT)["layers.1.attention.pattern"]
    kept = edits(PreservingAblation((0, 1), ("pattern",))).trace(MODEL, TEXT)
    np.testing.assert_array_equal(kept["layers.1.attention.pattern"], clean)
    assert (np.asarray(ablated) != np.asarray(clean)).any()
    assert (np.asarray(kept["layers.0.attention.mixed"]) == 0).all()


@pytest.mark.parametrize("clamp", [ClampMatch((0,)), ClampCopy(0)])
def test_clamps_for_episodes_are_refused_on_text(clamp):
    with pytest.raises((WrongSequences, OutOfRange, ValueError)):
        edits(clamp).predict(MODEL, TEXT)


def test_a_shift_can_be_as_long_as_the_text_allows_and_no_longer():
    edits(ClampPreviousToken((0,), shift=15)).predict(MODEL, TEXT)
    with pytest.raises(OutOfRange, match=r"from 1 to 15, for the 16 tokens .* \(nearest: 15\)"):
        edits(ClampPreviousToken((0,), shift=16)).predict(MODEL, TEXT)


def test_an_induction_pattern_of_heads_that_are_off_is_refused():
    with pytest.raises(NeverFires, match="ClampInduction would do nothing, because AblateHeads"):
        edits(AblateHeads((0, 1)), ClampInduction((1,)))
    assert len(edits(AblateHeads((0,)), ClampInduction((0, 1))).edits) == 2


def test_positions_beyond_the_text_are_refused_with_the_nearest():
    edit = Edit("layers.0.attention.pattern", 0.0, positions=(16,))
    with pytest.raises(OutOfRange, match=r"position 16 .* 0 to 15 \(nearest: 15\)"):
        Intervention([edit]).predict(MODEL, TEXT)
