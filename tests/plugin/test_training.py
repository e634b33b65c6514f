"""Training before claims are judged: the plan, the store, retraining, and what goes wrong."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import psutil
import pytest

TESTS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def shared(seed):
    return Spec("shared", 9)

def other(seed):
    return Spec("other", seed)

NEEDED = networks(lambda seed: {"main": Spec("main", seed)}, shared=shared)
NO = control("S.", given={"sign": -1}, id="negative")

@claim("a.one", source="1", on=NEEDED, fails_on=NO)
def test_one(evidence, runs, seed, sign=1):
    '''S.'''
    assert runs["main"].text == f"main {seed}"
    assert list(runs) == ["main", "shared"]
    evidence.check("length", sign * runs["main"].spec.sequences, at_least=10)

@claim("b.two", source="1", on=other, fails_on=[NO, control("S.", shared, given={"sign": -1})])
def test_two(evidence, run, sign=1):
    '''S.'''
    evidence.check("length", sign * run.spec.sequences, at_least=10)
"""
ALL = ["main 0 1000", "other 0 1000", "shared 9 1000"]


def other_is(folder: pytest.Pytester, spec: str) -> None:
    """Have claim b.two need another run."""
    folder.makepyfile(test_claims=TESTS.replace('Spec("other", seed)', spec))


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


def trained(folder: pytest.Pytester) -> list[str]:
    """The runs trained since the last call."""
    log = folder.path / "trained.log"
    lines = sorted(log.read_text().splitlines()) if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def verdicts(record) -> dict[str, str]:
    return {claim.id: claim.verdict for claim in record.claims}


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_each_run_of_the_plan_is_trained_once_and_reused_later(
    folder, record_of, workers: list[str]
):
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=5)
    assert trained(folder) == ALL
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (3, 3, 0)
    assert (training.units_trained, training.seconds) == (3000, 0.5)
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=5)
    assert trained(folder) == []
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (3, 0, 3)
    assert sorted(record_of(folder).run_sizes) == sorted(record_of(folder).runs)
    assert set(record_of(folder).run_sizes.values()) == {1000}
    assert record_of(folder).run_seconds == dict.fromkeys(record_of(folder).runs, 0.25)
    (trial,) = record_of(folder).claims[0].trials
    assert len(trial.runs) == 1  # Only what was read: the test looked at one of its two runs.


IN_TURN = """
from pathlib import Path
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

def note(what):
    with Path("trained.log").open("a") as log:
        log.write(what + "\\n")

@claim("a.{name}", source="1", on=lambda seed: Spec("run of {name}", seed, {length}, "slow"),
       fails_on=control("S.", given={{"factor": 0}}, id="nothing"))
def test_{name}(evidence, run, factor=1):
    '''S.'''
    if factor:
        note("judged {name}")
    evidence.check("length", factor * run.spec.sequences, at_least={least})
"""


def in_turn(folder: pytest.Pytester, least: int) -> None:
    """Three files, each with a claim that needs a run of its own, the longest last."""
    for length, name in enumerate(("first", "second", "third"), 1):
        text = IN_TURN.format(name=name, length=1000 * length, least=least)
        folder.makepyfile(**{f"test_{length}_{name}": text})
    (folder.path / "test_claims.py").unlink()


def log_of(folder: pytest.Pytester) -> list[str]:
    return (folder.path / "trained.log").read_text().splitlines()


def test_a_claim_is_judged_as_soon_as_its_runs_are_there(folder):
    in_turn(folder, least=10)
    folder.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=6)
    assert log_of(folder) == [
        "run of first 0 1000",
        "judged first",
        "run of second 0 2000",
        "judged second",
        "run of third 0 3000",
        "judged third",
    ]


def test_workers_judge_while_others_train(folder):
    in_turn(folder, least=10)
    folder.runpytest_subprocess("-n2", "--dist=loadfile").assert_outcomes(passed=6)
    log = log_of(folder)
    assert sorted(log) == sorted({*log})
    assert len(log) == 6
    assert log.index("judged first") < log.index("run of third 0 3000")


def test_nothing_is_trained_for_claims_that_will_not_be_judged(folder):
    in_turn(folder, least=1500)
    folder.runpytest_subprocess("-p", "no:xdist", "-x").assert_outcomes(failed=1)
    assert log_of(folder) == ["run of first 0 1000", "judged first"]


MANY = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

MANY = networks(lambda seed: {str(n): Spec(f"run {n}", seed, mode="slow") for n in range(6)})

@claim("a.many", source="1", on=MANY,
       fails_on=control("S.", given={"factor": 0}, id="nothing"))
def test_many(evidence, runs, factor=1):
    '''S.'''
    evidence.check("length", factor * len(runs), at_least=6)
"""


def test_a_worker_without_tests_left_trains_for_the_others(folder):
    folder.makepyfile(test_claims=MANY, test_nothing="def test_nothing(): pass")
    folder.runpytest_subprocess("-n2", "--dist=loadfile").assert_outcomes(passed=3)
    assert len(log_of(folder)) == 6
    assert len(set((folder.path / "processes.log").read_text().split())) == 2


def test_only_what_the_selected_claims_need_is_trained(folder):
    folder.runpytest_subprocess("--icl-claims=b.*", "--icl-store=elsewhere")
    assert trained(folder) == ["other 0 1000", "shared 9 1000"]
    assert (folder.path / "elsewhere").is_dir()
    folder.runpytest_subprocess("-k", "test_one")
    assert trained(folder) == ["main 0 1000", "shared 9 1000"]


def test_the_plan_covers_all_seeds(folder, record_of):
    folder.runpytest_subprocess("--icl-seeds=6,7").assert_outcomes(passed=10)
    assert trained(folder) == [
        "main 6 1000",
        "main 7 1000",
        "other 6 1000",
        "other 7 1000",
        "shared 9 1000",
    ]
    assert record_of(folder).claims[0].seeds_held == 2


def test_smoke_shortens_runs_in_the_plan_and_in_the_test_alike(folder, record_of):
    folder.runpytest_subprocess("--icl-profile=smoke").assert_outcomes(passed=5)
    assert trained(folder) == ["main 0 10", "other 0 10", "shared 9 10"]
    assert record_of(folder).claims[0].trials[0].evidence.checks[0].value == 10


@pytest.mark.parametrize("args", [["--collect-only"], ["--setup-plan"], ["-k", "nothing"]])
def test_sessions_that_run_no_claim_train_nothing(folder, args: list[str]):
    folder.runpytest_subprocess(*args)
    assert trained(folder) == []
    assert not (folder.path / ".icl-repro").exists()


def test_without_training_claims_are_not_run_unless_their_runs_are_there(folder, record_of):
    result = folder.runpytest_subprocess("--icl-no-train", "-rs")
    result.assert_outcomes(skipped=5)
    assert result.ret == 10
    assert verdicts(record_of(folder)) == {"a.one": "not run", "b.two": "not run"}
    reason = record_of(folder).claims[1].reason
    assert reason == "not run: the store has no run of other, seed 0, 1000 sequences"
    folder.runpytest_subprocess("--icl-claims=b.two").assert_outcomes(passed=3, deselected=2)
    trained(folder)
    folder.runpytest_subprocess("--icl-no-train").assert_outcomes(passed=3, skipped=2)
    assert trained(folder) == []
    assert verdicts(record_of(folder)) == {"a.one": "not run", "b.two": "consistent"}
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (3, 0, 2)


@pytest.mark.parametrize("workers", [["-n0"], ["-n2"]])
@pytest.mark.parametrize(
    ("what", "again"),
    [("all", ALL), ("b.*", ["other 0 1000", "shared 9 1000"])],
)
def test_runs_are_trained_again_once_a_session(folder, workers: list[str], what: str, again):
    folder.runpytest_subprocess(*workers)
    trained(folder)
    folder.runpytest_subprocess(f"--icl-retrain={what}", *workers).assert_outcomes(passed=5)
    assert trained(folder) == again


def test_a_run_that_diverges_makes_its_claims_errors_with_the_reason(folder, record_of):
    other_is(folder, 'Spec("other", seed, mode="diverges")')
    assert folder.runpytest_subprocess().parseoutcomes() == {"passed": 3, "errors": 2}
    record = record_of(folder)
    assert verdicts(record) == {"a.one": "consistent", "b.two": "error"}
    assert record.claims[1].reason == (
        "setup: a run has no results: loss is nan at step 7 (other, seed 0, 1000 sequences)"
    )


@pytest.mark.parametrize("workers", [["-n0"], ["-n2"]])
def test_training_that_breaks_off_loses_no_claim(folder, record_of, workers: list[str]):
    other_is(folder, 'Spec("other", seed, 9, mode="breaks")')
    result = folder.runpytest_subprocess(*workers)
    record = record_of(folder)
    assert verdicts(record)["b.two"] == "error"
    assert "the training broke off: OSError: no space left" in record.claims[1].reason
    result.stdout.fnmatch_lines(["training broke off: OSError: no space left"])


@pytest.mark.parametrize("dist", ["load", "loadfile"])
def test_a_worker_that_dies_while_training_costs_no_claim(folder, record_of, dist: str):
    other_is(folder, 'Spec("other", seed, 10, mode="kills once")')
    result = folder.runpytest_subprocess("-n2", f"--dist={dist}")
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes.get("failed"), outcomes.get("errors")) == (5, None, None)
    assert verdicts(record_of(folder)) == {"a.one": "consistent", "b.two": "consistent"}
    assert trained(folder) == ["main 0 1000", "other 0 10", "shared 9 1000"]
    result.stdout.fnmatch_lines(
        ["*node down: Not properly terminated", "replacing crashed worker*"]
    )


def test_workers_stop_training_when_their_controller_is_killed(folder):
    slow = '{str(n): Spec(f"run {n}", n, mode="slow") for n in range(20)}'
    folder.makepyfile(test_claims=TESTS.replace('{"main": Spec("main", seed)}', slow))
    with folder.popen([sys.executable, "-m", "pytest", "-n2"]) as controller:
        wait_until(lambda: (folder.path / "trained.log").exists())
        workers = psutil.Process(controller.pid).children()
        controller.kill()
    assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    assert len(trained(folder)) < 20


KILLED_LATER = """
@claim("a.first", source="1", on=lambda seed: Spec("first", seed, 3000),
       fails_on=control("S.", given={"factor": 0}, id="nothing"))
def test_first(evidence, run, factor=1):
    '''S.'''
    evidence.check("length", factor * run.spec.sequences, at_least=10)

@claim("a.second", source="1", on=networks(lambda seed: {"kill": Spec("kill", seed, 2000, WHAT)}),
       fails_on=control("S.", given={"factor": 0}, id="nothing"))
def test_second(evidence, runs, factor=1):
    '''S.'''
    evidence.check("length", factor * len(runs), at_least=1)
"""


def test_what_a_killed_worker_trained_counts_as_trained(folder, record_of):
    head = TESTS.partition("@claim")[0]
    folder.makepyfile(test_claims=head + KILLED_LATER.replace("WHAT", '"kills once"'))
    folder.runpytest_subprocess("-n1")
    assert trained(folder) == ["first 0 3000", "kill 0 2000"]
    training = record_of(folder).training
    assert (training.runs_trained, training.runs_reused) == (2, 0)
    assert training.units_trained == 5000


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_what_an_interrupted_session_trained_counts_as_trained(folder, record_of, workers: str):
    head = TESTS.partition("@claim")[0]
    folder.makepyfile(test_claims=head + KILLED_LATER.replace("WHAT", '"interrupts"'))
    folder.runpytest_subprocess(workers)
    assert verdicts(record_of(folder)) == {"a.first": "consistent", "a.second": "not run"}
    training = record_of(folder).training
    assert (training.runs_planned, training.runs_trained, training.runs_reused) == (2, 1, 0)


@pytest.mark.parametrize("workers", [["-n0"], ["-n2"]])
def test_stale_runs_are_trained_again_and_told_in_one_line(folder, record_of, workers: list[str]):
    store = folder.mkdir(".icl-repro")
    main = "from tests.support.plugin_doubles import *; print(Spec('main', 0).key)"
    key = folder.run(sys.executable, "-c", main).outlines[0]
    (store / f"{key}.stale").touch()
    result = folder.runpytest_subprocess(*workers)
    result.stdout.fnmatch_lines(
        ["1 stored run was made by other source or libraries and is trained again"]
    )
    assert record_of(folder).training.runs_stale == 1
    assert "main 0 1000" in trained(folder)


def test_neighbours_of_all_runs_are_trained_and_judged(folder, record_of):
    folder.runpytest_subprocess().assert_outcomes(passed=5)
    assert trained(folder) == ALL
    folder.runpytest_subprocess("--icl-neighbour=2").assert_outcomes(passed=5)
    assert trained(folder) == ALL
    assert "--icl-neighbour=2" in record_of(folder).command


def test_warnings_of_the_training_reach_the_user(folder):
    folder.makeconftest(
        (folder.path / "conftest.py").read_text()
        + """
import warnings

class Loud(plugin_doubles.Executor):
    def begin(self, *args, **options):
        warnings.warn("a stored run is damaged")
        return super().begin(*args, **options)

engine = plugin_doubles.engine()
engine.LocalExecutor = Loud
library.engine = lambda: engine
"""
    )
    for workers in ([], ["-n2"]):
        result = folder.runpytest_subprocess(*workers)
        assert result.parseoutcomes()["passed"] == 5
        result.stdout.fnmatch_lines(["*warnings summary*", "*a stored run is damaged*"])


def test_one_thread_a_process_unless_the_user_says_otherwise():
    from icl_repro import threads

    environment: dict[str, str] = {}
    threads.use_one(environment)
    assert environment == {
        "NPROC": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    }
    mine = {
        "OMP_NUM_THREADS": "4",
        "XLA_FLAGS": "--xla_dump_to=d --xla_cpu_multi_thread_eigen=true",
    }
    environment = dict(mine)
    threads.use_one(environment)
    assert mine.items() <= environment.items()
    assert environment["NPROC"] == "1"
    environment = {"XLA_FLAGS": "--xla_dump_to=d"}
    threads.use_one(environment)
    assert environment["XLA_FLAGS"] == "--xla_dump_to=d --xla_cpu_multi_thread_eigen=false"


def test_pictures_that_cannot_be_drawn_cost_no_claim(folder):
    folder.makeconftest(
        (folder.path / "conftest.py").read_text()
        + "\nfrom icl_repro.plugin import pictures\npictures.sample = lambda specs: 1 / 0\n"
    )
    result = folder.runpytest_subprocess()
    assert result.parseoutcomes()["passed"] == 5
    result.stdout.fnmatch_lines(
        ["*the report has no pictures of what runs are trained on: ZeroDivisionError*"]
    )


def test_what_the_runs_are_trained_on_is_pictured():
    from types import SimpleNamespace

    import numpy as np

    from icl_repro.plugin.pictures import sample

    drawings = np.linspace(0, 1, 3 * 5 * 9).reshape(3, 5, 3, 3)
    shown = SimpleNamespace(source="Coins()", caption="A few coins", pictures=drawings)
    assert sample([SimpleNamespace()]) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sample([SimpleNamespace(), SimpleNamespace(sample=lambda: shown)])
    assert found is not None
    assert (found.source, found.caption) == ("Coins()", "A few coins")
    assert [len(group) for group in found.pictures] == [5, 5, 5]
    assert found.pictures[0][0].startswith("iVBOR")
