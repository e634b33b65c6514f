"""``icl-repro store``: what trained runs there are, removing what nobody needs, moving them."""

from __future__ import annotations

import contextlib
import fnmatch
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click

from icl_repro.cli import library
from icl_repro.cli.checkout import at_hand, shown
from icl_repro.cli.records import Refused, read_named, require_other_name
from icl_repro.numbers import count
from icl_repro.storage import pruning, survey, transfer
from icl_repro.storage.archive import UnusableArchive
from icl_repro.storage.survey import Stored

EXAMPLES = """\b
Examples:
  icl-repro store du
  icl-repro store ls 'seed 5,*'
  icl-repro store prune --keep reports/paper.json.gz
  icl-repro store export runs.zip --of reports/verification.json
  icl-repro store import runs.zip --store .icl-repro
  icl-repro store fingerprint

\b
Exit status: 0, done; 1, some of it is damaged or in use and was left;
2, a mistake in what was typed, or in a file that was named.
"""

_DAY = 24 * 3600
_MOST = 20

_at = click.option(
    "--store",
    "--icl-store",
    "store",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The store; that of the ini file here (icl_store), or else .icl-repro, if not said.",
)


@click.group(epilog=EXAMPLES)
def command() -> None:
    """Look after the store: the folder of trained runs that sessions reuse.

    A run is read only by sessions with the source and libraries that made it, their fingerprint. To
    look at the store trains nothing, and does not count as using it.
    """


@command.command(
    short_help="list the runs, in words",
    epilog="\b\nExamples:\n  icl-repro store ls\n  icl-repro store ls 'seed 5,*' --stale\n",
)
@click.argument("pattern", default="*")
@_at
@click.option("--stale", is_flag=True, help="Also runs that other source or libraries made.")
def ls(pattern: str, store: Path | None, stale: bool) -> None:
    """List the runs of the store in words, those that PATTERN fits (* for anything): key, when it
    was made, how large it is, what it is.
    """
    root = _existing(store)
    made = library.fingerprint()[:12]
    lines: list[tuple[str, str]] = []
    others = Counter[str]()
    for one in survey.entries(root, library.layout.RUNS):
        if one.made != made and not stale:
            others[one.made] += 1
            continue
        words = _in_words(one)
        if fnmatch.fnmatchcase(words, pattern):
            key = one.manifest.key[:12] if one.manifest else f"{'damaged':<12}"
            when = _date(one.manifest.finished) if one.manifest else " " * 16
            state = f"  [stale: {one.made}]" if one.made != made else ""
            lines.append((words, f"{key}  {when}  {_size(one.size):>8}  {words}{state}"))
    for _, line in sorted(lines):
        click.echo(line)
    click.echo(f"{count(len(lines), 'run')} in {root}; the fingerprint here is {made}")
    for other, n in others.items():
        click.echo(f"and {count(n, 'stale run')} of fingerprint {other}, which --stale lists")


@command.command(
    short_help="say how much room each kind of thing takes",
    epilog="\b\nExamples:\n  icl-repro store du --store .icl-repro\n",
)
@_at
def du(store: Path | None) -> None:
    """Say how much room each kind of thing takes. Files that lie there under two names count once,
    for the first kind that has them.
    """
    root = _existing(store)
    made = library.fingerprint()[:12]
    stored = survey.entries(root, library.layout.RUNS)
    seen: set[tuple[int, int]] = set()
    rows: list[tuple[int, str]] = []

    def add(words: str, folders: Iterable[Path]) -> None:
        size = 0
        for folder in folders:
            for _, known in survey.files(folder):
                if (inode := (known.st_dev, known.st_ino)) not in seen:
                    seen.add(inode)
                    size += known.st_size
        rows.append((size, words))

    mine = [one for one in stored if one.made == made]
    add(f"{count(len(mine), 'trained run')}, current ({made})", [one.folder for one in mine])
    for other, n in Counter(one.made for one in stored if one.made != made).most_common():
        add(
            f"{count(n, 'trained run')}, stale: made by other source or libraries ({other})",
            [one.folder for one in stored if one.made == other],
        )
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if folder.name != library.layout.RUNS:
            words = library.layout.FOLDERS.get(folder.name, "not of this suite")
            add(f"{folder.name}: {words}", [folder])
    for size, words in rows:
        click.echo(f"{_size(size):>9}  {words}")
    click.echo(f"{_size(sum(size for size, _ in rows)):>9}  in all, in {root}")


@command.command(
    short_help="remove what no session needs, a dry run first",
    epilog="\b\nExamples:\n  icl-repro store prune\n  icl-repro store prune --unused-days 0 --yes\n"
    "  icl-repro store prune --keep reports/paper.json.gz --unneeded --yes\n",
)
@_at
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="RECORD",
    multiple=True,
    help="Keep the runs of this record (a verification.json), stale ones too; may be repeated.",
)
@click.option(
    "--unused-days",
    type=click.FloatRange(min=0),
    default=7,
    show_default=True,
    metavar="N",
    help="Keep what was made or read within so many days: another checkout may need it.",
)
@click.option(
    "--unneeded",
    is_flag=True,
    help="Also remove current runs that are in none of the records of --keep.",
)
@click.option("--yes", is_flag=True, help="Do it; without, only say what would go.")
def prune(
    store: Path | None, keep: tuple[Path, ...], unused_days: float, unneeded: bool, yes: bool
) -> None:
    """Remove what no session needs any more; without --yes, only say what that is.

    That is: runs that other source or libraries made, and runs that were replaced by newer ones;
    what killed processes left half-made, and what was set aside as damaged; compiled programs and
    measurements that nobody has used. Runs of the source and libraries here stay, as long as it is
    not said by records which of them are needed (--keep and --unneeded): what `pytest claims/`
    needs is what its record lists. All else stays, such as the list of judged seeds.

    Sessions may run meanwhile: what one is making is left to it. A run that is removed although a
    session wants to read it counts as not there, and is trained again.
    """
    root = _existing(store)
    if unneeded and not keep:
        raise Refused("--unneeded has to know what is needed: name records with --keep RECORD")
    if not survey.notes_reading(root):
        if unneeded:
            raise Refused(
                f"the file system of {root} does not note when a file is read, so that nothing "
                "tells which runs are in use: leave out --unneeded"
            )
        click.echo(
            "note: the file system does not note when files are read; what counts is when they "
            "were made",
            err=True,
        )
    kept = {key for path in keep for key in read_named(path).runs}
    made, since = library.fingerprint(), time.time() - unused_days * _DAY
    rules = pruning.Rules(
        made[:12],
        since,
        kept,
        unneeded,
        lambda address: library.layout.key_of(address, made),
    )
    candidates = [
        *pruning.of_entries(survey.entries(root, library.layout.RUNS), rules),
        *pruning.of_leftovers(root, since),
        *pruning.of_homes(root / library.layout.MEASURED, since),
        *pruning.of_files(root / library.layout.COMPILED, since),
    ]
    if not yes:
        _sum_up("would remove", candidates)
        if candidates:
            click.echo("nothing was removed; --yes does it")
        return
    removed, left = pruning.remove(root, candidates)
    _sum_up("removed", removed)
    for one in left[:_MOST]:
        click.echo(f"left: {one.path} is in use, or could not be removed", err=True)
    if left:
        raise SystemExit(1)


@command.command(
    short_help="write the runs of the source and libraries here into an archive",
    epilog="\b\nExamples:\n  icl-repro store export runs.zip\n"
    "  icl-repro store export runs.zip --of reports/verification.json\n",
)
@click.argument("archive", type=click.Path(path_type=Path))
@_at
@click.option(
    "--of",
    type=click.Path(path_type=Path),
    metavar="RECORD",
    multiple=True,
    help="Only the runs of this record; may be repeated.",
)
def export(archive: Path, store: Path | None, of: tuple[Path, ...]) -> None:
    """Write the trained runs of the source and libraries here into ARCHIVE, a zip file with a
    manifest, for `icl-repro store import` on another machine. Each run is checked before.
    """
    root = _existing(store)
    require_other_name(archive)
    made = library.fingerprint()
    wanted = {key for path in of for key in read_named(path).runs} if of else None
    chosen: list[Stored] = []
    keys: set[str] = set()
    for one in survey.entries(root, library.layout.RUNS):
        key = library.layout.key_of(one.address, made)
        if one.made == made[:12] and one.counts and (wanted is None or key in wanted):
            chosen.append(one)
            keys.add(key)
    problems = [
        f"{key[:12]} is not in the store, as the source and libraries here make it"
        for key in sorted((wanted or set()) - keys)
    ]
    if not chosen:
        raise Refused(f"{root} has no run to export of fingerprint {made[:12]}")
    with _told(archive):
        done = transfer.export(
            archive,
            library.layout.RUNS,
            made,
            chosen,
            library.layout.FILES,
            lambda address: library.layout.key_of(address, made),
        )
    click.echo(
        f"wrote {archive} ({_size(archive.stat().st_size)}): {count(len(done.moved), 'run')} of "
        f"fingerprint {made[:12]}"
    )
    _end_with([*done.problems, *problems])


@command.command(
    "import",
    short_help="take the runs of an archive up, each checked",
    epilog="\b\nExamples:\n  icl-repro store import runs.zip\n"
    "  icl-repro store import runs.zip --store elsewhere --other-fingerprint\n",
)
@click.argument("archive", type=click.Path(path_type=Path))
@_at
@click.option(
    "--other-fingerprint",
    is_flag=True,
    help="Take up runs that other source or libraries made, which no session here would read.",
)
def import_(archive: Path, store: Path | None, other_fingerprint: bool) -> None:
    """Take the trained runs of ARCHIVE up into the store, which is made if it is not there. Each is
    checked; a damaged one is named and left out, one that is there already stays as it is.
    """
    root = store or Path(shown(at_hand().store))
    with _told(archive):
        done = transfer.import_(
            archive,
            library.runs_of(root),
            library.layout.RUNS,
            library.fingerprint(),
            library.layout.key_of,
            any_make=other_fingerprint,
        )
    click.echo(
        f"took up {count(len(done.moved), 'run')} into {root}; "
        f"{len(done.there):,} {'was' if len(done.there) == 1 else 'were'} there already"
    )
    _end_with(done.problems)


@command.command(
    short_help="print what decides runs, as the key of a cache",
    epilog="\b\nExamples:\n  icl-repro store fingerprint\n",
)
@click.option("--short", is_flag=True, help="Only the 12 digits that folders of runs are named by.")
def fingerprint(short: bool) -> None:
    """Print the fingerprint that decides runs: of the source that trains and of the versions of the
    libraries. A store is of use to whoever has the same; a cache can be kept by it.
    """
    made = library.fingerprint()
    click.echo(made[:12] if short else made)


def _existing(store: Path | None) -> Path:
    root = store or Path(shown(at_hand().store))
    if not root.is_dir():
        raise Refused(f"there is no store at {root}; name one with --store PATH")
    return root


def _in_words(one: Stored) -> str:
    words = "what it is cannot be read"
    with contextlib.suppress(OSError):
        words = library.described(one.spec())
    if one.manifest is not None and one.manifest.diverged is not None:
        words += f" [no results: {one.manifest.diverged}]"
    return words if one.counts else f"{words} [replaced by a newer one]"


def _sum_up(did: str, candidates: Sequence[pruning.Candidate]) -> None:
    sizes, amounts = Counter[str](), Counter[str]()
    for one in candidates:
        sizes[one.why] += one.size
        amounts[one.why] += 1
    for why, amount in amounts.items():
        click.echo(f"{did} {amount:,}, {_size(sizes[why])}: {why}")
    if not candidates:
        click.echo("there is nothing to remove")


@contextlib.contextmanager
def _told(archive: Path) -> Generator[None]:
    """Tell what is wrong with an archive, or with where it shall be, in one sentence."""
    try:
        yield
    except (UnusableArchive, transfer.OtherMake) as error:
        more = "; --other-fingerprint takes it up" if isinstance(error, transfer.OtherMake) else ""
        raise Refused(f"{error}{more}") from None
    except OSError as error:
        if not error.strerror:  # of the store, in a sentence of its own
            raise Refused(str(error)) from None
        raise Refused(
            f"the archive cannot be read or written: {archive}: {error.strerror}"
        ) from None


def _end_with(problems: Sequence[str]) -> None:
    for problem in problems[:_MOST]:
        click.echo(problem, err=True)
    if len(problems) > _MOST:
        click.echo(f"and {len(problems) - _MOST:,} more", err=True)
    if problems:
        raise SystemExit(1)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _size(n: float) -> str:
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.2f} GB"
