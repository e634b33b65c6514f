"""``icl-repro bundle``: a record with all that others need to verify it, in one archive."""

from __future__ import annotations

import os
from pathlib import Path

import click

from icl_repro.cli.checkout import Checkout, at_hand
from icl_repro.cli.records import Refused, read_named, require_other_name
from icl_repro.git import git
from icl_repro.numbers import count
from icl_repro.verification import bundle
from icl_repro.verification.record import content_of

EXAMPLES = """\b
Examples:
  icl-repro bundle reports/verification.json
  icl-repro bundle reports/paper.json.gz -o paper.zip --allow-dirty
  icl-repro verify bundle.zip

\b
Exit status: 0, it was written; 1, the checkout is not as the record says;
2, a mistake in what was typed, or no record.
"""

_OF_CHECKOUT = ("icl_ledger", "icl_spread", "icl_coverage")


@click.command(epilog=EXAMPLES)
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="ZIP",
    default=Path("bundle.zip"),
    show_default=True,
    help="Where to write the archive.",
)
@click.option(
    "--allow-dirty",
    is_flag=True,
    help="Bundle although the checkout is not as the record says: with uncommitted changes, or at"
    " another commit. The manifest then says so.",
)
def command(record: Path, output: Path, allow_dirty: bool) -> None:
    """Pack RECORD, its report, the curves, the ledger and the specs of its runs into one archive,
    with a manifest of SHA-256 hashes, commit and versions. `icl-repro verify` checks it on any
    other clone, without training. The same record and checkout give the same archive.

    The archive is not signed: its hashes show that it was changed since, not who made it. Publish
    its own SHA-256, which is printed, where others can trust it.
    """
    known = read_named(record)
    content = content_of(record)
    checkout = at_hand()
    differed = _differences(known, checkout, (output, record))
    if differed and not allow_dirty:
        for sentence in differed:
            click.echo(sentence, err=True)
        click.echo("not bundled; --allow-dirty does so in spite, and says so in it", err=True)
        raise SystemExit(1)
    if output.resolve() == record.resolve():
        raise Refused(f"{output} is the record itself; name another file to write")
    require_other_name(output)
    paths = [path for key in _OF_CHECKOUT if (path := checkout.path(key)) and path.exists()]
    if outside := [path for path in paths if not _inside(path, checkout.root)]:
        raise Refused(f"{outside[0]} lies outside of {checkout.root}, so that it cannot be packed")
    files = [
        file
        for path in paths
        for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])
    ]
    curves = bundle.curve_files(known, checkout.root)
    from icl_repro.report.page import render_html

    manifest = bundle.Manifest(
        bundle.FORMAT,
        {},
        commit=git(checkout.root, "rev-parse", "HEAD"),
        versions=known.environment.packages,
        settings={
            key: path.relative_to(checkout.root).as_posix()
            for key in _OF_CHECKOUT
            if (path := checkout.path(key)) and path.exists()
        },
        differed=[f"bundled in spite: {sentence}" for sentence in differed],
    )
    try:
        of_checkout = {
            file.relative_to(checkout.root).as_posix(): file.read_bytes()
            for file in (*files, *curves)
        }
        specs = known.seal.specs if known.seal is not None else {}
        bundle.write(output, content, render_html(known), specs, of_checkout, manifest)
        digest = bundle.sha256(output.read_bytes())
    except OSError as error:
        raise Refused(f"cannot write {output}: {error.strerror} ({error.filename})") from None
    for sentence in manifest.differed:
        click.echo(f"note: {sentence}", err=True)
    packed = (
        f"the record and its report, {count(len(files), 'file')} of ledger, spread and coverage, "
        f"{count(len(curves), 'file')} of curves, {count(len(specs), 'spec')} of runs"
    )
    click.echo(f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB): {packed}")
    click.echo(f"SHA-256 {digest}")


def _differences(
    known: bundle.VerificationRecord, checkout: Checkout, own: tuple[Path, ...]
) -> list[str]:
    top = git(checkout.root, "rev-parse", "--show-toplevel")
    if top is None:
        return bundle.differences(known, None, None)
    ours = [os.path.relpath(path.resolve(), Path(top).resolve()) for path in own]
    head, status = (
        git(checkout.root, *asked) for asked in (("rev-parse", "HEAD"), ("status", "--porcelain"))
    )
    return bundle.differences(known, head, status, ours)


def _inside(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and ".." not in path.relative_to(root).parts
