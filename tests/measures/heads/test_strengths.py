"""What heads do, over training: read off the curves that a run records."""

import dataclasses

import numpy as np
import pytest

from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.training import Run
from tests.support.tiny import made_up_run


@pytest.fixture
def run() -> Run:
    """Three evaluations of two layers with two heads each."""
    rng = np.random.default_rng(0)
    correct, incorrect = rng.random((2, 3, 2, 2))
    curves = {
        "attention.correct": correct,
        "attention.incorrect": incorrect,
        "attention.previous": rng.random((3, 1, 2)),
    }
    return dataclasses.replace(made_up_run(), curves=curves)


def test_induction_strength_is_attention_to_the_right_label_less_that_to_the_other(run):
    strengths = induction_strengths(run)
    assert strengths.shape == (3, 2)
    for evaluation in range(3):
        for head in range(2):
            assert strengths[evaluation, head] == (
                run.curves["attention.correct"][evaluation, 1, head]
                - run.curves["attention.incorrect"][evaluation, 1, head]
            )


@pytest.mark.parametrize(("attention", "strength"), [((1, 0), 1), ((0.4, 0.4), 0), ((0, 1), -1)])
def test_a_perfect_a_blind_and_a_contrary_induction_head(run, attention, strength):
    for label, share in zip(("correct", "incorrect"), attention, strict=True):
        run.curves[f"attention.{label}"][:, 1] = share
    np.testing.assert_array_equal(induction_strengths(run), strength)
