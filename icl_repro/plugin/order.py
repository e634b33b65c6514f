"""The order of claims: that of the paper, whatever the names of the files they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from icl_repro.plugin.declarations import Declarations, site_of

_PLACE = re.compile(r"(?:Sections?|§)\s*(\d+(?:\.\d+)*)|Appendi(?:x|ces)\s*([A-Z](?:\.\d+)*)")

Place = tuple[int, ...]
"""Where in a paper: sections before appendices before what has no place."""

NOWHERE: Place = (2,)


def place(source: str) -> Place:
    """The place that a claim's `source` names first, such as ``Section 3.1, Figure 4a``."""
    found = _PLACE.search(source)
    if found is None:
        return NOWHERE
    section, appendix = found.groups()
    if section:
        return (0, *map(int, section.split(".")))
    letter, *numbers = appendix.split(".")
    return (1, ord(letter), *map(int, numbers))


def in_the_papers_order(items: Iterable[pytest.Item], known: Declarations) -> list[pytest.Item]:
    """The tests module by module: those with claims by the first place that one of their claims
    names, each after the tests without claims; as they were within a module, and among equals.
    """
    places: dict[str, Place] = {}
    for site, declaration in known.by_site.items():
        here = place(declaration.claim.source)
        places[site.module] = min(here, places.get(site.module, here))

    def of_its_module(item: pytest.Item) -> Place:
        return places.get(site_of(item).module, ()) if isinstance(item, pytest.Function) else ()

    return sorted(items, key=of_its_module)
