"""What may be in the place of a folder or a file that cannot be used."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

NOBODY = 65534


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _file(path: Path) -> None:
    path.write_text("in the way")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _unreadable(path: Path) -> None:
    path.mkdir()
    path.chmod(0)


OBSTACLES: dict[str, Callable[[Path], None]] = {
    "a file": _file,
    "a loop of links": _loop,
    "a link to nowhere": _dangling,
    "an unreadable folder": _unreadable,
}


def put_in_the_way(path: Path, obstacle: str) -> None:
    """Replace whatever is there by something that is of no use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(path)
    OBSTACLES[obstacle](path)


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[Path]:
    """A folder of a user to whom things can be forbidden, and, if need be, that user's rights."""
    folder = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    "".encode("cp437")  # what zip files need is imported now: the user may not read where it is
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(folder)
