"""The command of a session as its record has it: without the folders of the machine it ran on."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

_PATH = re.compile(
    r"""(?:^|(?<=[=@])|(?<=^-[A-Za-z])|(?<=:)(?!//))  # where a value begins, and no tcp://
    (?:~[^/:]*|\.\.(?:/\.\.)*)?/[^:]*                  # /, ~/ or ../ and what follows""",
    re.VERBOSE,
)


def typed(arguments: Iterable[str], root: Path, folder: Path) -> str:
    """A command as the user typed it, but that paths are shortened: one within the project to what
    it is called from its root, another to its last name. What is relative and leads nowhere else
    stays as it is.

    A path may follow an option, the name of an ini key, a letter such as ``-c``, a colon or ``@``;
    it ends before a colon.

    Args:
        arguments: those of pytest, without its own name.
        root: the root of the project.
        folder: where the command was typed.
    """

    def shortened(found: re.Match[str]) -> str:
        given = os.path.expanduser(found[0])
        path = Path(os.path.abspath(folder / given))
        if given.startswith("~"):
            return path.name  # the home of a user that there is none of here
        for whole, base in ((path, root), (path.resolve(), root.resolve())):
            if whole.is_relative_to(base):
                return whole.relative_to(base).as_posix()
        return path.name or found[0]

    return shlex.join(["pytest", *(_PATH.sub(shortened, word) for word in arguments)])
