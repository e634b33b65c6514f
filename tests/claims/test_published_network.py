"""What our clamps and ablations do to a network that the authors' published code trained."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from claims.networks import clamped
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.previous_token import previous_token_heads, previous_token_scores
from icl_repro.measures.heads.wiring import PRESERVED, answers_without_layer_0, without_heads
from icl_repro.optogenetics import intervention
from tests.support.compiling import compiled_as_users_do
from tests.support.golden import HEAD
from tests.support.published_network import (
    SETS,
    evaluation_set,
    published,
    published_model,
    training_sequences,
)

PREVIOUS_TOKEN = 2
"""The head of layer 0 that the published run clamps."""
CLAMPED = {
    "no_clamp": clamped.unclamped(5, HEAD),
    "previous_token": clamped.previous_token(5, HEAD, heads_0=[PREVIOUS_TOKEN]),
    "match": clamped.match(5, HEAD),
    "copy": clamped.copy(5, HEAD),
}
"""The networks of Figure 5b, by their names in the golden data."""
PATTERNS, VALUES = range(2)

SHARED = Path(__file__).parents[3] / "shared"
needs_shared = pytest.mark.skipif(
    not (SHARED / "golden").is_dir(), reason="the golden data are not beside this checkout"
)


@pytest.fixture(scope="module", autouse=True)
def fast_programs() -> Iterator[None]:
    """They run on thousands of sequences."""
    with compiled_as_users_do():
        yield


@pytest.fixture(scope="module")
def trained():
    return published_model("final"), training_sequences("final")


@pytest.mark.parametrize("name", SETS)
def test_it_has_the_loss_that_the_published_code_measured(name):
    found = performance(published_model("final"), evaluation_set("final", name)).loss
    assert found == pytest.approx(float(published()[f"{name}/full/final_loss"]), rel=1e-4)


def test_its_induction_strengths_are_those_that_the_published_code_measured(trained):
    found = performance(*trained)
    expected = [0.50, 0.80, 0.53, 0.71, 0.64, 0.21, 0.01, 0.51]
    np.testing.assert_allclose(found.induction_strength, expected, atol=0.01)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("condition", CLAMPED)
def test_clamped_networks_start_with_the_loss_of_the_published_ones(condition, name):
    spec = CLAMPED[condition]
    model, episodes = published_model("init"), evaluation_set("init", name)
    found = performance(model, episodes, intervention(spec.clamps, spec.model)).loss
    assert found == pytest.approx(float(published()[f"{name}/{condition}/init_loss"]), rel=1e-4)


def test_without_layer_0_a_guess_is_left_with_values_preserved_and_less_with_patterns(trained):
    """The paper prints 55 % with patterns preserved and 11 % with values preserved."""
    found = answers_without_layer_0(*trained)
    assert found.accuracy[PATTERNS] == pytest.approx(0.3125, abs=0.002)
    assert found.accuracy[VALUES] == pytest.approx(0.5107, abs=0.002)
    assert found.in_context[VALUES] > 0.95
    assert found.in_context[PATTERNS] < 0.5


def test_its_previous_token_heads_serve_the_match_and_the_others_the_copy(trained):
    model, episodes = trained
    heads = previous_token_heads(previous_token_scores(model, episodes))
    assert heads == (0, 1, 2)
    rest = [head for head in range(8) if head not in heads]
    found = without_heads(model, episodes, [heads, rest])[:, : len(PRESERVED)]
    np.testing.assert_allclose(found, [[0.938, 0.846], [0.535, 0.963]], atol=0.002)


ORIGINS = pytest.mark.parametrize(
    ("state", "file", "prefix"),
    [
        ("init", "published_streams.npz", "seed5/init."),
        ("final", "published_runs.npz", "full/final."),
    ],
)


@needs_shared
@ORIGINS
def test_the_copied_weights_are_those_of_the_golden_data(state, file, prefix):
    names = [name.partition("/")[2] for name in published() if name.startswith(f"{state}/")]
    names.remove("embedded")
    with np.load(SHARED / "golden" / file) as arrays:
        for name in names:
            np.testing.assert_array_equal(
                published()[f"{state}/{name}"], arrays[f"{prefix}{name}"], err_msg=name
            )


@needs_shared
@ORIGINS
def test_the_copied_exemplars_are_embedded_by_weights_of_the_golden_data(state, file, prefix):
    h5py = pytest.importorskip("h5py", reason="the exemplars are in an HDF5 file")
    with h5py.File(SHARED / "exemplars" / "omniglot_squeezenet.h5") as stored:
        features = stored["squeezenet1_1/227/feat"][:50, 0]
    with np.load(SHARED / "golden" / file) as arrays:
        weight, bias = (arrays[f"{prefix}example_embed.{part}"] for part in ("weight", "bias"))
    expected = features @ weight.T + bias
    np.testing.assert_allclose(published()[f"{state}/embedded"], expected, atol=1e-3)
