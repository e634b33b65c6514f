"""Every block of code in README, CONTRIBUTING and docs is of a language that is checked, and Python
and files are run; `test_shell_blocks.py` has the commands.
"""

from __future__ import annotations

import configparser
import linecache
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docs.generate import options
from icl_repro.exemplars import Glyphs
from icl_repro.verification.ledger_files import read
from icl_repro.verification.spreads import Spreads
from tests.docs.blocks import PAGES, all_blocks

BLOCKS = all_blocks()
LANGUAGES = {"bibtex", "ini", "python", "sh", "text", "toml", "yaml"}
PYTHON = sorted({b.place.partition(":")[0] for b in BLOCKS if b.language == "python"})


def test_every_block_is_of_a_language_that_is_checked():
    assert {block.language for block in BLOCKS} <= LANGUAGES
    fences = sum(
        len(re.findall(r"^ *```", path.read_text("utf-8"), flags=re.MULTILINE)) for path in PAGES
    )
    assert fences == 2 * len(BLOCKS), "a block is indented or never ends"


def drawn_at_random(
    self: Glyphs, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
) -> np.ndarray:
    return numbers_at_random(len(classes), len(exemplars), self.width)


@cache
def numbers_at_random(*shape: int) -> np.ndarray:
    """The same for every page: there are 17 million of them."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)


@pytest.mark.parametrize("page", PYTHON)
def test_python_runs(page: str, monkeypatch: pytest.MonkeyPatch):
    """Blocks of a page one after the other, as a reader would paste them; but for the drawing of
    characters, which takes longer than all the rest.
    """
    monkeypatch.setattr(Glyphs, "compute_features", drawn_at_random)
    namespace: dict[str, Any] = {"__name__": "a_page"}
    for block in BLOCKS:
        if block.language == "python" and not block.title and block.place.startswith(f"{page}:"):
            linecache.cache[block.place] = (len(block.text), None, block.text.splitlines(True), "")
            exec(compile(block.text, block.place, "exec"), namespace)


def test_the_claims_that_a_page_shows_run(claims_folder: pytest.Pytester, record_of: Any):
    files = {block.title: block.text for block in BLOCKS if block.title and "/" not in block.title}
    assert list(files) == ["test_coin.py", "pytest.ini"]
    claims_folder.path.joinpath("test_coin.py").write_text(files["test_coin.py"])
    result = claims_folder.runpytest_subprocess("--icl-profile", "paper")
    result.assert_outcomes(passed=10)
    (told,) = [b.text for b in BLOCKS if b.language == "text" and "coin.fair" in b.text]
    assert told in f"{result.stdout}\n"
    record = record_of(claims_folder)
    assert {trial.nodeid.partition("::")[2] for trial in record.claims[0].trials} == {
        f"test_fair[seed{seed}]" for seed in range(5)
    }


def test_ini_files_have_keys_that_there_are():
    found, alone = options.declared()
    known = {*(option.key for option in found), *(key.name for key in alone), "addopts"}
    for block in BLOCKS:
        if block.language == "ini":
            parser = configparser.ConfigParser()
            parser.read_string(block.text)
            assert set(parser["pytest"]) <= known, block.place


def test_ledgers_can_be_read(tmp_path: Path):
    ledger = tmp_path / "ledger.toml"
    texts = [block.text for block in BLOCKS if block.language == "toml"]
    ledger.write_text("\n".join(texts))
    contents = read(ledger, Spreads())
    assert len(contents.thresholds) == len(contents.findings) == 1
