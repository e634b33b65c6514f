"""How many compiled programs stay in memory. What they compute does not matter here."""

import jax.numpy as jnp
import pytest

from icl_repro.optogenetics import AblateHeads, ClampMatch
from icl_repro.training import RunSpec, engine
from icl_repro.training.engine import train
from tests.support.tiny import TINY, exemplars


@pytest.fixture
def traced(monkeypatch) -> list[str]:
    """Collects which of two simple functions is traced, which is when it is compiled."""
    names: list[str] = []

    def update(model, state, intervention, episodes, learning_rate):
        names.append("update")
        return model, state, learning_rate

    def evaluate(model, intervention, sets, largest_chunk):
        names.append("evaluate")
        return {"train.loss": jnp.mean(model.norm.bias)}

    monkeypatch.setattr(engine, "update", update)
    monkeypatch.setattr(engine, "evaluate", evaluate)
    return names


def forget_all_programs() -> None:
    for compiled in (engine._advance_one, engine._evaluate_one):
        compiled.clear_cache()


def train_one(spec: RunSpec) -> None:
    train([spec], exemplars())


def test_no_more_programs_stay_in_memory_than_there_is_room_for(traced, monkeypatch):
    monkeypatch.setattr(engine, "PROGRAMS_IN_MEMORY", 2)
    monkeypatch.setattr(engine, "_programs", set())
    forget_all_programs()
    one, other, third = (
        TINY.with_(clamps=clamps)
        for clamps in ((), (ClampMatch((1,)),), (AblateHeads((0,)), ClampMatch((1,))))
    )
    train_one(one)
    train_one(other)
    traced.clear()
    for spec in (other, one):
        train_one(spec)
    assert traced == []
    train_one(third)  # one too many
    traced.clear()
    train_one(one)
    assert set(traced) == {"update", "evaluate"}
    forget_all_programs()
