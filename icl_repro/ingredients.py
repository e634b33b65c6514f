"""What a session can choose that its runs are made from, beside their own settings.

Importing this module imports nothing heavy: what is usual needs no looking at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from icl_repro.verification.basis import Basis, Ingredient, Misfit, label_of


class Choice(NamedTuple):
    """Something that runs are made from and that a session can choose: an option of its own.

    Attributes:
        name: of the option and of the ingredient.
        metavar, help: for the help.
        usual: what counts where nothing is chosen.
    """

    name: str
    metavar: str
    help: str
    usual: str


EXEMPLARS = Choice(
    "exemplars",
    "SOURCE",
    "What networks are trained on: glyphs, omniglot, omniglot:ENCODER, a file of features (.npy,"
    " .npz, .h5) or a folder or .zip of images. (glyphs)",
    "glyphs",
)
CHOICES = (EXEMPLARS,)
"""Everything that can be chosen."""


class Ingredients:
    """What the runs of a session are made from."""

    def __init__(self, source: Any = None) -> None:
        """`source` is what networks are trained on, ``None`` for the usual one."""
        self._source = source

    @property
    def label(self) -> str:
        """That of their basis; empty if they are the usual ones."""
        return "" if self._source is None else label_of([_library().about(self._source).label])

    def applied(self, spec: Any) -> Any:
        """A spec of a run as this session trains it.

        Raises:
            Misfit: it cannot be trained on that.
        """
        if self._source is None:
            return spec
        made = spec.made_of(self._source)
        if misfit := made.misfit():
            raise Misfit(misfit)
        return made

    def prepare(self, store: Path, on_progress: Callable[[int, int], None]) -> None:
        """Compute once what all processes of the session will need.

        Raises:
            ValueError: it cannot be had; the message says what to do.
        """
        if self._source is not None:
            self._source.prepare(_cache(store), on_progress)

    def basis(self, store: Path) -> Basis:
        """What there is to tell about them."""
        library = _library()
        source = library.usual() if self._source is None else self._source
        about = library.about(source)
        return Basis(
            [
                Ingredient(
                    name=EXEMPLARS.name,
                    label=about.label,
                    usual=self._source is None,
                    title=about.title,
                    licence=about.licence,
                    citation=about.citation,
                    facts=library.facts(source, _cache(store)),
                )
            ]
        )

    def handed_on(self) -> str:
        """The same for another process, as text."""
        return "" if self._source is None else _library().handed_on(self._source)


def chosen(texts: Mapping[str, tuple[str, Path]]) -> Ingredients:
    """What options say that runs are made from.

    Args:
        texts: by the name of the choice what is chosen, and the folder that paths are relative to.

    Raises:
        ValueError: it means nothing that can be had; the message is one sentence.
    """
    text, folder = texts[EXEMPLARS.name]
    if text == EXEMPLARS.usual:
        return Ingredients()
    with contextlib.chdir(folder):
        source = _library().chosen(text)
    return Ingredients(None if source == _library().usual() else source)


def taken_up(text: str) -> Ingredients:
    """What another process has handed on."""
    return Ingredients(_library().taken_up(text) if text else None)


def _cache(store: Path) -> Path:
    """Where :class:`icl_repro.training.RunStore` keeps what can be computed again."""
    return store / "exemplars"


def _library() -> SimpleNamespace:
    from icl_repro import exemplars

    return SimpleNamespace(
        about=exemplars.about,
        chosen=exemplars.chosen,
        facts=exemplars.facts,
        handed_on=exemplars.handed_on,
        taken_up=exemplars.taken_up,
        usual=exemplars.Glyphs,
    )
