"""``benchmarks/rounding.py``: how far trainings of one seed differ, from records of them."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import rounding
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    Profile,
    ThresholdEntry,
    Trial,
    VerificationRecord,
    write_record,
)
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.spreads import load
from tests.support.report_fixture import rich_record

SET = ThresholdEntry("ours", "2026-01-02", False, at_least=1.0)


def record(
    values: dict[int, float],
    *,
    neighbour: int = 0,
    told: str = "neighbour {} by rounding",
    commit: str | None = "abc",
    processor: str = "a processor",
    head: int = 3,
    history: tuple[ThresholdEntry, ...] = (SET,),
    meaningful: bool = True,
) -> VerificationRecord:
    """A record of one claim with one check, by seed, on a network with one head active."""
    trials, runs = [], {}
    for seed, value in values.items():
        evidence = Evidence()
        evidence.check("length", value, at_least=1.0)
        key = f"run of {seed}, {head}, {neighbour}"
        runs[key] = f"seed {seed}, head {head}" + (f", {told.format(neighbour)}" * bool(neighbour))
        trials.append(Trial("t", "passed", seed, evidence=evidence.evidence, runs=[key]))
    check = CheckOverSeeds(
        "length", "", "at_least", 1.0, None, "threshold", "", {}, 0, 0, None, None, None, None, [],
        thresholds=list(history),
    )  # fmt: skip
    claim = ClaimRecord("a.one", "a", "S.", "", "mixed", "", trials, [], [check])
    rich = rich_record()
    where = msgspec.structs.replace(
        rich.environment, processor=processor, commit=commit, uncommitted_changes=False
    )
    return msgspec.structs.replace(
        rich,
        claims=[claim],
        runs=runs,
        environment=where,
        profile=Profile("standard", list(values), meaningful),
    )


def only_spread(*records: VerificationRecord) -> tuple[float, int, list[int]]:
    """The one spread of some records: the largest difference, pairs and sources."""
    _, (found,), _ = rounding.compare(records)
    assert (found.spread.claim, found.spread.check) == ("a.one", "length")
    return round(found.spread.largest, 9), found.spread.pairs, found.spread.sources


def test_it_is_the_largest_difference_of_any_two_trainings_of_one_seed():
    own = record({5: 1.5, 6: 9.0})
    older = record({5: 1.3, 6: 9.1}, neighbour=2, told="neighbour={}")
    others = record({5: 1.6, 7: 2.0}, neighbour=1), older
    assert only_spread(own, *others) == (0.3, 4, [0, 1, 2])
    assert only_spread(own, record({6: 8.0}, processor="another")) == (1.0, 1, [0, 1])


def test_the_same_value_of_the_same_training_says_nothing_that_of_another_does():
    own = record({5: 1.5})
    _, found, (left, _) = rounding.compare([own, own])
    assert found == []
    assert left == {rounding.SAME: 1}
    assert only_spread(own, record({5: 1.5}, neighbour=1)) == (0.0, 1, [0, 1])
    assert only_spread(own, record({5: 1.5}, processor="another")) == (0.0, 1, [0, 1])
    assert only_spread(own, record({5: 1.7})) == (0.2, 1, [0, 1]), "such as a time"


@pytest.mark.parametrize(
    "changed",
    [
        {"history": (SET, msgspec.structs.replace(SET, reason="another rule"))},
        {"history": ()},
        {"head": 4},
    ],
)
def test_a_claim_that_changed_is_no_training_that_differs(changed: dict):
    own = record({5: 1.5})
    for commit in ("def", None):
        later = record({5: 1.9}, neighbour=1, commit=commit, **changed)
        _, found, (left, _) = rounding.compare([own, later])
        assert found == []
        assert left == {rounding.CHANGED: 1}
    # At one commit it is the training that chose another head, or that says no more.
    assert only_spread(own, record({5: 1.9}, neighbour=1, **changed))[0] == 0.4
    assert only_spread(own, record({5: 1.9}, neighbour=1, commit="def"))[0] == 0.4


def test_what_could_not_be_compared_is_said():
    _, found, left = rounding.compare([record({5: 1.5, 6: 2.0}), record({7: 1.5}, neighbour=1)])
    assert found == []
    assert left == [{rounding.ALONE: 2}, {rounding.ALONE: 1}]
    infinite = record({5: float("nan")}, neighbour=1)
    assert rounding.compare([record({5: 1.5}), infinite])[2] == [{rounding.INFINITE: 1}] * 2
    assert only_spread(infinite, record({5: float("nan")}))[:2] == (0.0, 1)


def run(monkeypatch: pytest.MonkeyPatch, *args: object) -> None:
    monkeypatch.setattr(sys, "argv", ["rounding.py", *map(str, args)])
    rounding.main()


def test_it_reads_any_number_of_records_and_writes_the_file(tmp_path: Path, monkeypatch, capsys):
    own, packed, alone = (tmp_path / name for name in ("own.json", "one.json.gz", "seven.json"))
    write_record(record({5: 1.5, 6: 1.02}), own)
    write_record(record({7: 1.5}), alone)
    write_record(record({5: 1.46, 6: 1.01}, neighbour=1), packed)
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    file = tmp_path / "spread.json"
    run(monkeypatch, own, packed, alone, "--write", file)
    assert capsys.readouterr().out.splitlines() == [
        "EDGE     0.25 x 0.04 (2 pairs): a.one: length: 1.01, 1.5",
        f"{own}: 2 of 2 values compared",
        f"{packed}: 2 of 2 values compared",
        f"{alone}: 0 of 1 value compared; 1 in no other record of these seeds",
    ]
    spread = load(file).of("a.one", "", "length")
    assert spread is not None
    assert (round(spread.largest, 9), spread.pairs, spread.sources) == (0.04, 2, [0, 1])
    assert '"machine":"a processor","neighbour":1,' in file.read_text()


def test_runs_that_were_cut_short_are_refused(tmp_path: Path, monkeypatch, capsys):
    write_record(record({5: 1.5}, meaningful=False), tmp_path / "smoke.json")
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path / "smoke.json")
    assert "smoke.json is of the standard profile, which cuts runs short" in capsys.readouterr().err


def test_runs_on_other_exemplars_are_not_compared(tmp_path: Path, monkeypatch, capsys):
    one = Ingredient(name="soil", label="clay", usual=False, title="clay")
    other = msgspec.structs.replace(record({5: 1.5}), basis=Basis([one]))
    write_record(record({5: 1.5}), tmp_path / "own.json")
    write_record(other, tmp_path / "clay.json")
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path / "own.json", tmp_path / "clay.json")
    assert "clay.json is of runs on another basis than" in capsys.readouterr().err
