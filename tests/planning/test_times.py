"""How long runs take: from others, from a timing, and over several workers."""

import pytest

from icl_repro.planning.suite import PlannedRun, StoredTime
from icl_repro.planning.times import (
    Span,
    Times,
    keep_timing,
    kept_timings,
    makespan,
    to_time,
)


def run(key="a", units=100, same="s", alike="k", after=""):
    return PlannedRun(key, "a run", 5, units, same, alike, after)


def test_workers_share_the_work_longest_first():
    seconds = {"a": 5.0, "b": 4.0, "c": 3.0, "d": 3.0, "e": 3.0}
    assert makespan(seconds, 1) == 18
    assert makespan(seconds, 2) == 10  # 5 + 3 beside 4 + 3 + 3
    assert makespan(seconds, 9) == 5
    assert makespan({}, 2) == 0


def test_a_run_waits_for_the_one_that_it_takes_weights_from():
    assert makespan({"source": 1.0, "long": 5.0}, 2, {"long": "source"}) == 6
    assert makespan({"a": 1.0, "b": 1.0, "c": 1.0}, 3, {"c": "b", "b": "a"}) == 3
    assert makespan({"long": 5.0}, 2, {"long": "stored"}) == 5


def test_without_a_worker_nothing_ends():
    with pytest.raises(ValueError, match="workers is 0, but must be at least 1"):
        makespan({"a": 1.0}, 0)


def test_runs_that_differ_by_seeds_alone_tell_best():
    stored = [StoredTime(100, seconds, "s", "k") for seconds in (10.0, 20.0, 60.0)]
    seconds, basis = Times([*stored, StoredTime(100, 900.0, "t", "k")]).of(run())
    assert (basis, seconds.likely) == ("same", 20)
    assert 10 <= seconds.low < 20 < seconds.high <= 60


def test_else_those_of_the_kind_by_their_size_and_else_all():
    times = Times([StoredTime(100, 10.0, "other", "k"), StoredTime(100, 90.0, "third", "l")])
    assert times.of(run(units=50)) == (Span(2.5, 5, 10), "alike")
    assert times.of(run(alike="m")).basis == "any"


def test_a_timing_stands_in_for_an_empty_store_and_is_kept_by_processor(tmp_path):
    assert Times([]).of(run()) == (Span(), "unknown")
    keep_timing(tmp_path, "k", 10.0)
    assert Times([], kept_timings(tmp_path)).of(run()) == (Span(2, 10, 20), "timed")
    (tmp_path / "timings.json").write_text("half a fi")
    assert kept_timings(tmp_path) == {}


def test_what_is_timed_is_the_largest_kind_of_which_nothing_is_known():
    runs = [run("a", 100), run("b", 60, alike="l"), run("c", 60, alike="l")]
    assert to_time(runs, Times([])).key in ("b", "c")
    assert to_time([run(after="x")], Times([])) is None
    assert to_time(runs, Times([StoredTime(1, 1.0, "any", "any")])) is None
