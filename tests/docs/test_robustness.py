"""The page of the matrix: its rows and its words are those of the records."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from claims.robustness.conditions import CONDITIONS
from docs.generate import in_words, robustness
from docs.generate.conditions import Matrix, exemplars_of, matrix
from icl_repro.report.text.by_row import NO_MEANING
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.record import HOLDS, VerificationRecord, read_record, write_record
from tests.docs.blocks import ROOT

PATHS = sorted((ROOT / "reports").glob("robustness*.json.gz"))
ON_OTHERS = ROOT / "reports" / "robustness_resnet18.json.gz"


@pytest.fixture(scope="module")
def records() -> dict[str, VerificationRecord]:
    return {path.name: read_record(path) for path in PATHS}


@pytest.fixture(scope="module")
def found(records: dict[str, VerificationRecord]) -> Matrix:
    return matrix([*records.values()])


@pytest.fixture(scope="module")
def page() -> str:
    return robustness.page(ROOT)


def test_there_is_a_row_for_each_condition_and_for_each_record_on_other_exemplars(
    found: Matrix, records: dict[str, VerificationRecord]
):
    others = [exemplars_of(one) for one in records.values() if exemplars_of(one)]
    assert len(others) == len(records) - 1
    names = [row.name for row in found.rows]
    assert names == [*(one.name for one in CONDITIONS), *(f"on {one}" for one in others)]
    assert len(set(names)) == len(names)
    assert len(found.claims) == len(in_words.TITLES)


def test_a_finding_holds_in_words_where_its_cells_hold_and_elsewhere_something_is_said(
    found: Matrix,
):
    """By the cells, which are judged; the words are from the tests of each seed."""
    for claim in found.claims:
        told = [found.failing(claim), found.undecided(claim), found.controls(claim)]
        amiss = {name for places in told for of in places.values() for name in of}
        amiss |= {*found.where(claim, [NO_MEANING])}
        held = {*found.where(claim, HOLDS)}
        assert held | amiss == {row.name for row in found.rows}
        assert not held & amiss


def test_what_fails_is_told_by_what_it_means_and_no_condition_is_named_by_hand(found: Matrix):
    names = {one.name for one in CONDITIONS}
    for claim in found.claims:
        assert found.failing(claim).keys() <= in_words.FAILS.keys()
        controls = {(in_words.short(claim), control) for control in found.controls(claim)}
        assert controls <= in_words.DOES_NOT_FAIL.keys()
    for text in (*in_words.FAILS.values(), *in_words.DOES_NOT_FAIL.values()):
        assert not [name for name in names if name in text]


def test_what_the_records_say_of_single_conditions_is_on_the_page(page: str):
    (words,) = re.findall(r"(?s)\n## In words\n(.+?)\n## ", page)
    findings = {one.partition("**")[0]: one for one in words.split("\n- **")}
    plateau, subcircuits, wiring, timing = (
        findings[in_words.TITLES[name]]
        for name in ("plateau", "subcircuits", "many_to_many", "timing")
    )
    assert ": 16 heads (seed 7)" in plateau
    assert "width 32 (seeds 5 and 6)" in subcircuits
    assert "so that nothing can be told: 4 heads (seed 5)" in subcircuits
    assert "as a previous-token head: no LayerNorm (seeds 5, 6 and 7)" in wiring
    assert "so that nothing can be told: 4 heads (seed 7)" in timing


def test_the_table_names_each_condition_of_each_claim(page: str, found: Matrix):
    lines = [line for line in page.splitlines() if line.startswith("| [robustness.")]
    assert len(lines) == len(found.claims)
    for claim, line in zip(found.claims, lines, strict=True):
        for row in found.rows:
            assert row.name.replace("_", r"\_") in line, claim


def test_a_further_record_is_a_further_row(tmp_path: Path):
    (tmp_path / "reports").mkdir()
    assert "No record of the matrix is committed" in robustness.page(tmp_path)
    gabor = Ingredient("exemplars", "omniglot_gabor", usual=False, title="Omniglot through gabor")
    record = msgspec.structs.replace(read_record(ON_OTHERS), basis=Basis([gabor]))
    write_record(record, tmp_path / "plain.json")
    packed = gzip.compress((tmp_path / "plain.json").read_bytes())
    (tmp_path / "reports" / "robustness_gabor.json.gz").write_bytes(packed)
    page = robustness.page(tmp_path)
    assert "\n| on Omniglot through gabor | **consistent**" in page
    assert "\n- on Omniglot through gabor (`omniglot_gabor`): `reports/robustness_gabor" in page


def test_what_the_matrix_costs_is_what_its_record_and_the_simulation_say(page: str):
    assert "\nThat is 348 networks and 310,200,000 sequences at most.\n" in page
    simulated = " ".join((ROOT / "benchmarks" / "README.md").read_text("utf-8").split())
    assert "348 runs of 109 programs, 1,286 s of training" in simulated
    assert "1,286 seconds of training" in page
    assert "its 109 programs" in page


def test_adamw_is_told_to_be_weak_evidence_by_how_little_it_decays(page: str):
    (adamw,) = [one.optimiser for one in CONDITIONS if one.name == "AdamW"]
    assert (adamw.learning_rate, adamw.weight_decay) == (1e-5, 0.1)
    assert "1e-05 times 0.1, of each weight away" in page
    assert "31,250 steps of the longest network 3.1 % of it" in page


def test_the_recipe_of_pixels_makes_a_file_of_exemplars(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert f"```python\n{robustness.PIXELS}```" in page
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    drawings: list[np.ndarray] = []
    for file, n_classes in (("images_background", 2), ("images_evaluation", 1)):
        with zipfile.ZipFile(f"{file}.zip", "w") as images:
            for class_ in range(n_classes):
                for number in range(20):
                    ink = rng.random((112, 112)) < 0.2
                    drawings.append(ink)
                    png = io.BytesIO()
                    Image.fromarray(~ink).save(png, "PNG")
                    name = f"{file}/A/character{class_}/{number:04}.png"
                    images.writestr(name, png.getvalue())
    exec(compile(robustness.PIXELS, "recipe", "exec"), {})
    pixels = np.load("pixels.npy")
    assert (pixels.shape, pixels.dtype) == ((3, 20, 784), np.float32)
    means = np.stack(drawings).reshape(3, 20, 28, 4, 28, 4).mean((3, 5)).reshape(3, 20, 784)
    assert np.abs(pixels - means).max() < 1 / 255
