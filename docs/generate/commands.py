"""The commands of ``icl-repro``, as click has them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from icl_repro.cli.main import COMMANDS, main

from .markdown import code, escaped, table

PATH = "reference/commands.md"

_HEAD = """\
# The command icl-repro

Made from the commands themselves; `icl-repro COMMAND --help` says the same. Every command ends with
status 0 if it did what was asked and the answer is yes, 1 if the answer is no (something regressed,
does not verify, is missing), and 2 for a mistake in what was typed or in a file that was named.
"""


def page() -> str:
    """The page, as Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    yield from table(
        ["command", "what it is for"],
        [[f"[{name}](#{name})", escaped(about)] for name, about in COMMANDS.items()],
    )
    top = click.Context(main, info_name="icl-repro", help_option_names=["-h", "--help"])
    for name in main.list_commands(top):
        command = main.get_command(top, name)
        assert command is not None, name
        yield from _command(command, click.Context(command, info_name=name, parent=top), 2)


def _command(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    path = context.command_path
    name = path.removeprefix("icl-repro ")
    yield f"{'#' * level} {name} {{ #{name.replace(' ', '-')} }}"
    yield ""
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("```text", f"{path} {usage}", "```", "")
    for paragraph in (command.help or "").split("\n\n"):
        yield escaped(" ".join(paragraph.replace("\b", "").split()))
        yield ""
    records = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and (record := parameter.get_help_record(context)) is not None
    ]
    rows = [[code(flags), escaped(text)] for flags, text in records]
    yield from table(["option", "what it does"], rows)
    for part in (command.epilog or "").split("\n\n"):
        lines = [line.strip() for line in part.replace("\b", "").strip().splitlines()]
        if lines and lines[0] == "Examples:":
            yield from (*lines[:1], "", "```sh", *lines[1:], "```", "")
        elif lines:
            yield from (*(f"{escaped(line)}<br>" for line in lines[:-1]), escaped(lines[-1]), "")
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            assert inner is not None, each
            within = click.Context(inner, info_name=each, parent=context)
            yield from _command(inner, within, level + 1)
