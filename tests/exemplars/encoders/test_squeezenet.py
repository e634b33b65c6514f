"""SqueezeNet 1.1 from a file: against plain loops, and against features computed elsewhere."""

import msgspec
import numpy as np
import pytest

from icl_repro.exemplars import UnusableExemplars, chosen
from icl_repro.exemplars.choice import encoder_of
from icl_repro.exemplars.encoders import encoder, squeezenet
from icl_repro.exemplars.source import forget_features
from tests.support.images import files, write_zip


def weights(n: int = 2, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of a network like SqueezeNet 1.1 with few channels."""
    rng = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {}

    def layer(name: str, side: int, n_in: int, n_out: int) -> None:
        spread = (side * side * n_in) ** -0.5
        made[f"{name}/kernel"] = rng.normal(0, spread, (side, side, n_in, n_out)).astype("f4")
        made[f"{name}/bias"] = rng.normal(0, 0.1, n_out).astype("f4")

    layer("conv1", 3, 3, n)
    n_in = n
    for fire in range(2, 10):
        layer(f"fire{fire}/squeeze1x1", 1, n_in, n)
        layer(f"fire{fire}/expand1x1", 1, n, n + 1)
        layer(f"fire{fire}/expand3x3", 3, n, n)
        n_in = 2 * n + 1
    return made


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "weights.npz", **weights())
    return tmp_path / "weights.npz"


def convolved(x, kernel, bias, stride=1):
    """A convolution with TensorFlow's padding SAME, then the positive part."""
    side = kernel.shape[0]
    out = -(-x.shape[0] // stride)
    missing = max((out - 1) * stride + side - x.shape[0], 0)
    x = np.pad(x, ((missing // 2, missing - missing // 2),) * 2 + ((0, 0),))
    made = np.zeros((out, out, kernel.shape[-1]))
    for i in range(side):
        for j in range(side):
            part = x[i : i + out * stride : stride, j : j + out * stride : stride][:out, :out]
            made += part @ kernel[i, j].astype(float)
    return np.maximum(made + bias, 0)


def pooled(x):
    out = (x.shape[0] - 3) // 2 + 1
    parts = [
        x[i : i + 2 * out : 2, j : j + 2 * out : 2][:out, :out] for i in range(3) for j in range(3)
    ]
    return np.max(parts, axis=0)


def test_the_forward_pass_is_that_of_the_plain_formulas(path, tmp_path):
    made, image = weights(), np.random.default_rng(1).integers(0, 256, (227, 227), np.uint8)
    x = image[:, :, None] - np.array([104.006, 116.669, 122.679])
    x = pooled(convolved(x, made["conv1/kernel"], made["conv1/bias"], stride=2))
    for fire in range(2, 10):
        name = f"fire{fire}"
        x = convolved(x, made[f"{name}/squeeze1x1/kernel"], made[f"{name}/squeeze1x1/bias"])
        x = np.concatenate(
            [
                convolved(x, made[f"{name}/{part}/kernel"], made[f"{name}/{part}/bias"])
                for part in ("expand1x1", "expand3x3")
            ],
            axis=-1,
        )
        x = pooled(x) if fire in (3, 5) else x
    (features,) = encoder_of(str(path)).encode([image])
    np.testing.assert_allclose(features[0], x.mean(axis=(0, 1)), rtol=1e-3, atol=1e-3)


def test_what_an_image_comes_to_does_not_depend_on_the_others(path, tmp_path):
    forget_features()
    source = chosen(f"{write_zip(tmp_path / 'some.zip', files())}:{path}")
    assert source.width == 5
    together = source.features(range(4), range(3))
    np.testing.assert_array_equal(source.features([2], [1])[0, 0], together[2, 1])


def test_weights_and_code_are_in_the_fingerprint_and_the_path_is_not(path, tmp_path, monkeypatch):
    one = encoder_of(str(path))
    np.savez(tmp_path / "same.npz", **weights(), more=np.ones(3))
    assert encoder_of(str(tmp_path / "same.npz")) == one
    np.savez(tmp_path / "other.npz", **weights(seed=1))
    assert encoder_of(str(tmp_path / "other.npz")) != one
    before = one.recipe()
    monkeypatch.setattr(squeezenet, "code_of", lambda *modules: "changed")
    assert one.recipe() != before
    monkeypatch.undo()
    assert encoder.code_of("encoders/squeezenet.py") == before


def test_other_weights_in_the_place_of_the_chosen_are_not_used(path, tmp_path):
    one = encoder_of(str(path))
    np.savez(path, **weights(seed=1))
    with pytest.raises(UnusableExemplars, match="has other weights than when it was chosen"):
        list(one.encode([np.zeros((9, 9), np.uint8)]))


def changed(**changes):
    made = weights() | {name.replace("__", "/"): value for name, value in changes.items()}
    return {name: value for name, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            changed(fire4__expand3x3__bias=None),
            "no file of SqueezeNet 1.1: .* fire4/expand3x3/bias",
        ),
        (changed(conv1__kernel=np.ones((3, 3, 3))), "no conv1/kernel with 4 axes"),
        (changed(conv1__bias=np.array([np.nan, 0])), "conv1/bias of the weights .* are no numbers"),
        (
            changed(fire2__expand1x1__kernel=np.ones((1, 1, 9, 3), "f4")),
            r"fire2/expand1x1/kernel .* \(1, 1, 9, 3\): expected \(1, 1, 2, 3\)",
        ),
        (changed(conv1__bias=np.array([{}, {}], object)), "cannot be read"),
    ],
)
def test_what_is_no_squeezenet_is_refused(tmp_path, content, message):
    np.savez(tmp_path / "weights.npz", **content)
    with pytest.raises(UnusableExemplars, match=message):
        encoder_of(str(tmp_path / "weights.npz"))


def test_a_file_that_is_cut_short_is_refused(path):
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnusableExemplars, match=r"weights.npz cannot be read, .* cut short"):
        encoder_of(str(path))


def test_a_description_that_is_none_is_refused():
    with pytest.raises(msgspec.ValidationError, match="hexadecimal"):
        msgspec.json.decode(
            b'{"kind":"squeezenet1_1","sha256":"x","width":3}', type=squeezenet.SqueezeNet
        )
