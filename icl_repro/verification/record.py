"""The verification record: what ``reports/verification.json`` holds.

The JSON file is written by the plugin and read by the report; its fields are those of
:class:`VerificationRecord`, and ``SCHEMA_VERSION`` changes whenever their meaning does.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Literal

import msgspec

from icl_repro.statistics.intervals import Interval
from icl_repro.storage.files import write_whole
from icl_repro.verification.basis import Basis
from icl_repro.verification.compared import Comparison
from icl_repro.verification.coverage import CoverageRow
from icl_repro.verification.evidence import Direction, EvidenceRecord, Kind
from icl_repro.verification.fault_records import FaultRecord
from icl_repro.verification.past import Past
from icl_repro.verification.reported import Reported
from icl_repro.verification.seal import Seal, checksum_of
from icl_repro.verification.standing import About

SCHEMA_VERSION = 2

VerdictName = Literal[
    "supported",
    "refuted",
    "inconclusive",
    "consistent",
    "contradicted",
    "mixed",
    "not run",
    "error",
    "not meaningful",
]
HOLDS: tuple[VerdictName, ...] = ("supported", "consistent")
"""The verdicts of a claim that holds: of enough seeds to tell, and of fewer."""
Outcome = Literal["passed", "failed", "inconclusive", "error", "not run"]
ControlVerdict = Literal[
    "fails as it should", "does not fail", "undecided", "not run", "error", "not meaningful"
]


NOT_REACHED = "the session ended before it was run"
"""The message of a trial to which an interrupted session did not come."""


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test of a claim or of a control, with one seed or (``seed`` is null) without seeds.

    `row` names the row of the claim's table that it is, where the claim has one. `outcome`:
    ``passed`` (every check holds; for a control: it failed where it should), ``failed``,
    ``inconclusive`` (it says itself that its checks can tell neither way, or was skipped while it
    ran: `message` says why), ``error`` (it raised: `message` says what), ``not run`` (runs missing,
    or marked to be skipped: `message` says why). `runs` are the keys of the training runs it read.
    `seeds` are those that it is judged over where it is judged over several at once; `seed` is null
    then.
    """

    nodeid: str
    outcome: Outcome
    seed: int | None = None
    row: str = ""
    message: str = ""
    duration: float = 0.0
    evidence: EvidenceRecord = msgspec.field(default_factory=EvidenceRecord)
    runs: list[str] = []
    seeds: list[int] = []


class ControlRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case in which the claim must fail: the same measurement on other or altered networks.

    `id` is that of the case, unique within the claim. `only` names the checks that have to fail on
    it (empty: all), `undefined` says why one of them may have no finite value there. `reason` says
    in a sentence why the verdict is what it is.
    """

    id: str
    statement: str
    only: list[str]
    undefined: str
    verdict: ControlVerdict
    reason: str
    trials: list[Trial]


class Margin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the values of a check over seeds lie from its threshold.

    `mean` and `spread` (the standard deviation) are those of the finite values; `distance` is from
    the mean to the nearest threshold in units of the spread, negative beyond it. `tolerance_bound`
    is the one-sided normal tolerance bound towards that threshold, cut at the limits of the
    quantity: beyond it lies at most a tenth of all networks, with 95 % confidence, if the values
    are normal. Null where there are too few seeds, or where `no_bound` says why there is none.
    `knife_edge` is true where other seeds might well come out on the other side of the threshold;
    `because` says by which signs (:func:`icl_repro.verification.margins.margin`). `shown` is
    whether the tolerance bound holds, too; null where there is none, or only the mean is judged.
    """

    mean: float | None
    spread: float | None
    distance: float | None
    tolerance_bound: float | None
    knife_edge: bool
    because: str = ""
    no_bound: str = ""
    shown: bool | None = None

    @property
    def not_shown(self) -> bool:
        """Whether the mean holds by a spread or more, but the tolerance bound does not."""
        holds = self.distance is not None and self.distance > 0
        return self.shown is False and holds and not self.knife_edge


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether our values agree with the published one, whatever the verdict.

    `prediction` is the interval in which one more network of ours would lie, cut at the limits of
    the quantity; null with fewer than two seeds, and where all values are the same. `agrees` is
    whether the published value, as far as it is known (`Reported.uncertainty`), lies in it or is
    that same value; null with fewer than two values, unless the one is the published one exactly.
    `p_value` is that of an exact permutation test of our values against the published ones of
    several seeds, where those are known. `sentence` says both in words.
    """

    prediction: Interval | None
    agrees: bool | None
    p_value: float | None
    sentence: str


class Equivalence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two one-sided tests of the values over seeds against a margin: `p_value` is the larger of
    both, and no difference is `shown` where it is at most 0.05. Both are null with fewer than two
    seeds; with a value that is not finite there is no test and nothing is shown.
    """

    low: float
    high: float
    p_value: float | None
    shown: bool | None


class MeanTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the values over seeds tell of the mean of all such networks, by one-sided t tests.

    For a check of a claim that is judged over all seeds at once. `p_value` is how likely such
    values are if that mean lies on the other side of the threshold than ours, which is `shown` to
    be wrong where it is at most 0.05. `bound` is the one-sided 95 % bound of that mean towards the
    nearest threshold. `sentence` says it in words.
    """

    bound: float
    p_value: float
    shown: bool
    sentence: str


class ThresholdEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One state of a threshold in the ledger: its bounds, where they come from, when they were set.

    `margin` is that of an equivalence, tested over seeds, where `between` is a plain range. `seen`
    is true when results had been seen then; `reason` says why it was changed, or what was changed
    of the rule or the controls where the bounds are those of the entry before.
    """

    origin: str
    date: str
    seen: bool
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    margin: tuple[float, float] | None = None
    reason: str = ""
    commit: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of the check, as that of a check."""
        return "threshold" if self.margin is None else "equivalence"

    @property
    def bounds(self) -> tuple[Direction, float | None, float | None]:
        """Direction, lower and upper end, as those of a check."""
        if (ends := self.between or self.margin) is not None:
            return "between", *ends
        if self.at_least is not None:
            return "at_least", self.at_least, None
        return "at_most", None, self.at_most


class CheckOverSeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One check of a claim over all its seeds and rows.

    `values` are the measured ones by seed (key "" for a claim without seeds, and for one over all
    seeds at once that gives none by seed), null where not finite. `failed_by` names the controls
    that fail it by a finite value on every seed on which they ran. `thresholds` is its history in
    the ledger, newest last. `published_fails` says why the published value itself does not hold,
    where it does not. `mean` is there for claims over all seeds at once. `no_control` says why no
    control fails it, by the seeds on which none does ("" for all).
    """

    name: str
    unit: str
    direction: Direction
    low: float | None
    high: float | None
    kind: Kind
    row: str
    values: dict[str, float | None]
    held: int
    judged: int
    published: Reported | None
    margin: Margin | None
    agreement: Agreement | None
    equivalence: Equivalence | None
    failed_by: list[str]
    thresholds: list[ThresholdEntry] = []
    published_fails: str = ""
    mean: MeanTest | None = None
    no_control: dict[str, str] = {}


class ConditionOverSeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On what condition a claim can be judged, over all seeds on which it was looked at.

    `values` are the measured ones by seed (key "" for a claim without seeds or over all at once),
    null where not finite; `met` names the seeds on which it is met, in the same way. `thresholds`
    is the history of its bound in the ledger, newest last.
    """

    name: str
    unit: str
    direction: Direction
    low: float | None
    high: float | None
    row: str
    values: dict[str, float | None]
    met: list[str]
    thresholds: list[ThresholdEntry] = []


KnownStatus = Literal[
    "as known", "on its edge", "holds now", "another value", "off its edge", "left open", "not run"
]


class KnownFailure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A check that is known to fail on some seeds, and by which values.

    `case` is the id of a control that is known not to fail there; empty for the claim itself.
    `values` are the known ones by seed, `within` is how far from it a value may lie and still be
    the known one. The key of a claim that is judged over several seeds at once is those seeds
    ("5,6,7") or, for any, empty, as it is without seeds. `evidence` are the figures that it rests
    on, in words.

    `basis` is the label of what runs were made from where it is known to fail; empty for the usual,
    "*" for any.

    `edge` says that the value lies closer to its `bound` than trainings differ, so that neither
    outcome is new: then `spread` is the largest difference between two trainings of one seed, of
    `pairs` that were compared.
    """

    claim: str
    check: str
    values: dict[str, float | None]
    within: float
    date: str
    why: str
    evidence: str = ""
    case: str = ""
    basis: str = ""
    edge: bool = False
    bound: float | None = None
    spread: float | None = None
    pairs: int = 0


class CameOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured on the edge of a threshold, null if not finite, and whether it held."""

    value: float | None
    held: bool


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A known failure, and what became of it in this session, by seed.

    `came_out` is there for what lies on the edge of its threshold, where it was measured.
    """

    known: KnownFailure
    status: dict[str, KnownStatus]
    came_out: dict[str, CameOut] = {}


class Retired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was checked once and is no longer: a check with the history of its threshold, or a
    control (`case`).

    `seen` is true when results had been seen when it was dropped; `why` says why it was.
    """

    claim: str
    date: str
    seen: bool
    why: str
    check: str = ""
    case: str = ""
    commit: str = ""
    thresholds: list[ThresholdEntry] = []


class ClaimRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim: what the paper says, what was measured on every seed, and the verdict.

    `reason` is one plain sentence of why. `seeds_judged` counts the seeds on which its tests came
    to their end, `seeds_undecided` those of them that tell neither way: these count as not held for
    ``supported`` and as held for ``refuted``. `share` is the one-sided exact 95 % bound of the
    share of seeds on which all checks hold: from below where the claim holds more often than it
    fails, else from above. `p_value` is the largest of the tests behind the verdict: the sign test
    over seeds and those of no difference, or, of a claim over all seeds at once, those of its
    means. `after_correction` is the verdict once Holm's correction for all claims of the session is
    made. `seeds_needed` is how many seeds it would take in all to be ``supported`` then, or
    ``refuted`` where it fails more often than it holds, whatever the other claims give;
    `seeds_needed_why` says on what condition, or why there is no such number.
    `about` says whether it measures results anew or holds printed numbers against one another.
    `place` is the file, from the root directory, and the line where it is declared, as
    ``tests/test_claims.py:12``. `not_for` says of rows that other claims of its family have why it
    has no meaning there.
    """

    id: str
    family: str
    statement: str
    source: str
    verdict: VerdictName
    reason: str
    trials: list[Trial]
    controls: list[ControlRecord]
    checks: list[CheckOverSeeds] = []
    seeds_held: int = 0
    seeds_judged: int = 0
    seeds_undecided: int = 0
    share: Interval | None = None
    p_value: float | None = None
    after_correction: VerdictName | None = None
    seeds_needed: int | None = None
    rests_on: str = ""
    seeds_needed_why: str = ""
    about: About = "results"
    conditions: list[ConditionOverSeeds] = []
    place: str = ""
    not_for: dict[str, str] = {}


class Seeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which seeds were judged, and whether they were fixed before any result was seen.

    `fixed` is the list of the ini file as it is written, or that of the profile's first session on
    the store. `added` are seeds beyond it on which any claim was judged. `sentence` says so in
    words, and which were left out; empty where every claim was judged on the fixed list.
    """

    judged: list[int]
    fixed: list[int]
    added: list[int] = []
    sentence: str = ""


class Comparisons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many claims were tested over seeds, and how that was corrected for."""

    number: int
    method: str = "Holm"
    level: float = 0.05


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which profile ran, with which seeds; `meaningful` is false where runs were cut short.

    `neighbour` is 0, or which neighbour of each run, one rounding away, was judged in its place.
    """

    name: str
    seeds: list[int]
    meaningful: bool
    neighbour: int = 0


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


class TrainingDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What training this session did. Units of work are those of the runs trained in it, and `unit`
    says what they are; stale runs were there, but made by other source or libraries.
    """

    runs_planned: int
    runs_trained: int
    runs_reused: int
    units_trained: int = msgspec.field(name="sequences_trained")
    seconds: float
    runs_stale: int = 0
    unit: str = ""


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures of what runs were trained on: each entry of `pictures` is a group of PNG images in
    base64, `caption` says in a sentence what they show, and `source` what they are taken from.
    """

    source: str
    pictures: list[list[str]]
    caption: str = ""


class VerificationRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One session's verification, whole.

    `basis` is what its runs were made from. `started` is ISO 8601 in UTC, `duration` in seconds,
    `command` as the user typed it, without the folders of the machine. `not_selected` are the ids
    of claims that were collected, but that this session left out; `runs` tells in words what each
    training run is, by its key, and `run_sizes` of how many units of work it is at most
    (`TrainingDone.unit` says what they are), `run_seconds` how long training it took, in this
    session or an earlier one.
    `coverage` is every statement of the paper with the claims that test it, in its order, whether
    or not they were selected. `seal` is what others need to check the record. `past` is this
    session beside those before it; null where none were kept. `compared` is what changed since
    another record, if it was asked. `faults` are those that were planted, and who caught them.
    `methods` are paragraphs on how the runs are made, from their descriptions. `red` tells what
    made the session fail: a sentence for each test that did, and for each thing that is wrong with
    all of it.
    """

    schema_version: int
    title: str
    paper: str
    basis: Basis = Basis()
    started: str
    duration: float
    command: str
    profile: Profile
    environment: Environment
    training: TrainingDone
    claims: list[ClaimRecord]
    seeds: Seeds | None = None
    comparisons: Comparisons | None = None
    findings: list[Finding] = []
    retired: list[Retired] = []
    sample: Sample | None = msgspec.field(default=None, name="exemplars")
    not_selected: list[str] = []
    runs: dict[str, str] = {}
    coverage: list[CoverageRow] = []
    seal: Seal | None = None
    past: Past | None = None
    compared: Comparison | None = None
    faults: list[FaultRecord] = []
    run_sizes: dict[str, int] = {}
    run_seconds: dict[str, float] = {}
    methods: list[str] = []
    red: list[str] = []


class UnreadableRecord(ValueError):
    """A file that is not a verification record of this schema version."""


def sealed(record: VerificationRecord, seal: Seal) -> VerificationRecord:
    """The record with its seal, and the checksum of all else in it."""
    record = msgspec.structs.replace(record, seal=msgspec.structs.replace(seal, checksum=""))
    checksum = checksum_of(msgspec.json.encode(record))
    return msgspec.structs.replace(record, seal=msgspec.structs.replace(seal, checksum=checksum))


def write_record(record: VerificationRecord, path: Path) -> None:
    """Write `record` as indented JSON, replacing `path` in one step."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read_record(path: Path) -> VerificationRecord:
    """Read what :func:`write_record` wrote, or the same packed with gzip (``.json.gz``).

    Raises:
        UnreadableRecord: not JSON, another schema version, fields that are missing or unknown, or
            packed otherwise.
    """
    return decoded(content_of(path), str(path))


def content_of(path: Path) -> bytes:
    """The JSON of a record, unpacked.

    Raises:
        UnreadableRecord: it is packed otherwise than with gzip.
    """
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise UnreadableRecord(f"{path} is cut off: what is packed in it does not end") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableRecord(f"{path} is not packed with gzip: {error}") from error


def decoded(content: bytes, name: str) -> VerificationRecord:
    """The record of that JSON; `name` says where it is from.

    Raises:
        UnreadableRecord: as :func:`read_record` does.
    """

    class Head(msgspec.Struct):
        schema_version: int

    try:
        try:
            version = msgspec.json.decode(content, type=Head).schema_version
        except msgspec.ValidationError as error:
            raise UnreadableRecord(
                f"{name} is not a verification record: it is no JSON object with a schema_version"
            ) from error
        if version != SCHEMA_VERSION:
            raise UnreadableRecord(f"{name} has schema version {version}; {_what_to_do(version)}")
        return msgspec.json.decode(content, type=VerificationRecord)
    except msgspec.MsgspecError as error:
        raise UnreadableRecord(f"{name} is not a verification record: {error}") from error


def _what_to_do(version: int) -> str:
    read = f"this release reads version {SCHEMA_VERSION}"
    if version < SCHEMA_VERSION:
        return f"{read}: verify again, which trains nothing anew that is in the store"
    return f"{read}: read it with the release that wrote it, or a later one"
