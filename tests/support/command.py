"""The command ``icl-repro``, run in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from icl_repro.cli import main


def run_command(*arguments: object) -> Result:
    """What ``icl-repro`` printed and its exit status; what it raises is raised."""
    return CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)
