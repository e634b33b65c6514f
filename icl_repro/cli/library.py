"""What trains runs and keeps them, as far as commands look after what it keeps.

Only :func:`described` imports what is heavy.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from icl_repro.storage.entries import Entries
from icl_repro.training import layout as layout
from icl_repro.training import provenance


def fingerprint() -> str:
    """What decides the numbers of runs besides their description: 64 hexadecimal digits."""
    return provenance.source_and_libraries()


def runs_of(store: Path) -> Entries:
    """The runs of a store."""
    return Entries(store, layout.RUNS, layout.FILES)


def described(spec: bytes) -> str:
    """A run in words, by its description as JSON; as it stands there, if this release cannot read
    it.
    """
    from icl_repro.training.tasks import read_spec

    try:
        return read_spec(spec).describe()
    except (msgspec.MsgspecError, ValueError, TypeError):
        return " ".join(spec.decode(errors="replace").split())[:160]
