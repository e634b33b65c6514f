"""What people are told about a source: a name for folders and records, whose it is, its scale."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from icl_repro.exemplars.encoded import EncodedImages, EncodedSource
from icl_repro.exemplars.encoders import GaborEncoder
from icl_repro.exemplars.feature_file import FeatureFile
from icl_repro.exemplars.glyphs import MEAN_NORM, Glyphs
from icl_repro.exemplars.omniglot import Omniglot
from icl_repro.exemplars.places import known_place
from icl_repro.exemplars.source import ExemplarSource

OMNIGLOT = "Omniglot: Lake, Salakhutdinov and Tenenbaum (2015), doi:10.1126/science.aab3050"
_UNKNOWN = "not known: see where the file is from"
_DIGITS = 8
_SHOWN = 12


class About(NamedTuple):
    """A source for people.

    Attributes:
        label: short, for names of folders and for records: lower-case letters, digits and
            underscores. Sources with other features have other labels.
        title: in one line.
        licence: of the exemplars.
        citation: where they are from.
    """

    label: str
    title: str
    licence: str
    citation: str


KNOWN_FILES: dict[str, About] = {
    "2762d1db3bea6a89b121a793b6d07582272ae8811b2ee95e3e67c2246b5680ed": About(
        "omniglot_resnet18_cntk",
        "Omniglot through a ResNet18 trained on ImageNet (CNTK's), scaled to mean norm 27",
        "MIT (images and weights)",
        f"{OMNIGLOT}; weights of Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1",
    ),
    "a44cd6c2c009fdd5e712640e23c62e5bbf8daa4bbcbea92af53b156155c62058": About(
        "omniglot_squeezenet1_1",
        "Omniglot through SqueezeNet 1.1 trained on ImageNet, scaled to mean norm 27",
        "MIT (images and weights)",
        f"{OMNIGLOT}; Iandola et al. (2016), arXiv:1602.07360, weights of ndf 0.1.4",
    ),
}
"""Files of features that are known by their content."""


def about(source: ExemplarSource) -> About:
    """What people are told about a source.

    The label of a file or folder has a part of its checksum, unless it is a file that is known by
    its content; whatever it is called, its label is the same.

    Raises:
        TypeError: nothing is known about such a source.
    """
    match source:
        case Glyphs():
            label = "glyphs" if source == Glyphs() else f"glyphs_seed_{source.seed}"
            title = "characters drawn by this package" + (
                f" (seed {source.seed})" if source.seed else ""
            )
            return About(label, title, "MIT (this package)", "")
        case FeatureFile():
            return KNOWN_FILES.get(source.sha256) or About(
                f"features_{source.sha256[:_DIGITS]}",
                f"features of the file {_name(source.sha256)}",
                _UNKNOWN,
                "",
            )
        case EncodedImages():
            return About(
                f"images_{source.sha256[:_DIGITS]}_{source.encoder.name}",
                f"images of {_name(source.sha256)} through {source.encoder.name}",
                f"images {_UNKNOWN}; encoder {source.encoder.licence}",
                f"encoder {source.encoder.citation}",
            )
        case Omniglot():
            order = f"_order_{source.order}" if source.order else ""
            return About(
                f"omniglot_{source.encoder.name}{order}",
                f"Omniglot through {source.encoder.name}",
                f"images MIT; encoder {source.encoder.licence}",
                f"{OMNIGLOT}; {source.encoder.citation}",
            )
    raise TypeError(f"nothing is known about exemplars such as {source!r}")


def mean_norm(source: ExemplarSource, cache: Path | str | None = None) -> float:
    """The mean Euclidean norm of the features of the first exemplar of every class.

    Args:
        source: whose.
        cache: as for :meth:`ExemplarSource.features`.

    Raises:
        UnusableExemplars: the exemplars cannot be had.
    """
    if isinstance(source, Glyphs) or _is_scaled(source):
        return MEAN_NORM  # by the way they are made
    features = source.features(range(source.n_classes), [0], cache)[:, 0]
    return float(np.linalg.norm(features.astype(np.float64), axis=-1).mean())


def facts(source: ExemplarSource, cache: Path | str | None = None) -> dict[str, str]:
    """What else there is to know, by name: size, scale and checksums, in words.

    Args:
        source: of what.
        cache: as for :meth:`ExemplarSource.features`.

    Raises:
        UnusableExemplars: the exemplars cannot be had.
    """
    found = {
        "shape": f"{source.n_classes:,} classes x {source.n_exemplars} exemplars x "
        f"{source.width} features",
        "mean norm": f"{mean_norm(source, cache):.4g}",
    }
    if isinstance(source, FeatureFile | EncodedImages):
        found["checksum"] = source.sha256[:_SHOWN]
    if isinstance(source, EncodedSource) and not isinstance(source.encoder, GaborEncoder):
        found["checksum of the weights"] = source.encoder.sha256[:_SHOWN]
    return found


def _is_scaled(source: ExemplarSource) -> bool:
    return isinstance(source, EncodedSource) and isinstance(source.encoder, GaborEncoder)


def _name(sha256: str) -> str:
    place = known_place(sha256)
    return sha256[:_DIGITS] if place is None else f"{place.path.name} ({sha256[:_DIGITS]})"
