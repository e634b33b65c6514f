"""Shapes and types of the science rooms are checked in these tests, and only there."""

from __future__ import annotations

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from icl_repro.episodes import Episodes
from icl_repro.measures.curves.crossings import first_fall
from icl_repro.network.products import compare
from icl_repro.optogenetics import Intervention
from icl_repro.toy import squared_cosine
from icl_repro.training.evaluation import losses
from tests.support.random_networks import N_LABELS, random_episodes, random_network
from tests.support.shapes_checked import unchecked

EPISODES = random_episodes(0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: compare(jnp.ones((2, 4, 1, 3)), jnp.ones((2, 5, 5, 3))),
        lambda: losses(jnp.ones((N_LABELS, EPISODES.size)).T[0], EPISODES),
        lambda: losses(jnp.ones((N_LABELS, EPISODES.size), int), EPISODES),
        lambda: Episodes(EPISODES.bank, EPISODES.exemplars[:2], EPISODES.labels, EPISODES.matching),
        lambda: Intervention().predict(random_network(0), EPISODES.labels),
        lambda: first_fall(np.arange(3.0), np.ones(4), 0.5),
        lambda: first_fall(np.arange(3.0), np.ones(3), "half"),
        lambda: squared_cosine(jnp.ones(3), jnp.ones(4)),
    ],
    ids=[
        "other channels",
        "an axis too few",
        "whole numbers",
        "a row too few",
        "no episodes",
        "other lengths",
        "text",
        "other dimensions",
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(TypeCheckError):
        call()


def test_what_functions_say_themselves_can_be_seen():
    with pytest.raises(TypeCheckError):
        first_fall([3.0, 1.0], np.array([1.0, 0.0]), 0.5)
    with unchecked():
        assert first_fall([3.0, 1.0], np.array([1.0, 0.0]), 0.5) == 2


def test_a_session_of_a_users_own_checks_nothing():
    code = "import tests; from icl_repro.measures.curves.crossings import first_fall as fall; "
    code += "print(fall([3.0, 1.0], [1.0, 0.0], 0.5))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "2.0"
