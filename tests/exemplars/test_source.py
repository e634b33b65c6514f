"""What every source of exemplars promises: plain data, checked requests, light imports."""

import subprocess
import sys
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.exemplars import AnySource, ExemplarSource, Glyphs, InvalidSelection
from icl_repro.exemplars.source import forget_features
from tests.support.shapes_checked import unchecked


class Counting(ExemplarSource, frozen=True, tag="counting"):
    """The feature vector of exemplar e of class c is c + e / 10, everywhere."""

    n_classes: ClassVar[int] = 7
    n_exemplars: ClassVar[int] = 3
    width: ClassVar[int] = 4
    calls: ClassVar[list] = []

    version: int = 1

    def recipe(self):
        return "counting"

    def compute_images(self, classes, exemplars):
        return np.zeros((len(classes), len(exemplars), 2, 2), np.float32)

    def compute_features(self, classes, exemplars, cache):
        self.calls.append((classes, exemplars))
        table = np.add.outer(np.array(classes), np.array(exemplars) / 10).astype(np.float32)
        return np.repeat(table[..., None], self.width, axis=-1)


@pytest.fixture(autouse=True)
def _fresh_memory():
    forget_features()
    Counting.calls.clear()


def test_the_order_asked_for_is_the_order_given():
    features = Counting().features([5, 2], [2, 0])
    np.testing.assert_allclose(features[..., 0], [[5.2, 5.0], [2.2, 2.0]], rtol=1e-6)
    assert features.shape == (2, 2, 4)
    assert Counting().images(range(3), [1]).shape == (3, 1, 2, 2)


@pytest.mark.parametrize(
    "classes",
    [
        range(2, 5),
        (2, 3, 4),
        np.array([2, 3, 4]),
        np.array([2, 3, 4], np.uint8),
        [np.int64(2), 3, 4],
    ],
)
def test_any_sequence_of_whole_numbers_will_do(classes):
    np.testing.assert_array_equal(Counting().features(classes, [0])[:, 0, 0], [2, 3, 4])


@pytest.mark.parametrize(
    ("classes", "exemplars", "message"),
    [
        ([0, 7], [0], r"classes of Counting\(version=1\): there is no 7; valid are 0 to 6 .*: 6\)"),
        ([-2], [0], r"classes .*there is no -2; valid are 0 to 6 \(nearest: 0\)"),
        ([0], [3], r"exemplars .*there is no 3; valid are 0 to 2 \(nearest: 2\)"),
        ([], [0], "classes .*none asked for; valid are 0 to 6"),
        ([0], (), "exemplars .*none asked for; valid are 0 to 2"),
        ([1, 4, 1], [0], "classes .*1 is asked for more than once"),
        ([0], [2, 2], "exemplars .*2 is asked for more than once"),
        ([0.5], [0], "classes .*expected whole numbers, got 0.5"),
        ([[0, 1]], [0], r"classes .*expected whole numbers, got \[0, 1\]"),
        ([True, False], [0], "classes .*expected whole numbers, got True; a mask?"),
        (np.array([True]), [0], "expected whole numbers, got .*True.*; a mask?"),
        (3, [0], "classes .*expected a sequence of whole numbers, got 3"),
        ("12", [0], "classes .*expected a sequence of whole numbers, got '12'"),
        ({1, 2}, [0], "classes .*expected a sequence of whole numbers, got {1, 2}"),
    ],
)
def test_what_the_source_does_not_have_is_refused(classes, exemplars, message):
    for ask in (Counting().features, Counting().images):
        with unchecked(), pytest.raises(InvalidSelection, match=message):
            ask(classes, exemplars)
    assert not Counting.calls


@settings(deadline=None)
@given(st.lists(st.integers(-20, 20), max_size=8))
def test_a_selection_is_given_exactly_when_it_is_valid(classes):
    valid = classes and len(set(classes)) == len(classes) and set(classes) <= set(range(7))
    if valid:
        np.testing.assert_array_equal(Counting().features(classes, [0])[:, 0, 0], classes)
    else:
        with pytest.raises(InvalidSelection, match=r"valid are 0 to 6|more than once"):
            Counting().features(classes, [0])


def test_a_request_is_computed_once_and_the_answer_belongs_to_the_caller():
    first = Counting().features([1, 2], [0])
    first[:] = -1
    second = Counting().features([1, 2], [0])
    assert Counting.calls == [((1, 2), (0,))]
    np.testing.assert_array_equal(second[:, 0, 0], [1, 2])
    Counting(version=2).features([1, 2], [0])
    assert len(Counting.calls) == 2, "another source is another request"


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        ExemplarSource()


def test_a_source_survives_json_and_hashing():
    for source in (Glyphs(), Glyphs(seed=12), Glyphs(seed=2**63 - 1)):
        text = msgspec.json.encode(source)
        assert msgspec.json.decode(text, type=AnySource) == source
        assert hash(msgspec.json.decode(text, type=AnySource)) == hash(source)
    assert msgspec.json.encode(Glyphs()) == b'{"kind":"glyphs","seed":0}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"kind":"glyphs","sed":1}', "unknown field `sed`"),
        ('{"kind":"omnigloss"}', "omnigloss"),
        ('{"kind":"glyphs","seed":-1}', "from 0 to"),
        ('{"kind":"glyphs","seed":"1"}', "Expected `int`"),
    ],
)
def test_json_that_names_no_source_is_refused(text, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.json.decode(text, type=AnySource)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, "1", None, True, np.int64(3)])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ValueError, match=r"whole number from 0 to 2\*\*63 - 1"):
        Glyphs(seed=seed)


def test_the_fingerprint_tells_sources_and_versions_of_the_code_apart(monkeypatch):
    assert len(Glyphs().fingerprint) == 64
    assert Glyphs(seed=1).fingerprint == Glyphs(seed=1).fingerprint
    assert Glyphs(seed=1).fingerprint != Glyphs(seed=2).fingerprint
    before = Glyphs().fingerprint
    monkeypatch.setattr("icl_repro.exemplars.glyphs.VERSION", 2)
    assert Glyphs().fingerprint != before


def test_importing_the_package_imports_neither_jax_nor_pillow():
    code = (
        "import sys, icl_repro.exemplars; print(*{'jax', 'PIL', 'matplotlib'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
