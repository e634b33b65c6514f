"""``reports/README.md`` documents ``verification.json`` as it is."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from icl_repro.verification.record import SCHEMA_VERSION, VerificationRecord, write_record
from tests.support.report_fixture import rich_record

README = Path(__file__).parents[2] / "reports" / "README.md"
SCHEMA = msgspec.json.schema(VerificationRecord)
STRUCTS = SCHEMA["$defs"]


def type_in_words(schema):
    """A JSON schema of one field as the tables of the README write it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(type_in_words(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in sorted(schema["enum"]))
    if schema["type"] == "array":
        if "prefixItems" in schema:
            kinds = [type_in_words(item) for item in schema["prefixItems"]]
            alike = len(set(kinds)) == 1
            return f"list of {len(kinds)} {kinds[0]}s" if alike else f"({', '.join(kinds)})"
        return f"list of {type_in_words(schema['items'])}"
    if schema["type"] == "object":
        return f"object of {type_in_words(schema['additionalProperties'])}"
    return schema["type"]


def documented():
    """The tables of the README: fields with their types, by heading."""
    sections = re.split(r"^### ", README.read_text("utf-8"), flags=re.MULTILINE)[1:]
    tables = {}
    for section in sections:
        name, _, body = section.partition("\n")
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.+?) \|$", body, flags=re.MULTILINE)
        tables[name.strip()] = {field: (kind, meaning) for field, kind, meaning in rows}
    return tables


def test_every_structure_is_documented_and_nothing_else():
    assert list(documented()) == list(STRUCTS)


@pytest.mark.parametrize("name", list(STRUCTS))
def test_every_field_is_documented_with_its_type(name):
    fields = {field: type_in_words(schema) for field, schema in STRUCTS[name]["properties"].items()}
    told = documented()[name]
    assert {field: kind for field, (kind, _) in told.items()} == fields
    assert all(len(meaning) > 10 for _, meaning in told.values())


def test_the_readme_names_the_schema_version():
    assert f"schema version {SCHEMA_VERSION}" in README.read_text("utf-8")


def test_every_field_of_a_written_record_is_in_the_tables(tmp_path):
    write_record(rich_record(), tmp_path / "verification.json")
    record = msgspec.json.decode((tmp_path / "verification.json").read_bytes())
    tables = documented()
    assert set(record) == set(tables["VerificationRecord"])
    assert set(record["claims"][0]) == set(tables["ClaimRecord"])
    assert set(record["claims"][0]["trials"][0]) == set(tables["Trial"])


def test_the_command_for_the_json_schema_works():
    command = re.search(r"^ {4}python -c '(.+)'$", README.read_text("utf-8"), flags=re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-c", command.group(1)], capture_output=True, check=True, text=True
    )
    assert msgspec.json.decode(done.stdout) == msgspec.json.decode(msgspec.json.encode(SCHEMA))
