"""The paper's exemplars (Section 2.1): Omniglot's characters through an ImageNet ResNet18."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from icl_repro.exemplars import checks
from icl_repro.exemplars.encoded import EncodedSource
from icl_repro.exemplars.encoders import AnyEncoder, TorchNetwork
from icl_repro.exemplars.encoders import torch_network as torch
from icl_repro.exemplars.encoders.encoder import code_of
from icl_repro.exemplars.image_set import ImageSet, open_images
from icl_repro.exemplars.source import UnusableExemplars

MD5 = {
    "images_background.zip": "68d2efa1b9178cc56df9314c21c6e718",
    "images_evaluation.zip": "6b91aef0f799c5bb55b94e3f2daec811",
}
"""The data set's two files in their order, with the checksums that torchvision has of them."""
FOLDER_VARIABLE = "ICL_OMNIGLOT"
"""The environment variable that names the folder with the two files."""


class Omniglot(EncodedSource, frozen=True, tag="omniglot", kw_only=True):
    """All 1,623 characters of Omniglot, the first five drawings of each, through an encoder.

    The characters of the background set come first, then those of the evaluation set, each in
    alphabetical order; then they are shuffled by ``numpy.random.default_rng(order)``.

    Args:
        encoder: what turns images into features; torchvision's ResNet18 with its ImageNet weights
            in the paper.
        order: seed of the order of classes.

    Raises:
        ValueError: `order` is no whole number from 0 to 2**63 - 1.
    """

    n_classes: ClassVar[int] = 1623
    n_exemplars: ClassVar[int] = 5

    encoder: AnyEncoder = TorchNetwork()
    order: int = 0

    def __post_init__(self) -> None:
        checks.require_seed("order", self.order)

    def recipe(self) -> str:
        """The encoder's, the checksums of the images, and the code that reads and orders them."""
        return (
            f"{super().recipe()} {self.n_exemplars} {sorted(MD5.items())} {code_of('omniglot.py')}"
        )

    def image_set(self) -> ImageSet:
        """The images by class, downloaded if they are not here; see :class:`EncodedSource`."""
        files = [_checked(name) for name in MD5]
        images = open_images(files, self.n_exemplars, self.n_classes)
        shuffled = np.random.default_rng(self.order).permutation(self.n_classes)
        return images.in_order(shuffled.tolist())


def folder() -> Path:
    """Where the two files of images are, or go when they are downloaded: what the variable
    ``ICL_OMNIGLOT`` says, else a folder in the user's cache.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "icl-repro" / "omniglot"


def _checked(name: str) -> Path:
    """One of the files, with the right checksum, downloaded if need be."""
    path = folder() / name
    if not path.exists():
        _download(name, path)
    found = _md5(path)
    if found != MD5[name]:
        raise UnusableExemplars(
            f"{path} has the MD5 checksum {found}, but Omniglot's has {MD5[name]}: remove the file "
            "to have it downloaded again, or put the right one there"
        )
    return path


def _download(name: str, path: Path) -> None:
    """Download one of the files with torchvision; what is not whole does not stay behind."""
    where = (
        f"put images_background.zip and images_evaluation.zip into {path.parent} (or into a folder "
        f"that {FOLDER_VARIABLE} names)"
    )
    try:
        libraries = torch.imported()
    except UnusableExemplars as error:
        raise UnusableExemplars(f"Omniglot is not here, and {error}; or {where}") from error
    data = libraries.torchvision.datasets
    url = f"{data.Omniglot.download_url_prefix}/{name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="download-") as partial:
            data.utils.download_url(url, partial, filename=name, md5=MD5[name])
            shutil.move(Path(partial) / name, path)
    except (OSError, RuntimeError, ValueError) as error:
        raise UnusableExemplars(
            f"Omniglot could not be downloaded from {url} ({_reason(error)}): {where}"
        ) from error


def _reason(error: Any) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]


def _md5(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except OSError as error:
        raise UnusableExemplars(f"{path} cannot be read: {error}") from error
