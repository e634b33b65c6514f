"""``icl-repro report`` draws a saved record again."""

import gzip
import subprocess
import sys

import msgspec
import pytest

from icl_repro.report.page import render_html
from icl_repro.verification.record import write_record
from tests.support.command import run_command
from tests.support.report_fixture import rich_record


@pytest.fixture
def saved(tmp_path):
    record = msgspec.structs.replace(rich_record(), claims=rich_record().claims[:2])
    write_record(record, tmp_path / "verification.json")
    return tmp_path / "verification.json"


def test_it_writes_the_same_page_as_the_session_did(saved, tmp_path):
    output = tmp_path / "elsewhere" / "out.html"
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            "from icl_repro.cli import main; main()",
            "report",
            str(saved),
            "-o",
            str(output),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote {output}\n"
    record = msgspec.structs.replace(rich_record(), claims=rich_record().claims[:2])
    assert output.read_text("utf-8") == render_html(record)


def test_without_a_name_it_writes_beside_the_record(saved):
    markdown = saved.with_suffix(".md")
    done = run_command("report", saved, "--markdown", markdown)
    assert done.exit_code == 0
    assert saved.with_suffix(".html").exists()
    first, _, further = markdown.read_text("utf-8").partition("\n\n")
    assert first.startswith("**Only 2 of at least 6 claims were selected. Of 2 claims, 1 is ")
    assert further.startswith("# What needs to go right")
    assert done.output.count("wrote") == 2


def test_a_packed_record_is_drawn_beside_it(saved):
    packed = saved.with_suffix(".json.gz")
    packed.write_bytes(gzip.compress(saved.read_bytes()))
    assert run_command("report", packed).output == f"wrote {saved.with_suffix('.html')}\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"not packed", "is not packed with gzip"), (gzip.compress(b"{}")[:-4], "is cut off")],
    ids=["not packed", "cut off"],
)
def test_what_is_not_packed_is_refused_in_one_sentence(content, told, tmp_path):
    path = tmp_path / "verification.json.gz"
    path.write_bytes(content)
    done = run_command("report", path)
    assert done.exit_code == 2
    assert f"{path} {told}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot read"),
        (b"not json", "is not a verification record"),
        (b"\xff\xfe\x00", "is not a verification record"),
        (b'{"schema_version": 2, "title": "\xff"}', "is not a verification record"),
        (b'{"schema_version": 99}', "has schema version 99; this release reads version 2"),
        (b'{"schema_version": 1}', "has schema version 1; this release reads version 2"),
        (b'{"schema_version": 2}', "missing required field `title`"),
        (b"[]", "is not a verification record"),
        (b"", "is not a verification record"),
    ],
)
def test_what_is_no_record_is_refused_in_one_sentence(content, complaint, tmp_path):
    path = tmp_path / "verification.json"
    if content is not None:
        path.write_bytes(content)
    done = run_command("report", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert str(path) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not path.with_suffix(".html").exists()


def test_it_never_writes_over_the_record(saved):
    before = saved.read_bytes()
    done = run_command("report", saved, "-o", saved)
    assert done.exit_code == 2
    assert "is the record itself" in done.stderr
    assert saved.read_bytes() == before


@pytest.mark.parametrize("name", ["other.json", "other.json.gz"])
@pytest.mark.parametrize("option", ["-o", "--markdown"])
def test_it_never_writes_over_another_record(saved, option, name):
    other = saved.with_name(name)
    other.write_bytes(b"a record")
    done = run_command("report", saved, option, other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{name} has the name of a record; name another file to write" in done.stderr
    assert other.read_bytes() == b"a record"


def test_page_and_summary_are_two_files(saved, tmp_path):
    done = run_command("report", saved, "-o", tmp_path / "a", "--markdown", tmp_path / "a")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "name two files" in done.stderr
    assert not (tmp_path / "a").exists()


def test_a_place_that_cannot_be_written_is_named(saved, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run_command("report", saved, "-o", tmp_path / "file" / "out.html")
    assert done.exit_code == 2
    assert "cannot write" in done.stderr
