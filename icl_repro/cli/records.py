"""Records that are named on the command line."""

from __future__ import annotations

from pathlib import Path

import click

from icl_repro.verification.record import UnreadableRecord, VerificationRecord, read_record


class Refused(click.ClickException):
    """A mistake of the user's, told in one sentence; the command ends with status 2."""

    exit_code = 2


def read_named(path: Path) -> VerificationRecord:
    """The record at `path`, packed with gzip or not.

    Raises:
        Refused: It cannot be read, or is not a record of this release.
    """
    try:
        return read_record(path)
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not a verification record: it is not UTF-8 text") from None
    except UnreadableRecord as error:
        raise Refused(str(error)) from None


def require_other_name(path: Path) -> None:
    """Refuse to write a page, a summary or an archive where a record is likely to stand: it could
    not be read any more, and the networks of a record may take hours to train again.

    Raises:
        Refused: `path` is named as records are.
    """
    if path.name.endswith((".json", ".json.gz")):
        raise Refused(f"{path} has the name of a record; name another file to write")
