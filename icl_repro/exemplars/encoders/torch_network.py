"""Classification networks of torchvision, without their last layer.

torch is imported when a network first encodes. Which networks there are, their weights and widths
stand in ``torchvision.json``, so that choosing one needs no torch either.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import pickle
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import msgspec
import numpy as np
from jaxtyping import Float, UInt8

from icl_repro.exemplars import checks
from icl_repro.exemplars.encoders.encoder import Encoder, batches, code_of, filled_up
from icl_repro.exemplars.places import Place, place_of, remember, require_unchanged
from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.nearest import nearest

INSTALL = "pip install 'icl-repro[omniglot]'"
FROM_FILE = "file"
"""What stands for the name of the weights where they are from a file of the user's."""
SIDE = 224
CHANNEL_MEANS = (0.485, 0.456, 0.406)
CHANNEL_DEVIATIONS = (0.229, 0.224, 0.225)


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a network: features before the last layer, its default weights, and the
    first eight digits of the SHA-256 checksum of each file of weights, as the file's name has them.
    """

    width: int
    default: str
    weights: dict[str, str]


class TorchNetwork(Encoder, frozen=True, tag="torchvision", kw_only=True):
    """A network of torchvision up to its last layer, which classifies.

    Images are prepared as the authors of the paper did: resized to 224 (the shorter side,
    bilinear), the centre cut out, three equal channels, less the mean of ImageNet and over its
    standard deviation.

    Args:
        network: such as ``resnet18``.
        weights: a name of torchvision's, such as ``IMAGENET1K_V1``, or ``file``.
        sha256: checksum of the file of weights; of published ones, its first eight digits.
        width: features an image.

    Raises:
        ValueError: that is no checksum, or a number below 1.
    """

    network: str = "resnet18"
    weights: str = "IMAGENET1K_V1"
    sha256: str = "f37072fd"
    width: int = 512  # pyright: ignore[reportIncompatibleMethodOverride]

    licence: ClassVar[str] = (
        "torchvision: BSD-3-Clause; its weights are trained on ImageNet, which is for "
        "non-commercial research"
    )
    citation: ClassVar[str] = (
        "TorchVision maintainers and contributors (2016): TorchVision, PyTorch's computer vision "
        "library; ImageNet: Russakovsky et al. (2015), arXiv:1409.0575"
    )

    def __post_init__(self) -> None:
        checks.require_checksum("sha256", self.sha256)
        checks.require_count("width", self.width)

    @property
    def name(self) -> str:
        """See :class:`Encoder`; weights that are not the default ones are part of it."""
        known = published().get(self.network)
        if known is not None and self.weights == known.default:
            return self.network
        if self.weights == FROM_FILE:
            return f"{self.network}_{self.sha256[:8]}"
        return f"{self.network}_{self.weights.lower()}"

    def recipe(self) -> str:
        """The code; the weights are in the checksum."""
        return code_of("encoders/torch_network.py")

    def encode(
        self, images: Iterable[UInt8[np.ndarray, "height width"]]
    ) -> Iterator[Float[np.ndarray, "some features"]]:
        """See :class:`Encoder`. What is not on this machine is downloaded."""
        libraries = imported()
        torch, transforms = libraries.torch, libraries.torchvision.transforms
        prepare = transforms.Compose(
            [
                transforms.ToPILImage(),
                transforms.Resize(SIDE),
                transforms.CenterCrop(SIDE),
                transforms.Grayscale(num_output_channels=3),
                transforms.ToTensor(),
                transforms.Normalize(mean=CHANNEL_MEANS, std=CHANNEL_DEVIATIONS),
            ]
        )
        network = self._loaded(libraries)
        for some in batches(images):
            with torch.inference_mode():
                prepared = torch.stack([prepare(image) for image in filled_up(some)])
                features = network(prepared).flatten(1).numpy()[: len(some)]
            if features.shape[1] != self.width:
                raise UnusableExemplars(
                    f"{self.network} gives {features.shape[1]} features, but the run is described "
                    f"with {self.width}"
                )
            yield np.ascontiguousarray(features, np.float32)

    def _loaded(self, libraries: SimpleNamespace) -> Any:
        """The network with its weights, without its last layer."""
        network = built(libraries, self.network)
        path = self._weights_file(libraries)
        try:
            state = libraries.torch.load(path, map_location="cpu", weights_only=True)
            # Some files are older than their networks, as torchvision knows where it loads them.
            network.load_state_dict(_renamed(self.network, state))
        except Exception as error:  # what torch raises for a damaged file is of any kind
            # Of what it does not unpickle, torch says how it would: by running whatever is in it.
            unsafe = isinstance(error, pickle.UnpicklingError)
            told = "it holds no plain weights" if unsafe else str(error).strip().splitlines()[0]
            raise UnusableExemplars(
                f"the weights {path} cannot be loaded into torchvision's {self.network}, the file "
                f"may be damaged or another network's: {told}"
            ) from error
        without_last_layer(libraries, network)
        return network.eval()

    def _weights_file(self, libraries: SimpleNamespace) -> Path:
        """The file of weights, downloaded if need be, with the checksum that it must have."""
        if self.weights == FROM_FILE:
            place = place_of(self.sha256, "weights")
            require_unchanged(self.sha256, checksum(place.path), place, "weights")
            return place.path
        try:
            url = libraries.torchvision.models.get_model_weights(self.network)[self.weights].url
        except (KeyError, ValueError) as error:
            raise UnusableExemplars(
                f"the torchvision that is installed has no weights {self.weights} of "
                f"{self.network}: {INSTALL}"
            ) from error
        folder = Path(libraries.torch.hub.get_dir()) / "checkpoints"
        path = folder / Path(urllib.parse.urlparse(url).path).name
        if not path.exists():
            _download(libraries, url, folder, path)
        found = checksum(path)
        if not found.startswith(self.sha256):
            raise UnusableExemplars(
                f"the weights {path} have checksum {found[:8]}, but must have {self.sha256}: "
                "remove the file to have it downloaded again, or put the right one there"
            )
        return path


def torch_network(name: str, weights: str = "") -> TorchNetwork:
    """The encoder that a network of torchvision is, with published weights or those of a file.

    Args:
        name: of the network.
        weights: a name of published weights, or a path; by default, torchvision's default.

    Raises:
        UnusableExemplars: there is no such network, or no such weights.
    """
    known = published().get(name)
    if known is None:
        raise UnusableExemplars(
            f"no network {name!r} of torchvision is known: {nearest(name, published())}"
        )
    chosen = weights or known.default
    if chosen in known.weights:
        sha256 = known.weights[chosen]
        return TorchNetwork(network=name, weights=chosen, sha256=sha256, width=known.width)
    path = Path(weights).expanduser()
    if not path.is_file():
        raise UnusableExemplars(
            f"{name} has no weights {weights!r}, and there is no such file: "
            f"{nearest(weights, known.weights)}"
        )
    sha256 = checksum(path)
    remember(sha256, Place(path.absolute()))
    return TorchNetwork(network=name, weights=FROM_FILE, sha256=sha256, width=known.width)


@functools.cache
def published() -> dict[str, Published]:
    """The classification networks of torchvision, by name."""
    text = Path(__file__).with_name("torchvision.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Published])


def imported() -> SimpleNamespace:
    """The libraries `torch` and `torchvision`.

    Raises:
        UnusableExemplars: they are not installed, or do not fit together.
    """
    try:
        import torch  # pyright: ignore[reportMissingImports]
        import torchvision  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise UnusableExemplars(
            f"torchvision is needed and cannot be imported ({error}): {INSTALL}"
        ) from error
    except Exception as error:  # two builds that do not fit raise errors of any kind
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise UnusableExemplars(
            f"torch {_version('torch')} and torchvision {_version('torchvision')} cannot be used "
            f"together ({reason}): {INSTALL} in a fresh environment installs two that fit"
        ) from error
    return SimpleNamespace(torch=torch, torchvision=torchvision)


def built(libraries: SimpleNamespace, name: str) -> Any:
    """A network with random weights.

    Raises:
        UnusableExemplars: the torchvision that is installed has none of that name.
    """
    try:
        # The two networks with additional classifiers say by a warning that theirs are random.
        more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return libraries.torchvision.models.get_model(name, weights=None, **more)
    except ValueError as error:
        raise UnusableExemplars(
            f"the torchvision that is installed has no network {name}: {INSTALL}"
        ) from error


def without_last_layer(libraries: SimpleNamespace, network: Any) -> int:
    """Let a network give what its last layer takes; returns how many values that is."""
    nn = libraries.torch.nn
    for kind in (nn.Linear, nn.Conv2d):
        names = [name for name, module in network.named_modules() if isinstance(module, kind)]
        if names:
            break
    else:
        raise ValueError(f"{type(network).__name__} has no layer that could classify")
    last = network.get_submodule(names[-1])
    parent, _, child = names[-1].rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return last.in_features if kind is nn.Linear else last.in_channels


def checksum(path: Path) -> str:
    """The SHA-256 checksum of a file.

    Raises:
        UnusableExemplars: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnusableExemplars(f"{path} cannot be read: {error}") from error


def _download(libraries: SimpleNamespace, url: str, folder: Path, path: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Into a file of another name until it is whole and its checksum is right.
        libraries.torch.hub.download_url_to_file(
            url, str(path), hash_prefix=path.stem.rpartition("-")[2], progress=False
        )
    except Exception as error:  # the network, the disk, a wrong checksum
        path.unlink(missing_ok=True)
        raise UnusableExemplars(
            f"the weights {url} could not be downloaded ({error}): download them where there is a "
            f"network and put them at {path}"
        ) from error


def _renamed(network: str, state: dict[str, Any]) -> dict[str, Any]:
    """Weights by the names of today: the files of densenets are older than a change of names."""
    if not network.startswith("densenet"):
        return state
    return {
        name.replace("norm.", "norm").replace("conv.", "conv") if "denselayer" in name else name: w
        for name, w in state.items()
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
