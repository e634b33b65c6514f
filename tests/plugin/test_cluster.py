"""A cluster that trains for a session: found or started once, closed at the end, and told of."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = """
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

NO = control("S.", given={"sign": -1}, id="negative")

@claim("a.one", source="1", on=lambda seed: Spec("main", seed), fails_on=NO)
def test_one(evidence, run, sign=1):
    '''S.'''
    evidence.check("length", sign * run.spec.sequences, at_least=10)

@claim("b.two", source="1", on=lambda seed: Spec("bad", seed), fails_on=NO)
def test_two(evidence, run, sign=1):
    '''S.'''
    evidence.check("length", sign * run.spec.sequences, at_least=10)
"""
DOUBLES = """
from pathlib import Path
from types import SimpleNamespace

LOG = Path(__file__).with_name("cluster.log")

def log(line):
    with LOG.open("a") as file:
        file.write(line + "\\n")

class NoCluster(RuntimeError):
    pass

class LocalCluster:
    def __init__(self, workers):
        self.address = "tcp://own"
        log(f"started {workers}")

    def close(self):
        log("closed")

def connected(address):
    if address == "tcp://nobody":
        raise NoCluster("no scheduler answers at tcp://nobody")
    return SimpleNamespace(close=lambda: log(f"answered {address}"))

library.clusters = lambda: SimpleNamespace(
    LocalCluster=LocalCluster, NoCluster=NoCluster, connected=connected
)

class DaskExecutor(plugin_doubles.Executor):
    def __init__(self, store, address):
        super().__init__(store)
        log(f"client of {address}")

    def _there(self, spec):
        return spec.name == "bad" or super()._there(spec)

    def outcome(self):
        done = super().outcome()
        done.failed = {spec: "4 workers died" for spec in self.plan.specs if spec.name == "bad"}
        done.reused = [spec for spec in done.reused if spec.name != "bad"]
        return done

    def close(self):
        log("given up")

def engine():
    kinds = plugin_doubles.engine()
    kinds.DaskExecutor = DaskExecutor
    return kinds

library.engine = engine
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    conftest = claims_folder.path / "conftest.py"
    conftest.write_text(conftest.read_text() + DOUBLES)
    return claims_folder


def log(folder: pytest.Pytester) -> list[str]:
    """What the cluster did since the last call."""
    file: Path = folder.path / "cluster.log"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_one_cluster_serves_all_processes_and_is_closed_when_they_have_ended(folder):
    result = folder.runpytest_subprocess("-n2", "--icl-executor=dask", "-k", "one")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*trained by a dask cluster (of its own)*"])
    found = log(folder)
    assert found[0] == "started 2"
    assert found[-1] == "closed"
    assert sorted(found[1:-1]) == sorted(["client of tcp://own", "given up"] * 2)


def test_a_cluster_that_is_there_is_used_and_left_alone(folder):
    folder.makefile(".ini", pytest="[pytest]\nicl_executor = dask\nicl_scheduler = tcp://there\n")
    result = folder.runpytest_subprocess("-k", "one")
    result.assert_outcomes(passed=2)
    assert log(folder) == ["answered tcp://there", "client of tcp://there", "given up"]
    for arguments in (["--collect-only"], ["--icl-no-train"]):
        folder.runpytest_subprocess(*arguments)
        assert log(folder) == []


def test_a_run_that_cannot_be_had_makes_its_claim_red_and_says_why(folder):
    result = folder.runpytest_subprocess("-p", "no:xdist", "--icl-executor=dask")
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["*a run has no results: 4 workers died (bad, seed 0*"])
    assert log(folder)[-1] == "closed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--icl-executor=dsk"],
            "--icl-executor: there is no executor 'dsk'; did you mean 'dask'?",
        ),
        (["--icl-scheduler=tcp://x"], "--icl-scheduler is of use to the executor dask alone;*"),
        (
            ["--icl-executor=dask", "--icl-scheduler=tcp://nobody"],
            "--icl-scheduler: no scheduler answers at tcp://nobody",
        ),
        (
            ["--icl-executor=dask", "--icl-scheduler="],
            "--icl-scheduler is given, but names no scheduler; write --icl-scheduler=tcp://HOST:*",
        ),
        (
            ["--icl-executor=dask", "--icl-scheduler=  "],
            "--icl-scheduler is given, but names no scheduler; write --icl-scheduler=tcp://HOST:*",
        ),
        (["--icl-device=tpu"], "--icl-device: there is no device 'tpu'*"),
        (["--icl-device=gpu"], "--icl-device gpu: this machine has no NVIDIA driver*"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(folder, arguments, said):
    if "--icl-device=gpu" in arguments and Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has a device")
    result = folder.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
