"""What a session can choose that its runs are made from, beside their own settings.

Importing this module imports nothing heavy: what is usual needs no looking at.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from icl_repro.nearest import nearest
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
STREAMS = Choice(
    "streams",
    "NAME",
    "What the seeds mean: ours, or published, with which initial weights, splits, batches and"
    " evaluation sets are those that the authors' implementation draws from the same seeds. (ours)",
    "ours",
)
CHOICES = (EXEMPLARS, STREAMS)
"""Everything that can be chosen."""

_STREAMS = {
    STREAMS.usual: Ingredient(
        STREAMS.name, "ours", usual=True, title="drawn by this package from each seed"
    ),
    "published": Ingredient(
        STREAMS.name,
        "published_streams",
        usual=False,
        title="as the authors' implementation draws initial weights, splits, batches and "
        "evaluation sets from the same seeds",
        citation="github.com/aadityasingh/icl-dynamics",
    ),
}
"""All streams, as :data:`icl_repro.streams.STREAMS` has them, which would be heavy to import."""


class Ingredients:
    """What the runs of a session are made from."""

    def __init__(self, source: Any = None, streams: str = STREAMS.usual) -> None:
        """`source` is what networks are trained on, ``None`` for the usual one; `streams` is the
        name of what is drawn at random.
        """
        self._source = source
        self._streams = streams

    @property
    def label(self) -> str:
        """That of their basis; empty if they are the usual ones."""
        exemplars = [] if self._source is None else [_library().about(self._source).label]
        streams = _STREAMS[self._streams]
        return label_of([*exemplars, *([] if streams.usual else [streams.label])])

    def applied(self, spec: Any) -> Any:
        """A spec of a run as this session trains it.

        Raises:
            Misfit: it cannot be trained on that.
        """
        if self._source is not None:
            spec = spec.made_of(self._source)
            if misfit := spec.misfit():
                raise Misfit(misfit)
        if self._streams == STREAMS.usual:
            return spec
        try:
            return spec.drawn_by(self._streams)
        except ValueError as error:
            raise Misfit(str(error)) from error

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
                ),
                _STREAMS[self._streams],
            ]
        )

    def handed_on(self) -> str:
        """The same for another process, as text."""
        source = "" if self._source is None else _library().handed_on(self._source)
        return json.dumps([source, self._streams])


def chosen(texts: Mapping[str, tuple[str, Path]]) -> Ingredients:
    """What options say that runs are made from.

    Args:
        texts: by the name of the choice what is chosen, and the folder that paths are relative to.

    Raises:
        ValueError: it means nothing that can be had; the message is one sentence.
    """
    streams, _ = texts[STREAMS.name]
    if streams not in _STREAMS:
        raise ValueError(f"there are no streams {streams!r}: {nearest(streams, _STREAMS)}")
    text, folder = texts[EXEMPLARS.name]
    if text == EXEMPLARS.usual:
        return Ingredients(None, streams)
    with contextlib.chdir(folder):
        source = _library().chosen(text)
    return Ingredients(None if source == _library().usual() else source, streams)


def taken_up(text: str) -> Ingredients:
    """What another process has handed on."""
    source, streams = json.loads(text)
    return Ingredients(_library().taken_up(source) if source else None, streams)


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
