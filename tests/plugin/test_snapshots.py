"""Curves as snapshots: stored, compared, updated, by one process and by several."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

TESTS = """
import numpy as np
from icl_repro import claim, control

SHORT = control("S.", given={"length": 1}, id="short")

X = np.arange(0, 1001, 50)

def loss(fall):
    return 0.7 / (1 + np.exp((X - fall) / 20))

@claim("a.one", source="1", fails_on=SHORT)
def test_one(evidence, seed, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)
    if length == 1:
        return
    evidence.curve_snapshot("train loss", X, loss(FALL + seed))
    evidence.curve_snapshot("accuracy", X, 1 - loss(FALL + seed))

@claim("a.two", source="1", rests_on="a count", fails_on=SHORT)
def test_two(evidence, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)
    if length == 9:
        evidence.curve_snapshot("train loss", X, loss(FALL))
"""
ONE, TWO = "__curves__/test_claims/test_one.json", "__curves__/test_claims/test_two.json"
UPDATE = "--snapshot-update"


class Session:
    """A folder of claims whose loss falls where a test says."""

    def __init__(self, folder: pytest.Pytester, record_of) -> None:
        self.folder = folder
        self.record = lambda: record_of(folder)

    def run(self, *args: str, fall: int = 500, **changes: str) -> pytest.RunResult:
        text = TESTS.replace("FALL", str(fall))
        for old, new in changes.items():
            text = text.replace(old, new)
        self.folder.makepyfile(test_claims=text)
        return self.folder.runpytest_subprocess(*args)

    def stored(self, path: str = ONE) -> dict:
        return json.loads((self.folder.path / path).read_text())

    def names(self, path: str = ONE) -> list[str]:
        return list(self.stored(path)["curves"])


@pytest.fixture
def session(claims_folder: pytest.Pytester, record_of) -> Session:
    return Session(claims_folder, record_of)


def test_a_missing_snapshot_fails_and_says_what_to_do(session):
    result = session.run()
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "a.one: curve 'train loss' has no snapshot",
            "curve 'accuracy' has no snapshot",
            f"to accept these curves, run pytest with --snapshot-update ({ONE})",
            "consistent*a.one*",
        ]
    )
    (trial,) = session.record().claims[0].trials
    assert trial.outcome == "passed"
    assert "has no snapshot" in trial.message
    assert not (session.folder.path / "__curves__").exists()


def test_an_update_stores_one_readable_file_a_claim(session):
    session.run(UPDATE).assert_outcomes(passed=4)
    assert session.names() == ["test_one[seed0][accuracy]", "test_one[seed0][train loss]"]
    assert session.names(TWO) == ["test_two[train loss]"]
    lines = (session.folder.path / ONE).read_text().splitlines()
    assert "   [0, 0.7]," in lines
    assert max(map(len, lines)) < 110
    session.run().assert_outcomes(passed=4)


def test_curves_within_the_tolerance_agree_and_an_update_leaves_their_file_alone(session):
    session.run(UPDATE)
    before = (session.folder.path / ONE).read_text()
    session.run(fall=515).assert_outcomes(passed=4)
    session.run(UPDATE, fall=515).assert_outcomes(passed=4)
    assert (session.folder.path / ONE).read_text() == before


def test_drift_fails_the_test_but_not_the_claim_and_says_where(session):
    session.run(UPDATE)
    result = session.run(fall=800)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "a.one: curve 'train loss' drifted from its snapshot: 14 of 42 points lie outside the "
            "tolerance; the worst is at x = 600, where the stored curve is 0.004685 and the new "
            "one 0.69704 to 0.7 within the tolerance in time: 0.657 beyond the 0.0357 allowed in "
            "value",
            "curve 'accuracy' drifted *",
            f"to accept these curves, run pytest with --snapshot-update ({ONE})",
            "consistent*a.one*",
        ]
    )
    claim = session.record().claims[0]
    assert (claim.verdict, claim.trials[0].outcome) == ("consistent", "passed")
    assert "curve 'train loss' drifted" in claim.trials[0].message


def test_an_update_after_drift_keeps_the_tolerance_and_the_thresholds(session):
    session.run(UPDATE)
    path = session.folder.path / ONE
    path.write_text(path.read_text().replace('"time_of_x": 0.1', '"time_of_x": 0.01'))
    session.run(UPDATE, fall=800).assert_outcomes(passed=4)
    assert session.stored()["tolerance"]["time_of_x"] == 0.01
    session.run(fall=800).assert_outcomes(passed=4)
    result = session.run(UPDATE, fall=800, **{"at_least=8": "at_least=10"})
    result.assert_outcomes(failed=2, passed=2)
    assert "is 9, but must be at least 10" in result.stdout.str()


def test_the_tolerance_in_the_file_counts(session):
    session.run(UPDATE)
    path = session.folder.path / TWO
    path.write_text(path.read_text().replace('"value_of_range": 0.05', '"value_of_range": 1'))
    session.run("-k", "two", fall=800).assert_outcomes(passed=2, deselected=2)


def test_other_seeds_are_compared_where_they_are_stored(session):
    session.run(UPDATE)
    # No snapshot is expected for a seed that is not the profile's.
    session.run("--icl-seeds=6,7").assert_outcomes(passed=6)
    session.run("--icl-profile=paper").assert_outcomes(passed=12)
    session.run(UPDATE, "--icl-seeds=6").assert_outcomes(passed=4)
    assert session.names() == [
        "test_one[seed0][accuracy]",
        "test_one[seed0][train loss]",
        "test_one[seed6][accuracy]",
        "test_one[seed6][train loss]",
    ]
    result = session.run("--icl-seeds=6,7", "-k", "one", fall=800)
    result.assert_outcomes(passed=3, failed=1, deselected=2)
    assert "test_one[seed6]" in result.stdout.str()


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_what_a_session_does_not_look_at_is_left_alone(session, workers):
    session.run(UPDATE, "--icl-seeds=0,6")
    kept = session.names()
    for args in (["-k", "two"], ["--icl-seeds=0"], ["--icl-claims=a.two"], ["--lf"]):
        result = session.run(*args, *workers)
        assert result.ret == 0, args
        assert "snapshot unused" not in result.stdout.str()
        assert "snapshots unused" not in result.stdout.str()
    assert session.run(UPDATE, *workers).ret == 0
    assert session.names() == kept


def test_workers_update_one_file_together(session):
    result = session.run(UPDATE, "--icl-seeds=0-9", "-n2", "--maxschedchunk=1")
    result.assert_outcomes(passed=22)
    assert len(session.names()) == 20
    assert sorted(path.name for path in (session.folder.path / ONE).parent.iterdir()) == [
        "test_one.json",
        "test_two.json",
    ]
    session.run("--icl-seeds=0-9", "-n2").assert_outcomes(passed=22)


def test_two_sessions_update_one_folder_and_lose_nothing(session):
    session.run(UPDATE, "--icl-seeds=0")
    quiet = [sys.executable, "-m", "pytest", UPDATE, "-p", "no:xdist", "--icl-report=none"]
    sessions = [
        session.folder.popen(
            [*quiet, f"--icl-seeds={seeds}"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        for seeds in ("1-6", "7-12")
    ]
    assert [process.wait(120) for process in sessions] == [0, 0]
    assert len(session.names()) == 26
    assert len(list((session.folder.path / ONE).parent.iterdir())) == 2


def test_curves_are_those_of_the_claim_and_not_of_its_controls(session):
    always = {"    if length == 1:\n        return\n": ""}
    session.run(UPDATE, **always).assert_outcomes(passed=4)
    assert session.names() == ["test_one[seed0][accuracy]", "test_one[seed0][train loss]"]
    session.run(**always).assert_outcomes(passed=4)


def test_neighbours_are_neither_compared_nor_stored(session):
    session.run("--icl-neighbour=1").assert_outcomes(passed=4)
    result = session.run("--icl-neighbour=1", UPDATE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --snapshot-update stores no curves of neighbours *"])


def test_a_curve_that_is_no_longer_recorded_fails_until_it_is_dropped(session):
    session.run(UPDATE, "--icl-seeds=0,6")
    gone = {'    evidence.curve_snapshot("accuracy", X, 1 - loss(500 + seed))': ""}
    result = session.run(**gone)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "a.one: curve 'accuracy' is stored, but no longer recorded",
            f"to accept these curves, run pytest with --snapshot-update ({ONE})",
        ]
    )
    session.run(UPDATE, **gone).assert_outcomes(passed=4)
    assert session.names() == [
        "test_one[seed0][train loss]",
        "test_one[seed6][accuracy]",
        "test_one[seed6][train loss]",
    ]


def test_new_curves_alone_can_be_stored(session):
    session.run(UPDATE, "-k", "one")
    session.run("--snapshot-update-new-only").assert_outcomes(passed=4)
    assert session.names(TWO) == ["test_two[train loss]"]
    session.run("--snapshot-update-new-only", fall=800).assert_outcomes(passed=2, failed=2)


def test_smoke_neither_compares_nor_stores(session):
    session.run("--icl-profile=smoke").assert_outcomes(passed=4)
    result = session.run("--icl-profile=smoke", UPDATE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --snapshot-update stores no curves of the smoke *"])
    assert not (session.folder.path / "__curves__").exists()


def test_a_curve_that_is_none_is_an_error_of_the_claim(session):
    result = session.run(**{"1 - loss": "np.nan * loss"})
    assert "not finite: (0.0, nan)" in result.stdout.str()
    assert session.record().claims[0].verdict == "error"


def test_a_damaged_file_is_an_error_of_the_claim(session):
    session.run(UPDATE)
    (session.folder.path / ONE).write_text("{")
    session.run().assert_outcomes(passed=3, failed=1)
    claim = session.record().claims[0]
    assert claim.verdict == "error"
    assert "test_one.json does not hold curves" in claim.reason


def test_ordinary_snapshots_of_syrupy_work_beside_curves(session):
    ordinary = "\n\ndef test_ordinary(snapshot):\n    assert snapshot == {'a': 1}\n"
    more = {"import numpy as np\n": "import numpy as np\n" + ordinary}
    result = session.run(UPDATE, **more)
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["4 snapshots generated."])
    session.run(**more).assert_outcomes(passed=5)


def test_without_syrupy_only_claims_with_curves_are_errors(session):
    result = session.run("-p", "no:syrupy", **{'    evidence.curve_snapshot("train loss", X, '
                                               "loss(500))": "    pass"})  # fmt: skip
    result.assert_outcomes(passed=3, failed=1)
    assert [claim.verdict for claim in session.record().claims] == ["error", "supported"]
