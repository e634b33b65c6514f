"""Exemplars from a file of features: known by content, checked, never unpickled."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from icl_repro.exemplars import (
    AnySource,
    FeatureFile,
    UnusableExemplars,
    about,
    chosen,
    data_sets,
    mean_norm,
)
from icl_repro.exemplars.source import forget_features
from icl_repro.training import RunSpec
from tests.support.images import table


@pytest.fixture(autouse=True)
def _fresh_memory():
    forget_features()


def save(path, **arrays):
    if path.suffix == ".npy":
        np.save(path, arrays["features"])
    elif path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file["group/" + name] = array
    return path


@pytest.mark.parametrize("form", [".npy", ".npz", ".h5"])
def test_the_features_of_a_file_are_given_as_they_are(tmp_path, form):
    numbers = table()
    source = chosen(str(save(tmp_path / f"some{form}", features=numbers)))
    assert (source.n_classes, source.n_exemplars, source.width) == numbers.shape
    np.testing.assert_array_equal(source.features([4, 0], [2, 1]), numbers[np.ix_([4, 0], [2, 1])])
    norm = np.linalg.norm(numbers[:, 0], axis=-1).mean()
    assert mean_norm(source) == pytest.approx(norm, rel=1e-6)
    assert about(source).label == f"features_{source.sha256[:8]}"
    assert not source.has_pictures
    with pytest.raises(UnusableExemplars, match="no pictures"):
        source.images([0], [0])


def test_the_content_is_the_identity_not_the_path_nor_the_form(tmp_path):
    numbers = table()
    paths = [
        save(tmp_path / "one.npy", features=numbers),
        save(tmp_path / "two.npz", features=numbers),
        save(tmp_path / "three.npy", features=numbers.astype(np.float64)),
        save(tmp_path / "four.npy", features=np.asfortranarray(numbers).astype(">f4")),
    ]
    specs = [RunSpec(exemplars=chosen(str(path))) for path in paths]
    assert len({spec.address for spec in specs}) == len({spec.key for spec in specs}) == 1
    numbers[0, 0, 0] += 1e-3
    other = RunSpec(exemplars=chosen(str(save(tmp_path / "one.npy", features=numbers))))
    assert other.address != specs[0].address
    assert other.exemplars.fingerprint != specs[0].exemplars.fingerprint


def test_one_of_several_data_sets_is_chosen_by_its_name(tmp_path):
    arrays = {"deep": table(width=7), "flat": table(width=3), "classes": np.arange(6)}
    path = save(tmp_path / "some.npz", **arrays)
    assert chosen(f"{path}::flat").width == 3
    with pytest.raises(UnusableExemplars, match=r"2 data sets .*some.npz::NAME: deep, flat"):
        chosen(str(path))
    with pytest.raises(UnusableExemplars, match="no data set 'flatt': did you mean 'flat'"):
        chosen(f"{path}::flatt")
    with pytest.raises(UnusableExemplars, match="classes holds int64: expected floating-point"):
        chosen(f"{path}::classes")


def test_the_only_data_set_that_fits_needs_no_name(tmp_path):
    path = save(tmp_path / "some.npz", features=table(), classes=np.arange(6), flat=np.ones((6, 5)))
    assert chosen(str(path)).n_classes == 6


def test_where_none_fits_all_are_listed(tmp_path):
    path = save(tmp_path / "some.npz", classes=np.arange(6), flat=np.ones((6, 5)))
    message = r"no data set of exemplars: classes holds int64.*; flat has shape \(6, 5\)"
    with pytest.raises(UnusableExemplars, match=message):
        chosen(str(path))


def with_a_value(value, dtype=np.float32):
    numbers = table().astype(dtype)
    numbers[2, 1, 3] = value
    return numbers


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (with_a_value(np.nan), r"numbers \(1\); .* feature 3 of exemplar 1 of class 2: nan"),
        (with_a_value(-np.inf), "feature 3 of exemplar 1 of class 2: -inf"),
        (with_a_value(1e300, np.float64), "no finite 32-bit numbers.*1e\\+300"),
        (np.zeros((70, 5, 8), np.float32), "the same exemplars in every class"),
        (
            np.tile(np.arange(40.0).reshape(1, 5, 8), (70, 1, 1)),
            "the same exemplars in every class",
        ),
        (table().astype(np.int32), "holds int32: expected floating-point numbers"),
        (table().astype(np.complex64), "holds complex64: expected floating-point numbers"),
        (table()[0], r"has shape \(3, 5\): expected three axes"),
        (table()[:1], r"has shape \(1, 3, 5\): expected 2 classes or more"),
        (table()[:, :0], r"has shape \(6, 0, 5\): .*at least one exemplar"),
        (np.array([[[{}]]] * 2, object), "Python objects, which are never read"),
    ],
)
@pytest.mark.parametrize("form", [".npy", ".npz"])
def test_what_are_no_features_is_refused(tmp_path, numbers, message, form):
    with pytest.raises(UnusableExemplars, match=message):
        chosen(str(save(tmp_path / f"some{form}", features=numbers)))


@pytest.mark.parametrize("form", [".npy", ".npz", ".h5"])
@pytest.mark.parametrize("kept", [0, 20, 0.5, 0.95])
def test_a_file_that_is_cut_short_is_refused(tmp_path, form, kept):
    path = save(tmp_path / f"some{form}", features=table(200))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    with pytest.raises(UnusableExemplars, match=r"some\S* .*(cut short|no NumPy file)"):
        chosen(str(path))


def test_a_pickle_is_refused_and_not_carried_out(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    import pickle

    (tmp_path / "some.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(UnusableExemplars, match="a pickle, which is never read"):
        chosen(str(tmp_path / "some.npy"))
    assert not (tmp_path / "sprung").exists()


def test_without_h5py_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "some.h5").write_bytes(b"\x89HDF")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UnusableExemplars, match=r"pip install 'icl-repro\[h5\]'"):
        chosen(str(tmp_path / "some.h5"))


def test_other_content_in_the_place_of_the_chosen_is_not_used(tmp_path):
    path = save(tmp_path / "some.npy", features=table())
    source = chosen(str(path))
    save(path, features=table(seed=1))
    with pytest.raises(UnusableExemplars, match="has other features than when it was chosen"):
        source.features([0], [0])
    other = chosen(str(path))
    assert other != source
    with pytest.raises(UnusableExemplars, match="has other features than when it was chosen"):
        source.features([0], [0])
    np.testing.assert_array_equal(other.features([0], [0])[0, 0], table(seed=1)[0, 0])
    path.unlink()
    forget_features()
    with pytest.raises(UnusableExemplars, match="there is no file"):
        other.features([0], [0])


def test_kept_features_need_no_file(tmp_path):
    path = save(tmp_path / "some.npy", features=table())
    source = chosen(str(path))
    expected = source.features([3, 1], [0], tmp_path / "cache")
    path.unlink()
    forget_features()
    np.testing.assert_array_equal(source.features([3, 1], [0], tmp_path / "cache"), expected)


def test_a_description_with_another_shape_than_the_file_is_refused(tmp_path):
    source = chosen(str(save(tmp_path / "some.npy", features=table())))
    wrong = msgspec.structs.replace(source, width=4)
    with pytest.raises(UnusableExemplars, match=r"shape \(6, 3, 5\), but .*\(6, 3, 4\)"):
        wrong.features([0], [0])


def test_a_file_that_nobody_has_chosen_cannot_be_found():
    source = FeatureFile(sha256="ab" * 32, n_classes=6, n_exemplars=3, width=5)
    with pytest.raises(UnusableExemplars, match="nothing says where the features with checksum ab"):
        source.features([0], [0])
    assert about(source).label == "features_abababab"


def test_it_survives_json(tmp_path):
    source = chosen(str(save(tmp_path / "some.npy", features=table())))
    assert msgspec.json.decode(msgspec.json.encode(source), type=AnySource) == source
    assert "some" not in msgspec.json.encode(source).decode()


@pytest.mark.parametrize("change", [{"sha256": "12"}, {"width": 0}, {"n_classes": True}])
def test_a_description_that_is_none_is_refused(change):
    fields = {"sha256": "ab" * 32, "n_classes": 6, "n_exemplars": 3, "width": 5}
    with pytest.raises(ValueError, match=r"must be (64|a whole number)"):
        FeatureFile(**(fields | change))


def test_the_checksum_is_of_numbers_and_shape():
    numbers = table()
    assert data_sets.content(numbers) != data_sets.content(numbers.reshape(3, 6, 5))


def test_importing_reads_no_library_that_is_an_extra():
    code = "import sys, icl_repro, icl_repro.exemplars, icl_repro.training.spec;"
    code += "print(*{'torch', 'torchvision', 'h5py'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
