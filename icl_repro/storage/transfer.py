"""Entries between machines: an archive of them, and the way back.

    manifest.json           what they were made with, and the key of each
    <kind>/ab/abcd.../...    the files of each, as they lie in a store

An entry is taken up only if every byte is as its own manifest says, and never in place of one that
is good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import msgspec

from icl_repro.storage import archive, entry
from icl_repro.storage.archive import UnusableArchive
from icl_repro.storage.entries import Entries, Name, UnusableEntry
from icl_repro.storage.entry import Damage
from icl_repro.storage.survey import Stored

FORMAT = 1
_DIGITS = re.compile("[0-9a-f]{64}")
_QUICKLY = 1
"""Numbers hardly become smaller, however long one packs them."""


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``manifest.json`` of an archive of entries holds.

    Attributes:
        format: that of such archives.
        kind: the kind of the entries, the name of their folder.
        made: what they were made with, 64 hexadecimal digits.
        keys: the key of each, by its address.
    """

    format: int
    kind: str
    made: str
    keys: dict[str, str]


class OtherMake(ValueError):
    """Entries that were made with something else than those of this place."""


@dataclass
class Moved:
    """What became of entries: keys of those that were moved, and of those that are there already;
    a sentence for each that is damaged or could not be moved.
    """

    moved: list[str] = field(default_factory=list[str])
    there: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])


def export(
    path: Path,
    kind: str,
    made: str,
    entries: Iterable[Stored],
    files: tuple[str, ...],
    key_of: Callable[[str], str],
) -> Moved:
    """Write an archive of entries, each read and checked before; it appears whole or not at all.

    Args:
        path: where to.
        kind: their kind.
        made: what they were made with, 64 hexadecimal digits.
        entries: all made with that, and the newest of each address.
        files: the names of an entry's files of arrays.
        key_of: the key of an entry, by its address.

    Raises:
        OSError: it could not be written.
    """
    done = Moved()
    keys: dict[str, str] = {}
    with archive.writing(path) as packed:
        for one in sorted(entries, key=lambda stored: stored.address):
            key = key_of(one.address)
            try:
                whole = entry.read(one.folder, key, files)
                manifest = (one.folder / entry.MANIFEST).read_bytes()
            except (Damage, OSError) as problem:
                done.problems.append(f"{key[:12]} in {one.folder} is damaged: {problem}")
                continue
            place = _place(kind, one.address, made)
            for name, content in (*whole.files.items(), (entry.MANIFEST, manifest)):
                archive.put(packed, f"{place}/{name}", content, _QUICKLY)
            keys[one.address] = key
            done.moved.append(key)
        contents = msgspec.json.encode(Contents(FORMAT, kind, made, keys))
        archive.put(packed, entry.MANIFEST, msgspec.json.format(contents) + b"\n")
    return done


def import_(
    path: Path,
    store: Entries,
    kind: str,
    made: str,
    key_of: Callable[[str, str], str],
    *,
    any_make: bool = False,
) -> Moved:
    """Take entries of an archive up into a store.

    Args:
        path: the archive.
        store: the entries of that kind there.
        kind: their kind.
        made: what entries here are made with, 64 hexadecimal digits.
        key_of: the key of an entry, by its address and what it was made with.
        any_make: take up entries that were made with something else, too.

    Raises:
        UnusableArchive: it is no archive of such entries, or it cannot be trusted.
        OtherMake: its entries were made with something else, and `any_make` is not set.
        OSError: it cannot be read, or the store cannot be written to.
    """
    with archive.reading(path) as (packed, infos):
        contents = _contents(path, packed, infos)
        if contents.kind != kind:
            raise UnusableArchive(f"{path} has no {kind}, but {contents.kind}")
        if contents.made != made and not any_make:
            raise OtherMake(
                f"what {path} has was made by other source or libraries (fingerprint "
                f"{contents.made[:12]}, here {made[:12]}), so that no session here would read it"
            )
        done = Moved()
        groups = dict(_groups(path, contents, infos))
        for address, key in contents.keys.items():
            name = Name(address, contents.made[:12], key, f"the stored entry {key[:12]}")
            if key != key_of(address, contents.made):
                done.problems.append(f"{key[:12]} does not have the key of its address")
            elif address not in groups:
                done.problems.append(f"{key[:12]} is listed, but not in {path}")
            else:
                _take_up(path, packed, groups[address], store, name, done)
    return done


def _take_up(
    path: Path,
    packed: ZipFile,
    infos: Mapping[str, ZipInfo],
    store: Entries,
    name: Name,
    done: Moved,
) -> None:
    key = name.key
    with store.lock(key) as is_mine:
        if not is_mine:
            done.problems.append(
                f"{key[:12]} is being made here at this moment; it is left to that"
            )
            return
        if store.read(name) is not None:
            done.there.append(key)
            return
        try:
            files = {file: archive.content_of(path, packed, info) for file, info in infos.items()}
            store.adopt(name, files)
        except Damage as damage:
            done.problems.append(f"{key[:12]} is damaged in {path}: {damage}")
        except (UnusableArchive, UnusableEntry) as problem:
            done.problems.append(f"{key[:12]}: {problem}")
        else:
            done.moved.append(key)


def _contents(path: Path, packed: ZipFile, infos: Mapping[str, ZipInfo]) -> Contents:
    if entry.MANIFEST not in infos:
        raise UnusableArchive(f"{path} was not exported from a store: it has no {entry.MANIFEST}")
    try:
        content = archive.content_of(path, packed, infos[entry.MANIFEST])
        contents = msgspec.json.decode(content, type=Contents)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnusableArchive(
            f"{path} was not exported from a store: {entry.MANIFEST}: {error}"
        ) from error
    if contents.format != FORMAT:
        raise UnusableArchive(
            f"{path} is of format {contents.format}; this release reads format {FORMAT}"
        )
    # They become parts of paths.
    for digits in (contents.made, *contents.keys, *contents.keys.values()):
        if not _DIGITS.fullmatch(digits):
            raise UnusableArchive(f"{path}: {entry.MANIFEST} has {digits[:80]!r} for 64 digits")
    return contents


def _groups(
    path: Path, contents: Contents, infos: Mapping[str, ZipInfo]
) -> Iterator[tuple[str, dict[str, ZipInfo]]]:
    """The files of each entry that an archive lists, by its address.

    Raises:
        UnusableArchive: it has files of no entry that it lists.
    """
    places = {_place(contents.kind, address, contents.made): address for address in contents.keys}
    found: dict[str, dict[str, ZipInfo]] = {}
    for name, info in infos.items():
        place, _, file = name.rpartition("/")
        if name == entry.MANIFEST:
            continue
        if place not in places:
            raise UnusableArchive(f"{path} has {name!r}, which is of no entry that it lists")
        found.setdefault(places[place], {})[file] = info
    yield from found.items()


def _place(kind: str, address: str, made: str) -> str:
    return f"{kind}/{address[:2]}/{address}/{made[:12]}.1"
