"""What runs cost: what they have in common, how long stored ones took, and a timing."""

from __future__ import annotations

import msgspec
import pytest

from icl_repro.optogenetics import AblateHeads
from icl_repro.storage.entries import Entries, Name
from icl_repro.training import cost, provenance
from icl_repro.training.spec import RunSpec, Transplant


def ablated(*heads: int, **fields) -> RunSpec:
    return RunSpec(clamps=(AblateHeads(layer=1, heads=heads),), **fields)


def test_runs_that_differ_by_seeds_alone_are_the_same_and_others_may_be_alike():
    one = cost.work_of(ablated(1, init_seed=5))
    assert cost.work_of(ablated(1, init_seed=6, data_seed=3, neighbour=1)).same == one.same
    other = cost.work_of(ablated(2, init_seed=5))
    assert (other.same != one.same, other.alike == one.alike) == (True, True)
    plain = cost.work_of(RunSpec())
    assert (plain.same != one.same, plain.alike != one.alike) == (True, True)


def test_the_seeds_of_the_source_of_weights_do_not_count_either():
    def transplanted(seed: int) -> RunSpec:
        return RunSpec(init_seed=seed, transplant=Transplant(0, RunSpec(init_seed=seed)))

    five, six = cost.work_of(transplanted(5)), cost.work_of(transplanted(6))
    assert five.same == six.same
    assert five.after == RunSpec(init_seed=5).key
    assert five.alike != cost.work_of(RunSpec()).alike


def test_a_run_is_told_without_its_seed():
    assert cost.work_of(RunSpec(init_seed=6)).about == "unclamped, 1,000,000 sequences"


def save(root, spec: RunSpec, seconds: float, made: str, diverged: str | None = None) -> None:
    name = Name(spec.address, made, spec.key, "a run")
    Entries(root, "runs", ()).write(name, msgspec.json.encode(spec), {}, seconds, diverged)


def test_stored_times_are_those_of_the_present_code_if_it_made_any(tmp_path):
    assert cost.times_in(tmp_path) == []
    save(tmp_path, RunSpec(init_seed=5), 7.0, "0" * 12)
    (time,) = cost.times_in(tmp_path)
    assert (time.seconds, time.units) == (7.0, 1_000_000)
    assert time.same == cost.work_of(RunSpec(init_seed=8)).same
    save(tmp_path, RunSpec(init_seed=6), 9.0, provenance.source_and_libraries()[:12])
    save(tmp_path, RunSpec(init_seed=7), 0.0, provenance.source_and_libraries()[:12], "diverged")
    assert [time.seconds for time in cost.times_in(tmp_path)] == [9.0]


def test_what_is_damaged_is_left_out(tmp_path):
    save(tmp_path, RunSpec(init_seed=5), 7.0, "0" * 12)
    for manifest in tmp_path.rglob("manifest.json"):
        manifest.write_text("half a manif")
    assert cost.times_in(tmp_path) == []


def test_a_timing_leaves_out_the_dense_evaluations_at_first_and_ends(monkeypatch, tmp_path):
    clock = [0.0]
    monkeypatch.setattr(cost.time, "perf_counter", lambda: clock[0])
    asked = []

    def train(specs, cache, on_step):
        asked.append(specs)
        for step in range(0, 10_000, 160):
            clock[0] += 100.0 if step < 160 else 0.5
            on_step(step)
        raise AssertionError("it was to end early")

    monkeypatch.setattr(cost, "train", train)
    rate = cost.units_per_second(RunSpec(), tmp_path, 3.0)
    assert rate == pytest.approx(160 * 32 / 0.5)
