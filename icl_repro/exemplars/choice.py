"""Choosing exemplars by a word or a path: the text of an option becomes a source."""

from __future__ import annotations

from pathlib import Path

import msgspec

from icl_repro.exemplars import data_sets
from icl_repro.exemplars.encoded import encoded_images
from icl_repro.exemplars.encoders import AnyEncoder, GaborEncoder
from icl_repro.exemplars.encoders.squeezenet import squeezenet
from icl_repro.exemplars.encoders.torch_network import published, torch_network
from icl_repro.exemplars.feature_file import feature_file
from icl_repro.exemplars.glyphs import Glyphs
from icl_repro.exemplars.omniglot import Omniglot
from icl_repro.exemplars.places import Place, known_places, remember
from icl_repro.exemplars.registry import AnySource
from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.nearest import alike, nearest

FORMS = (
    "glyphs; omniglot or omniglot:ENCODER; a file of features (.npy, .npz, .h5) as PATH or "
    "PATH::DATASET; a folder or .zip of images as PATH, PATH::DRAWINGS or PATH:ENCODER; ENCODER is "
    "gabor, a network of torchvision such as resnet18, NETWORK@WEIGHTS with a name or a file of "
    "weights, or a SqueezeNet 1.1 file (.npz)"
)
"""What can be chosen, in words."""

_TORCH_FILES = (".pt", ".pth", ".bin")


class _HandedOn(msgspec.Struct, forbid_unknown_fields=True):
    source: AnySource
    places: dict[str, tuple[str, str]]


def handed_on(source: AnySource) -> str:
    """A source as text for :func:`taken_up` in another process, with where its files lie."""
    places = {sha256: (str(place.path), place.part) for sha256, place in known_places().items()}
    return msgspec.json.encode(_HandedOn(source, places)).decode()


def taken_up(text: str) -> AnySource:
    """The source that :func:`handed_on` made a text of. Its files are read, and checked to be what
    they were, once their content is needed.
    """
    taken = msgspec.json.decode(text, type=_HandedOn)
    for sha256, (path, part) in taken.places.items():
        remember(sha256, Place(Path(path), part))
    return taken.source


def chosen(text: str) -> AnySource:
    """The exemplars that a text means, see :data:`FORMS`.

    A file is read whole and its content is its identity; this process remembers where it is.

    Args:
        text: such as ``glyphs``, ``omniglot:resnet50``, ``features.h5::resnet18/224/feat`` or
            ``images.zip::5:gabor``. Paths are relative to the current directory.

    Raises:
        UnusableExemplars: it means none, or they cannot be read.
    """
    what, part, encoder = _split(text)
    if what == "glyphs":
        if part or encoder:
            raise UnusableExemplars(f"glyphs have nothing to choose, but got {text!r}: say glyphs")
        return Glyphs()
    if what == "omniglot":
        if part:
            raise UnusableExemplars(
                f"omniglot has no parts to choose, but got {text!r}: say omniglot:ENCODER"
            )
        return Omniglot(encoder=encoder_of(encoder)) if encoder else Omniglot()
    path = Path(what).expanduser()
    if path.is_dir() or path.suffix.lower() == ".zip":
        return encoded_images(
            path, encoder_of(encoder) if encoder else GaborEncoder(), _count(part, text)
        )
    if path.suffix.lower() in data_sets.FORMS:
        if encoder:
            raise UnusableExemplars(
                f"{path} holds features, which need no encoder, but got {text!r}: a data set is "
                f"chosen by {what}::NAME"
            )
        return feature_file(path, part)
    raise UnusableExemplars(f"{path} is no file of exemplars that can be read; valid are {FORMS}")


def encoder_of(text: str) -> AnyEncoder:
    """The encoder that a text means.

    Raises:
        UnusableExemplars: it means none, or its weights cannot be read.
    """
    if text == "gabor":
        return GaborEncoder()
    network, at, weights = text.partition("@")
    if at or text in published():
        return torch_network(network, weights)
    path = Path(text).expanduser()
    if path.suffix.lower() in _TORCH_FILES:
        raise UnusableExemplars(
            f"a file of torch's weights does not say which network they are of: say "
            f"NETWORK@{text}, such as resnet18@{text}"
        )
    if path.suffix.lower() == ".npz" or path.is_file():
        return squeezenet(path)
    raise UnusableExemplars(
        f"there is no encoder {text!r}: {nearest(text, ['gabor', *published()])}; or a file of "
        "weights by its path"
    )


def _split(text: str) -> tuple[str, str, str]:
    """What is chosen, the part of it and the encoder: ``WHAT[::PART][:ENCODER]``.

    Paths may have colons: the longest beginning that exists counts.
    """
    ends = [index for index, letter in enumerate(text) if letter == ":"]
    for end in [len(text), *reversed(ends)]:
        what, rest = text[:end], text[end:]
        if what in ("glyphs", "omniglot") or (what and Path(what).expanduser().exists()):
            return _parts(text, what, rest)
    begin = text[: ends[0]] if ends else text
    if not begin.strip():
        raise UnusableExemplars(f"no exemplars are named by {text!r}; valid are {FORMS}")
    if _looks_like_a_path(begin):
        raise UnusableExemplars(f"there is no file or folder {begin}{_beside(Path(begin))}")
    raise UnusableExemplars(
        f"there are no exemplars {begin!r}: {nearest(begin, ['glyphs', 'omniglot'])}; valid are "
        f"{FORMS}"
    )


def _parts(text: str, what: str, rest: str) -> tuple[str, str, str]:
    if rest.startswith("::"):
        part, colon, encoder = rest[2:].partition(":")
        empty = not part or (colon and not encoder)
    else:
        part, encoder = "", rest[1:]
        empty = bool(rest) and not encoder
    if empty:
        raise UnusableExemplars(
            f"something is missing after a colon of {text!r}; valid are {FORMS}"
        )
    return what, part, encoder


def _looks_like_a_path(text: str) -> bool:
    path = Path(text)
    return len(path.parts) > 1 or path.suffix.lower() in (*data_sets.FORMS, ".zip")


def _beside(path: Path) -> str:
    """What a path that is not there may have been meant to be, as the end of a sentence."""
    folder = path.expanduser().parent
    if not folder.is_dir():
        return f": there is no folder {folder} either"
    fitting = [
        beside.name
        for beside in folder.iterdir()
        if beside.suffix.lower() in (*data_sets.FORMS, ".zip") or beside.is_dir()
    ]
    meant = alike(path.name, fitting)
    return f": {meant}" if meant else ""


def _count(part: str, text: str) -> int | None:
    if not part:
        return None
    if not part.isdecimal() or int(part) < 1:
        raise UnusableExemplars(
            f"how many drawings of each class to use must be a whole number of at least 1, but got "
            f"{part!r} in {text!r}"
        )
    return int(part)
