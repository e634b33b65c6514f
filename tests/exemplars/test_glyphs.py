"""The default exemplars as features: their scale, what they share, and that they stay the same."""

import subprocess
import sys

import numpy as np
import pytest

from icl_repro.exemplars import Glyphs

# Recorded with version 1. If this fails on your machine, its arithmetic differs by more than
# rounding; if it fails after a change of the code, raise `glyphs.VERSION` and record them anew.
REFERENCE_NORM = 33.86098
REFERENCE_FEATURES = [
    1.34357e-09, 0.3705501, 0.8005295, 1.793014e-11, 0.4576169, 2.51328, 1.686771, 0.5475955,
]  # fmt: skip


@pytest.fixture(scope="module")
def all_classes():
    """Exemplar 1, which the scale was not computed from."""
    return Glyphs().features(range(Glyphs.n_classes), [1])[:, 0]


@pytest.fixture(scope="module")
def some_classes():
    return Glyphs().features(range(200), range(2))


def test_features_are_those_recorded():
    features = Glyphs().features([0], [0])[0, 0]
    np.testing.assert_allclose(features[:8], REFERENCE_FEATURES, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(features), REFERENCE_NORM, rtol=1e-4)


def test_the_mean_norm_is_27_over_all_classes(all_classes):
    assert all_classes.shape == (1623, 512)
    assert all_classes.dtype == np.float32
    assert all_classes.min() >= 0
    assert np.isfinite(all_classes).all()
    assert np.linalg.norm(all_classes, axis=1).mean() == pytest.approx(27, rel=0.01)


def test_features_do_not_depend_on_the_request(all_classes):
    few = Glyphs().features([1622, 3], [5, 1])
    np.testing.assert_allclose(few[:, 1], all_classes[[1622, 3]], rtol=1e-4, atol=1e-5)


def test_another_process_gives_the_same(some_classes):
    code = (
        "import sys; from icl_repro.exemplars import Glyphs;"
        "sys.stdout.buffer.write(Glyphs().unscaled_features((7, 2), (1,)).tobytes())"
    )
    written = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    other = np.frombuffer(written, np.float32).reshape(2, 512)
    ratio = np.linalg.norm(some_classes[7, 1]) / np.linalg.norm(other[0])
    np.testing.assert_allclose(ratio * other, some_classes[[7, 2], 1], rtol=1e-4, atol=1e-5)


def test_exemplars_of_a_class_are_alike(some_classes):
    unit = some_classes / np.linalg.norm(some_classes, axis=-1, keepdims=True)
    likeness = unit[:, 1] @ unit[:, 0].T  # exemplar 1 of row class, exemplar 0 of column class
    own = np.diag(likeness)
    others = likeness[~np.eye(200, dtype=bool)]
    assert own.mean() > others.mean() + 2 * others.std()
    found = likeness.argmax(axis=1) == np.arange(200)
    assert found.mean() > 0.5, "chance is 0.005"
    assert (own < 0.999).all(), "a redraw is no copy"


def test_classes_share_structure(some_classes):
    """What independent random vectors lack, and what an induction circuit needs to generalise."""
    features = some_classes[:, 0]
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosine = (unit @ unit.T)[np.triu_indices(200, 1)]
    assert cosine.min() > 0
    correlation = np.corrcoef(features)[np.triu_indices(200, 1)]
    assert correlation.mean() > 0.2
    assert (correlation > 0).mean() > 0.9
    spread = np.linalg.svd(features - features.mean(axis=0), compute_uv=False) ** 2
    dimensions = spread.sum() ** 2 / (spread**2).sum()
    assert dimensions < 40, "of 512; independent vectors would take nearly 200"


def test_every_feature_carries_something(all_classes):
    assert (all_classes.std(axis=0) > 0.01).all()
