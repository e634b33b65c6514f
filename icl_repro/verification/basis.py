"""What runs are made from besides their own settings: chosen for a session, told with its verdicts.

Results on another basis are other results: their snapshots, known failures and fixed seeds are kept
apart from those of the usual one, by its label.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

ANY = "*"
"""In the place of a label: whatever runs are made from, as of what needs none."""


class Misfit(ValueError):
    """A run that cannot be made on the basis of the session; the message says why."""


class Ingredient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the things that runs are made from.

    Attributes:
        name: what it is, as the option that chooses it is called.
        label: which one was chosen, short: letters, digits and underscores.
        usual: whether it is the one that counts where nothing is chosen.
        title: which one, in words.
        licence, citation: of what it is made of, if it is anybody's.
        facts: what else there is to know, by name.
    """

    name: str
    label: str
    usual: bool
    title: str
    licence: str = ""
    citation: str = ""
    facts: dict[str, str] = {}

    @property
    def sentence(self) -> str:
        """All of it, in a line."""
        parts = [f"{self.name}: {self.title}", *(f"{k} {v}" for k, v in self.facts.items())]
        parts += [f"licence: {self.licence}"] if self.licence else []
        parts += [f"from: {self.citation}"] if self.citation else []
        return "; ".join(parts)


class Basis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that runs of a session are made from; nothing is told of a session without runs."""

    ingredients: list[Ingredient] = []

    @property
    def label(self) -> str:
        """A name for folders and for the ledger; empty for the usual basis."""
        return label_of(one.label for one in self.ingredients if not one.usual)


def label_of(unusual: Iterable[str]) -> str:
    """The label of a basis, by those of its ingredients that are not the usual ones."""
    return "+".join(unusual)
