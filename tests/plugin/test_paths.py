"""Paths that cannot be what they are meant to be: told at the start, in a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = """
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

@claim("a.one", source="Section 1", on=lambda seed: Spec("one", seed),
       fails_on=control("N.", given={"factor": 0}, id="nothing"))
def test_one(evidence, run, factor=1):
    '''S.'''
    evidence.check("length", factor * run.spec.sequences, at_least=8)
"""


def file(path: Path) -> None:
    path.write_text("in the way")


def file_above(path: Path) -> None:
    path.write_text("in the way")


def lost_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def circle(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def unwritable(path: Path) -> None:
    path.symlink_to("/proc/self")  # where not even root can make a file


@pytest.mark.parametrize(
    ("place", "below", "kind"),
    [
        (file, "", "is a file"),
        (file_above, "deep/down", "is a file"),
        (lost_link, "", "is a link that leads nowhere"),
        (circle, "", "is a link that leads nowhere"),
        (unwritable, "", "No such file or directory"),
    ],
)
@pytest.mark.parametrize("option", ["--icl-store", "--icl-report"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_trained(
    claims_folder, tmp_path, place: Callable[[Path], None], below: str, kind: str, option
):
    claims_folder.makepyfile(test_claims=TESTS)
    here = tmp_path / "here"  # not where tests are collected, which follows links
    place(here)
    asked = os.path.join(here, below)
    result = claims_folder.runpytest_subprocess(f"{option}={asked}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.stderr.lines if line.startswith("ERROR: ")]
    what = "the run store" if option == "--icl-store" else "the report"
    assert line.startswith(f"ERROR: {what} cannot be at {here}")
    assert kind in line
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert not (claims_folder.path / "trained.log").exists()


def test_workers_refuse_alike(claims_folder):
    claims_folder.makepyfile(test_claims=TESTS)
    file(claims_folder.path / "here")
    result = claims_folder.runpytest_subprocess("--icl-store=here", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the run store cannot be at *here: *here is a file;*"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert not (claims_folder.path / "trained.log").exists()


def test_a_document_whose_name_a_folder_has_is_refused(claims_folder):
    claims_folder.makepyfile(test_claims=TESTS)
    (claims_folder.path / "reports" / "verification.html").mkdir(parents=True)
    result = claims_folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *verification.html is a folder where a file should be"])


@pytest.mark.parametrize("name", ["runs", "incoming", "locks"])
def test_a_file_in_the_store_where_a_folder_should_be_is_refused(claims_folder, name: str):
    claims_folder.makepyfile(test_claims=TESTS)
    store = claims_folder.mkdir("store")
    file(store / name)
    result = claims_folder.runpytest_subprocess("--icl-store=store")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{name} is a file where a folder should be"])
    assert not (claims_folder.path / "trained.log").exists()


def test_a_store_that_is_only_read_need_not_be_writable(claims_folder, tmp_path):
    claims_folder.makepyfile(test_claims=TESTS)
    unwritable(tmp_path / "here")
    args = (f"--icl-store={tmp_path / 'here'}", "--icl-no-train", "-p", "no:xdist")
    claims_folder.runpytest_subprocess(*args).assert_outcomes(skipped=2)


def test_sessions_without_claims_do_not_care(claims_folder):
    claims_folder.makepyfile("def test_ordinary(): pass")
    file(claims_folder.path / "here")
    result = claims_folder.runpytest_subprocess("--icl-store=here", "--icl-report=here")
    result.assert_outcomes(passed=1)
