"""What a room offers to users stands in the reference."""

from __future__ import annotations

import pytest

from icl_repro import optogenetics
from tests.docs.blocks import ROOT

REFERENCE = ROOT / "docs" / "reference"
PAGE = (REFERENCE / "api" / "clamps.md").read_text("utf-8").splitlines()
MESSAGES = (REFERENCE / "errors" / "clamps.md").read_text("utf-8")


@pytest.mark.parametrize("name", optogenetics.__all__)
def test_every_public_name_of_edits_and_clamps_stands_in_the_reference(name: str):
    # Of the room's modules, one has the name of what it offers.
    where = "sites.sites" if name == "sites" else name
    assert f"::: icl_repro.optogenetics.{where}" in PAGE or f"`{name}`" in MESSAGES
