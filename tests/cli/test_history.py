"""``icl-repro history`` tells what changed over sessions, and at which commit."""

import pytest

from icl_repro.history import file
from tests.support.command import run_command
from tests.support.history import measured, session


@pytest.fixture
def history(tmp_path):
    """Seven sessions: a check falls at the sixth, training slows, and one is of another profile."""

    def line(n):
        checks = [measured(9.0 - (n >= 5)), measured(3.5, "b.two", "width", unit="mm")]
        verdicts = {"a.one": "consistent", "b.two": "supported"}
        return session(n, values=checks, verdicts=verdicts, trained=1_000, seconds=1.0 + (n == 6))

    for n in range(7):
        file.append(tmp_path / "history.jsonl", line(n))
    file.append(tmp_path / "history.jsonl", session(0, profile="paper", seeds=[5, 6]))
    return tmp_path / "history.jsonl"


def test_it_tells_trends_steps_and_commits(history):
    done = run_command("history", history)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "7 sessions of the standard profile, seed 5, on usual: 2026-11-01 06:00 (0000000000) to "
        "2026-11-07 06:00 (0006000600)",
        "1 session of the paper profile, seeds 5, 6, on usual left out",
        "a.one",
        "  ███████                   consistent  verdict",
        "  █████▁▁                   8 (unchanged)  length",
        f"  {'':24}  step: 9 → 8, worse, at commit 0005000500 (before it 0004000400)",
        "b.two",
        "  ███████                   supported  verdict",
        "  ▄▄▄▄▄▄▄                   3.5 (unchanged)  width, mm",
        "all claims",
        "  ██████▁                   250 (−250)  speed of training, steps a second and worker",
        f"  {'':24}  step: 500 → 250 steps a second and worker, worse, at commit 0006000600 "
        "(before it 0005000500)",
        "5 quantities, of which 5 shown; 2 steps in 2 of them, 2 to worse",
    ]


def test_it_may_tell_of_some_claims_and_of_steps_alone(history):
    some = run_command("history", history, "--claim", "b.*").output
    assert "b.two" in some
    assert "a.one" not in some
    steps = run_command("history", history, "--claim", "?.*", "--steps").output
    assert "length" in steps
    assert "width" not in steps
    assert "4 quantities, of which 1 shown; 1 step in 1 of them, 1 to worse" in steps
    other = run_command("history", history, "--profile", "paper").output
    assert other.startswith("1 session of the paper profile, seeds 5, 6")


def test_it_fails_on_a_step_to_worse_in_the_newest_sessions_if_asked(history):
    assert run_command("history", history, "--fail-on-step").exit_code == 1
    of_a = ("history", history, "--claim", "a.one", "--fail-on-step")
    assert run_command(*of_a).exit_code == 0
    done = run_command(*of_a, "--newest", 2)
    assert done.exit_code == 1
    assert done.stderr == "1 step to worse in the newest 2 sessions\n"
    assert run_command("history", history, "--claim", "b.two", "--fail-on-step").exit_code == 0


def test_damaged_lines_are_told_and_left_out(history):
    with history.open("ab") as other:
        other.write(b'{"format":1,"started":"2026')
    done = run_command("history", history)
    assert done.exit_code == 0
    assert done.stderr.startswith(f"line 9 of {history} is left out: ")
    assert "7 sessions of" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--claim", "a.on"], "no session judged a claim a.on; did you mean 'a.one'?"),
        (["--profile", "papr"], "was of a profile 'papr'; did you mean 'paper'?"),
    ],
)
def test_a_name_that_is_not_there_is_told_the_nearest(history, arguments, complaint):
    done = run_command("history", history, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("ini", "place"),
    [
        ("icl_history = kept/all.jsonl", "kept/all.jsonl"),
        ("icl_report = out", "out/history.jsonl"),
        ("icl_report = none\nicl_history = h.jsonl", "h.jsonl"),
        ("", "reports/history.jsonl"),
    ],
)
def test_it_is_read_where_the_ini_file_keeps_it(history, tmp_path, monkeypatch, ini, place):
    root = tmp_path / "checkout"
    (root / "inner").mkdir(parents=True)
    (root / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).write_bytes(history.read_bytes())
    monkeypatch.chdir(root / "inner")
    assert "7 sessions of" in run_command("history").stdout


def test_an_ini_file_that_keeps_none_is_told(tmp_path, monkeypatch):
    (tmp_path / "pytest.ini").write_text("[pytest]\nicl_history = none\n")
    monkeypatch.chdir(tmp_path)
    done = run_command("history")
    assert done.exit_code == 2
    assert "keeps no history (icl_history = none); name a file" in done.stderr


def test_a_history_that_is_not_there_or_empty_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_command("history")
    assert done.exit_code == 2
    assert "there is no history at reports/history.jsonl" in done.stderr
    (tmp_path / "empty.jsonl").touch()
    assert "holds no session yet" in run_command("history", "empty.jsonl").stderr
