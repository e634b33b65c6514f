"""The record and the reports of a session, however it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from icl_repro.history.file import read
from icl_repro.report.text.notes import partial_note
from icl_repro.verification.again import verified

TESTS = """
from icl_repro import claim, control

SHORT = control("N.", given={"length": 1}, id="short")

@claim("a.one", source="Section 1", fails_on=SHORT)
def test_one(evidence, seed, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8, unit="steps")

@claim("a.two", source="Section 2", rests_on="a count", fails_on=SHORT)
def test_two(evidence, length=3):
    '''T.'''
    evidence.check("length", length, at_least=8)
"""


def verdicts(record) -> dict[str, str]:
    return {claim.id: claim.verdict for claim in record.claims}


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


def test_the_record_says_what_ran_where(folder, record_of):
    args = ["-o", "icl_title=My title", "-o", "icl_paper=A. Author, 2024", "--icl-seeds=6"]
    folder.runpytest_subprocess(*args).assert_outcomes(passed=3, failed=1)
    record = record_of(folder)
    assert (record.title, record.paper) == ("My title", "A. Author, 2024")
    assert record.command.startswith("pytest ")
    assert "'icl_title=My title'" in record.command
    assert (record.profile.name, record.profile.seeds) == ("standard", [6])
    assert record.profile.meaningful
    assert record.duration > 0
    assert record.started.endswith("+00:00")
    assert record.environment.packages["pytest"] == pytest.__version__
    assert record.environment.workers == 1
    assert record.environment.commit is None
    assert (record.training.runs_planned, record.training.units_trained) == (0, 0)
    one = record.claims[0]
    assert (one.id, one.family, one.statement, one.source) == ("a.one", "a", "S.", "Section 1")
    assert one.trials[0].nodeid == "test_claims.py::test_one[seed6]"
    line = TESTS.splitlines().index('@claim("a.one", source="Section 1", fails_on=SHORT)')
    assert one.place == f"test_claims.py:{line}", "pytester leaves out the first, empty line"


def test_the_commit_is_that_of_the_root(folder, record_of):
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-C", str(folder.path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    folder.runpytest_subprocess()
    environment = record_of(folder).environment
    assert len(environment.commit) == 40
    assert environment.uncommitted_changes


def test_the_reports_stand_beside_the_record(folder, monkeypatch):
    monkeypatch.setenv("REAL_REPORT", "1")
    result = folder.runpytest_subprocess("--icl-report=out/deep")
    assert sorted(path.name for path in (folder.path / "out" / "deep").iterdir()) == [
        "history.jsonl",
        "verification.html",
        "verification.json",
        "verification.md",
    ]
    assert "a.two" in (folder.path / "out" / "deep" / "verification.html").read_text()
    result.stdout.fnmatch_lines(["report: out/deep/verification.html"])


TOGETHER = """
import os, pathlib, time
from icl_repro import claim, control

@claim("a.one", source="Section 1",
       fails_on=control("N.", given={"length": 1}, id="short"))
def test_one(evidence, seed, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)
    pathlib.Path(f"here-{os.getpid()}").touch()
    deadline = time.monotonic() + 60
    while len(list(pathlib.Path().glob("here-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
"""


def test_two_sessions_that_write_one_folder_at_a_time_leave_whole_reports(folder, record_of):
    folder.makepyfile(test_claims=TOGETHER)
    quiet = [sys.executable, "-m", "pytest", "-p", "no:xdist"]
    sessions = [
        folder.popen(
            [*quiet, f"--icl-seeds={seeds}"], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        for seeds in ("1-3", "4-6")
    ]
    assert [process.wait(120) for process in sessions] == [0, 0]
    record = record_of(folder)
    assert record.profile.seeds in ([1, 2, 3], [4, 5, 6])
    assert [trial.outcome for trial in record.claims[0].trials] == ["passed"] * 3
    assert sorted(path.name for path in (folder.path / "reports").iterdir()) == [
        "history.jsonl",
        "verification.html",
        "verification.json",
        "verification.md",
    ]
    assert sorted(line.seeds for line in read(folder.path / "reports/history.jsonl").lines) == [
        [1, 2, 3],
        [4, 5, 6],
    ]
    remembered = (folder.path / ".icl-repro" / "seeds.jsonl").read_text().splitlines()
    judged = [json.loads(line)["judged"] for line in remembered]
    assert sorted(judged) == [[1, 2, 3], [4, 5, 6]], "both are remembered"


def test_no_report_is_wanted(folder):
    result = folder.runpytest_subprocess("--icl-report=none")
    assert not (folder.path / "reports").exists()
    result.stdout.fnmatch_lines(["*= claims =*", "consistent*a.one*"])
    assert "report:" not in result.stdout.str()


def test_a_report_that_cannot_be_drawn_fails_the_session_and_costs_no_record(folder, record_of):
    conftest = (folder.path / "conftest.py").read_text()
    folder.makeconftest(conftest + '\noutputs.WRITERS["html"] = lambda record, path: 1 / 0\n')
    folder.makepyfile(test_claims=TESTS.replace("=3", "=8"))
    result = folder.runpytest_subprocess()
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*verification.html could not be written: ZeroDivisionError: *"])
    assert verdicts(record_of(folder)) == {"a.one": "consistent", "a.two": "supported"}


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n0"], ["-n2"]])
def test_verdicts_and_checks_are_properties_in_junit(folder, workers: list[str]):
    folder.runpytest_subprocess("--junitxml=junit.xml", *workers)
    suite = ET.parse(folder.path / "junit.xml").getroot().find("testsuite")
    properties = {p.get("name"): p.get("value") for p in suite.find("properties")}
    assert properties["claim a.one"] == "consistent"
    assert properties["claim a.two"] == "refuted"
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    found = [(p.get("name"), p.get("value")) for p in cases["test_one[seed0]"].iter("property")]
    assert found == [
        ("claim", "a.one"),
        ("seed", "0"),
        ("outcome", "passed"),
        ("check: length", "9.0"),
        ("threshold: length", "at least 8 (holds)"),
    ]
    assert ("control", "short") in [
        (p.get("name"), p.get("value")) for p in cases["test_two[short]"].iter("property")
    ]


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n0"], ["-n2"]])
def test_the_record_is_the_same_with_and_without_workers(folder, record_of, workers: list[str]):
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=3, failed=1)
    record = record_of(folder)
    assert verdicts(record) == {"a.one": "consistent", "a.two": "refuted"}
    assert record.environment.workers == (2 if workers == ["-n2"] else 1)


@pytest.mark.parametrize("stop", ["-x", "--maxfail=1"])
def test_claims_that_the_session_does_not_reach_are_not_run(folder, record_of, stop: str):
    folder.makepyfile(test_claims=TESTS.replace("=9", "=2"))
    folder.runpytest_subprocess(stop).assert_outcomes(failed=1)
    record = record_of(folder)
    assert verdicts(record) == {"a.one": "inconclusive", "a.two": "not run"}
    assert record.claims[1].reason == "the session ended before it was run"
    assert partial_note(record).startswith(
        "Not everything was judged in this session: 1 of 2 tests of claims was not run (the "
        "session ended before it was run) and 2 of 2 tests of controls were not run"
    )


def test_stopping_at_the_first_failure_works_under_xdist(folder, record_of):
    folder.makepyfile(test_claims=TESTS.replace("=9", "=2"))
    folder.runpytest_subprocess("-x", "-n2")
    assert verdicts(record_of(folder))["a.one"] == "inconclusive"


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_module_that_cannot_be_collected_is_on_record(folder, record_of, workers: list[str]):
    missing = "import no_such_module\n"
    folder.makepyfile(
        test_broken=f"from icl_repro import claim\n{missing}@claim('a.b')\ndef test_x(): pass",
        test_other=missing,
    )
    result = folder.runpytest_subprocess(*workers)
    assert result.ret != 0
    broken = [claim for claim in record_of(folder).claims if claim.id == "test_broken.py"]
    assert [(claim.verdict, claim.reason) for claim in broken] == [
        ("error", "ModuleNotFoundError: No module named 'no_such_module'")
    ]
    assert "1 module of claims was not collected" in partial_note(record_of(folder))
    if not workers:
        assert verdicts(record_of(folder))["a.one"] == "not run"


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_folder_that_its_conftest_skips_is_on_record(folder, record_of, workers: list[str]):
    skips = "import pytest\npytest.skip('no such machine', allow_module_level=True)\n"
    declares = "from icl_repro import claim\n@claim('b.c')\ndef test_x(): pass"
    within = folder.mkdir("within")
    (within / "conftest.py").write_text(skips)
    (within / "test_skipped.py").write_text(declares)
    (within / "test_without_claims.py").write_text("def test_y(): pass")
    folder.runpytest_subprocess(*workers)
    record = record_of(folder)
    skipped = [claim for claim in record.claims if claim.family == "not collected"]
    assert [(claim.id, claim.verdict) for claim in skipped] == [
        ("within/test_skipped.py", "not run")
    ]
    assert "no such machine" in skipped[0].reason
    assert verdicts(record)["a.one"] == "consistent"


def test_a_worker_that_dies_in_a_test_leaves_the_claim_an_error(folder, record_of):
    die = "    import os\n    os.kill(os.getpid(), 9)\n"
    folder.makepyfile(test_claims=TESTS.replace("    '''T.'''\n", f"    '''T.'''\n{die}"))
    result = folder.runpytest_subprocess("-n2")
    record = record_of(folder)
    assert verdicts(record) == {"a.one": "consistent", "a.two": "error"}
    assert "crashed while running" in record.claims[1].reason
    assert "1 of 2 tests of claims stopped with an error" in partial_note(record)
    result.stdout.fnmatch_lines(["error*a.two", "*worker *crashed while running*"])


def test_the_record_is_plain_json(folder):
    folder.runpytest_subprocess()
    record = json.loads((folder.path / "reports" / "verification.json").read_text())
    assert record["schema_version"] == 2
    assert record["claims"][0]["trials"][0]["evidence"]["checks"][0]["low"] == 8


SEALED = """
import pytest

from icl_repro.verification.again import verified
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

@pytest.mark.parametrize("length", [9, 7], ids=["long", "short"])
@claim("a.one", source="1", on=lambda seed: Spec("main", seed),
       fails_on=control("N.", given={"sign": -1}, id="negative"))
def test_one(evidence, run, length, sign=1):
    '''S.'''
    evidence.check(f"length {length}", sign * length, at_least=5)
"""
LEDGER = """
[thresholds."a.one"]
"length 9" = { history = [{ origin = "ours", date = 2026-10-02, seen = false, at_least = 5 }] }
"length 7" = { history = [{ origin = "ours", date = 2026-10-02, seen = false, at_least = 5 }] }
"""


def test_the_record_carries_what_others_need_to_check_it(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=SEALED)
    (claims_folder.path / "ledger").mkdir()
    (claims_folder.path / "ledger" / "a.toml").write_text(LEDGER)
    claims_folder.runpytest_subprocess("-o", "icl_ledger=ledger", "-k", "long", "-q")
    record = record_of(claims_folder)
    content = (claims_folder.path / "reports" / "verification.json").read_bytes()
    found = verified(content, record)
    assert (found.differs, found.unchecked, found.notes) == ([], [], [])
    assert record.seal.rows_left_out == {"a.one": ["short"], "a.one/negative": ["short"]}
    assert list(record.seal.files) == ["ledger/a.toml"]
    assert record.seal.specs.keys() == record.runs.keys()
    (spec,) = record.seal.specs.values()
    assert json.loads(spec)["name"] == "main"
