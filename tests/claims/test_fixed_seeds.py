"""The seeds that the ini file fixes are those of the records that were committed."""

from __future__ import annotations

import gzip
import tomllib
from pathlib import Path

import msgspec
import pytest

from icl_repro.verification.profiles import DEFAULT_SEEDS, PROFILES, parse_seeds

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["reference.json", "paper.json.gz"])
def test_the_seeds_of_the_ini_file_are_those_of_the_committed_record(name: str):
    """A list that grew after results were seen would tell nothing on a store of its own."""
    path = ROOT / "reports" / name
    packed = path.read_bytes()
    record = msgspec.json.decode(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    fixed = PROFILES[record["profile"]["name"]].seeds(
        parse_seeds(options["icl_paper_seeds"], DEFAULT_SEEDS)
    )
    assert list(fixed) == record["seeds"]["fixed"]
