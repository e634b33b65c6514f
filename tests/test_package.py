"""What would be published: everything of the package is in the wheel, and its versions agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from tests.test_rooms import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
BUILD = "import sys, setuptools.build_meta as build; build.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy of the package, as the build backend makes it; nothing is installed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "icl_repro", folder / "icl_repro", ignore=shutil.ignore_patterns("__pycache__")
    )
    done = subprocess.run(
        [sys.executable, "-c", BUILD, "dist"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = (folder / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


def test_every_file_of_the_package_is_in_the_wheel_and_no_other(wheel: zipfile.ZipFile):
    there = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "icl_repro").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {Path(name).suffix for name in there} >= {".py", ".json", ".css", ".js", ".j2", ".typed"}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == there


def test_the_wheel_says_what_it_is_and_brings_plugin_and_command(wheel: zipfile.ZipFile):
    of_it = f"icl_repro-{PROJECT['version']}.dist-info"
    told = Parser().parsestr(wheel.read(f"{of_it}/METADATA").decode())
    assert told["Version"] == PROJECT["version"]
    assert told["License-Expression"] == "MIT"
    assert set(told.get_all("Provides-Extra", [])) >= {"h5", "omniglot", "test", "benchmarks"}
    assert f"{of_it}/licenses/LICENSE" in wheel.namelist()
    entries = wheel.read(f"{of_it}/entry_points.txt").decode()
    assert "[pytest11]\nicl_repro = icl_repro.plugin" in entries
    assert "[console_scripts]\nicl-repro = icl_repro.cli:main" in entries


def test_one_version_and_one_date_are_told_everywhere():
    newest = re.search(
        r"^## \[(.+?)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert newest is not None
    assert newest.groups() == (CITATION["version"], str(CITATION["date-released"]))
    assert CITATION["version"] == PROJECT["version"]


def test_authors_and_licence_are_those_of_the_project():
    assert [one["name"] for one in CITATION["authors"]] == [
        one["name"] for one in PROJECT["authors"]
    ]
    assert CITATION["license"] == PROJECT["license"]
    (paper,) = CITATION["references"]
    assert paper["url"] == PROJECT["urls"]["Paper"]
    family = [author["family-names"] for author in paper["authors"]]
    assert family == ["Singh", "Moskovitz", "Hill", "Chan", "Saxe"]


def test_every_version_of_python_that_is_named_is_tried():
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    workflow = yaml.safe_load((ROOT / ".github/workflows/verify.yml").read_text("utf-8"))
    assert workflow["jobs"]["versions"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
