"""What the claims of this paper give the plugin: the published values, by their ids, and the faults
that can be planted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icl_repro.verification.faults import Fault
    from icl_repro.verification.reported import Reported


def pytest_icl_published(name: str) -> Reported:
    """The published value of that id; an unknown one is an error that names the nearest."""
    # Not at import: a session that only lists its tests needs no published values.
    from claims.published import reported

    return reported(name)


def pytest_icl_faults() -> Sequence[Fault]:
    """The faults that ``--icl-faults`` can plant."""
    from claims.faults import FAULTS

    return FAULTS
