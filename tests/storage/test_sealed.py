"""Sealed files: what is read is what was written, or damage."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icl_repro.storage import sealed

any_folder = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@any_folder
@given(content=st.binary(max_size=200))
def test_what_is_read_is_what_was_written(tmp_path, content):
    path = tmp_path / "folder" / "file"
    sealed.write(path, content)
    assert sealed.read(path) == content


@any_folder
@given(content=st.binary(max_size=200), data=st.data())
def test_any_change_is_seen(tmp_path, content, data):
    path = tmp_path / "file"
    sealed.write(path, content)
    written = path.read_bytes()
    changed = data.draw(
        st.one_of(
            st.integers(0, len(written) - 1).map(lambda n: written[:n]),
            st.tuples(st.integers(0, len(written) - 1), st.integers(1, 255)).map(
                lambda at: flipped(written, *at)
            ),
            st.binary(min_size=1, max_size=40).map(lambda more: written + more),
            st.binary(max_size=300).filter(lambda other: other != written),
        )
    )
    path.write_bytes(changed)
    with pytest.raises(sealed.Damaged, match=f"does not match its {len(changed)} byte"):
        sealed.read(path)


def flipped(content: bytes, at: int, by: int) -> bytes:
    return content[:at] + bytes([content[at] ^ by]) + content[at + 1 :]


def test_what_is_not_there_or_no_file_is_no_damage(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        sealed.read(tmp_path / "file")
    with pytest.raises(IsADirectoryError):
        sealed.read(tmp_path)
