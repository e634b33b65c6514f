"""The command that a record holds names no folder of the machine."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from icl_repro.plugin.command import typed

TESTS = """
from icl_repro import claim, control

SHORT = [control("Fails.", given={"value": 0})]

@claim("a.one", source="Section 1", fails_on=SHORT)
def test_one(seed, evidence, value=1):
    "S."
    evidence.check("x", value, at_least=1)
"""
ROOT = Path("/home/somebody/project")


@pytest.mark.parametrize(
    ("word", "short"),
    [
        ("--icl-store=/home/somebody/store", "--icl-store=store"),
        ("/scratch/report/", "report"),
        ("--icl-report=/home/somebody/project/reports/new", "--icl-report=reports/new"),
        ("--rootdir=/home/somebody/project", "--rootdir=."),
        ("/home/somebody/project/claims/test_a.py::test_b[x-/y]", "claims/test_a.py::test_b[x-/y]"),
        ("-o=/data/features.h5::resnet18/feat", "-o=features.h5::resnet18/feat"),
        ("/data/images.zip::5:resnet18@/data/weights.pth", "images.zip::5:resnet18@weights.pth"),
        ("omniglot:/data/squeezenet.npz", "omniglot:squeezenet.npz"),
        ("icl_store=/home/somebody/store", "icl_store=store"),
        ("-c/home/somebody/other/pytest.ini", "-cpytest.ini"),
        ("--icl-store=~somebody/store", "--icl-store=store"),
        ("../../somebody/store", "store"),
        ("../project/reports/own", "reports/own"),
        ("--icl-scheduler=tcp://10.0.0.1:8786", "--icl-scheduler=tcp://10.0.0.1:8786"),
        ("claims/robustness", "claims/robustness"),
        ("--icl-claims=race.*", "--icl-claims=race.*"),
        ("/", "/"),
    ],
)
def test_paths_are_shortened_to_what_is_in_the_project_or_to_their_name(word, short):
    assert shlex.split(typed([word], ROOT, ROOT)) == ["pytest", short]


def test_a_path_within_the_project_may_be_written_by_another_name_of_it(tmp_path: Path):
    (tmp_path / "project" / "claims").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "project")
    for root, given in (("project", "linked"), ("linked", "project")):
        word = str(tmp_path / given / "claims")
        assert typed([word, "-q"], tmp_path / root, tmp_path) == "pytest claims -q"


def test_the_record_of_a_session_names_no_folder_of_the_machine(
    claims_folder: pytest.Pytester, record_of, tmp_path_factory: pytest.TempPathFactory
):
    claims_folder.makepyfile(test_claims=TESTS)
    store = tmp_path_factory.mktemp("elsewhere") / "store"
    report = claims_folder.path / "reports"
    claims_folder.runpytest_subprocess(
        str(claims_folder.path), f"--icl-store={store}", "--icl-report", str(report)
    )
    words = record_of(claims_folder).command.split()
    assert words[-4:] == [".", "--icl-store=store", "--icl-report", "reports"]
    assert not [word for word in words if word.startswith("/") or "=/" in word]
