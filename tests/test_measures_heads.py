"""What heads do, over training."""

import numpy as np
import pytest
from tiny import TINY, exemplars

from icl_repro.measures.heads import induction_strengths, previous_token_attention
from icl_repro.optogenetics import ClampMatch, ClampPreviousToken
from icl_repro.training import Run
from icl_repro.training.engine import train
from icl_repro.transformer import ModelSettings


@pytest.fixture(scope="module")
def run() -> Run:
    """Head 1 of the first layer attends to the token before, head 0 of the second matches."""
    clamps = (ClampPreviousToken((1,)), ClampMatch((0,), strength=0.8))
    (run,) = train([TINY.with_(clamps=clamps)], exemplars())
    return run


def test_induction_strength_of_a_clamped_head_is_known_and_of_the_other_is_learned(run):
    strengths = induction_strengths(run)
    assert strengths.shape == (3, 2)
    np.testing.assert_allclose(strengths[:, 0], 0.6, atol=1e-6)
    assert np.ptp(strengths[:, 1]) > 0
    assert (np.abs(strengths) <= 1).all()


def test_previous_token_attention_of_a_clamped_head_is_one(run):
    attention = previous_token_attention(run)
    assert attention.shape == (3, 1, 2)
    np.testing.assert_allclose(attention[:, 0, 1], 1, atol=1e-6)
    assert (attention[:, 0, 0] < 0.95).all()
    assert np.ptp(attention[:, 0, 0]) > 0


def test_a_network_of_one_layer_has_strengths_but_no_layer_before():
    (run,) = train([TINY.with_(model=ModelSettings(layers=1, width=16, heads=2))], exemplars())
    assert induction_strengths(run).shape == (3, 2)
    assert previous_token_attention(run).shape == (3, 0, 2)
