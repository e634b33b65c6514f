"""``icl-repro compare``: outcome, exit status and mistakes."""

import gzip

import msgspec
import pytest

from icl_repro.verification.fault_records import FaultRecord
from icl_repro.verification.record import Profile, write_record
from tests.support.command import run_command
from tests.support.planted import (
    LENGTH,
    PLATEAU,
    measured,
    replace,
    with_claim,
    with_curve,
    with_values,
)
from tests.support.report_fixture import rich_record

RECORD = replace(rich_record(), claims=rich_record().claims[:2])


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def old(tmp_path):
    return saved(tmp_path, "old.json", RECORD)


def saved(folder, name, record):
    write_record(record, folder / name)
    return folder / name


def test_equal_records_are_told_so_with_status_0(old, tmp_path):
    packed = tmp_path / "new.json.gz"
    packed.write_bytes(gzip.compress(old.read_bytes()))
    done = run_command("compare", old, packed)
    assert done.exit_code == 0
    assert done.output.startswith("Nothing changed since the record of 21 November 2026, 10:46 UTC")


def test_a_regression_ends_with_status_1_and_stands_on_the_first_line(old, tmp_path):
    new = saved(tmp_path, "new.json", with_claim(RECORD, PLATEAU, verdict="refuted"))
    html, markdown = tmp_path / "out" / "a.html", tmp_path / "out" / "a.md"
    done = run_command("compare", old, new, "--html", html, "--markdown", markdown)
    assert done.exit_code == 1
    first, *_ = done.output.splitlines()
    assert first.startswith("Regressed in verdict since the record of 21 November 2026")
    assert f"1 claim worse ({PLATEAU})" in first
    assert f"▼ worse     {PLATEAU}: supported -> refuted" in done.output
    assert done.output.endswith(f"wrote {html}\nwrote {markdown}\n")
    assert markdown.read_text().startswith("**Regressed in verdict since the record of 21 ")
    assert f"| ▼ worse | {PLATEAU} | supported | refuted |" in markdown.read_text()
    page = html.read_text()
    assert "Regressed in verdict since" in page


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 0),
        (["--fail-on", "curve"], 1),
        (["--fail-on", "verdict,value,curve,speed"], 1),
        (["--fail-on", "none"], 0),
    ],
)
def test_what_fails_can_be_chosen(old, tmp_path, options, status):
    new = saved(tmp_path, "new.json", with_curve(RECORD, PLATEAU, 6, later=1.5))
    done = run_command("compare", old, new, *options)
    assert done.exit_code == status
    assert "1 curve drifted" in done.output.splitlines()[0]


def test_how_far_trainings_differ_is_read_from_where_the_ini_file_says(old, tmp_path):
    new = saved(tmp_path, "new.json", with_values(RECORD, {"7": 60_000}))
    assert run_command("compare", old, new).exit_code == 0
    (one,) = measured(PLATEAU, LENGTH, 100.0, 8).by_place.values()
    source = {"machine": "", "neighbour": 0, "date": "", "commit": None, "seeds": [5]}
    spread = {"format": 1, "sources": [source], "spreads": [msgspec.to_builtins(one)]}
    (tmp_path / "spread.json").write_bytes(msgspec.json.encode(spread))
    assert run_command("compare", old, new, "--spread", "spread.json").exit_code == 1
    (tmp_path / "pytest.ini").write_text("[pytest]\nicl_spread = spread.json\n")
    done = run_command("compare", old, new)
    assert done.exit_code == 1
    assert f"1 value worse ({PLATEAU})" in done.output.splitlines()[0]
    assert run_command("compare", old, new, "--margin", "10").exit_code == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--fail-on", "verdicts"],
            "'verdicts' is nothing that can regress: did you mean 'verdict'",
        ),
        (["--margin", "-1"], "--margin: a margin is a share of the distance to the threshold"),
        (["--spread", "none.json"], "there is no file of measured spreads at none.json"),
        (["--html", "a.md", "--markdown", "a.md"], "--html and --markdown both name a.md"),
        (["--html", "folder"], "folder is a folder; name a file to write"),
        (["--html", "old.json"], "old.json is one of the records; name another file to write"),
        (["--html", "other.json.gz"], "other.json.gz has the name of a record; name another file"),
        (["--markdown", "old.json/a.md"], "cannot write"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_status_2(old, options, complaint):
    before = old.read_bytes()
    (old.parent / "folder").mkdir()
    done = run_command("compare", old, old, *options)
    assert done.exit_code == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert old.read_bytes() == before


def test_what_cannot_be_read_or_has_nothing_in_common_is_refused(old, tmp_path):
    assert run_command("compare", old, "new.json").exit_code == 2
    (tmp_path / "new.json").write_text("{}")
    done = run_command("compare", old, "new.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "new.json is not a verification record" in done.stderr
    other = saved(tmp_path, "new.json", replace(RECORD, claims=rich_record().claims[2:3]))
    done = run_command("compare", old, other)
    assert done.exit_code == 2
    assert "the two records share no claim, so that nothing can be compared" in done.stderr


def without_training(record):
    return replace(record, training=replace(record.training, units_trained=0, seconds=0.0))


@pytest.mark.parametrize(
    ("change", "options", "complaint"),
    [
        (
            lambda record: replace(record, profile=Profile("smoke", [5], meaningful=False)),
            [],
            "nothing could be compared: the smoke profile of the new record cuts runs short",
        ),
        (
            lambda record: replace(record, faults=[FaultRecord("a", "b", "c", True, True, [])]),
            [],
            "the new record is of planted faults",
        ),
        (
            without_training,
            ["--fail-on", "speed"],
            "the speed of training could not be compared: only one of the sessions trained",
        ),
    ],
)
def test_where_nothing_can_be_compared_the_status_is_2(old, tmp_path, change, options, complaint):
    new = saved(tmp_path, "new.json", change(RECORD))
    done = run_command("compare", old, new, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_that_neither_session_trained_is_told(tmp_path):
    old = saved(tmp_path, "old.json", without_training(RECORD))
    assert (
        "speed: neither of the sessions trained anything" in run_command("compare", old, old).output
    )


def test_a_packed_record_that_is_cut_off_is_told_so(old, tmp_path):
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(gzip.compress(old.read_bytes())[:500])
    done = run_command("compare", old, cut)
    assert done.exit_code == 2
    assert "cut.json.gz is cut off" in done.stderr
