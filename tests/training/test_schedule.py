"""When a run is evaluated and when its weights are kept."""

import itertools
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_repro.training import Schedule

ON_PLATEAU, IN_CHANGE, AFTER = 0.75, 0.3, 0.01


def evaluations(schedule: Schedule, losses, until: int) -> list[int]:
    """The points of evaluation of a run whose loss is `losses(sequences)`."""
    points = [0]
    while points[-1] < until:
        points.append(schedule.next_evaluation(points[-1], losses(points[-1])))
    return points


def test_default_schedule_is_dense_early_and_then_as_the_paper_evaluates():
    points = evaluations(Schedule(), lambda sequences: ON_PLATEAU, 25_000)
    assert points == [0, 320, 640, 1280, 2560, 5120, 10_120, 15_120, 20_120, 25_120]


def test_dense_during_the_phase_change_wherever_it_comes():
    def loss(sequences: int) -> float:
        return ON_PLATEAU if sequences < 300_000 else IN_CHANGE if sequences < 400_000 else AFTER

    points = evaluations(Schedule(), loss, 500_000)
    gaps = {
        stretch: {
            later - sooner
            for sooner, later in itertools.pairwise(points)
            if low <= sooner and later <= high
        }
        for stretch, low, high in [
            ("plateau", 10_000, 300_000),
            ("change", 302_000, 400_000),
            ("after", 402_000, 500_000),
        ]
    }
    assert gaps == {"plateau": {5_000}, "change": {2_500}, "after": {5_000}}


def test_ends_of_the_change_are_outside_of_it():
    schedule = Schedule(change=(0.05, 0.65))
    gaps = [schedule.next_evaluation(50_000, loss) - 50_000 for loss in (0.05, 0.06, 0.64, 0.65)]
    assert gaps == [5_000, 2_500, 2_500, 5_000]


SCHEDULES = st.builds(
    lambda every, finer, first, low, width: Schedule(
        every=every, every_in_change=min(every, finer), first=first, change=(low, low + width)
    ),
    every=st.integers(1, 100_000),
    finer=st.integers(1, 100_000),
    first=st.integers(1, 100_000),
    low=st.floats(-1, 5),
    width=st.floats(1e-3, 5),
)


@given(SCHEDULES, st.integers(0, 10_000_000), st.floats(0, 10))
def test_next_evaluation_always_comes_and_never_later_than_every(schedule, sequences, loss):
    planned = schedule.next_evaluation(sequences, loss)
    assert sequences < planned <= sequences + schedule.every


@given(SCHEDULES, st.lists(st.floats(0, 10), min_size=1, max_size=50))
def test_evaluations_increase_strictly_whatever_the_losses(schedule, losses):
    points = [0]
    for loss in losses:
        points.append(schedule.next_evaluation(points[-1], loss))
    assert all(sooner < later for sooner, later in itertools.pairwise(points))


def test_weights_in_between_are_kept_only_if_asked_for():
    assert not Schedule().keeps(900_000, 0.01, kept_at=0, kept_loss=1.6)


@pytest.mark.parametrize(
    ("sequences", "loss", "kept"),
    [
        (49_999, 0.75, False),
        (50_000, 0.75, True),
        (1_000, 0.71, False),
        (1_000, 0.65, True),
        (1_000, 0.85, True),
    ],
)
def test_weights_are_kept_after_enough_sequences_or_enough_change(sequences, loss, kept):
    schedule = Schedule(keep_every=50_000, keep_change=0.0999)
    assert schedule.keeps(sequences, loss, kept_at=0, kept_loss=0.75) is kept


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every": 0}, "every is 0, but must be at least 1"),
        ({"every_in_change": 0}, "every_in_change is 0, but must be at least 1"),
        ({"first": -1}, "first is -1, but must be at least 1"),
        ({"episodes": 0}, "episodes is 0, but must be at least 1"),
        ({"keep_every": 0}, "keep_every is 0, but must be at least 1"),
        ({"every": 100}, "every_in_change is 2500, but must be at most every=100"),
        ({"change": (0.7, 0.1)}, r"change is \(0.7, 0.1\), but must be a lower and a higher"),
        ({"change": (0.5, 0.5)}, "a lower and a higher"),
        ({"sets": ("test_relabel",)}, "must have 'train'"),
        ({"sets": ("train", "test")}, "no others than train, test_exemplars, test_relabel"),
        ({"change": (math.nan, 0.5)}, "both finite"),
        ({"change": (0.1, math.inf)}, "both finite"),
        ({"keep_change": math.inf}, "keep_change is inf, but must be at least 0 and finite"),
        ({"keep_change": math.nan}, "or None to keep the first and the last weights only"),
        ({"keep_change": -0.1}, "keep_change is -0.1"),
    ],
)
def test_settings_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        Schedule(**changes)


def test_round_trip_through_json():
    schedule = Schedule(every=10, every_in_change=3, change=(0, 1), keep_change=0.1)
    assert msgspec.json.decode(msgspec.json.encode(schedule), type=Schedule) == schedule


def test_sets_are_equal_whatever_their_order():
    assert Schedule(sets=("test_relabel", "train")) == Schedule(sets=["train", "test_relabel"])
