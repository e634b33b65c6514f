"""``icl-repro verify``: a saved record, or a bundle of one, judged again."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click

from icl_repro.cli.checkout import Checkout, at_hand, shown
from icl_repro.cli.records import Refused, read_named
from icl_repro.git import git
from icl_repro.numbers import count
from icl_repro.verification import bundle
from icl_repro.verification.again import Findings, verified
from icl_repro.verification.completeness import completeness
from icl_repro.verification.held_thresholds import (
    against_ledger,
    files_differing,
    thresholds_stated,
)
from icl_repro.verification.ledger import Ledger, UnusableLedger, load
from icl_repro.verification.record import VerificationRecord, content_of
from icl_repro.verification.seal import checksums_of_files
from icl_repro.verification.spreads import UnusableSpreads
from icl_repro.verification.spreads import load as load_spreads
from icl_repro.verification.wording import listed

EXAMPLES = """\b
Examples:
  icl-repro verify reports/verification.json
  icl-repro verify reports/paper.json.gz --ledger claims/ledger
  icl-repro verify bundle.zip

\b
Exit status: 0, all that could be checked agrees; 1, something differs;
2, it is no record and no bundle.
"""


@click.command(epilog=EXAMPLES)
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "--ledger",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Hold the thresholds of the record against this ledger (a folder or a TOML file); that of"
    " the bundle, or else of the ini file here (icl_ledger), if not said.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell every difference, however many.")
def command(record: Path, ledger: Path | None, verbose: bool) -> None:
    """Judge RECORD again from the values that were measured, and say whether verdicts, verdicts
    after correction, thresholds and hashes agree. Nothing is trained, and no code of the claims is
    run. RECORD is a verification.json (or packed with gzip), or what `icl-repro bundle` made.

    The checksum of a record shows that it was changed since it was written, not who wrote it, nor
    that its values were ever measured: whoever changes a value with all that follows from it, and
    takes the checksum anew, is not found out. Tests that raised an error or did not run are taken
    as the record tells them. To check the measurements, train again: `pytest claims/`.
    """
    if record.suffix == ".zip" or (record.is_file() and zipfile.is_zipfile(record)):
        found, judged = _of_bundle(record, ledger)
    else:
        judged = read_named(record)
        found = verified(content_of(record), judged)
        _hold_against_ledger(found, judged, at_hand(), ledger)
    found.notes += _elsewhere(judged)
    _tell(record, judged, found, verbose)
    if found.differs:
        raise SystemExit(1)


def _of_bundle(path: Path, ledger: Path | None) -> tuple[Findings, VerificationRecord]:
    try:
        opened = bundle.opened(path)
        judged = opened.record()
    except bundle.NoBundle as error:
        raise Refused(str(error)) from None
    found = verified(opened.files[bundle.RECORD], judged)
    found.add(opened.differs, f"{count(len(opened.files), 'file')} as the manifest lists them")
    found.notes += opened.manifest.differed
    if ledger is not None:
        _hold_against_ledger(found, judged, at_hand(), ledger)
        return found, judged
    _hold_against_commit(found, opened)
    with opened.unpacked() as root:
        _hold_against_ledger(found, judged, opened.checkout(root), None)
    return found, judged


def _hold_against_commit(found: Findings, opened: bundle.Opened) -> None:
    """Hold what a bundle carries of its checkout against the commit that it names, if it is here.

    Whoever makes a bundle may put any ledger into it, and fit record and hashes to that.
    """
    commit, root = opened.manifest.commit, at_hand().root
    files = opened.of_checkout()
    whose = f"what it carries against commit {commit[:12]}" if commit else "what it carries"
    if commit is None or not re.fullmatch("[0-9a-f]{40,64}", commit):
        found.unchecked.append(f"{whose}: it names no commit")
        return
    listing = git(root, "ls-tree", "-r", commit, *bundle.folders_of(files))
    if listing is None or git(root, "cat-file", "-e", f"{commit}^{{commit}}") is None:
        found.unchecked.append(f"{whose}: there is no such commit in this checkout")
        return
    found.add(
        bundle.unlike_commit(files, listing, opened.manifest.settings.values()),
        f"{count(len(files), 'file')} of the checkout as in commit {commit[:12]}, which is here",
    )


def _hold_against_ledger(
    found: Findings,
    record: VerificationRecord,
    checkout: Checkout | bundle.Unpacked,
    named: Path | None,
) -> None:
    """Hold the thresholds of a record, and the files that it was judged by, against a ledger."""
    if named is None and record.seal is not None and not record.seal.files:
        found.notes.append("it was judged without a ledger")
        return
    path = named or checkout.path("icl_ledger")
    if path is None or not path.exists():
        if named is not None:
            raise Refused(f"there is no ledger at {named}: neither a folder nor a file")
        found.unchecked.append("its thresholds against a ledger: there is none here; name --ledger")
        return
    spread, coverage = checkout.path("icl_spread"), checkout.path("icl_coverage")
    known = _ledger(path, spread, record)
    n = thresholds_stated(record)
    whose = f"the ledger {shown(path)}"
    if isinstance(checkout, bundle.Unpacked):
        whose = "the ledger that it carries"
    found.add(against_ledger(record, known), f"{count(n, 'threshold')} as in {whose}")
    whole = completeness(record, known)
    found.unchecked += whole.unchecked
    found.add(whole.missing, f"nothing is missing that {whose} names, nor a seed or row of a claim")
    if record.seal is None:
        found.unchecked.append("whether the ledger is the one it was judged by: it has no hash")
        return
    recorded = record.seal.files
    if named is None:
        here = checksums_of_files(checkout.root, [p for p in (path, spread, coverage) if p])
    else:  # wherever it lies, its files are told by their names
        folder = path if path.is_dir() else path.parent
        here = checksums_of_files(folder, [path])
        recorded = {Path(name).name: checksum for name, checksum in recorded.items()}
        recorded = {name: recorded[name] for name in recorded if name in here}
    differs = files_differing(recorded, here)
    found.add(differs, f"the hashes of {count(len(here), 'file')} that it was judged by")


def _elsewhere(record: VerificationRecord) -> Iterator[str]:
    """How the place where a record was made differs from this one, in code and in versions."""
    root = at_hand().root
    head, commit = git(root, "rev-parse", "HEAD"), record.environment.commit
    if head is not None and commit is not None and head != commit:
        yield f"it is of commit {commit[:12]}, and this checkout is at {head[:12]}"
    others: list[str] = []
    for name, version in record.environment.packages.items():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            here = importlib.metadata.version(name)
            others += [f"{name} {version} (here {here})"] if here != version else []
    if others:
        yield f"it was made with {listed(others)}"


def _ledger(path: Path, spread: Path | None, record: VerificationRecord) -> Ledger:
    try:
        measured = load_spreads(spread if spread is not None and spread.exists() else None)
        return load(path, measured, record.basis.label)
    except (UnusableLedger, UnusableSpreads, OSError) as error:
        raise Refused(f"the ledger cannot be read: {error}") from None


_MOST = 20


def _tell(path: Path, record: VerificationRecord, found: Findings, verbose: bool) -> None:
    commit = record.environment.commit
    made = [f"{record.profile.name} profile", record.started]
    made += [f"commit {commit[:12]}"] if commit else ["no commit"]
    made += ["with uncommitted changes"] if record.environment.uncommitted_changes else []
    click.echo(f"{path}: {count(len(record.claims), 'claim')}, {', '.join(made)}")
    for word, sentences in (
        ("agrees", found.agrees),
        ("not checked", found.unchecked),
        ("note", found.notes),
        ("differs", found.differs),
    ):
        told = sentences if verbose else sentences[:_MOST]
        for sentence in told:
            click.echo(f"  {word:<12} {sentence}")
        if len(told) < len(sentences):
            click.echo(f"  {'':<12} and {len(sentences) - len(told)} more; --verbose tells them")
    open_ = f"; {count(len(found.unchecked), 'thing')} not checked" if found.unchecked else ""
    if found.differs:
        click.echo(f"does not verify: {count(len(found.differs), 'difference')}{open_}")
    elif open_:
        click.echo(f"what could be checked agrees{open_}")
    else:
        click.echo("verifies: all agrees")
