"""The command ``icl-repro`` itself: which commands there are, and how a mistake is told."""

from __future__ import annotations

import importlib

import click

from icl_repro.nearest import nearest

COMMANDS = {
    "compare": "say what changed from one record to another, and whether anything regressed",
    "plan": "tell what a session would train and could show, before it does",
    "explain": "tell all there is to know of a claim",
    "report": "draw a saved record again, or set several side by side",
    "verify": "judge a saved record again, and say whether all of it agrees",
    "bundle": "pack a record with all that others need to verify it",
    "store": "say what trained runs there are, remove what nobody needs, move them",
    "history": "what changed over sessions: trends, steps and the commits at them",
}
"""Each command with what it is for. Its module in this room, named like it, holds it as
``command``, and is imported only where it is asked for."""


class _Commands(click.Group):
    """The commands by name, imported one at a time, so that ``--help`` loads none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"icl_repro.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}: {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="icl-repro", message="%(prog)s %(version)s")
def main() -> None:
    """Ask of records, claims and trained networks what pytest does not tell.

    Every command ends with status 0 if the answer is yes, 1 if it is no (something regressed, does
    not verify, is missing), 2 for a mistake in what was typed or in a file that was named.
    """
