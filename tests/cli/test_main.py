"""The command itself: what it lists, and how it tells a mistake."""

from __future__ import annotations

import importlib

import click
import pytest

from icl_repro.cli.main import COMMANDS
from tests.support.command import run_command


def test_the_help_lists_every_command_and_says_what_exit_statuses_mean():
    printed = run_command("--help").output
    for name, purpose in COMMANDS.items():
        assert f"  {name} " in printed
        assert purpose.split()[0] in printed
    assert "status 0" in " ".join(printed.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name):
    command = importlib.import_module(f"icl_repro.cli.{name}").command
    assert isinstance(command, click.Command)
    printed = run_command(name, "--help").output
    assert "Examples:" in printed
    assert f"icl-repro {name} " in printed.split("Examples:")[1]


def test_a_misspelled_command_is_told_the_nearest():
    done = run_command("reprot")
    assert done.exit_code == 2
    assert "there is no command 'reprot': did you mean 'report'?" in done.stderr
