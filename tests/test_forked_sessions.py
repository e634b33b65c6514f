"""Sessions that tests start are each a process of its own, which knows nothing of the others."""

from __future__ import annotations

import signal

import pytest

LEAVES_SOMETHING = """
import builtins, os, pathlib, sys
from icl_repro import verification

def test_nothing_is_left():
    assert "LEFT" not in os.environ
    assert not hasattr(builtins, "left") and not hasattr(verification, "left")
    os.environ["LEFT"] = builtins.left = verification.left = "something"

def test_it_is_as_an_interpreter_would_start_it():
    assert os.environ["ASKED"] == "1"
    assert pathlib.Path.cwd() == pathlib.Path(__file__).parent == pathlib.Path(sys.path[0])
    assert "jax" not in sys.modules
"""


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_session_leaves_nothing_to_the_next(claims_folder, monkeypatch, workers: str):
    monkeypatch.setenv("ASKED", "1")
    claims_folder.makepyfile(LEAVES_SOMETHING)
    for _ in range(2):
        claims_folder.runpytest_subprocess(workers).assert_outcomes(passed=2)


def test_workers_are_children_of_their_session_and_one_that_died_is_replaced(claims_folder):
    conftest = claims_folder.path / "conftest.py"
    conftest.write_text(
        conftest.read_text() + "\ndef pytest_sessionstart():"
        "\n    with open('pids', 'a') as pids: pids.write(f'{os.getpid()} {os.getppid()} ')\n"
    )
    claims_folder.makepyfile("import os\ndef test_dies(): os.kill(os.getpid(), 9)\n")
    result = claims_folder.runpytest_subprocess("-n1")
    result.assert_outcomes(failed=1)
    session, _, *workers = map(int, (claims_folder.path / "pids").read_text().split())
    assert len(workers) == 4
    assert workers[1::2] == [session, session]


def test_the_signal_that_ended_a_session_is_told(claims_folder):
    claims_folder.makepyfile("import os\ndef test_dies(): os.kill(os.getpid(), 9)\n")
    assert claims_folder.runpytest_subprocess("-n0").ret == -signal.SIGKILL
    claims_folder.makepyfile("def test_lives(): pass\n")
    claims_folder.runpytest_subprocess("-n0").assert_outcomes(passed=1)
