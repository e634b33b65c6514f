"""The hooks that a suite of claims may implement in its conftest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icl_repro.verification.faults import Fault
    from icl_repro.verification.reported import Reported


@pytest.hookspec(firstresult=True)
def pytest_icl_published(name: str) -> Reported | None:
    """Give the published value of that name, for ``evidence.check(..., published="name")``.

    Raise an error that says which names there are where there is no such value.
    """


@pytest.hookspec(firstresult=True)
def pytest_icl_faults() -> Sequence[Fault] | None:
    """Give the faults that ``--icl-faults`` can plant; a session that plants none does not ask."""
