"""A bundle: a record with all that it takes to verify it elsewhere, in one archive.

    manifest.json        SHA-256 of every other file, commit and versions
    verification.json    the record
    verification.html    its report
    specs.json           what each of its runs is, by key
    checkout/...         ledger, spread, coverage and curves, as they lie in the checkout

The manifest is not signed: it shows what was changed since the bundle was made, not who made it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from icl_repro.storage import archive
from icl_repro.storage.archive import UnusableArchive
from icl_repro.verification.record import UnreadableRecord, VerificationRecord, decoded
from icl_repro.verification.seal import sha256
from icl_repro.verification.wording import listed

FORMAT = 1
MANIFEST, RECORD, PAGE, SPECS = (
    "manifest.json",
    "verification.json",
    "verification.html",
    "specs.json",
)
CHECKOUT = "checkout"
"""The folder of what lies in the checkout."""

_MOST_NAMED = 5
_SHA1 = 40
"""Hexadecimal digits of a hash in most repositories."""


class NoBundle(ValueError):
    """A file that is no bundle, or one whose names cannot be trusted; the message says why."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``manifest.json`` holds.

    Attributes:
        format: that of bundles.
        files: the SHA-256 of every other file, by name.
        commit: the commit of the checkout, null outside one; versions: of packages, by name.
        settings: where the ledger, the spread and the coverage table are, below ``checkout``.
        differed: what of the checkout was not as the record says, where it was bundled in spite.
    """

    format: int
    files: dict[str, str]
    commit: str | None = None
    versions: dict[str, str] = {}
    settings: dict[str, str] = {}
    differed: list[str] = []


@dataclass(frozen=True)
class Unpacked:
    """What a bundle carries of the checkout, unpacked; like a checkout itself."""

    root: Path
    settings: Mapping[str, str]

    def path(self, key: str) -> Path | None:
        """The file or folder that a key of the ini file names, or None."""
        text = self.settings.get(key, "")
        return self.root / text if text else None


@dataclass(frozen=True)
class Opened:
    """A bundle that was read: its manifest, its other files, where they differ from it."""

    path: Path
    manifest: Manifest
    files: Mapping[str, bytes]
    differs: Sequence[str]

    def record(self) -> VerificationRecord:
        """Its record.

        Raises:
            NoBundle: what it has for one is none.
        """
        try:
            return decoded(self.files[RECORD], f"{RECORD} in {self.path}")
        except (UnreadableRecord, UnicodeDecodeError) as error:
            raise NoBundle(str(error)) from error

    def of_checkout(self) -> dict[str, bytes]:
        """What it carries of the checkout, by path from its root."""
        return {
            name.removeprefix(f"{CHECKOUT}/"): content
            for name, content in self.files.items()
            if name.startswith(f"{CHECKOUT}/")
        }

    @contextmanager
    def unpacked(self) -> Generator[Path]:
        """A folder for as long as it is needed, with what it carries of the checkout."""
        with tempfile.TemporaryDirectory(prefix="icl-repro-bundle-") as folder:
            for name, content in self.files.items():
                place = Path(folder) / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            yield Path(folder) / CHECKOUT

    def checkout(self, root: Path) -> Unpacked:
        """What it carries of the checkout, unpacked below `root`."""
        return Unpacked(root, self.manifest.settings)


def differences(
    record: VerificationRecord, head: str | None, status: str | None, ours: Iterable[str] = ()
) -> list[str]:
    """What of a checkout is not as a record says that it was, a sentence each.

    Args:
        record: the record.
        head: the commit of the checkout, None outside one.
        status: what ``git status --porcelain`` says of it.
        ours: files that it may name without counting, such as the bundle itself.
    """
    found: list[str] = []
    commit = record.environment.commit
    if commit is None:
        found.append("the record was made outside of a git checkout, so that its code is unknown")
    if record.environment.uncommitted_changes:
        found.append("the record was made with uncommitted changes")
    if head is None:
        found.append("this is no git checkout, so that its ledger and curves may be any")
    elif commit is not None and commit != head:
        found.append(f"the record is of commit {commit[:12]}, but this checkout is at {head[:12]}")
    changed = [
        name for line in (status or "").splitlines() if (name := line[3:].strip('"')) not in ours
    ]
    if changed:
        found.append(f"this checkout has uncommitted changes: {listed(changed, _MOST_NAMED)}")
    return found


def folders_of(files: Iterable[str]) -> list[str]:
    """The folders in which files of a checkout lie, for ``git ls-tree`` at its root."""
    return sorted({f"./{Path(name).parent.as_posix()}/" for name in files})


def unlike_commit(
    files: Mapping[str, bytes], listing: str, settings: Iterable[str]
) -> Iterator[str]:
    """Which files are not as a commit has them, and which of the ledger's are left out.

    Args:
        files: those of a bundle, by their path from the root of the checkout.
        listing: what ``git ls-tree -r`` says of their folders at the commit.
        settings: where the ledger is, and other files that a session is judged by.
    """
    there = {
        name.strip('"'): described.split()[2]
        for described, _, name in (line.partition("\t") for line in listing.splitlines())
    }
    for name, content in files.items():
        if name not in there:
            yield f"{name} is not in the commit that the bundle names"
        elif _blob(content, like=there[name]) != there[name]:
            yield f"{name} is not as the commit has it that the bundle names"
    settings_ = set(settings)
    for name in sorted(there.keys() - files.keys()):
        folder = Path(name).parent.as_posix()
        if folder in settings_ and name.endswith(".toml"):
            yield f"{name} is left out, which the commit has that the bundle names"


def _blob(content: bytes, like: str) -> str:
    """What git calls a file of that content, where it calls another so."""
    hashed = hashlib.sha1 if len(like) == _SHA1 else hashlib.sha256
    return hashed(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def curve_files(record: VerificationRecord, root: Path) -> list[Path]:
    """The stored curves of the claims of a record, beside their tests."""
    tests = {root / t.nodeid.partition("::")[0] for claim in record.claims for t in claim.trials}
    folders = {
        test.parent / "__curves__" / record.basis.label / test.stem for test in sorted(tests)
    }
    return sorted(file for folder in folders for file in folder.glob("*.json"))


def write(
    path: Path,
    record: bytes,
    page: str,
    specs: Mapping[str, str],
    of_checkout: Mapping[str, bytes],
    manifest: Manifest,
) -> Manifest:
    """Write a bundle in one step; the same content gives the same file.

    Args:
        path: where to.
        record: the record as JSON.
        page: its report.
        specs: what each of its runs is, as JSON, by key.
        of_checkout: files of the checkout, by their path from its root.
        manifest: all but the checksums.

    Returns:
        The whole manifest.

    Raises:
        OSError: it could not be written.
    """
    by_key = {key: msgspec.Raw(spec.encode()) for key, spec in sorted(specs.items())}
    files = {
        RECORD: record,
        PAGE: page.encode(errors="replace"),
        SPECS: msgspec.json.format(msgspec.json.encode(by_key)) + b"\n",
        **{f"{CHECKOUT}/{name}": content for name, content in sorted(of_checkout.items())},
    }
    whole = msgspec.structs.replace(
        manifest, files={name: sha256(content) for name, content in files.items()}
    )
    with archive.writing(path) as packed:
        archive.put(packed, MANIFEST, msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
        for name, content in files.items():
            archive.put(packed, name, content)
    return whole


def opened(path: Path) -> Opened:
    """Read a bundle, and hold its files against its manifest.

    Raises:
        NoBundle: it is no whole zip archive, has names that are not plain relative paths, or no
            manifest or record; or it cannot be read.
    """
    try:
        with archive.reading(path) as (packed, infos):
            found = {name: archive.content_of(path, packed, info) for name, info in infos.items()}
    except UnusableArchive as error:
        raise NoBundle(str(error)) from error
    except OSError as error:
        raise NoBundle(f"cannot read {path}: {error.strerror}") from error
    for name in (MANIFEST, RECORD):
        if name not in found:
            raise NoBundle(f"{path} is no bundle of icl-repro: it has no {name}")
    try:
        manifest = msgspec.json.decode(found.pop(MANIFEST), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoBundle(f"{path} is no bundle of icl-repro: {MANIFEST}: {error}") from error
    if manifest.format != FORMAT:
        raise NoBundle(f"{path} is a bundle of format {manifest.format}; this release reads 1")
    wrong = [text for text in manifest.settings.values() if not archive.is_plain(text)]
    if wrong:
        raise NoBundle(f"{path}: {MANIFEST} names {wrong[0]!r}, which is no plain relative path")
    return Opened(path, manifest, found, list(_differing(manifest, found)))


def _differing(manifest: Manifest, found: Mapping[str, bytes]) -> Generator[str]:
    for name, checksum in manifest.files.items():
        if name not in found:
            yield f"{name} is missing from the bundle"
        elif sha256(found[name]) != checksum:
            yield f"{name} does not have the hash that the manifest gives"
    for name in found:
        if name not in manifest.files:
            yield f"{name} is in the bundle, but not in its manifest"
