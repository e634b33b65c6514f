"""What tests share: pytest's own tester, and sessions of claims in a folder of their own."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from icl_repro.verification.record import VerificationRecord, read_record
from tests.support.forked_sessions import Nursery

pytest_plugins = ["pytester"]

# How long an example takes is the processor's business, and that of what else it does.
settings.register_profile("any processor", deadline=None)
settings.load_profile("any processor")

# The plugins of hypothesis and jaxtyping take longer to load than these sessions run.
_INI = """
[pytest]
addopts = --strict-markers --strict-config -p no:hypothesispytest -p no:jaxtyping
filterwarnings = error
"""


# Training is a double, and so is the HTML report unless a test asks for the real one: drawing it
# takes longer than the rest of the session.
_CONFTEST = """
import os
from tests.support import plugin_doubles
from icl_repro.plugin import library, outputs

library.engine = plugin_doubles.engine
if "REAL_REPORT" not in os.environ:
    outputs.WRITERS["html"] = lambda record, path: path.write_text("a report")
"""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported stays: collecting garbage need not look through all of it each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where the sessions of pytest that tests start come from."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def claims_folder(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, nursery: Nursery
) -> pytest.Pytester:
    """An empty folder where pytest runs in strict mode and nothing heavy happens."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makefile(".ini", pytest=_INI)
    pytester.makeconftest(_CONFTEST)
    start = pytester.popen

    def popen(command: list[str], *given: Any, stdout: Any = -1, stderr: Any = -1, **named: Any):
        if [str(part) for part in command[:2]] != [sys.executable, "-mpytest"]:
            return start(command, *given, stdout=stdout, stderr=stderr, **named)
        folder = Path.cwd()
        path = os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])
        with open(os.devnull, "w") as nowhere:
            files = [nowhere if file == -1 else file for file in (stdout, stderr)]
            numbers = [file if isinstance(file, int) else file.fileno() for file in files]
            return nursery.session(
                [str(part) for part in command[2:]],
                folder,
                {**os.environ, "PYTHONPATH": path},
                *numbers,
            )

    monkeypatch.setattr(pytester, "popen", popen)
    return pytester


@pytest.fixture
def record_of() -> Callable[[pytest.Pytester], VerificationRecord]:
    """Reads the verification record that a session left."""
    return lambda pytester: read_record(pytester.path / "reports" / "verification.json")
