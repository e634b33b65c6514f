"""The hooks that a suite of claims may implement in its conftest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from icl_repro.verification.reported import Reported


@pytest.hookspec(firstresult=True)
def pytest_icl_published(name: str) -> Reported | None:
    """Give the published value of that name, for ``evidence.check(..., published="name")``.

    Raise an error that says which names there are where there is no such value.
    """
