"""How large a group is, is measured once for each device and kind of run."""

from types import SimpleNamespace

import jax
import pytest

from icl_repro.optogenetics import AblateHeads
from icl_repro.training import LocalExecutor, Plan, Progress, RunStore, groups, local_executor
from tests.support.notices import noticing
from tests.support.tiny import TINY, made_up_run

RUNS = [TINY.with_(init_seed=seed) for seed in range(100)]
RATES = {16: 130.0, 64: 150.0, 256: 152.0, 1024: 153.0}


class Card:
    """A device that is not there: how fast groups are on it, and which were measured."""

    def __init__(self, rates: dict[int, float]) -> None:
        self.rates = rates
        self.asked: list[int] = []

    def rate(self, specs) -> float:
        assert len(set(specs)) == len(specs)
        self.asked.append(len(specs))
        if len(specs) not in self.rates:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
        return self.rates[len(specs)]


@pytest.fixture(autouse=True)
def card(monkeypatch) -> Card:
    device = SimpleNamespace(platform="gpu", device_kind="A card")
    monkeypatch.setattr(groups.jax, "devices", lambda: [device])
    return Card(RATES)


def test_the_smallest_group_counts_that_is_nearly_as_fast_as_any(card, tmp_path):
    assert groups.size_of(RUNS, tmp_path, card.rate) == 64
    assert card.asked == [16, 64, 256]


def test_what_was_measured_is_kept_by_device_and_kind_of_run(card, tmp_path, monkeypatch):
    groups.size_of(RUNS, tmp_path, card.rate)
    card.asked.clear()
    assert groups.size_of(RUNS[50:], tmp_path, card.rate) == 64
    assert card.asked == []
    groups.size_of([run.with_(eval_seed=9) for run in RUNS], tmp_path, card.rate)
    assert card.asked == [], "a seed is no kind"
    clamped = [run.with_(clamps=(AblateHeads((0,)),)) for run in RUNS]
    assert groups.size_of(clamped, tmp_path, card.rate) == 64
    assert card.asked == [], "each clamp is a program, but all are about as fast"
    wider = TINY.with_(model=TINY.model.__class__(width=32, heads=2))
    groups.size_of([wider.with_(init_seed=seed) for seed in range(20)], tmp_path, card.rate)
    assert card.asked == [16, 64]
    other = SimpleNamespace(platform="gpu", device_kind="Another card")
    monkeypatch.setattr(groups.jax, "devices", lambda: [other])
    card.asked.clear()
    groups.size_of(RUNS[:17], tmp_path, card.rate)
    assert card.asked == [16, 64]


def test_memory_is_a_limit(card, tmp_path):
    small = Card({16: 10.0, 64: 40.0})
    assert groups.size_of(RUNS, tmp_path, small.rate) == 64
    assert small.asked == [16, 64, 256]
    assert groups.size_of(RUNS, tmp_path, small.rate) == 64
    assert small.asked == [16, 64, 256], "what did not fit is not tried again"
    assert groups.size_of(RUNS, tmp_path / "none", Card({}).rate) == 1


def test_few_runs_train_together_and_nothing_is_measured(card, tmp_path):
    assert groups.size_of(RUNS[:1], tmp_path, card.rate) == 1
    assert groups.size_of(RUNS[:16], tmp_path, card.rate) == 16
    assert card.asked == []


def test_on_a_processor_nothing_is_measured(card, tmp_path, monkeypatch):
    processor = SimpleNamespace(platform="cpu", device_kind="cpu")
    monkeypatch.setattr(groups.jax, "devices", lambda: [processor])
    assert groups.size_of(RUNS, tmp_path, card.rate) == 1
    assert card.asked == []


def test_what_is_kept_but_damaged_is_measured_again(card, tmp_path):
    (tmp_path / groups.FILE).write_bytes(b"{")
    assert groups.size_of(RUNS, tmp_path, card.rate) == 64


def test_what_a_test_waits_for_takes_the_rest_of_its_group_along(monkeypatch, tmp_path):
    from tests.training.test_executors import Trainer

    trainer = Trainer()
    monkeypatch.setattr(local_executor, "train", trainer)
    monkeypatch.setattr(local_executor.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(local_executor, "size_of", lambda group, store: len(group))
    work = LocalExecutor(RunStore(tmp_path)).begin(Plan.of(RUNS[:5]))
    work.ensure([RUNS[3]], lambda progress: None)
    assert [len(group) for group in trainer.groups] == [5]
    assert trainer.groups[0][0] == RUNS[3]


def test_the_executor_asks_for_the_size_of_each_group(monkeypatch, tmp_path):
    from tests.training.test_executors import Trainer

    trainer = Trainer()
    monkeypatch.setattr(local_executor, "train", trainer)
    monkeypatch.setattr(local_executor.jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(local_executor, "size_of", lambda group, store: 2)
    store = RunStore(tmp_path)
    LocalExecutor(store).carry_out(Plan.of(RUNS[:5]))
    assert [len(group) for group in trainer.groups] == [2, 2, 1]


class SmallCard:
    """Trains at most so many runs at a time; or it fails otherwise."""

    def __init__(self, most: int, error: str) -> None:
        self.most, self.error = most, error
        self.tried: list[int] = []

    def __call__(self, specs, cache, on_step, load):
        self.tried.append(len(specs))
        on_step(10)
        if len(specs) > self.most:
            raise jax.errors.JaxRuntimeError(self.error)
        return [made_up_run(spec) for spec in specs]


FULL = "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12 bytes.\nAllocator: ..."


def on_a_card(monkeypatch, most: int, error: str = FULL) -> SmallCard:
    card = SmallCard(most, error)
    monkeypatch.setattr(local_executor, "train", card)
    return card


def test_what_does_not_fit_the_memory_while_it_trains_trains_in_halves(monkeypatch, tmp_path):
    card = on_a_card(monkeypatch, 2)
    told: list[Progress] = []
    with noticing() as notices:
        outcome = LocalExecutor(RunStore(tmp_path), group_size=8).carry_out(
            Plan.of(RUNS[:8]), on_progress=told.append
        )
    assert card.tried == [8, 4, 2, 2, 2, 2]
    assert set(outcome.trained) == set(RUNS[:8])
    assert outcome.failed == {}
    assert outcome.units == sum(spec.sequences for spec in RUNS[:8])
    assert told[-1].units_done == told[-1].units_total
    assert notices == [
        f"{size} runs as a group do not fit the memory of the device, and train {size // 2} at a"
        " time"
        for size in (8, 4)
    ]


def test_a_run_that_does_not_fit_alone_fails_and_others_are_trained(monkeypatch, tmp_path):
    card = on_a_card(monkeypatch, 0)
    other = TINY.with_(model=TINY.model.__class__(width=32, heads=2))
    plan = Plan.of([*RUNS[:2], other])
    outcome = LocalExecutor(RunStore(tmp_path), group_size=2).carry_out(plan)
    assert sorted(card.tried) == [1, 1, 1, 2]
    assert outcome.failed == dict.fromkeys(
        plan.specs, "the memory of the device does not do, for it alone: " + FULL.split("\n")[0]
    )


def test_other_errors_of_a_device_are_not_taken_for_its_memory(monkeypatch, tmp_path):
    card = on_a_card(monkeypatch, 1, "INTERNAL: something else")
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        LocalExecutor(RunStore(tmp_path), group_size=2).carry_out(Plan.of(RUNS[:2]))
    assert card.tried == [2]
