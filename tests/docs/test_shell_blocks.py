"""Every command in README, CONTRIBUTING and docs parses, and programs, options, claims and files
are there. Those that take a moment on a committed record are run as they stand.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import click
import pytest
import yaml

from docs.generate import commands, options
from icl_repro.cli.main import main
from icl_repro.verification.profiles import PROFILES, parse_seeds
from icl_repro.verification.record import read_record
from tests.docs.blocks import ROOT, Block, all_blocks, blocks_of, commands_in_text, words_of

BLOCKS = [
    block
    for block in (*all_blocks(), *blocks_of(commands.page(), commands.PATH))
    if block.language == "sh"
]
WORKFLOWS = [block for block in all_blocks() if block.language == "yaml"]
STEPS = [
    Block("sh", "", f"{step['run']}\n", block.place)
    for block in WORKFLOWS
    for job in yaml.safe_load(block.text)["jobs"].values()
    for step in job["steps"]
    if "run" in step
]
SHELL = [*BLOCKS, *STEPS, *commands_in_text()]
CALLS = [(block, words) for block in SHELL for words in words_of(block)]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WHEEL = f"icl_repro-{PROJECT['version']}-py3-none-any.whl"
OF_A_READER = re.compile(r"[A-Z]{2,}")
"""A word in capitals stands for what the reader has."""


def test_shell_parses():
    script = "\n".join(block.text for block in SHELL)
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def claims_there_are() -> list[str]:
    record = read_record(ROOT / "reports" / "reference.json")
    return [*(claim.id for claim in record.claims), *record.not_selected, "coin.fair"]


def test_commands_have_options_that_there_are(
    pytestconfig: pytest.Config, claims_there_are: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    flags = {option.flag for option in options.declared()[0]}
    for block, (program, *words) in CALLS:
        where = f"{block.place}: {shlex.join([program, *words])}"
        match program.removeprefix(".venv/bin/"):
            case "pytest":
                _require_options_of_pytest(pytestconfig, flags, words, claims_there_are, where)
            case "icl-repro":
                _require_command(words, where, claims_there_are)
            case ".ci/run":
                assert set(words) <= parts_of_ci(), where
            case "python3" if words[0] == "-m" and of_python(words[1]):
                pass
            case "python3" | "python":
                _require_module(words, where, monkeypatch)
            case "pip":
                _require_pip(words, where)
            case "pre-commit":
                assert words == ["install"], where
            case "gzip":
                assert words[0] == "-nc", where
            case "cat":
                pass
            case _:
                pytest.fail(f"{where} is not checked")


def of_python(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("block", WORKFLOWS, ids=lambda block: block.title)
def test_workflows_are_such_as_github_takes(block: Block, tmp_path: Path):
    workflow = tmp_path / block.title
    workflow.parent.mkdir(parents=True)
    workflow.write_text(block.text)
    check = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [sys.executable, *check, workflow], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def parts_of_ci() -> set[str]:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    found = re.findall(r'^(?:known="\$all |all=")(.+)"$', script, flags=re.MULTILINE)
    assert len(found) == 2, "what parts there are"
    return {part for parts in found for part in parts.split()}


def _require_pip(words: list[str], where: str) -> None:
    """That extras and exact versions are those that there are, and wheels have the name of ours."""
    if words[0] == "wheel":
        assert words == ["wheel", "--no-deps", "-w", "dist", "."], where
        return
    command, *targets = words
    assert command == "install", where
    if targets[0] == "-c":
        assert (ROOT / targets[1]).is_file(), where
        targets = targets[2:]
    for target in targets:
        if target == "-e":
            continue
        name, _, extras = target.removesuffix("]").partition("[")
        exact = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        ours = name in (".", PROJECT["name"], f"PATH/dist/{WHEEL}", f"wheels/{WHEEL}")
        assert ours or any(line.startswith(f"{name}==") for line in exact), where
        if ours and extras:
            assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"]), where


class Parsed(Exception):
    """Options were taken; nothing has been done yet."""


def _require_module(words: list[str], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a module is there, and takes its options, if it has any."""
    name, *given = words[1:] if words[0] == "-m" else words
    name = name.removesuffix(".py").replace("/", ".")
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    assert path.is_file(), where
    if "ArgumentParser" not in path.read_text("utf-8"):
        return
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self: argparse.ArgumentParser) -> None:
        parse(self)
        raise Parsed

    with monkeypatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
        patched.setattr(sys, "argv", [str(path), *given])
        try:
            importlib.import_module(name).main()
        except Parsed:
            return
        except SystemExit:
            pass
    pytest.fail(f"{where} does not take its options")


def _require_options_of_pytest(
    config: pytest.Config, flags: set[str], words: list[str], claims: list[str], where: str
) -> None:
    known, unknown = config._parser.parse_known_and_unknown_args(words)
    assert not unknown, where
    assert all((ROOT / path).exists() for path in known.file_or_dir), where
    given: dict[str, str] = {}
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name.startswith("--icl-"):
            assert name in flags, where
            given[name] = value if equals else (words[at + 1] if at + 1 < len(words) else "")
    assert given.get("--icl-profile", "standard") in PROFILES, where
    parse_seeds(given.get("--icl-seeds", "1"))
    _require_claims(given.get("--icl-claims", "").split(","), claims, where)


def _require_claims(patterns: list[str], claims: list[str], where: str) -> None:
    for pattern in patterns:
        if pattern and not OF_A_READER.search(pattern):
            assert any(fnmatchcase(claim, pattern) for claim in claims), where


def _require_command(words: list[str], where: str, claims: list[str]) -> None:
    """That click takes the words, down to the command that they end in."""
    command: click.Command = main
    parent: click.Context | None = None
    name: str = "icl-repro"
    path: list[str] = []
    while True:
        if words == ["--help"] or OF_A_READER.fullmatch(words[0] if words else ""):
            return
        if not words and where.endswith(f"icl-repro {' '.join(path)}") and path:
            return  # its name alone, in a sentence
        parent = command.make_context(name, list(words), parent=parent)
        if not isinstance(command, click.Group):
            break
        words = [*parent._protected_args, *parent.args]
        name, *words = words
        path.append(name)
        found = command.get_command(parent, name)
        assert found is not None, where
        command = found
    if name in ("explain", "plan") and "growth" not in where:
        _require_claims(list(parent.params["claims"]), claims, where)


LABEL = "omniglot_resnet18_cntk"
"""The kind whose committed record stands for that of a reader."""
RUN = {
    "gzip",
    "icl-repro report",
    "icl-repro compare",
    "python -m benchmarks.known_failures",
    "python -m benchmarks.head_by_head",
}
"""What begins so is run, on pages of `docs/`, where it names no record but these."""
RECORDS = {
    "own/verification.json": f"exemplars/{LABEL}.json.gz",
    "reports/verification.json": "reference.json",
    "reports/reference.json": "reference.json",
    "reports/paper.json.gz": "paper.json.gz",
    f"reports/exemplars/{LABEL}.json.gz": f"exemplars/{LABEL}.json.gz",
}


def commands_to_run() -> list[str]:
    lines = [
        line.replace("LABEL", LABEL)
        for block in BLOCKS
        if block.place.startswith("docs/")
        for line in block.text.replace("\\\n", " ").splitlines()
        if any(line.startswith(begin) for begin in RUN)
    ]
    return [line for line in dict.fromkeys(lines) if not OF_A_READER.search(line)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader would be, with committed records in place of theirs."""
    here = tmp_path_factory.mktemp("checkout")
    (here / "claims" / "ledger").mkdir(parents=True)
    for name, committed in RECORDS.items():
        source, target = ROOT / "reports" / committed, here / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".gz" and target.suffix != ".gz":
            target.write_bytes(gzip.decompress(source.read_bytes()))
        else:
            shutil.copy(source, target)
    programs = here / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, module in (("python", ""), ("icl-repro", " -m icl_repro.cli.main")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (programs / name).chmod(0o755)
    return here


def test_the_way_to_the_record_of_a_kind_is_run():
    begun = {begin for line in commands_to_run() for begin in RUN if line.startswith(begin)}
    assert begun == RUN - {"icl-repro compare"}


@pytest.mark.parametrize("line", commands_to_run())
def test_what_takes_a_moment_runs(folder: Path, line: str):
    path = f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", line],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
