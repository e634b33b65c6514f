"""What tests share: pytest's own tester, and sessions of claims in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from icl_repro.verification.record import VerificationRecord, read_record

pytest_plugins = ["pytester"]

_INI = """
[pytest]
addopts = --strict-markers --strict-config -p no:cacheprovider -p no:hypothesispytest
filterwarnings = error
"""


@pytest.fixture
def claims_folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty folder where pytest runs in strict mode and nothing trains (`plugin_doubles`)."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pytester.makefile(".ini", pytest=_INI)
    pytester.makeconftest(
        "import plugin_doubles\n"
        "from icl_repro.plugin import training\n"
        "training.engine = plugin_doubles.engine\n"
    )
    return pytester


@pytest.fixture
def record_of() -> Callable[[pytest.Pytester], VerificationRecord]:
    """Reads the verification record that a session left."""
    return lambda pytester: read_record(pytester.path / "reports" / "verification.json")
