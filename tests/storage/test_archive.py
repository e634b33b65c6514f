"""Archives: the same twice, whole or not at all, and none that leads anywhere else."""

from __future__ import annotations

import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from icl_repro.storage import archive
from icl_repro.storage.archive import UnusableArchive

FILES = {"a.txt": b"one", "folder/b.txt": b"two" * 1000}


def written(path: Path, names: dict[str, bytes] = FILES) -> Path:
    with archive.writing(path) as packed:
        for name, content in names.items():
            archive.put(packed, name, content)
    return path


def read(path: Path) -> dict[str, bytes]:
    with archive.reading(path) as (packed, infos):
        return {name: archive.content_of(path, packed, info) for name, info in infos.items()}


def test_what_is_read_is_what_was_written_and_twice_the_same(tmp_path):
    one, other = written(tmp_path / "one.zip"), written(tmp_path / "other.zip")
    assert read(one) == FILES
    assert one.read_bytes() == other.read_bytes()


def test_it_appears_whole_or_not_at_all(tmp_path):
    path = written(tmp_path / "kept.zip")
    before = path.read_bytes()
    with pytest.raises(TypeError), archive.writing(path) as packed:
        archive.put(packed, "a.txt", 5)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../out",
        "a/../../out",
        "a\\..\\out",
        "C:/out",
        "./a",
        "a//b",
        "a/",
        "",
        "a\nb",
    ],
)
def test_names_that_are_no_plain_relative_paths_are_refused(tmp_path, name):
    path = written(tmp_path / "bad.zip", {"a.txt": b"", name: b""})
    with pytest.raises(UnusableArchive, match="names must be plain relative paths"):
        read(path)
    assert not archive.is_plain(name)


def test_a_name_that_stands_twice_is_refused(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with archive.writing(tmp_path / "bad.zip") as packed:
            archive.put(packed, "a.txt", b"one")
            archive.put(packed, "a.txt", b"two")
    with pytest.raises(UnusableArchive, match=r"two files 'a\.txt'"):
        read(tmp_path / "bad.zip")


def test_links_are_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr(info, "/etc/passwd")
    with pytest.raises(UnusableArchive, match="no plain file"):
        read(tmp_path / "bad.zip")


def test_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 100)
    with pytest.raises(UnusableArchive, match="unpacks to 3,003 bytes, more than 100"):
        read(written(tmp_path / "large.zip"))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_one_that_is_cut_short_is_refused(tmp_path, share):
    path = written(tmp_path / "cut.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UnusableArchive, match="no whole zip archive"):
        read(path)


def test_no_damaged_byte_goes_unnoticed(tmp_path):
    path = written(tmp_path / "damaged.zip")
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            found = read(path)
        except UnusableArchive:
            continue
        # Of what is neither content nor name, a difference does no harm.
        assert {name: found.get(name) for name in FILES} == FILES or set(found) != set(FILES)
