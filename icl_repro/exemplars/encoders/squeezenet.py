"""SqueezeNet 1.1 from a file of weights: Caffe's network, its forward pass in JAX.

Iandola et al. (2016), arXiv:1602.07360. A file has ``LAYER/kernel`` (height, width, in, out) and
``LAYER/bias`` for ``conv1`` and the three convolutions of ``fire2`` to ``fire9``; what else is in
it, such as the classifier, is not used.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, UInt8

from icl_repro.exemplars import checks
from icl_repro.exemplars.encoders.encoder import Encoder, batches, code_of, filled_up
from icl_repro.exemplars.places import Place, place_of, remember, require_unchanged
from icl_repro.exemplars.source import UnusableExemplars

SIDE = 227
"""Pixels a side of the images that the network takes; others are resized bilinearly."""
MEANS = (104.006, 116.669, 122.679)
"""What is taken off the three channels, blue, green and red, 0 to 255."""

_FIRES = range(2, 10)
_POOLED = (3, 5)
"""The fire modules that a max pooling follows, besides the one after ``conv1``."""
_PARTS = ("squeeze1x1", "expand1x1", "expand3x3")


class SqueezeNet(Encoder, frozen=True, tag="squeezenet1_1", kw_only=True):
    """SqueezeNet 1.1 up to its last fire module, averaged over space.

    Args:
        sha256: checksum of the weights (:func:`content`).
        width: features an image.

    Raises:
        ValueError: that is no checksum, or a number below 1.
    """

    sha256: str
    width: int = 512  # pyright: ignore[reportIncompatibleMethodOverride]

    licence: ClassVar[str] = "that of the file of weights"
    citation: ClassVar[str] = "Iandola et al. (2016): SqueezeNet. arXiv:1602.07360"

    def __post_init__(self) -> None:
        checks.require_checksum("sha256", self.sha256)
        checks.require_count("width", self.width)

    @property
    def name(self) -> str:
        """See :class:`Encoder`; other weights have other names."""
        return f"squeezenet1_1_{self.sha256[:8]}"

    def recipe(self) -> str:
        """The code; the weights are in the checksum."""
        return code_of("encoders/squeezenet.py")

    def encode(
        self, images: Iterable[UInt8[np.ndarray, "height width"]]
    ) -> Iterator[Float[np.ndarray, "some features"]]:
        """See :class:`Encoder`."""
        import jax

        place = place_of(self.sha256, "weights")
        weights = read_weights(place.path)
        require_unchanged(self.sha256, content(weights), place, "weights")
        forward = jax.jit(_forward)
        for some in batches(images):
            prepared = np.stack([_prepared(image) for image in filled_up(some)])
            yield np.asarray(forward(weights, prepared))[: len(some)]


def squeezenet(path: Path) -> SqueezeNet:
    """The encoder that a file of weights is.

    Raises:
        UnusableExemplars: it cannot be read, or holds other things.
    """
    weights = read_weights(path)
    sha256 = content(weights)
    remember(sha256, Place(path.absolute()))
    return SqueezeNet(sha256=sha256, width=_width(weights))


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The weights of the layers that are used, float32.

    Raises:
        UnusableExemplars: the file cannot be read, or holds other things.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise UnusableExemplars(f"there is no file of weights {path}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise UnusableExemplars(
            f"the weights {path} cannot be read, the file may be cut short or damaged: {error}"
        ) from error
    weights: dict[str, np.ndarray] = {}
    n_in = 3
    for layer, size in _layers():
        for name, axes in ((f"{layer}/kernel", 4), (f"{layer}/bias", 1)):
            weight = found.get(name)
            if weight is None or weight.ndim != axes or weight.dtype.kind != "f":
                raise UnusableExemplars(
                    f"{path} is no file of SqueezeNet 1.1: it has no {name} with {axes} axes of "
                    "floating-point numbers"
                )
            if not np.isfinite(weight).all():
                raise UnusableExemplars(
                    f"{name} of the weights {path} has values that are no numbers"
                )
            weights[name] = weight.astype(np.float32)
        kernel, bias = weights[f"{layer}/kernel"], weights[f"{layer}/bias"]
        n_in = _inputs(layer, n_in, weights)
        expected = (size, size, n_in, len(bias))
        if kernel.shape != expected:
            raise UnusableExemplars(
                f"{layer}/kernel of the weights {path} has shape {kernel.shape}: expected "
                f"{expected}"
            )
    return weights


def content(weights: Mapping[str, np.ndarray]) -> str:
    """The checksum of the weights that are used: 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, weight in sorted(weights.items()):
        digest.update(f"{name} {weight.shape}".encode())
        digest.update(np.ascontiguousarray(weight, "<f4").tobytes())
    return digest.hexdigest()


def _layers() -> Iterator[tuple[str, int]]:
    """The convolutions in order, each with the side of its kernel."""
    yield "conv1", 3
    for fire in _FIRES:
        for part in _PARTS:
            yield f"fire{fire}/{part}", 3 if part == "expand3x3" else 1


def _inputs(layer: str, before: int, weights: Mapping[str, np.ndarray]) -> int:
    """How many channels a layer must take, from the layers before it."""
    if layer == "conv1":
        return before
    fire, _, part = layer.partition("/")
    if part != "squeeze1x1":
        return len(weights[f"{fire}/squeeze1x1/bias"])
    number = int(fire.removeprefix("fire"))
    return len(weights["conv1/bias"]) if number == _FIRES[0] else _out(number - 1, weights)


def _out(fire: int, weights: Mapping[str, np.ndarray]) -> int:
    return sum(len(weights[f"fire{fire}/{part}/bias"]) for part in _PARTS[1:])


def _width(weights: Mapping[str, np.ndarray]) -> int:
    return _out(_FIRES[-1], weights)


def _prepared(image: UInt8[np.ndarray, "height width"]) -> Float[np.ndarray, "227 227 3"]:
    from PIL import Image

    resized = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)[:, :, None] - np.array(MEANS, np.float32)


def _forward(
    weights: Mapping[str, Any], images: Float[Any, "some 227 227 3"]
) -> Float[Any, "some features"]:
    import jax

    def convolved(x: Any, layer: str, stride: int = 1) -> Any:
        # JAX's SAME is TensorFlow's.
        made = jax.lax.conv_general_dilated(
            x,
            weights[f"{layer}/kernel"],
            (stride, stride),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        return jax.nn.relu(made + weights[f"{layer}/bias"])

    def pooled(x: Any) -> Any:
        return jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")

    x = pooled(convolved(images, "conv1", stride=2))
    for fire in _FIRES:
        squeezed = convolved(x, f"fire{fire}/squeeze1x1")
        expanded = [convolved(squeezed, f"fire{fire}/{part}") for part in _PARTS[1:]]
        x = jax.numpy.concatenate(expanded, axis=-1)
        x = pooled(x) if fire in _POOLED else x
    return x.mean(axis=(1, 2))
