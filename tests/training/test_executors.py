"""Executors: every run of a plan is trained once, however many processes share it, and die."""

import contextlib
import errno
import itertools
import shutil
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from icl_repro.optogenetics import ClampMatch, EditError
from icl_repro.training import (
    DivergedRun,
    LocalExecutor,
    More,
    Plan,
    Progress,
    RunSpec,
    RunStore,
    Transplant,
    UnusableStore,
    local_executor,
)
from icl_repro.training.engine import Diverged, train
from tests.support.notices import noticing
from tests.support.obstacles import OBSTACLES, as_ordinary_user, put_in_the_way
from tests.support.tiny import DIVERGES, TINY, assert_same_run, made_up_run, store_with_exemplars

SPECS = tuple(TINY.with_(init_seed=seed) for seed in (5, 6, 7))
LONG = TINY.with_(sequences=1280)
BROKEN = TINY.with_(clamps=(ClampMatch((0,)), ClampMatch((0,), strength=0.5)))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "store")


class Trainer:
    """Makes runs up instead of training them; those with a rate above 1 diverge at step 5."""

    def __init__(self) -> None:
        self.groups: list[list[RunSpec]] = []
        self.mark = 0.0

    def __call__(self, specs, cache, on_step, load):
        self.groups.append(list(specs))
        self.mark += 1
        for step in (0, 10, specs[0].steps):
            on_step(step)
        return [
            Diverged(spec, 5) if spec.optimiser.learning_rate > 1 else made_up_run(spec, self.mark)
            for spec in specs
        ]

    @property
    def specs(self) -> list[RunSpec]:
        """What was trained, in order."""
        return [spec for group in self.groups for spec in group]


@pytest.fixture
def trainer(monkeypatch) -> Trainer:
    trainer = Trainer()
    monkeypatch.setattr(local_executor, "train", trainer)
    monkeypatch.setattr(local_executor, "POLL_SECONDS", 0.01)
    return trainer


TAKES_WEIGHTS = TINY.with_(sequences=1280, transplant=Transplant(0, TINY))


def leftovers(store: RunStore) -> list[str]:
    return [path.name for path in (store.root / "incoming").iterdir()]


# One process.


def test_runs_chosen_by_finished_ones_are_trained_too_and_nothing_waits(store, trainer):
    chosen = TINY.with_(init_seed=9)
    asked: list[set[RunSpec]] = []

    def choose(pending):
        asked.append(set(pending))
        return More(Plan.of([chosen, TINY])) if len(asked) == 1 else None

    outcome = LocalExecutor(store).carry_out(Plan.of([TINY]), choose=choose)
    assert asked == [set(), set()]
    assert trainer.specs == [TINY, chosen]
    assert outcome.trained == (TINY, chosen)


def test_runs_are_chosen_while_others_train_what_is_left(store, trainer):
    chosen = TINY.with_(init_seed=9)
    asked: list[set[RunSpec]] = []
    with contextlib.ExitStack() as elsewhere:
        assert elsewhere.enter_context(store.lock(LONG))

        def choose(pending):
            asked.append(set(pending))
            if asked[-1] == {LONG} and len(asked) == 1:
                return More(Plan.of([chosen]))
            store.save(made_up_run(LONG))
            elsewhere.close()
            return None

        outcome = LocalExecutor(store).carry_out(Plan.of([TINY, LONG]), choose=choose)
    assert asked[0] == {LONG}
    assert outcome.trained == (TINY, chosen)
    assert outcome.reused == (LONG,)


def test_chosen_runs_can_be_trained_again(store, trainer):
    chosen = TINY.with_(init_seed=9)
    more = [More(Plan.of([chosen]), retrain=frozenset({chosen.key})), None]
    store.save(made_up_run(chosen))
    LocalExecutor(store).carry_out(Plan.of([TINY]), choose=lambda pending: more.pop(0))
    assert trainer.specs == [TINY, chosen]


def test_a_part_of_a_plan_comes_first_and_the_rest_is_left_for_later(store, trainer):
    work = LocalExecutor(store).begin(Plan.of([LONG, *SPECS]))
    work.ensure([SPECS[1]])
    assert trainer.specs == [SPECS[1]]
    assert work.outcome().trained == (SPECS[1],)
    assert work.outcome().reused == ()
    work.ensure([SPECS[1]])
    assert trainer.specs == [SPECS[1]]
    work.finish()
    assert trainer.specs[:2] == [SPECS[1], LONG]  # then the longest
    assert set(work.outcome().trained) == {LONG, *SPECS}


def test_while_others_train_what_is_wanted_the_rest_is_trained(store, trainer):
    with contextlib.ExitStack() as elsewhere:
        assert elsewhere.enter_context(store.lock(LONG))

        def finish_elsewhere(progress):
            if trainer.specs and LONG not in store:
                store.save(made_up_run(LONG))
                elsewhere.close()

        work = LocalExecutor(store).begin(Plan.of([LONG, *SPECS]))
        work.ensure([LONG], finish_elsewhere)
    assert len(trainer.specs) == 1
    assert LONG not in trainer.specs
    assert work.outcome().reused == (LONG,)


def test_the_run_to_take_weights_from_comes_with_what_is_wanted(store, trainer):
    LocalExecutor(store).begin(Plan.of([LONG, TAKES_WEIGHTS])).ensure([TAKES_WEIGHTS])
    assert trainer.specs == [TAKES_WEIGHTS.transplant.source, TAKES_WEIGHTS]


def test_what_is_added_later_is_part_of_the_plan(store, trainer):
    store.save(made_up_run(SPECS[1]))
    work = LocalExecutor(store).begin(Plan.of([TINY]))
    with pytest.raises(ValueError, match="not a run of the plan: seed 7, unclamped"):
        work.ensure([SPECS[2]])
    work.add(More(Plan.of(SPECS), retrain=frozenset({SPECS[1].key})))
    work.ensure([SPECS[2]])
    assert trainer.specs == [SPECS[2]]
    work.finish()
    assert set(work.outcome().trained) == set(SPECS)


def test_a_program_that_another_process_is_compiling_is_not_compiled_twice(store, trainer):
    others, next_to_it = LONG, LONG.with_(init_seed=6)
    with contextlib.ExitStack() as elsewhere:
        assert elsewhere.enter_context(store.lock(others))
        elsewhere.enter_context(store.training([others]))

        def finish_elsewhere(pending):
            store.save(made_up_run(others))
            elsewhere.close()

        LocalExecutor(store).carry_out(
            Plan.of([others, next_to_it, *SPECS]), choose=finish_elsewhere
        )
    assert set(trainer.specs[:3]) == set(SPECS)
    assert trainer.specs[3:] == [next_to_it]


def test_a_process_that_waits_is_not_taken_for_one_that_trains(store, trainer):
    """While it looks for something to do, others can have the lock of every run at any time."""
    with contextlib.ExitStack() as elsewhere:
        assert elsewhere.enter_context(store.lock(LONG))
        elsewhere.enter_context(store.training([LONG]))
        waiting = LocalExecutor(store).begin(Plan.of([LONG, LONG.with_(init_seed=6), *SPECS]))
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                waiting._in_order(frozenset())

        looking = threading.Thread(target=look)
        looking.start()
        try:
            for spec in [*SPECS, LONG.with_(init_seed=6)] * 50:
                with RunStore(store.root).lock(spec) as mine:
                    assert mine
        finally:
            stop.set()
            looking.join()


def test_a_run_that_takes_weights_waits_for_the_run_it_takes_it_from(store, trainer):
    outcome = LocalExecutor(store).carry_out(Plan.of([TAKES_WEIGHTS]))
    assert trainer.specs == [TINY, TAKES_WEIGHTS]
    assert outcome.trained == (TINY, TAKES_WEIGHTS)


def test_a_run_that_takes_weights_from_one_without_results_has_none_either(store, trainer):
    broken = TAKES_WEIGHTS.with_(transplant=Transplant(0, DIVERGES))
    outcome = LocalExecutor(store).carry_out(Plan.of([broken]))
    assert trainer.specs == [DIVERGES]
    assert (
        "the run it takes weights from has no results: training diverged"
        in (outcome.failed[broken])
    )
    with pytest.raises(DivergedRun, match="takes weights from has no results"):
        store.load(broken)


def test_a_run_that_takes_weights_follows_the_run_trained_again(store, trainer):
    LocalExecutor(store).carry_out(Plan.of([TAKES_WEIGHTS]))
    again = frozenset({TINY.key, TAKES_WEIGHTS.key})
    LocalExecutor(store).carry_out(Plan.of([TAKES_WEIGHTS]), retrain=again)
    assert trainer.specs == [TINY, TAKES_WEIGHTS] * 2


def test_runs_are_trained_longest_first_and_stored(store, trainer):
    outcome = LocalExecutor(store).carry_out(Plan.of([*SPECS, LONG]))
    assert trainer.specs[0] == LONG
    assert set(trainer.specs) == {*SPECS, LONG}
    assert outcome.trained == tuple(trainer.specs)
    assert outcome.reused == ()
    assert outcome.failed == {}
    assert outcome.units == 3 * 640 + 1280
    assert outcome.seconds > 0
    for mark, spec in enumerate(trainer.specs, start=1):
        assert_same_run(store.load(spec), made_up_run(spec, mark))


def test_finished_runs_are_never_trained_again(store, trainer):
    LocalExecutor(store).carry_out(Plan.of(SPECS[:2]))
    trainer.groups.clear()
    told: list[Progress] = []
    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS), on_progress=told.append)
    assert trainer.specs == [SPECS[2]]
    assert set(outcome.reused) == set(SPECS[:2])
    trainer.groups.clear()
    told.clear()
    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS), on_progress=told.append)
    assert trainer.groups == []
    assert set(outcome.reused) == set(SPECS)
    assert outcome.units == outcome.seconds == 0
    assert told == []


def test_an_empty_plan(store, trainer):
    outcome = LocalExecutor(store).carry_out(Plan.of([]))
    assert outcome.trained == outcome.reused == ()


def test_a_diverged_run_is_stored_as_such_and_not_tried_again(store, trainer):
    plan = Plan.of([SPECS[0], DIVERGES])
    first = LocalExecutor(store).carry_out(plan)
    assert set(first.trained) == {SPECS[0], DIVERGES}
    assert first.failed == {DIVERGES: str(Diverged(DIVERGES, 5))}
    assert first.units == 640 + 5 * 32
    with pytest.raises(DivergedRun, match="step 5"):
        store.load(DIVERGES)

    trainer.groups.clear()
    second = LocalExecutor(store).carry_out(plan)
    assert trainer.groups == []
    assert second.failed == first.failed
    assert second.reused == (SPECS[0],)


def test_damaged_runs_are_set_aside_and_trained_again(store, trainer):
    LocalExecutor(store).carry_out(Plan.of(SPECS))
    trainer.groups.clear()
    (damaged,) = (store.root / "runs").glob(f"*/{SPECS[1].address}/*/curves.npz")
    damaged.write_bytes(b"damaged")
    with noticing() as told:
        outcome = LocalExecutor(store).carry_out(Plan.of(SPECS))
    assert SPECS[1].key[:12] in told[0]
    assert trainer.specs == [SPECS[1]]
    assert outcome.trained == (SPECS[1],)
    assert_same_run(store.load(SPECS[1]), made_up_run(SPECS[1], trainer.mark))
    (aside,) = (store.root / "damaged").iterdir()
    assert (aside / "curves.npz").read_bytes() == b"damaged"


def test_retraining_some_runs(store, trainer):
    plan = Plan.of([*SPECS, DIVERGES])
    LocalExecutor(store).carry_out(plan)
    trainer.groups.clear()
    again = frozenset([SPECS[0].key, DIVERGES.key])
    outcome = LocalExecutor(store).carry_out(plan, retrain=again)
    assert set(trainer.specs) == set(outcome.trained) == {SPECS[0], DIVERGES}
    assert set(outcome.reused) == set(SPECS[1:])
    assert set(outcome.failed) == {DIVERGES}
    assert_same_run(
        store.load(SPECS[0]), made_up_run(SPECS[0], 5.0 + trainer.specs.index(SPECS[0]))
    )


def test_runs_trained_since_then_are_not_retrained(store, trainer):
    since = time.time()
    keys = frozenset(spec.key for spec in SPECS)
    for expected in (3, 0):
        trainer.groups.clear()
        LocalExecutor(store).carry_out(Plan.of(SPECS), retrain=keys, since=since)
        assert len(trainer.specs) == expected


def test_a_clock_that_is_set_back_does_not_make_it_train_for_ever(store, trainer):
    keys = frozenset(spec.key for spec in SPECS)
    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS), retrain=keys, since=time.time() + 3600)
    assert len(outcome.trained) == len(trainer.specs) == 3


@pytest.mark.parametrize(("size", "groups"), [(None, [1, 1, 1, 1]), (2, [1, 2, 1]), (9, [1, 3])])
def test_groups_are_of_one_program_and_of_the_size_asked_for(store, trainer, size, groups):
    outcome = LocalExecutor(store, group_size=size).carry_out(Plan.of([*SPECS, LONG]))
    assert [len(group) for group in trainer.groups] == groups
    assert set(outcome.trained) == {*SPECS, LONG}
    assert outcome.units == 3 * 640 + 1280


def test_a_group_takes_only_what_is_left(store, trainer):
    executor = LocalExecutor(store, group_size=3)
    executor.carry_out(Plan.of([SPECS[1]]))
    executor.carry_out(Plan.of(SPECS))
    assert [set(group) for group in trainer.groups] == [{SPECS[1]}, {SPECS[0], SPECS[2]}]


@pytest.mark.parametrize("size", [0, -1])
def test_groups_of_nothing(store, size):
    with pytest.raises(ValueError, match=f"group_size is {size}, but must be at least 1"):
        LocalExecutor(store, group_size=size)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_training_lets_go_of_its_run(store, monkeypatch, error):
    def interrupted(specs, cache, on_step, load):
        raise error

    monkeypatch.setattr(local_executor, "train", interrupted)
    with pytest.raises(error):
        LocalExecutor(store).carry_out(Plan.of(SPECS))
    for spec in SPECS:
        with store.lock(spec) as mine:
            assert mine
        assert spec not in store


def test_clamps_that_fight_are_an_error_and_what_was_trained_before_is_kept(tmp_path):
    store = store_with_exemplars(tmp_path / "store")
    with pytest.raises(EditError, match="fight"):
        LocalExecutor(store).carry_out(Plan.of([LONG, BROKEN]))
    assert LONG in store


def test_a_store_that_cannot_be_written_to_is_an_error_before_anything_is_trained(
    tmp_path, trainer
):
    (tmp_path / "store").write_text("a file in its place")
    with pytest.raises(UnusableStore, match="cannot be written to"):
        LocalExecutor(RunStore(tmp_path / "store")).carry_out(Plan.of(SPECS))
    assert trainer.groups == []


def test_leftovers_of_finished_runs_are_cleared_too(store, trainer):
    LocalExecutor(store).carry_out(Plan.of(SPECS))
    (store.root / "incoming" / f"{SPECS[0].key}.0123").mkdir()
    LocalExecutor(store).carry_out(Plan.of(SPECS))
    assert leftovers(store) == []


def test_what_the_executor_trains_is_what_the_engine_trains(tmp_path):
    store = store_with_exemplars(tmp_path / "store")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LocalExecutor(store).carry_out(Plan.of([TINY]))
    (expected,) = train([TINY], store.exemplar_cache)
    assert_same_run(store.load(TINY), expected)


# Runs that cannot be stored or read.


@pytest.fixture
def users_store(monkeypatch) -> Iterator[RunStore]:
    """A store of a user to whom things can be forbidden."""
    with as_ordinary_user() as folder:
        yield RunStore(folder / "store")


@pytest.mark.parametrize("obstacle", sorted(OBSTACLES))
@pytest.mark.parametrize("level", ["address", "entry", "file", "lock"])
def test_one_run_that_cannot_be_read_is_trained_again_or_fails_alone(
    users_store, trainer, level, obstacle
):
    store = users_store
    LocalExecutor(store).carry_out(Plan.of(SPECS))
    trainer.groups.clear()
    address = store.root / "runs" / SPECS[1].address[:2] / SPECS[1].address
    (entry,) = address.iterdir()
    lock = store.root / "locks" / f"{SPECS[1].key}.lock"
    places = {"address": address, "entry": entry, "file": entry / "curves.npz", "lock": lock}
    if level == "lock":
        shutil.rmtree(address)
    put_in_the_way(places[level], obstacle)

    outcome = LocalExecutor(store).carry_out(Plan.of([*SPECS, LONG]))
    assert set(outcome.reused) == {SPECS[0], SPECS[2]}
    assert LONG in trainer.specs
    if SPECS[1] in outcome.failed:
        assert SPECS[1] not in trainer.specs
        assert "cannot be used" in outcome.failed[SPECS[1]]
    else:
        assert_same_run(store.load(SPECS[1]), made_up_run(SPECS[1], trainer.mark))
    cannot_be_moved = obstacle == "an unreadable folder" and level == "address"
    cannot_be_locked = level == "lock" and obstacle != "a file"
    assert (SPECS[1] in outcome.failed) == (cannot_be_moved or cannot_be_locked)


def test_a_run_that_cannot_be_put_in_its_place_fails_alone(users_store, trainer):
    store = users_store
    LocalExecutor(store).carry_out(Plan.of(SPECS))
    (store.root / "runs" / SPECS[1].address[:2] / SPECS[1].address).chmod(0o500)
    again = frozenset(spec.key for spec in SPECS)
    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS), retrain=again)
    assert set(outcome.trained) == set(SPECS)
    assert outcome.failed.keys() == {SPECS[1]}
    assert "Permission denied" in outcome.failed[SPECS[1]]


def test_a_run_that_cannot_be_read_just_now_fails_alone_and_stays(store, trainer, monkeypatch):
    LocalExecutor(store).carry_out(Plan.of(SPECS))
    trainer.groups.clear()
    real = Path.read_bytes

    def out_of_files(path: Path) -> bytes:
        if SPECS[1].address in path.parts:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", out_of_files)
    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS))
    assert trainer.specs == []
    assert outcome.failed.keys() == {SPECS[1]}
    assert "Too many open files" in outcome.failed[SPECS[1]]
    monkeypatch.undo()
    assert store.load(SPECS[1]).spec == SPECS[1]


def test_what_takes_weights_from_a_run_that_cannot_be_stored_is_tried_again(users_store, trainer):
    store = users_store
    place = store.root / "runs" / TINY.address[:2] / TINY.address
    put_in_the_way(place, "an unreadable folder")
    outcome = LocalExecutor(store).carry_out(Plan.of([TAKES_WEIGHTS]))
    assert outcome.failed.keys() == {TINY, TAKES_WEIGHTS}
    place.rmdir()
    assert set(LocalExecutor(store).carry_out(Plan.of([TAKES_WEIGHTS])).trained) == {
        TINY,
        TAKES_WEIGHTS,
    }


# Progress.


def assert_consistent(told: list[Progress]) -> None:
    assert told
    for one, later in itertools.pairwise(told):
        assert one.runs_done <= later.runs_done
        assert one.units_done <= later.units_done
        assert one.runs_total == later.runs_total
        assert one.units_total == later.units_total
    for progress in told:
        assert 0 <= progress.runs_done <= progress.runs_total
        assert 0 <= progress.units_done <= progress.units_total
        assert np.isfinite(progress.units_per_second)
        assert progress.units_per_second >= 0
        assert progress.current
    assert told[-1].runs_done == told[-1].runs_total


@pytest.mark.parametrize("size", [1, 2, 9])
def test_progress_counts_up_to_its_totals(store, trainer, size):
    LocalExecutor(store).carry_out(Plan.of(SPECS[:1]))
    told: list[Progress] = []
    plan = Plan.of([*SPECS, LONG, DIVERGES])
    LocalExecutor(store, group_size=size).carry_out(plan, on_progress=told.append)
    assert_consistent(told)
    assert told[0].runs_done == 1
    assert told[0].units_done == 0
    assert told[-1].runs_total == 5
    assert told[-1].units_done == told[-1].units_total == 3 * 640 + 1280
    assert told[-1].units_per_second > 0


def test_progress_says_what_is_trained(store, trainer):
    told: list[Progress] = []
    plan = Plan.of([*SPECS, LONG])
    LocalExecutor(store, group_size=3).carry_out(plan, on_progress=told.append)
    said = [text for text, _ in itertools.groupby(progress.current for progress in told)]
    assert said == [LONG.describe(), "3 runs as a group", "done"]


def test_the_speed_is_that_of_training(store, monkeypatch):
    def slowly(specs, cache, on_step, load):
        on_step(0)
        time.sleep(0.2)
        on_step(10)
        time.sleep(0.2)
        return [made_up_run(specs[0])]

    monkeypatch.setattr(local_executor, "train", slowly)
    told: list[Progress] = []
    LocalExecutor(store).carry_out(Plan.of([TINY]), on_progress=told.append)
    assert told[0].units_per_second == 0
    assert 0 < told[1].units_per_second <= 320 / 0.2
    assert 0 < told[-1].units_per_second <= 640 / 0.4


def test_a_process_that_waits_says_so_and_takes_over_when_the_lock_is_free(store, trainer):
    told: list[Progress] = []
    lock = store.lock(SPECS[0])
    assert lock.__enter__()

    def hear(progress: Progress) -> None:
        told.append(progress)
        if len([one for one in told if "waiting" in one.current]) == 3:
            lock.__exit__(None, None, None)

    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS), on_progress=hear)
    assert set(trainer.specs[:2]) == set(SPECS[1:])
    assert trainer.specs[2] == SPECS[0]
    assert len(outcome.trained) == 3
    waiting = [one for one in told if one.current.startswith("waiting for runs that other")]
    assert {one.runs_done for one in waiting} == {2}
    assert {one.units_per_second for one in waiting} == {0}
    assert_consistent(told)


def test_a_process_that_waits_reuses_what_the_other_has_stored(store, trainer):
    lock = store.lock(SPECS[0])
    assert lock.__enter__()

    def hear(progress: Progress) -> None:
        if "waiting" in progress.current and SPECS[0] not in store:
            store.save(made_up_run(SPECS[0], 99.0))
            lock.__exit__(None, None, None)

    outcome = LocalExecutor(store).carry_out(Plan.of(SPECS), on_progress=hear)
    assert outcome.reused == (SPECS[0],)
    assert SPECS[0] not in trainer.specs
    assert store.load(SPECS[0]).seconds == 99.0
