"""A save that is interrupted anywhere leaves what was there before, or all of the new run."""

import collections
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def interruptions(tmp_path_factory) -> list[dict]:
    """One report for each step at which a save was interrupted."""
    folder = tmp_path_factory.mktemp("interrupted")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.interrupted_saves", folder],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_saves_were_interrupted_at_every_step(interruptions):
    steps = collections.Counter(
        (report["kind"], report["before"]) for report in interruptions if report["interrupted"]
    )
    assert steps.keys() == set(itertools.product(("killed", "failed", "cut"), ("none", "old")))
    # At least: a folder, four files and a rename; the largest file in several pieces.
    assert all(count >= (6 if kind != "cut" else 8) for (kind, _), count in steps.items()), steps
    assert all(report["died"] for report in interruptions if _deadly(report))
    assert not any(report["broke"] for report in interruptions)


def _deadly(report: dict) -> bool:
    return report["interrupted"] and report["kind"] != "failed"


def test_a_reader_sees_what_was_there_before_or_all_of_the_new_run(interruptions):
    for report in interruptions:
        assert report["found"] in (report["before"], "new"), report
        assert report["found_after_clearing"] == report["found"], report
        assert not report["damaged"], report


def test_both_sides_of_the_moment_of_publishing_were_seen(interruptions):
    found = collections.defaultdict(list)
    for report in interruptions:
        if report["kind"] == "killed":
            found[report["before"]].append(report["found"])
    for before, seen in found.items():
        assert [state for state, _ in itertools.groupby(seen)] == [before, "new"]


def test_a_failed_save_raises_unless_the_run_is_there(interruptions):
    for report in interruptions:
        if report["kind"] == "failed":
            assert report["raised"] is (report["found"] != "new"), report


def test_the_next_writer_succeeds_and_leaves_nothing_over(interruptions):
    for report in interruptions:
        assert report["lock_was_free"], report
        assert report["incoming"] == [], report
        assert report["entries"] == 1, report
