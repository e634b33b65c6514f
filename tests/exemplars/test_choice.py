"""Choosing exemplars by a text: what each means, and a sentence for each mistake."""

import msgspec
import numpy as np
import pytest

from icl_repro.exemplars import AnySource, Glyphs, Omniglot, UnusableExemplars, about, chosen
from icl_repro.exemplars.choice import encoder_of
from icl_repro.exemplars.encoders import GaborEncoder, TorchNetwork
from icl_repro.exemplars.encoders.torch_network import published
from tests.support.images import files, table, write_zip


def test_words():
    assert chosen("glyphs") == Glyphs()
    assert chosen("omniglot") == Omniglot() == Omniglot(encoder=TorchNetwork())
    assert chosen("omniglot:resnet18") == Omniglot()
    assert chosen("omniglot:gabor") == Omniglot(encoder=GaborEncoder())
    assert about(chosen("omniglot")).label == "omniglot_resnet18"
    assert about(chosen("omniglot:gabor")).label == "omniglot_gabor"
    for text in ("omniglot", "omniglot:gabor"):
        source = chosen(text)
        assert (source.n_classes, source.n_exemplars, source.width) == (1623, 5, 512)
        assert msgspec.json.decode(msgspec.json.encode(source), type=AnySource) == source
        assert "Lake" in about(source).citation


def test_colons_in_paths_are_part_of_them(tmp_path):
    folder = tmp_path / "a:b::c"
    folder.mkdir()
    np.savez(folder / "x:y.npz", some=table())
    assert chosen(f"{folder}/x:y.npz::some").n_classes == 6
    write_zip(folder / "z::1.zip", files())
    assert chosen(f"{folder}/z::1.zip").n_exemplars == 3
    assert chosen(f"{folder}/z::1.zip::2:gabor").n_exemplars == 2


def test_paths_are_relative_to_the_current_directory(tmp_path, monkeypatch):
    np.save(tmp_path / "some.npy", table())
    monkeypatch.chdir(tmp_path)
    source = chosen("some.npy")
    monkeypatch.chdir("/")
    assert source.features([0], [0]).shape == (1, 1, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no exemplars are named by ''; valid are glyphs; omniglot"),
        ("glyps", "no exemplars 'glyps': did you mean 'glyphs'"),
        ("Omniglot:gabor", "no exemplars 'Omniglot': did you mean 'omniglot'"),
        ("glyphs:gabor", "glyphs have nothing to choose"),
        ("omniglot::5", "omniglot has no parts to choose"),
        ("omniglot:", "something is missing after a colon of 'omniglot:'"),
        ("omniglot:resnet81", "no encoder 'resnet81': did you mean 'resnet18'"),
        ("omniglot:resnet81@a.pth", "no network 'resnet81' of torchvision is known: did you mean"),
        ("omniglot:resnet18@IMAGENET1K_V3", "no weights 'IMAGENET1K_V3', .*'IMAGENET1K_V1'"),
        ("omniglot:weights.pth", "does not say which network .*resnet18@weights.pth"),
        ("omniglot:weights.npz", "there is no file of weights weights.npz"),
        ("{folder}/some.np", "no file or folder .*/some.np: did you mean 'some.npy'"),
        ("some.h5", "there is no file or folder some.h5"),
        ("{folder}/nowhere/some.npy", "there is no folder .*nowhere either"),
        ("{folder}/notes.txt", "notes.txt is no file of exemplars .*valid are glyphs"),
        ("{folder}/some.npy:gabor", "holds features, which need no encoder"),
        ("{folder}/some.npy::", "something is missing after a colon"),
        ("{folder}/some.npy::x", "has no data set 'x'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    np.save(folder / "some.npy", table())
    (folder / "notes.txt").write_text("words")
    with pytest.raises(UnusableExemplars, match=message) as raised:
        chosen(text.format(folder=folder))
    assert "\n" not in str(raised.value)


def test_every_published_network_is_an_encoder():
    for name, known in published().items():
        encoder = encoder_of(name)
        assert isinstance(encoder, TorchNetwork)
        assert (encoder.name, encoder.width) == (name, known.width)
        for weights, sha256 in known.weights.items():
            chosen_weights = encoder_of(f"{name}@{weights}")
            assert isinstance(chosen_weights, TorchNetwork)
            assert chosen_weights.sha256 == sha256


def test_weights_of_a_file_are_known_by_their_content(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"some weights")
    (tmp_path / "b.pth").write_bytes(b"some weights")
    (tmp_path / "c.pth").write_bytes(b"other weights")
    a, b, c = (encoder_of(f"resnet18@{tmp_path / name}.pth") for name in "abc")
    assert a == b != c
    fingerprints = {Omniglot(encoder=encoder).fingerprint for encoder in (a, c, TorchNetwork())}
    assert len(fingerprints) == 3
    assert a.name.startswith("resnet18_")
