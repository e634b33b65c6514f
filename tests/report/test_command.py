"""``python -m icl_repro.report`` renders a saved record again."""

import gzip
import subprocess
import sys

import msgspec
import pytest

from icl_repro.report.__main__ import main
from icl_repro.report.page import render_html
from icl_repro.verification.record import write_record
from tests.support.report_fixture import rich_record


@pytest.fixture
def saved(tmp_path):
    record = msgspec.structs.replace(rich_record(), claims=rich_record().claims[:2])
    write_record(record, tmp_path / "verification.json")
    return tmp_path / "verification.json"


def test_it_writes_the_same_page_as_the_session_did(saved, tmp_path):
    output = tmp_path / "elsewhere" / "out.html"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "icl_repro.report", saved, "-o", output],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote {output}\n"
    record = msgspec.structs.replace(rich_record(), claims=rich_record().claims[:2])
    assert output.read_text("utf-8") == render_html(record)


def test_without_a_name_it_writes_beside_the_record(saved, capsys):
    markdown = saved.with_suffix(".md")
    assert main([str(saved), "--markdown", str(markdown)]) == 0
    assert saved.with_suffix(".html").exists()
    assert markdown.read_text("utf-8").startswith("# What needs to go right")
    assert capsys.readouterr().out.count("wrote") == 2


def test_a_packed_record_is_drawn_beside_it(saved, capsys):
    packed = saved.with_suffix(".json.gz")
    packed.write_bytes(gzip.compress(saved.read_bytes()))
    assert main([str(packed)]) == 0
    assert capsys.readouterr().out == f"wrote {saved.with_suffix('.html')}\n"


@pytest.mark.parametrize("content", [b"not packed", gzip.compress(b"{}")[:-4]])
def test_what_is_not_packed_is_refused_in_one_sentence(content, tmp_path, capsys):
    path = tmp_path / "verification.json.gz"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    printed = capsys.readouterr().err
    assert f"{path} is not packed with gzip" in printed
    assert len(printed.splitlines()) == 1


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
def test_what_is_no_record_is_refused_in_one_sentence(content, complaint, tmp_path, capsys):
    path = tmp_path / "verification.json"
    if content is not None:
        path.write_bytes(content)
    assert main([str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert complaint in printed.err
    assert str(path) in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not path.with_suffix(".html").exists()


def test_it_never_writes_over_the_record(saved, capsys):
    before = saved.read_bytes()
    assert main([str(saved), "-o", str(saved)]) == 2
    assert "is the record itself" in capsys.readouterr().err
    assert saved.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(saved, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main([str(saved), "-o", str(tmp_path / "file" / "out.html")]) == 2
    assert "cannot write" in capsys.readouterr().err
