"""Omniglot: which drawings, in which order, and what happens where it cannot be had."""

import errno
import hashlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from icl_repro.exemplars import Omniglot, UnusableExemplars, omniglot
from icl_repro.exemplars.encoders import GaborEncoder, torch_network
from icl_repro.exemplars.source import forget_features
from tests.support.images import files, write_zip

GABOR = Omniglot(encoder=GaborEncoder())


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A data set of 6 and 2 characters with three drawings in place of Omniglot's, on a server."""
    forget_features()
    served = tmp_path / "server"
    served.mkdir()
    background = {name.replace("images/", "images_background/"): f for name, f in files(6).items()}
    evaluation = {
        name.replace("images/", "images_evaluation/"): file
        for name, file in files(8).items()
        if "Alphabet_3" in name
    }
    write_zip(served / "images_background.zip", background)
    write_zip(served / "images_evaluation.zip", evaluation)
    md5 = {f.name: hashlib.md5(f.read_bytes()).hexdigest() for f in sorted(served.iterdir())}
    monkeypatch.setattr(omniglot, "MD5", md5)
    monkeypatch.setattr(Omniglot, "n_classes", 8)
    monkeypatch.setattr(Omniglot, "n_exemplars", 2)
    monkeypatch.setenv(omniglot.FOLDER_VARIABLE, str(tmp_path / "here"))
    return served


def put(served, folder):
    folder.mkdir()
    for file in served.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def torchvision(monkeypatch, download):
    """torchvision as far as it downloads, by `download`."""
    data = SimpleNamespace(
        Omniglot=SimpleNamespace(download_url_prefix="https://example.org"),
        utils=SimpleNamespace(download_url=download),
    )
    libraries = SimpleNamespace(torchvision=SimpleNamespace(datasets=data))
    monkeypatch.setattr(torch_network, "imported", lambda: libraries)


@pytest.mark.parametrize("order", [0, 3])
def test_characters_are_in_a_seeded_order_background_first(small, tmp_path, order):
    put(small, tmp_path / "here")
    source = Omniglot(encoder=GaborEncoder(), order=order)
    images = source.images(range(8), range(2))
    shuffled = np.random.default_rng(order).permutation(8)
    for place, class_ in enumerate(shuffled):
        (columns,) = np.nonzero(images[place, 0].min(axis=0) == 1)
        np.testing.assert_array_equal(columns, [2 + 2 * class_, 3 + 2 * class_])
    assert Omniglot(order=order).fingerprint != Omniglot(order=order + 1).fingerprint


def test_files_that_are_not_here_are_downloaded_once(small, tmp_path, monkeypatch):
    asked = []

    def download(url, root, filename, md5):
        asked.append(url)
        (tmp_path.__class__(root) / filename).write_bytes((small / filename).read_bytes())

    torchvision(monkeypatch, download)
    GABOR.images([0], [0])
    GABOR.images([1], [0])
    assert asked == [
        f"https://example.org/images_{part}.zip" for part in ("background", "evaluation")
    ]
    assert sorted(f.name for f in (tmp_path / "here").iterdir()) == sorted(omniglot.MD5)


@pytest.mark.parametrize(
    "problem",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        ConnectionResetError("Connection reset by peer"),
        RuntimeError("File not found or corrupted."),
    ],
)
def test_an_interrupted_download_leaves_nothing_behind(small, tmp_path, monkeypatch, problem):
    def download(url, root, filename, md5):
        (tmp_path.__class__(root) / filename).write_bytes(b"half of it")
        raise problem

    torchvision(monkeypatch, download)
    with pytest.raises(UnusableExemplars, match=r"could not be downloaded from .*: put"):
        GABOR.images([0], [0])
    assert list((tmp_path / "here").iterdir()) == []


def test_without_torchvision_one_sentence_says_what_to_install_or_where_to_put_files(
    small, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnusableExemplars) as raised:
        GABOR.features([0], [0], tmp_path / "cache")
    message = str(raised.value)
    assert "pip install 'icl-repro[omniglot]'" in message
    assert (
        f"put images_background.zip and images_evaluation.zip into {tmp_path / 'here'}" in message
    )
    assert "\n" not in message


def test_a_file_with_another_checksum_is_refused_and_left(small, tmp_path):
    put(small, tmp_path / "here")
    damaged = tmp_path / "here" / "images_evaluation.zip"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(UnusableExemplars, match=r"evaluation.zip has the MD5 checksum .*but"):
        GABOR.images([0], [0])
    assert damaged.exists()


def test_too_few_characters_or_drawings_are_refused(small, tmp_path, monkeypatch):
    put(small, tmp_path / "here")
    monkeypatch.setattr(Omniglot, "n_classes", 9)
    with pytest.raises(UnusableExemplars, match="has 8 class folders with images, but must have 9"):
        GABOR.images([0], [0])
    monkeypatch.setattr(Omniglot, "n_classes", 8)
    monkeypatch.setattr(Omniglot, "n_exemplars", 4)
    with pytest.raises(UnusableExemplars, match="has 3 images, but there must be 4"):
        GABOR.images([0], [0])


def test_kept_features_need_neither_the_files_nor_torch(small, tmp_path, monkeypatch):
    put(small, tmp_path / "here")
    expected = GABOR.features([5, 1], [1], tmp_path / "cache")
    for file in (tmp_path / "here").iterdir():
        file.unlink()
    monkeypatch.setitem(sys.modules, "torch", None)
    forget_features()
    np.testing.assert_array_equal(GABOR.features([5, 1], [1], tmp_path / "cache"), expected)


def test_an_order_that_is_none_is_refused():
    with pytest.raises(ValueError, match="order must be a whole number"):
        Omniglot(order=-1)


def test_code_weights_and_images_are_in_the_fingerprint(monkeypatch):
    prints = {Omniglot().fingerprint, GABOR.fingerprint}
    monkeypatch.setattr(omniglot, "code_of", lambda *modules: "changed")
    prints.add(Omniglot().fingerprint)
    monkeypatch.undo()
    monkeypatch.setattr(torch_network, "code_of", lambda *modules: "changed")
    prints.add(Omniglot().fingerprint)
    monkeypatch.undo()
    monkeypatch.setattr(omniglot, "MD5", {"images_background.zip": "0"})
    prints.add(Omniglot().fingerprint)
    assert len(prints) == 5
