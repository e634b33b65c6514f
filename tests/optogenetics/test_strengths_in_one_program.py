"""Sixteen strengths of a clamped match are one compiled program, and can train as one group."""

from collections.abc import Iterator

import jax
import numpy as np
import pytest

from icl_repro.optogenetics import ClampMatch, only_heads
from icl_repro.training import Run, RunSpec
from icl_repro.training.engine import program, train
from tests.support.tiny import TINY, exemplars

STRENGTHS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
"""Those of Figure 15."""
FOUR = STRENGTHS[::5]


def clamped(spec: RunSpec, head: int, strength: float) -> RunSpec:
    ablated = only_heads([head], n_heads=spec.model.heads)
    return spec.with_(clamps=(ablated, ClampMatch((head,), strength=strength)))


def test_all_strengths_need_the_same_program_at_the_scale_of_the_paper():
    specs = [
        clamped(RunSpec(sequences=600_000), head, strength)
        for strength in STRENGTHS
        for head in (1, 3)
    ]
    assert len({spec.key for spec in specs}) == 2 * len(STRENGTHS)
    assert len({program(spec) for spec in specs}) == 1


@pytest.fixture(scope="module", autouse=True)
def in_64_bits() -> Iterator[None]:
    """So that what two programs round differently is not amplified into another run."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def together() -> list[Run]:
    return train([clamped(TINY, 1, strength) for strength in FOUR], exemplars())


def test_a_group_of_strengths_gives_the_losses_that_each_has_alone(together):
    for run in together:
        (alone,) = train([run.spec], exemplars())
        for which in ("train", "test_exemplars", "test_relabel"):
            name = f"{which}.loss"
            np.testing.assert_allclose(run.curves[name], alone.curves[name], atol=1e-9)


def test_the_strengths_are_not_the_same_run(together):
    losses = [float(run.curves["train.loss"][-1]) for run in together]
    assert len(set(losses)) == len(FOUR)
