"""The line that shows how the training goes: on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import sys

import pytest

from icl_repro.plugin.progress import line, summed
from icl_repro.plugin.transport import WorkerProgress

TESTS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

needed = networks(
    lambda seed: {str(n): Spec(f"run {n}", n, 1000 + n, mode="slow") for n in range(4)}
)

@claim("a.one", source="1", on=needed, fails_on=control("N.", given={"length": 1}, id="no"))
def test_one(evidence, runs, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)
"""


def on_terminal(folder: pytest.Pytester, *args: str) -> str:
    """All that a session writes to a terminal of 100 columns."""
    controller, terminal = pty.openpty()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        patch.setenv("TERM", "xterm")
        patch.delenv("CI", raising=False)
        process = folder.popen(
            [sys.executable, "-mpytest", *args], stdout=terminal, stderr=terminal
        )
    os.close(terminal)
    written = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # The other end is closed.
            break
        if not part:
            break
        written += part
    os.close(controller)
    process.wait(30)
    return written.decode()


def screen(written: str) -> list[str]:
    """The lines that a user sees in the end: what was drawn over is gone."""
    written = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-z]", "", written)
    lines: list[list[str]] = [[]]
    column = 0
    for character in written:
        if character == "\n":
            lines.append([])
            column = 0
        elif character == "\r":
            column = 0
        else:
            lines[-1][column : column + 1] = [character]
            column += 1
    return ["".join(one).rstrip() for one in lines]


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_terminal_shows_the_progress_and_keeps_what_pytest_writes(folder, workers: list[str]):
    written = on_terminal(folder, *workers)
    shown = [f"training: {done} of 4 runs" for done in (1, 2, 3, 4)]
    assert sum(text in written for text in shown) >= 2, written
    seen = screen(written)
    left = [text for text in seen if "training:" in text]
    assert all(re.fullmatch(r"training: \d of 4 runs, \S+ of 4,006 .*left", text) for text in left)
    assert left[-1].startswith("training: 4 of 4 runs, 4,006 of 4,006 sequences, ")
    assert left[-1].endswith("/s, 0:00 left")
    # Dots stand alone, and the last of them reach to the end of their own line.
    dots = [text for text in seen if re.fullmatch(r"(test_claims\.py )?\.+( +\[ *\d+%\])?", text)]
    assert "".join(dots).replace("test_claims.py", "").count(".") == 2
    assert dots[-1].endswith("[100%]"), "\n".join(seen)
    assert len(dots[-1]) == 99
    assert any("collected 2 items" in text or "2 workers [2 items]" in text for text in seen)
    assert any(text.startswith("consistent     a.one") for text in seen)


def test_the_line_steps_aside_when_a_worker_dies(folder):
    folder.makepyfile(test_claims=TESTS.replace('1000 + n, mode="slow"', '1000 + n, mode="slow" '
                                                'if n else "kills once"'))  # fmt: skip
    seen = screen(on_terminal(folder, "-n2"))
    assert any(re.fullmatch(r"\[gw\d\] node down: Not properly terminated", text) for text in seen)
    assert any(re.fullmatch(r"replacing crashed worker gw\d", text) for text in seen)
    assert any(text.endswith("[100%]") for text in seen)
    for text in seen:
        assert text.count("training:") <= 1
        assert "training:" not in text or text.startswith("training:")


@pytest.mark.parametrize("args", [["-q"], ["-p", "no:terminal"]])
def test_a_quiet_session_shows_no_progress(folder, args: list[str]):
    folder.makepyfile(test_claims=TESTS.replace("slow", ""))
    assert "training:" not in on_terminal(folder, "-n0", *args)


def test_nothing_is_drawn_where_nothing_is_trained(folder):
    folder.makepyfile(test_claims=TESTS.replace("slow", ""))
    on_terminal(folder, "-n0")
    assert "training:" not in on_terminal(folder, "-n0")


def test_no_terminal_no_progress(folder):
    for workers in ("-n0", "-n2"):
        quick = TESTS.replace("slow", "").replace("1000", f"1{workers[-1]}")
        folder.makepyfile(test_claims=quick)
        result = folder.runpytest_subprocess(workers)
        result.assert_outcomes(passed=2)
        assert "training:" not in result.stdout.str() + result.stderr.str()


def progress(runs: int, sequences: int, speed: float = 0.0) -> WorkerProgress:
    return WorkerProgress(runs, 9, sequences, 9_000_000, speed, unit="sequences")


def test_the_progress_of_workers_adds_up():
    parts = [progress(3, 1_000_000, 20_000), progress(4, 2_000_000, 30_000)]
    assert summed(parts) == progress(4, 3_000_000, 50_000)
    assert summed([]).units_total == 0


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (progress(0, 0), "training: 0 of 9 runs, 0 of 9,000,000 sequences"),
        (
            progress(4, 3_000_000, 50_000),
            "training: 4 of 9 runs, 3,000,000 of 9,000,000 sequences, 50,000/s, 2:00 left",
        ),
        (
            progress(0, 1, 1000),
            "training: 0 of 9 runs, 1 of 9,000,000 sequences, 1,000/s, 2:30:00 left",
        ),
        (
            progress(9, 9_000_001, 1000),
            "training: 9 of 9 runs, 9,000,001 of 9,000,000 sequences, 1,000/s, 0:00 left",
        ),
    ],
)
def test_the_line_in_words(part: WorkerProgress, text: str):
    assert line(part) == text
