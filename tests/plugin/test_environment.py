"""What a record says of the machine: the kind of processor, as Linux and other systems tell it."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from icl_repro.plugin import environment

TOLD = "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (TOLD, "AMD EPYC, family 25, model 17"),
        ("model name\t: Some Core\n", "Some Core"),
        ("CPU implementer\t: 0x41\n", "arm of the platform"),
        (None, "arm of the platform"),
    ],
)
def test_a_processor_is_named_with_family_and_model(monkeypatch, told, said):
    def read(path: Path, encoding: str) -> str:
        if told is None:
            raise FileNotFoundError(path)
        return told

    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.setattr(platform, "processor", lambda: "arm of the platform")
    assert environment._processor() == said
