"""Each session leaves a line in the history, and its record tells of those before it."""

from __future__ import annotations

import pytest

from icl_repro.history.file import read

TESTS = """
import os
from icl_repro import claim, control

@claim("a.one", source="Section 1", fails_on=control("N.", given={"length": 1}, id="short"))
def test_one(evidence, seed, length=9):
    '''S.'''
    value = length if length == 1 else float(os.environ.get("LENGTH", length))
    evidence.check("length", value, at_least=8)
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


def test_each_session_adds_a_line_that_the_next_is_compared_with(folder, record_of, monkeypatch):
    history = folder.path / "reports" / "history.jsonl"
    folder.runpytest_subprocess("-n2")
    first = record_of(folder)
    assert len(first.past.sessions) == 1
    with history.open("ab") as other:
        other.write(history.read_bytes()[:90])  # as by a session that was killed while it wrote
    monkeypatch.setenv("LENGTH", "2")
    result = folder.runpytest_subprocess()
    result.stdout.fnmatch_lines([f"the last line of {history} was cut short*history.jsonl.damaged"])
    past = record_of(folder).past
    assert [one.started for one in past.sessions] == [first.started, record_of(folder).started]
    assert [(one.check, one.steps[0].worse) for one in past.trends] == [("", True)]
    lines = read(history).lines
    assert [line.values[0].by_seed for line in lines] == [{"0": 9.0}, {"0": 2.0}]
    assert [line.verdicts for line in lines] == [{"a.one": "consistent"}, {"a.one": "contradicted"}]
    assert [line.outcomes for line in lines] == [{"passed": 1}, {"failed": 1}]
    # A session that measures nothing of the commit leaves none.
    folder.runpytest_subprocess("--icl-profile=smoke")
    assert len(read(history).lines) == 2
    assert record_of(folder).past is None


def test_it_lies_where_the_options_say(folder):
    folder.runpytest_subprocess("--icl-report=none")
    assert not list(folder.path.rglob("*.jsonl.*"))
    assert not list(folder.path.rglob("history.jsonl"))
    folder.runpytest_subprocess("--icl-report=none", "--icl-history=kept/sessions.jsonl")
    assert len(read(folder.path / "kept" / "sessions.jsonl").lines) == 1
    folder.runpytest_subprocess("--icl-history=none")
    assert not (folder.path / "reports" / "history.jsonl").exists()


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("test_claims.py", "*test_claims.py is not a history of sessions: line 1: *"),
        (".", "*the history cannot be at *: it is a folder where a file should be"),
        ("test_claims.py/x", "*the history cannot be at *: *test_claims.py is a file; it must be*"),
    ],
)
def test_a_place_that_cannot_be_a_history_is_refused_before_anything_runs(folder, place, complaint):
    before = (folder.path / "test_claims.py").read_bytes()
    result = folder.runpytest_subprocess(f"--icl-history={place}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])
    assert (folder.path / "test_claims.py").read_bytes() == before
