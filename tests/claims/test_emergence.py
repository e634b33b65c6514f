"""How the claim of equal weights judges networks whose preferences are known."""

from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from claims import test_emergence
from icl_repro import Evidence

RUN: Any = None
"""A run of which nothing is read here: its losses and preferences are given."""


def judged(monkeypatch: pytest.MonkeyPatch, weights: list[float]) -> dict[str, Any]:
    """The checks of a network that rests on a plateau and gives the first label these shares of the
    weight that both labels have, in as many sequences.
    """
    given = {
        "evaluation_sample": lambda run: None,
        "losses_over_checkpoints": lambda *_: np.array([1.6, 0.72, 0.0]),
        # A checkpoint on the plateau between two that are not.
        "label_preferences_over_checkpoints": lambda *_: np.array(
            [np.full(len(weights), 9.0), logit(weights), np.full(len(weights), 9.0)]
        ),
    }
    for name, function in given.items():
        monkeypatch.setattr(test_emergence, name, function)
    evidence = Evidence()
    test_emergence.test_equal_weight(RUN, evidence)
    return {check.name: check for check in evidence.evidence.checks}


@pytest.mark.parametrize(
    ("weight", "share"), [(0.5, 0.5), (0.65, 0.65), (0.32, 0.68), (0.7, 0.7), (0.05, 0.95)]
)
def test_the_larger_share_is_that_of_the_label_with_more_weight(monkeypatch, weight, share):
    check = judged(monkeypatch, [weight])[test_emergence.LARGER_SHARE]
    assert check.value == pytest.approx(share)
    assert check.holds == (share <= 2 / 3)


def test_nearly_all_weight_is_nine_tenths_of_it(monkeypatch):
    check = judged(monkeypatch, [0.89, 0.91, 0.11, 0.09, 0.5])[test_emergence.NEARLY_ALL]
    assert check.value == pytest.approx(0.4)
    assert not check.holds
