"""Networks of torchvision: equal to its own forward pass, and a sentence for each fault."""

import io
import itertools
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from icl_repro.exemplars import UnusableExemplars, chosen
from icl_repro.exemplars.choice import encoder_of
from icl_repro.exemplars.encoders import TorchNetwork, torch_network
from icl_repro.exemplars.encoders.torch_network import published
from icl_repro.exemplars.source import forget_features
from tests.support.images import drawing, files, write_zip
from tests.support.shared import shared

FIRES = (3, 4, 6, 7, 9, 10, 11, 12)
"""Where torchvision has the fire modules 2 to 9."""


def test_without_torch_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnusableExemplars, match=r"pip install 'icl-repro\[omniglot\]'"):
        next(TorchNetwork().encode([np.zeros((9, 9), np.uint8)]))


def test_torch_and_torchvision_that_do_not_fit_are_told_of(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "torchvision.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("torch", "torchvision"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    message = r"cannot be used together \(operator torchvision::nms does not exist\)"
    with pytest.raises(UnusableExemplars, match=message):
        torch_network.imported()
    for name in ("torch", "torchvision"):
        sys.modules.pop(name, None)


@pytest.fixture
def libraries():
    pytest.importorskip("torchvision", exc_type=ImportError)
    forget_features()
    return torch_network.imported()


def saved(libraries, path, name="resnet18"):
    """A file of random weights, and the network that has them."""
    libraries.torch.manual_seed(0)
    network = torch_network.built(libraries, name).eval()
    libraries.torch.save(network.state_dict(), path)
    return network


def test_features_are_those_before_the_last_layer_of_torchvisions_own_pass(libraries, tmp_path):
    network = saved(libraries, tmp_path / "w.pth")
    source = chosen(f"{write_zip(tmp_path / 'some.zip', files())}:resnet18@{tmp_path / 'w.pth'}")
    features = source.features([1, 3], [2])
    transforms = libraries.torchvision.transforms
    prepare = transforms.Compose(
        [
            transforms.Resize(224),
            transforms.CenterCrop(224),
            transforms.Grayscale(3),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    images = [Image.open(io.BytesIO(drawing(class_, 2))).convert("L") for class_ in (1, 3)]
    with libraries.torch.inference_mode():
        logits = network(libraries.torch.stack([prepare(image) for image in images])).numpy()
    layer = network.fc
    own = features[:, 0] @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(own, logits, rtol=1e-3, atol=1e-3 * np.abs(logits).max())


def test_a_wrong_file_is_refused(libraries, tmp_path):
    (tmp_path / "w.pth").write_bytes(b"no weights")
    encoder = encoder_of(f"resnet18@{tmp_path / 'w.pth'}")
    with pytest.raises(
        UnusableExemplars,
        match=r"w.pth cannot be loaded into torchvision's resnet18, .*: it holds no plain weights$",
    ):
        next(encoder.encode([np.zeros((9, 9), np.uint8)]))
    saved(libraries, tmp_path / "w.pth")
    with pytest.raises(UnusableExemplars, match="has other weights than when it was chosen"):
        next(encoder.encode([np.zeros((9, 9), np.uint8)]))
    other = encoder_of(f"resnet50@{tmp_path / 'w.pth'}") if "resnet50" in published() else None
    if other is not None:
        with pytest.raises(UnusableExemplars, match="another network's"):
            next(other.encode([np.zeros((9, 9), np.uint8)]))


def test_published_weights_with_another_checksum_are_refused(libraries, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    path.parent.mkdir(parents=True)
    saved(libraries, path)
    with pytest.raises(UnusableExemplars, match=r"resnet18-f37072fd.pth have checksum .*f37072fd"):
        next(TorchNetwork().encode([np.zeros((9, 9), np.uint8)]))


def test_weights_that_cannot_be_downloaded_can_be_put_in_their_place(
    libraries, tmp_path, monkeypatch
):
    def interrupted(url, path, hash_prefix, progress):
        raise ConnectionResetError("Connection reset by peer")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(libraries.torch.hub, "download_url_to_file", interrupted)
    message = "could not be downloaded .*put them at .*checkpoints/resnet18-f37072fd.pth"
    with pytest.raises(UnusableExemplars, match=message):
        next(TorchNetwork().encode([np.zeros((9, 9), np.uint8)]))
    assert not list(tmp_path.rglob("*.pth"))


@pytest.fixture
def real_network(libraries, tmp_path):
    """SqueezeNet 1.1 with its ImageNet weights, from Caffe's file into one of torchvision's."""
    path, network = tmp_path / "squeezenet.pth", torch_network.built(libraries, "squeezenet1_1")
    fires = {f"fire{fire}": f"features.{at}" for fire, at in zip(range(2, 10), FIRES, strict=True)}
    names = {"conv1": "features.0", "conv10": "classifier.1"}
    with np.load(shared("exemplars/squeezenet1_1_imagenet.npz")) as weights:
        state = {}
        for name in weights.files:
            layer, kind = name.rsplit("/", 1)
            fire, _, part = layer.partition("/")
            part = part.replace("squeeze1x1", "squeeze")
            module = names.get(layer) or f"{fires[fire]}.{part}"
            array = weights[name].transpose(3, 2, 0, 1) if kind == "kernel" else weights[name]
            state[f"{module}.{'weight' if kind == 'kernel' else kind}"] = (
                libraries.torch.from_numpy(np.ascontiguousarray(array))
            )
    network.load_state_dict(state)
    libraries.torch.save(state, path)
    return network.eval(), path


def test_real_images_through_real_weights_are_torchvisions_own_features(libraries, real_network):
    network, weights = real_network
    images = shared("omniglot/omniglot.zip")
    source = chosen(f"{images}::5:squeezenet1_1@{weights}")
    assert (source.n_classes, source.n_exemplars, source.width) == (1623, 5, 512)
    classes, each = [0, 811, 1622], [0, 4]
    features = source.features(classes, each)

    taken = []
    network.classifier[1].register_forward_pre_hook(lambda _, given: taken.append(given[0]))
    transforms = libraries.torchvision.transforms
    prepare = transforms.Compose(
        [
            transforms.Resize(224),
            transforms.CenterCrop(224),
            transforms.Grayscale(3),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    with zipfile.ZipFile(images) as archive, libraries.torch.inference_mode():
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for class_, exemplar in itertools.product(classes, each):
            drawing_ = Image.open(io.BytesIO(archive.read(names[20 * class_ + exemplar])))
            network(prepare(drawing_.convert("L"))[None])
    own = np.stack([given.mean((0, 2, 3)).numpy() for given in taken])
    np.testing.assert_allclose(features.reshape(own.shape), own, rtol=1e-3, atol=1e-3 * own.max())
    assert np.ptp(own, axis=0).max() > 20e-3 * own.max()  # far more than what counts as equal


def test_what_is_known_of_networks_is_what_torchvision_says(libraries, monkeypatch):
    torch, models = libraries.torch, libraries.torchvision.models
    # They compute how wide they are by tensors, which must have values.
    parameters = models.regnet.BlockParams
    real = parameters.from_init_params

    def with_values(*args, **more):
        with torch.device("cpu"):
            return real(*args, **more)

    monkeypatch.setattr(parameters, "from_init_params", with_values)
    assert set(models.list_models(module=models)) == set(published())
    for name, known in published().items():
        with torch.device("meta"):
            network = torch_network.built(libraries, name)
        assert torch_network.without_last_layer(libraries, network) == known.width, name
        enum = models.get_model_weights(name)
        assert known.default == enum.DEFAULT.name
        assert known.weights == {w.name: w.url.rsplit("-", 1)[1][:8] for w in enum}, name
