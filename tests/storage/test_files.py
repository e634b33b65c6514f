"""Files are whole or not there, and what several write at once is all there in the end."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_repro.storage import locks
from icl_repro.storage.files import append_line, update, write_whole


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch) -> Path:
    """Where the locks of this test are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's, not made yet."""
    return tmp_path / "made" / "on demand"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def in_threads(work: Callable[[int], None], count: int = 2) -> None:
    problems = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def in_processes(code: str, folder: Path, count: int = 2) -> None:
    """Run a piece of code in several processes that know `folder` and their `number`."""
    head = (
        "import sys; from pathlib import Path; from icl_repro.storage.files import *;"
        "folder, number = Path(sys.argv[1]), int(sys.argv[2])\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", head + code, folder, str(number)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    assert [process.communicate(timeout=100)[1] for process in running] == [""] * count


# Writing.


@pytest.mark.parametrize(
    ("content", "written"), [("ä\r\n", "ä\r\n".encode()), (b"\0\xff", b"\0\xff"), ("\ud800", b"?")]
)
def test_content_arrives_as_it_is_in_folders_made_for_it(folder, content, written):
    write_whole(folder / "file", content)
    assert (folder / "file").read_bytes() == written
    assert names(folder) == ["file"]


def test_a_file_is_replaced_and_one_that_cannot_be_written_stays_as_it_was(folder, monkeypatch):
    write_whole(folder / "file", "first")
    write_whole(folder / "file", "second")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(folder / "file", "third")
    assert (folder / "file").read_text() == "second"
    assert names(folder) == ["file"]


def test_names_as_long_as_the_file_system_allows(folder):
    write_whole(folder / ("ä" * 127), "content")
    assert names(folder) == ["ä" * 127]


def test_a_folder_in_place_of_the_file_is_an_error_and_stays(folder):
    (folder / "file").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        write_whole(folder / "file", "content")
    assert names(folder) == ["file"]


def test_two_threads_that_write_into_one_folder_lose_nothing(folder):
    def write(thread: int) -> None:
        for number in range(100):
            write_whole(folder / f"{thread}-{number}", f"{thread} {number}")
            write_whole(folder / "shared", f"{thread} {number}")

    in_threads(write)
    assert len(names(folder)) == 201
    for thread in range(2):
        for number in range(100):
            assert (folder / f"{thread}-{number}").read_text() == f"{thread} {number}"
    assert (folder / "shared").read_text() in ("0 99", "1 99")


def test_two_processes_that_write_one_file_never_show_a_mixture(folder):
    contents = {"a" * 100_000, "b" * 50_000}
    write_whole(folder / "file", "a" * 100_000)
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            seen.add((folder / "file").read_text())

    reader = threading.Thread(target=read)
    reader.start()
    code = (
        'for _ in range(200): write_whole(folder / "file", ["a" * 100_000, "b" * 50_000][number])'
    )
    in_processes(code, folder)
    stop.set()
    reader.join()
    assert seen <= contents
    assert names(folder) == ["file"]


# Changing.


def test_what_is_changed_is_what_was_there(folder):
    seen = []

    def change(before: bytes | None) -> bytes | None:
        seen.append(before)
        return None if before == b"2" else str(len(seen)).encode()

    for _ in range(4):
        update(folder / "file", change)
    assert seen == [None, b"1", b"2", None]
    assert (folder / "file").read_text() == "4"


def test_removing_what_is_not_there_makes_nothing(folder):
    update(folder / "file", lambda before: None)
    assert not folder.exists()


def test_a_change_that_fails_changes_nothing_and_lets_go(folder):
    write_whole(folder / "file", "content")
    with pytest.raises(KeyError):
        update(folder / "file", lambda before: {}[before])
    update(folder / "file", lambda before: before)
    assert (folder / "file").read_text() == "content"


def test_a_link_stays_a_link_to_what_was_changed(folder):
    write_whole(folder / "file", "content")
    (folder / "link").symlink_to("file")
    update(folder / "link", lambda before: (before or b"") + b" and more")
    assert (folder / "link").is_symlink()
    assert (folder / "file").read_text() == "content and more"


def test_two_processes_that_change_one_file_lose_nothing_and_leave_no_litter(folder, cache):
    code = (
        "(folder / 'link').symlink_to('.') if number else None\n"
        "path = folder / 'link' / 'file' if number else folder / 'file'\n"
        "for n in range(100): update(path, lambda b: (b or b'') + f'{number}-{n} '.encode())"
    )
    folder.mkdir(parents=True)
    in_processes(code, folder)
    written = (folder / "file").read_text().split()
    assert sorted(written) == sorted(f"{number}-{n}" for number in range(2) for n in range(100))
    assert names(folder) == ["file", "link"]
    assert names(cache / "icl-repro" / "locks")


def test_threads_that_change_one_file_lose_nothing(folder):
    def change(thread: int) -> None:
        for _ in range(50):
            update(folder / "file", lambda before: str(int(before or b"0") + 1).encode())

    in_threads(change, count=3)
    assert (folder / "file").read_text() == "150"


def test_where_there_is_no_place_for_locks_they_are_with_temporary_files(
    folder, tmp_path, monkeypatch
):
    (tmp_path / "a file").write_text("")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    monkeypatch.setattr(locks.tempfile, "tempdir", str(tmp_path / "temporary"))
    update(folder / "file", lambda before: b"content")
    assert (folder / "file").read_text() == "content"
    assert names(tmp_path / "temporary")


def test_a_link_stays_one_to_what_is_written(folder):
    write_whole(folder / "file", "before")
    (folder / "link").symlink_to("file")
    write_whole(folder / "link", "after")
    assert (folder / "link").is_symlink()
    assert (folder / "file").read_text() == "after"
    assert names(folder) == ["file", "link"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    pipe = tmp_path / "pipe"
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    write_whole(pipe, "content")
    reader.join(timeout=10)
    assert read == ["content"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


# Adding lines.


def test_lines_are_added_at_the_end(folder):
    for line in ("one", "", "zwölf"):
        append_line(folder / "file", line)
    assert (folder / "file").read_bytes() == "one\n\nzwölf\n".encode()


def test_a_line_that_was_cut_short_stays_a_line_of_its_own(folder):
    write_whole(folder / "file", "one\ntw")
    append_line(folder / "file", "three")
    assert (folder / "file").read_text() == "one\ntw\nthree\n"


@pytest.mark.parametrize("line", ["one\ntwo", "one\r"])
def test_more_than_one_line_is_refused(folder, line):
    with pytest.raises(ValueError, match="one line is expected"):
        append_line(folder / "file", line)


def test_two_processes_that_add_lines_lose_none(folder):
    code = "for n in range(200): append_line(folder / 'file', f'{number}-{n}')"
    in_processes(code, folder)
    lines = (folder / "file").read_text().splitlines()
    assert sorted(lines) == sorted(f"{number}-{n}" for number in range(2) for n in range(200))
