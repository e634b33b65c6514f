"""What the plugin adds to the start of pytest.

It shall be under half a second, because the plugin leaves JAX alone until there is a claim (which
tests/test_plugin_startup.py tests).
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest


@pytest.mark.benchmark(timer=time.perf_counter)
def test_help(beside, tmp_path):
    def ask(*options: str) -> None:
        # Other plugins take longer to load than this one, and more differently so.
        alone = ("-p", "no:hypothesispytest", "-p", "no:jaxtyping", "-p", "no:benchmark")
        command = [sys.executable, "-m", "pytest", "--help", *alone, *options]
        subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)

    beside(
        "pytest --help",
        ask,
        group="start",
        against=("pytest --help without the plugin", lambda: ask("-p", "no:icl_repro")),
        rounds=9,
        clock=time.perf_counter,
    )
