"""The record: written whole, read back the same, refused when it is another's."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from icl_repro.verification.record import (
    SCHEMA_VERSION,
    ClaimRecord,
    Environment,
    Profile,
    ThresholdEntry,
    TrainingDone,
    Trial,
    UnreadableRecord,
    VerificationRecord,
    read_record,
    write_record,
)
from icl_repro.verification.recorder import Evidence


def record() -> VerificationRecord:
    evidence = Evidence()
    evidence.check("length", float("nan"), at_least=2, unit="µm")
    trial = Trial("t[seed5]", "failed", 5, evidence=evidence.evidence)
    claim = ClaimRecord("growth.early", "growth", "S.", "", "contradicted", "", [trial], [])
    return VerificationRecord(
        schema_version=SCHEMA_VERSION,
        title="A title",
        paper="",
        started="2026-10-02T12:00:00+00:00",
        duration=1.5,
        command="pytest",
        profile=Profile("standard", [5], True),
        environment=Environment("3.11", "Linux", "", 2, 8.0, {}, None, None, 1),
        training=TrainingDone(1, 1, 0, 1000, 1.0),
        claims=[claim],
    )


def test_a_record_survives_its_file(tmp_path: Path):
    path = tmp_path / "reports" / "verification.json"
    write_record(record(), path)
    assert read_record(path) == record()
    assert [file.name for file in path.parent.iterdir()] == ["verification.json"]
    assert json.loads(path.read_text())["schema_version"] == SCHEMA_VERSION


def test_two_writers_of_one_record_leave_a_whole_one_and_no_litter(tmp_path: Path):
    """A reader meets the record of one or of the other at any time, never a part of it or none."""
    path = tmp_path / "verification.json"
    both = [msgspec.structs.replace(record(), title=title * 5_000) for title in ("one", "two")]
    write_record(both[0], path)
    stop, titles = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            titles.add(read_record(path).title)

    def write(one: VerificationRecord) -> None:
        for _ in range(50):
            write_record(one, path)

    with ThreadPoolExecutor() as threads:
        reading = threads.submit(read)
        for writing in [threads.submit(write, one) for one in both]:
            writing.result()
        stop.set()
        reading.result()
    assert titles <= {one.title for one in both}
    assert read_record(path) in both
    assert [file.name for file in tmp_path.iterdir()] == ["verification.json"]


def test_a_record_from_before_a_field_was_added_is_read(tmp_path: Path):
    path = tmp_path / "verification.json"
    write_record(record(), path)
    older = json.loads(path.read_text())
    del older["coverage"]
    path.write_text(json.dumps(older))
    assert read_record(path) == record()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"schema_version": 1}',
            "has schema version 1; this release reads version 2: verify again",
        ),
        ('{"schema_version": 99}', r"version 99; .* read it with the release that wrote it"),
        ('{"schema_version": 2}', r"is not a verification record: .* missing required field"),
        ("[]", "is not a verification record"),
        ("", "is not a verification record"),
    ],
)
def test_what_is_no_record_of_this_release_says_so(tmp_path: Path, content: str, message: str):
    path = tmp_path / "verification.json"
    path.write_text(content)
    with pytest.raises(UnreadableRecord, match=message):
        read_record(path)


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ({"at_least": 1.0}, ("at_least", 1.0, None)),
        ({"at_most": 1.0}, ("at_most", None, 1.0)),
        ({"between": (0.0, 1.0)}, ("between", 0.0, 1.0)),
        ({"margin": (0.0, 1.0)}, ("between", 0.0, 1.0)),
    ],
)
def test_an_entry_of_the_ledger_has_the_bounds_of_a_check(bound: dict, expected: tuple):
    assert ThresholdEntry("ours", "2026-10-02", False, **bound).bounds == expected
