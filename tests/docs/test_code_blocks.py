"""Every block of code in README and docs: Python is run, and of commands that would train it is
looked up whether they parse, and whether options, claims and files are there.
"""

from __future__ import annotations

import configparser
import linecache
import re
import shlex
import subprocess
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from docs.generate import commands, options
from icl_repro.cli.main import main
from icl_repro.exemplars import Glyphs
from icl_repro.verification.ledger_files import read
from icl_repro.verification.profiles import PROFILES, parse_seeds
from icl_repro.verification.record import read_record
from icl_repro.verification.spreads import Spreads
from tests.docs.blocks import ROOT, Block, all_blocks, blocks_of

BLOCKS = all_blocks()
LANGUAGES = {"bibtex", "ini", "python", "sh", "text", "toml"}
PYTHON = sorted({b.place.partition(":")[0] for b in BLOCKS if b.language == "python"})
COMMANDS = list(blocks_of(commands.page(), commands.PATH))
SHELL = [block for block in (*BLOCKS, *COMMANDS) if block.language == "sh"]


def test_every_block_is_of_a_language_that_is_checked():
    assert {block.language for block in BLOCKS} <= LANGUAGES
    fences = sum(
        len(re.findall(r"^ *```", path.read_text("utf-8"), flags=re.MULTILINE))
        for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
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
    files = {block.title: block.text for block in BLOCKS if block.title}
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


def test_shell_parses():
    script = "\n".join(block.text for block in SHELL)
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def words_of(block: Block) -> list[list[str]]:
    """The commands of a block, each as its words."""
    joined = block.text.replace("\\\n", " ")
    found: list[list[str]] = []
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, "&&"]:
            if word in ("&&", ">"):
                found += [command] if command else []
                command = []
                if word == ">":
                    break
            else:
                command.append(word)
    return found


CALLS = [(block, words) for block in SHELL for words in words_of(block)]


@pytest.fixture(scope="module")
def claims_there_are() -> list[str]:
    record = read_record(ROOT / "reports" / "reference.json")
    return [*(claim.id for claim in record.claims), *record.not_selected]


def test_commands_have_options_that_there_are(
    pytestconfig: pytest.Config, claims_there_are: list[str]
):
    flags = {option.flag for option in options.declared()[0]}
    for block, (program, *words) in CALLS:
        where = f"{block.place}: {shlex.join([program, *words])}"
        match program.removeprefix(".venv/bin/"):
            case "pytest":
                _require_options_of_pytest(pytestconfig, flags, words, claims_there_are, where)
            case "icl-repro":
                _require_command(words, where, claims_there_are)
            case ".ci/run":
                known = re.search(r'^known="\$all (.+)"$', ci_run(), flags=re.MULTILINE)
                default = re.search(r'^all="(.+)"$', ci_run(), flags=re.MULTILINE)
                assert known, "what parts there are"
                assert default, "what parts there are"
                assert set(words) <= {*known[1].split(), *default[1].split()}, where
            case "python3":
                assert words == ["-m", "venv", ".venv"], where
            case "pip":
                assert words[:3] == ["install", "-c", "constraints.txt"], where
                _require_extra(words[-1], where)
            case _:
                pytest.fail(f"{where} is not checked")


def ci_run() -> str:
    return (ROOT / ".ci" / "run").read_text("utf-8")


def _require_extra(target: str, where: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = re.fullmatch(r"\.(?:\[(\w+)\])?", target)
    assert extra, where
    assert extra[1] is None or extra[1] in project["optional-dependencies"], where


def _require_options_of_pytest(
    config: pytest.Config, flags: set[str], words: list[str], claims: list[str], where: str
) -> None:
    _, unknown = config._parser.parse_known_and_unknown_args(words)
    assert not unknown, where
    given: dict[str, str] = {}
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name.startswith("--icl-"):
            assert name in flags, where
            given[name] = value if equals else (words[at + 1] if at + 1 < len(words) else "")
    assert given.get("--icl-profile", "standard") in PROFILES, where
    parse_seeds(given.get("--icl-seeds", "1"))
    for pattern in filter(None, given.get("--icl-claims", "").split(",")):
        assert any(fnmatchcase(claim, pattern) for claim in claims), where


def _require_command(words: list[str], where: str, claims: list[str]) -> None:
    """That click takes the words, down to the command that they end in."""
    command: click.Command = main
    parent: click.Context | None = None
    name: str = "icl-repro"
    while True:
        parent = command.make_context(name, list(words), parent=parent)
        if not isinstance(command, click.Group):
            break
        words = [*parent._protected_args, *parent.args]
        name, *words = words
        found = command.get_command(parent, name)
        assert found is not None, where
        command = found
    if name in ("explain", "plan") and "growth" not in where:
        for pattern in parent.params["claims"]:
            assert any(fnmatchcase(claim, pattern) for claim in claims), where
