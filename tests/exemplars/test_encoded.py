"""Images through an encoder: which image is which class, computed once, nothing wrong kept."""

import dataclasses
import errno
import itertools

import msgspec
import numpy as np
import pytest

from icl_repro.exemplars import (
    AnySource,
    EncodedImages,
    Glyphs,
    UnusableExemplars,
    about,
    chosen,
    encoded,
    mean_norm,
)
from icl_repro.exemplars import cache as disk
from icl_repro.exemplars.encoders import GaborEncoder, encoder
from icl_repro.exemplars.gabor import encode
from icl_repro.exemplars.glyphs import BANK
from icl_repro.exemplars.source import forget_features
from icl_repro.training import RunSpec
from tests.support.images import drawing, files, write_folder, write_zip
from tests.support.notices import noticing


@pytest.fixture(autouse=True)
def _fresh_memory():
    forget_features()
    encoded._computed.clear()


@dataclasses.dataclass
class Counted:
    """How many images the Gabor bank has encoded."""

    images: int = 0


@pytest.fixture
def counted(monkeypatch) -> Counted:
    count, real = Counted(), GaborEncoder.encode

    def counting(self, images):
        for some in real(self, images):
            count.images += len(some)
            yield some

    monkeypatch.setattr(GaborEncoder, "encode", counting)
    return count


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_classes_are_folders_in_sorted_order_and_exemplars_files(tmp_path, write):
    content = dict(reversed(files().items())) | {
        "images/Alphabet_0/.DS_Store": b"",
        "__MACOSX/images/._0000_00.png": b"",
        "LICENSE": b"words",
    }
    source = chosen(str(write(tmp_path / "some.zip", content)))
    assert (source.n_classes, source.n_exemplars, source.width) == (4, 3, 512)
    for class_, each in itertools.product(range(4), range(3)):
        ink = source.images([class_], [each])[0, 0]
        (columns,) = np.nonzero(ink.min(axis=0) == 1)
        np.testing.assert_array_equal(columns, [2 + 2 * class_, 3 + 2 * class_])
        rows = np.nonzero(ink[:, 1] > 0.5)[0]
        np.testing.assert_array_equal(rows, [2 * each, 2 * each + 1])


def test_a_folder_and_a_zip_of_it_are_the_same_run(tmp_path):
    folder = chosen(str(write_folder(tmp_path / "a folder", files())))
    archive = chosen(str(write_zip(tmp_path / "zip.zip", files())))
    assert RunSpec(exemplars=folder).key == RunSpec(exemplars=archive).key
    assert msgspec.json.decode(msgspec.json.encode(folder), type=AnySource) == archive


def test_the_gabor_bank_is_that_of_the_glyphs_with_their_mean_norm(tmp_path):
    source = chosen(str(write_zip(tmp_path / "some.zip", files())))
    features = source.features(range(4), range(3))
    ink = source.images(range(4), range(3)).reshape(12, 24, 24)
    unscaled = encode(ink, BANK).reshape(4, 3, 512)
    scale = 27 / np.linalg.norm(unscaled[:, 0], axis=-1).mean()
    np.testing.assert_allclose(features, scale * unscaled, rtol=1e-4, atol=1e-6)
    assert mean_norm(source) == 27
    np.testing.assert_allclose(source.features([2], [1])[0, 0], features[2, 1], rtol=1e-6)


def test_images_are_encoded_once_and_then_not_needed(tmp_path, counted):
    path = write_zip(tmp_path / "some.zip", files())
    source, seen = chosen(str(path)), []
    assert counted.images == 0, "choosing encodes nothing"
    source.prepare(tmp_path / "cache", lambda done, total: seen.append((done, total)))
    assert seen == [(0, 12), (12, 12)]
    path.unlink()
    encoded._computed.clear()
    kept = [source.features([class_], [1], tmp_path / "cache") for class_ in range(4)]
    assert counted.images == 12
    write_zip(path, files())
    np.testing.assert_array_equal(np.concatenate(kept), source.features(range(4), [1]))


def test_a_disk_that_is_full_costs_no_result_and_no_second_encoding(tmp_path, counted, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    source = chosen(str(write_zip(tmp_path / "some.zip", files())))
    expected = source.features(range(4), [0])
    forget_features()
    counted.images = 0
    monkeypatch.setattr(disk.sealed, "write", full)
    with noticing() as told:
        for class_ in range(4):
            got = source.features([class_], [0], tmp_path / "cache")
            np.testing.assert_allclose(got[0], expected[class_], rtol=1e-6)
    assert counted.images == 12
    assert "No space left on device" in told[0]
    message = r"cannot be kept in .*cache, so that every .*: No space left|No space left on device"
    with noticing(), pytest.raises(UnusableExemplars, match=message) as raised:
        source.prepare(tmp_path / "cache")
    assert "\n" not in str(raised.value)
    assert not [file for file in (tmp_path / "cache").rglob("*.npy*") if file.is_file()]


def test_other_images_in_the_place_of_the_chosen_are_not_used(tmp_path):
    path = write_zip(tmp_path / "some.zip", files())
    source = chosen(str(path))
    content = files()
    first, second = list(content)[:2]
    content[first], content[second] = content[second], content[first]
    write_zip(path, content)
    with pytest.raises(UnusableExemplars, match="has other images than when it was chosen"):
        source.features([0], [0], tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*")), "nothing is kept of it"


# Faults of the images.


def without(content, *parts):
    return {name: file for name, file in content.items() if not any(p in name for p in parts)}


@pytest.mark.parametrize(
    ("content", "option", "message"),
    [
        (
            without(files(), "0002_02"),
            "",
            "class images/Alphabet_1/character01 .* has 2 images, but others have 3: .*by ::2",
        ),
        (files(), "::4", "class images/Alphabet_0/character01 .* 3 images, but there must be 4"),
        (files() | {"images/Alphabet_9/character01/": b""}, "", "character01 has no images"),
        (without(files(), "0001", "0002", "0003"), "", "has 1 class folders .*at least 2"),
        ({"one.png": drawing(0, 0)}, "", "images outside any class folder, such as one.png"),
        (files(), "::0", "must be a whole number of at least 1, but got '0'"),
        (files(), "::two", "must be a whole number of at least 1, but got 'two'"),
    ],
)
def test_classes_and_drawings_that_are_missing_are_named(tmp_path, content, option, message):
    path = write_zip(tmp_path / "some.zip", content)
    with pytest.raises(UnusableExemplars, match=message):
        chosen(f"{path}{option}")


def test_the_first_drawings_are_enough_if_so_many_are_asked_for(tmp_path):
    path = write_zip(tmp_path / "some.zip", without(files(), "0002_02"))
    assert chosen(f"{path}::2").n_exemplars == 2
    one = chosen(f"{path}::1")
    assert one == chosen(f"{write_zip(tmp_path / 'one.zip', files(4, 1))}")


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("0001_01", b"no image", "0001_01.png cannot be read, it may be cut short or damaged"),
        ("0001_01", drawing(1, 1)[:-40], "0001_01.png cannot be read, it may be cut short"),
        ("0001_01", drawing(1, 1, side=30), "0001_01.png is 30 x 30 pixels, .* first, 24 x 24"),
    ],
)
def test_an_image_that_is_damaged_or_of_another_size_is_named(tmp_path, name, file, message):
    content = {k: file if name in k else v for k, v in files().items()}
    source = chosen(str(write_zip(tmp_path / "some.zip", content)))
    with pytest.raises(UnusableExemplars, match=message):
        source.features(range(4), range(3), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_zip_that_is_cut_short_is_refused(tmp_path, kept):
    path = write_zip(tmp_path / "some.zip", files())
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    with pytest.raises(UnusableExemplars, match=r"some.zip cannot be read, it may be cut short"):
        chosen(str(path))


def test_a_flipped_bit_within_a_zip_is_seen(tmp_path):
    path = write_zip(tmp_path / "some.zip", files())
    content = bytearray(path.read_bytes())
    content[120] ^= 4
    path.write_bytes(content)
    with pytest.raises(UnusableExemplars, match=r"0000_00.png cannot be read"):
        chosen(str(path))


def test_the_gabor_bank_refuses_what_is_not_square(tmp_path):
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (30, 20), 255).save(file, format="PNG")
    path = write_zip(tmp_path / "some.zip", dict.fromkeys(files(), file.getvalue()))
    with pytest.raises(UnusableExemplars, match="takes square images, but got 30 x 20 pixels"):
        chosen(str(path)).features([0], [0])


# What decides the features is in the fingerprint.


def test_code_encoder_and_images_are_in_the_fingerprint(tmp_path, monkeypatch):
    source = chosen(str(write_zip(tmp_path / "some.zip", files())))
    prints = {source.fingerprint}
    prints.add(chosen(str(write_zip(tmp_path / "b.zip", files(n_drawings=2)))).fingerprint)
    prints.add(msgspec.structs.replace(source, sha256="ab" * 32).fingerprint)
    for module in ("encoders/gabor.py", "gabor.py", "image_set.py", "encoded.py"):
        changed = tmp_path / module.replace("/", "_") / "exemplars"
        write_code_with_a_change(changed, module)
        monkeypatch.setattr(encoder, "_EXEMPLARS", changed)
        prints.add(source.fingerprint)
        monkeypatch.undo()
    assert len(prints) == 7
    assert source.fingerprint in prints


def write_code_with_a_change(folder, module):
    import shutil

    shutil.copytree(encoder._EXEMPLARS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / module
    path.write_text(path.read_text() + "\nA_CHANGE = 1\n")


def test_runs_on_glyphs_do_not_depend_on_that_code(tmp_path, monkeypatch):
    before = RunSpec().address, RunSpec().key, Glyphs().fingerprint
    write_code_with_a_change(tmp_path / "exemplars", "image_set.py")
    monkeypatch.setattr(encoder, "_EXEMPLARS", tmp_path / "exemplars")
    assert (RunSpec().address, RunSpec().key, Glyphs().fingerprint) == before
    assert RunSpec().address == "bed693dc31a393594c580c1c1e623ed7e9ac97645c4cf124de8d976583a53096"


def test_a_label_tells_images_and_encoder(tmp_path):
    source = chosen(str(write_zip(tmp_path / "My Letters.zip", files())))
    assert about(source).label == f"images_{source.sha256[:8]}_gabor"
    assert isinstance(source, EncodedImages)
    assert about(Glyphs()).label == "glyphs"
    assert about(Glyphs(seed=3)).label == "glyphs_seed_3"
