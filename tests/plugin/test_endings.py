"""However a session ends: what it leaves, what it must not overwrite, and its exit status."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from icl_repro.plugin.outputs import NOTHING_JUDGED
from icl_repro.plugin.transport import Scratch

TESTS = """
from icl_repro import claim, control

SHORT = control("N.", given={"length": 1}, id="short")

@claim("a.one", source="Section 1", fails_on=SHORT)
def test_one(evidence, seed, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)

@claim("a.two", source="Section 2", rests_on="a count", fails_on=SHORT)
def test_two(evidence, length=9):
    '''T.'''
    meanwhile()
    evidence.check("length", length, at_least=8)

def meanwhile():
    DO
"""
WAIT = "open('waiting', 'w').close(); __import__('time').sleep(60)"


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS.replace("DO", "pass"))
    return claims_folder


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files of the sessions that a test starts."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def verdicts(record) -> dict[str, str]:
    return {claim.id: claim.verdict for claim in record.claims}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_interrupted_session_leaves_its_record(folder, record_of):
    folder.makepyfile(test_claims=TESTS.replace("DO", "raise KeyboardInterrupt"))
    result = folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert verdicts(record_of(folder)) == {"a.one": "consistent", "a.two": "not run"}
    kept = "trained networks are kept in .icl-repro: the same command goes on there"
    result.stdout.fnmatch_lines(["*= outcome =*", "Interrupted after 1 of 2 claims.*", kept])


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_what_all_came_to_stands_below_the_summary_of_pytest(
    folder, record_of, monkeypatch, workers: str
):
    monkeypatch.setenv("REAL_REPORT", "1")
    length = "def test_two(evidence, length=9)"
    folder.makepyfile(test_claims=TESTS.replace("DO", "pass").replace(length, length[:-2] + "7)"))
    result = folder.runpytest_subprocess("-ra", workers)
    result.stdout.fnmatch_lines(
        [
            "*= claims =*",
            "*= short test summary info =*",
            "FAILED *test_two*",
            "*= outcome =*",
            "Of 2 claims, 1 is consistent and 1 is refuted.",
            "The session is red for 1 reason:",
            "a.two: length is 7, but must be at least 8*",
            "report: reports/verification.html",
            "*= 1 failed, 3 passed in *",
        ],
    )
    assert "are kept in" not in result.stdout.str()
    assert [one.partition(" is ")[0] for one in record_of(folder).red] == ["a.two: length"]
    for suffix in ("md", "html"):
        written = (folder.path / "reports" / f"verification.{suffix}").read_text("utf-8")
        assert "The session is red for 1 reason." in written


MOVED = """
[thresholds."a.one".length]
history = [{ at_least = 7, origin = "ours", date = 2026-01-01, seen = false }]
"""


def test_what_is_red_though_every_check_holds_is_told(folder, record_of, monkeypatch):
    monkeypatch.setenv("REAL_REPORT", "1")
    (folder.path / "ledger.toml").write_text(MOVED)
    folder.makepyfile(test_claims=TESTS.partition('@claim("a.two"')[0])
    result = folder.runpytest_subprocess("-o", "icl_ledger=ledger.toml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts(record_of(folder)) == {"a.one": "consistent"}
    (why,) = record_of(folder).red
    assert why.startswith("a.one: the threshold of 'length' moved: it is at least 8, but the")
    markdown = (folder.path / "reports" / "verification.md").read_text("utf-8")
    assert markdown.startswith("**The session is red for 1 reason. The one claim is consistent.**")
    assert markdown.splitlines()[2].startswith("- a.one: the threshold of 'length' moved")


def test_errors_and_what_is_wrong_with_all_of_it_are_red(folder, record_of):
    folder.makepyfile(test_claims=TESTS.replace("DO", "raise ValueError('why')"))
    folder.runpytest_subprocess()
    assert "a.two: ValueError: why" in record_of(folder).red
    assert "a.two, control short: ValueError: why" in record_of(folder).red
    folder.makepyfile(test_claims=TESTS.replace("DO", "pass"))
    folder.runpytest_subprocess()
    assert record_of(folder).red == []


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_no_test_can_end_the_session_well_before_it_is_judged(folder, record_of, workers: str):
    leave = "__import__('pytest').exit('enough', returncode=0)"
    folder.makepyfile(test_claims=TESTS.replace("DO", leave))
    result = folder.runpytest_subprocess(workers)
    assert result.ret not in (0, NOTHING_JUDGED)
    assert verdicts(record_of(folder))["a.two"] in ("not run", "error")


@pytest.mark.parametrize("status", [pytest.ExitCode.NO_TESTS_COLLECTED, NOTHING_JUDGED])
@pytest.mark.parametrize("ends", ["in a test", "after all tests"])
def test_no_test_can_have_a_session_say_that_nothing_was_judged(folder, ends: str, status: int):
    leave = f"__import__('pytest').exit('enough', returncode={int(status)})"
    if ends == "in a test":
        folder.makepyfile(test_claims=TESTS.replace("DO", leave))
    else:
        conftest = folder.path / "conftest.py"
        last = f"if 'short' in nodeid and 'two' in nodeid: {leave}"
        hook = f"def pytest_runtest_logfinish(nodeid):\n    {last}\n"
        conftest.write_text(f"{conftest.read_text()}\n{hook}")
    result = folder.runpytest_subprocess("-n0")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"a test ended the session with exit status {int(status)}, as *"])


PASSES = """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
"""
LEAVES = """
def pytest_runtest_logfinish(nodeid):
    if "two" in nodeid and "short" not in nodeid:
        __import__("pytest").exit("enough", returncode=0)
"""


@pytest.mark.parametrize("hook", [PASSES, LEAVES], ids=["passes all", "leaves well"])
@pytest.mark.parametrize("within", [".", "in/folders"])
def test_no_hook_makes_a_failure_count_as_none(folder, record_of, hook: str, within: str):
    fails = TESTS.replace("DO", "pass").replace(
        "def test_two(evidence, length=9)", "def test_two(evidence, length=7)"
    )
    conftest = folder.path / "conftest.py"
    conftest.write_text(conftest.read_text() + hook)
    (folder.path / "test_claims.py").unlink()
    (folder.path / within).mkdir(parents=True, exist_ok=True)
    (folder.path / within / "test_claims.py").write_text(fails)
    result = folder.runpytest_subprocess("-n0", "-k", "one or two")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = "failed, though pytest was made to say otherwise: a.two: length is 7, but must be *"
    result.stdout.fnmatch_lines([said])
    assert verdicts(record_of(folder))["a.two"] in ("refuted", "inconclusive")  # left early


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_record_and_no_scratch(folder, record_of, scratch, number, workers):
    folder.makepyfile(test_claims=TESTS.replace("DO", WAIT))
    with folder.popen([sys.executable, "-mpytest", workers]) as process:
        wait_for(folder.path / "waiting")
        process.send_signal(number)
        assert process.wait(60) == pytest.ExitCode.INTERRUPTED
    assert verdicts(record_of(folder)) == {"a.one": "consistent", "a.two": "not run"}
    assert not list(scratch.glob("icl-repro-*"))


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_nothing_is_left_in_the_temporary_folder(folder, scratch, workers: list[str]):
    folder.runpytest_subprocess(*workers)
    assert not list(scratch.glob("icl-repro-*"))


def test_what_a_killed_session_left_is_removed_by_the_next(folder, scratch):
    folder.makepyfile(test_claims=TESTS.replace("DO", WAIT))
    with folder.popen([sys.executable, "-mpytest", "-n0"]) as process:
        wait_for(folder.path / "waiting")
        alive = list(scratch.glob("icl-repro-*"))
        other = Scratch.create()  # a session that lives keeps its own
        other.remove()
        assert list(scratch.glob("icl-repro-*")) == alive
        process.kill()
        process.wait(20)
    assert len(alive) == 1
    folder.makepyfile(test_claims=TESTS.replace("DO", "pass"))
    folder.runpytest_subprocess()
    assert not list(scratch.glob("icl-repro-*"))


def test_what_was_killed_before_it_was_locked_is_removed_after_a_day(scratch, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yesterday, just_now = (scratch / f"icl-repro-session-{name}" for name in ("old", "new"))
    for folder in (yesterday, just_now):
        folder.mkdir()
    before = time.time() - 25 * 60 * 60
    os.utime(yesterday, (before, before))
    Scratch.create().remove()
    assert list(scratch.glob("icl-repro-*")) == [just_now]


def test_a_session_in_which_no_claim_begins_keeps_the_report(folder):
    ini = folder.path / "pytest.ini"
    ini.write_text(f"{ini.read_text()}\nmarkers = none_such\n")
    folder.runpytest_subprocess()
    report = folder.path / "reports" / "verification.json"
    good = report.read_bytes()
    folder.makepyfile(test_broken="from icl_repro import claim\n@claim('b')\ndef test_x(: pass")
    for args in (
        ["--fixtures"],
        ["--setup-plan"],
        ["--setup-only"],
        ["--collect-only"],
        ["-m", "none_such"],
        ["-k", "none_such"],
        ["-k", "none_such", "-n2"],
        ["-o", "icl_stroe=x"],
        ["--icl-claims=b.*"],
        ["--icl-claims=b.*", "-n2"],
    ):
        folder.runpytest_subprocess(*args)
        assert report.read_bytes() == good, args


def test_modules_that_cannot_be_collected_do_not_cost_the_report(folder, record_of):
    folder.runpytest_subprocess()
    folder.makepyfile(test_broken="from icl_repro import claim\n@claim('b')\ndef test_x(: pass")
    result = folder.runpytest_subprocess()
    result.stdout.fnmatch_lines(
        ["error *test_broken.py", "no claim was judged, so that reports/verification.json stays *"]
    )
    assert verdicts(record_of(folder)) == {"a.one": "consistent", "a.two": "supported"}
    folder.runpytest_subprocess("--continue-on-collection-errors")
    assert "test_broken.py" in verdicts(record_of(folder))


NEEDY = """
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

@claim("b.one", source="Section 1", on=lambda seed: Spec("one", seed),
       fails_on=control("N.", given={"factor": 0}, id="nothing"))
def test_needy(evidence, run, factor=1):
    '''S.'''
    evidence.check("length", factor * run.spec.sequences, at_least=8)

def test_ordinary():
    pass
"""


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_session_that_verified_nothing_says_so_by_its_exit_status(claims_folder, workers: str):
    claims_folder.makepyfile(test_needy=NEEDY)
    result = claims_folder.runpytest_subprocess("--icl-no-train", workers)
    result.assert_outcomes(passed=1, skipped=2)
    assert result.ret == NOTHING_JUDGED == 10
    result.stdout.fnmatch_lines(["nothing was verified: no claim was judged"])
    assert claims_folder.runpytest_subprocess("-k", "ordinary", workers).ret == 0
    assert claims_folder.runpytest_subprocess(workers).ret == 0
    assert claims_folder.runpytest_subprocess("--icl-no-train", workers).ret == 0
    report = claims_folder.path / "reports" / "verification.json"
    good = report.read_bytes()
    elsewhere = claims_folder.runpytest_subprocess("--icl-no-train", "--icl-store=empty", workers)
    assert elsewhere.ret == NOTHING_JUDGED
    elsewhere.stdout.fnmatch_lines(["no claim was judged, so that reports/verification.json *"])
    assert report.read_bytes() == good
    controls = claims_folder.runpytest_subprocess("-m", "control", workers)
    controls.assert_outcomes(passed=1, deselected=2 if workers == "-n0" else 0)
    assert controls.ret == NOTHING_JUDGED
    controls.stdout.fnmatch_lines(["nothing was verified: only controls were judged"])
