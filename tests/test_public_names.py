"""The public names: importing and using them to declare claims imports neither JAX nor NumPy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import icl_repro

LIGHT = [
    "claim",
    "control",
    "networks",
    "networks_by_row",
    "Evidence",
    "Reported",
    "Interval",
    "Figure",
    "Panel",
]
LIGHT += ["Series", "Bars", "Heatmap", "Wiring", "ReferenceLine", "Table", "Cell", "Diagram"]
HEAVY = ["RunSpec", "Run", "Schedule", "Stop", "Optimiser", "Transplant", "RunStore"]


def loaded_after(code: str) -> str:
    """Which of the large libraries a fresh interpreter has imported after running `code`."""
    asked = "print([name for name in ('jax', 'numpy', 'scipy') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; {asked}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    return done.stdout.strip()


def test_what_claims_are_written_with_needs_no_large_library():
    assert loaded_after(f"from icl_repro import {', '.join(LIGHT)}") == "[]"


def test_networks_can_be_declared_before_jax_is_imported():
    declare = "from icl_repro import networks; networks(lambda seed: 1 / 0)"
    assert loaded_after(f"import icl_repro; {declare}") == "[]"


def test_the_store_is_looked_after_without_jax():
    loaded = loaded_after("from icl_repro.cli import library, store; library.fingerprint()")
    assert loaded == "['numpy']"


def test_runs_come_with_jax_once_they_are_used():
    assert "'jax'" in loaded_after(f"from icl_repro import {', '.join(HEAVY)}")


@pytest.mark.parametrize("name", sorted([*LIGHT, *HEAVY]))
def test_each_name_is_there_and_typed(name: str):
    assert name in icl_repro.__all__
    assert name in dir(icl_repro)
    assert getattr(icl_repro, name).__name__ == name
    tree = ast.parse(Path(icl_repro.__file__).read_text())
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    assert name in {
        alias.name
        for node in typed.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_all_names_are_told():
    assert sorted([*LIGHT, *HEAVY]) == sorted(icl_repro.__all__)
    assert (Path(icl_repro.__file__).parent / "py.typed").is_file()


def test_another_name_is_an_ordinary_error():
    with pytest.raises(AttributeError, match="has no attribute 'clame'"):
        _ = icl_repro.clame
