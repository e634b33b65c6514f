"""The verification record: what ``reports/verification.json`` holds.

The JSON file is written by the plugin and read by the report; its fields are those of
:class:`VerificationRecord`, and ``SCHEMA_VERSION`` changes whenever their meaning does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from icl_repro.verification.evidence import Evidence, Interval

SCHEMA_VERSION = 1

VerdictName = Literal["supported", "refuted", "inconclusive", "not run", "error", "not meaningful"]
Outcome = Literal["passed", "failed", "inconclusive", "error", "not run"]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test of a claim or of a control, with one seed or (``seed`` is null) without seeds.

    `outcome`: ``passed`` (every check holds; for a control: it failed where it should), ``failed``,
    ``inconclusive`` (it says itself that its checks can tell neither way: `message` says why),
    ``error`` (it raised: `message` says what), ``not run`` (runs missing, or skipped: `message`
    says why). `runs` are the keys of the training runs it read.
    """

    nodeid: str
    outcome: Outcome
    seed: int | None = None
    message: str = ""
    duration: float = 0.0
    evidence: Evidence = msgspec.field(default_factory=Evidence)
    runs: list[str] = []


class ControlRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A negative control: the same measurement where the claim must not hold.

    `must_fail` names the checks that have to fail on it.
    """

    id: str
    statement: str
    must_fail: list[str]
    verdict: Literal["fails as it should", "does not fail", "not run", "error", "not meaningful"]
    trials: list[Trial]


class ClaimRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim: what the paper says, what was measured on every seed, and the verdict.

    `finding` says what is known not to hold, where that has been reported before; the verdict does
    not depend on it.
    """

    id: str
    family: str
    statement: str
    source: str
    verdict: VerdictName
    reason: str
    trials: list[Trial]
    controls: list[ControlRecord]
    seeds_held: int = 0
    seeds_judged: int = 0
    share: Interval | None = None
    finding: str = ""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which profile ran, with which seeds; `meaningful` is false where runs were cut short."""

    name: str
    seeds: list[int]
    meaningful: bool


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the verification ran. `commit` is null outside a git checkout."""

    python: str
    platform: str
    processor: str
    cores: int
    memory_gib: float
    packages: dict[str, str]
    commit: str | None
    uncommitted_changes: bool | None
    workers: int


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What training this session did. Sequences are those of the runs trained in it."""

    runs_planned: int
    runs_trained: int
    runs_reused: int
    sequences_trained: int
    seconds: float


class ExemplarSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures of a few exemplars: each entry of `pictures` is one class, a row of PNG images in
    base64, so that the report can show what the networks were trained on.
    """

    source: str
    pictures: list[list[str]]


class VerificationRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session's verification, whole.

    `started` is ISO 8601 in UTC, `duration` in seconds, `command` as the user typed it.
    `not_selected` are the ids of claims that were collected, but that this session left out; `runs`
    tells in words what each training run is, by its key.
    """

    schema_version: int
    title: str
    paper: str
    started: str
    duration: float
    command: str
    profile: Profile
    environment: Environment
    training: Training
    claims: list[ClaimRecord]
    exemplars: ExemplarSample | None = None
    not_selected: list[str] = []
    runs: dict[str, str] = {}


class UnreadableRecord(ValueError):
    """A file that is not a verification record of this schema version."""


def write_record(record: VerificationRecord, path: Path) -> None:
    """Write `record` as indented JSON, replacing `path` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    partial.replace(path)


def read_record(path: Path) -> VerificationRecord:
    """Read what :func:`write_record` wrote.

    Raises:
        UnreadableRecord: not JSON, another schema version, or fields that are missing or unknown.
    """

    class Head(msgspec.Struct):
        schema_version: int

    content = path.read_bytes()
    try:
        version = msgspec.json.decode(content, type=Head).schema_version
        if version != SCHEMA_VERSION:
            raise UnreadableRecord(
                f"{path} has schema version {version}; this release reads version {SCHEMA_VERSION}"
            )
        return msgspec.json.decode(content, type=VerificationRecord)
    except msgspec.MsgspecError as error:
        raise UnreadableRecord(f"{path} is not a verification record: {error}") from error
