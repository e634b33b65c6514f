"""The file of the history: nothing is lost, whoever writes at once or was killed."""

import multiprocessing
import re

import msgspec
import pytest

from icl_repro.history import file
from tests.support.history import session


def write_many(path, writer):
    for number in range(20):
        file.append(path, session(writer * 100 + number, padding=5_000))


def test_several_processes_at_once_lose_nothing(tmp_path):
    path = tmp_path / "new" / "history.jsonl"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(path, n)) for n in range(3)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(120)
    history = file.read(path)
    assert history.damaged == []
    assert {line.duration for line in history.lines} == {
        writer * 100 + number for writer in range(3) for number in range(20)
    }
    assert len(history.lines) == 60
    assert sorted(one.name for one in path.parent.iterdir()) == ["history.jsonl"]


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_line_that_was_cut_is_set_aside_and_told(tmp_path, before, share):
    path = tmp_path / "history.jsonl"
    for number in range(before):
        file.append(path, session(number))
    whole = msgspec.json.encode(session(7))
    cut = whole[: max(1, int(share * len(whole)))]
    with path.open("ab") as other:
        other.write(cut)
    assert len(file.read(path).damaged) == 1
    told = file.append(path, session(before))
    assert f"the last line of {path} was cut short" in told
    assert f"{path}.damaged" in told
    assert path.with_name("history.jsonl.damaged").read_bytes() == cut + b"\n"
    assert file.read(path).damaged == []
    assert [line.duration for line in file.read(path).lines] == list(range(before + 1))


def test_a_whole_last_line_without_its_end_is_kept(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes(msgspec.json.encode(session(0)))
    assert file.append(path, session(1)) == ""
    assert [line.duration for line in file.read(path).lines] == [0, 1]


def test_damaged_lines_in_between_are_told_by_number(tmp_path):
    path = tmp_path / "history.jsonl"
    good, later = msgspec.json.encode(session(0)), b'{"format":2,"started":""}'
    path.write_bytes(b"\n".join([good, b'{"format":1,"star', later, good, b""]))
    history = file.read(path)
    assert len(history.lines) == 2
    assert [re.sub(" of .*? is left out.*", "", told) for told in history.damaged] == [
        "line 2",
        "line 3",
    ]
    assert "it has format 2, but this release reads 1" in history.damaged[1]


def test_sessions_are_in_the_order_in_which_they_began(tmp_path):
    path = tmp_path / "history.jsonl"
    for number in (3, 1, 2):
        file.append(path, session(number))
    assert [line.duration for line in file.read(path).lines] == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "there is no history at"),
        (b'{\n "schema_version": 2\n}', "is not a history of sessions: line 1: "),
        (b"\xff\xfe", "is not a history of sessions: line 1: "),
    ],
)
def test_what_is_no_history_is_refused(tmp_path, content, complaint):
    path = tmp_path / "history.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(file.UnreadableHistory, match=complaint):
        file.read(path)


def test_an_empty_file_is_a_history_without_sessions(tmp_path):
    (tmp_path / "history.jsonl").touch()
    assert file.read(tmp_path / "history.jsonl") == file.History([], [])
