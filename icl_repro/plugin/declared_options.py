"""Which options there are, and their ini twins: names, help and what they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import library
from icl_repro.verification.profiles import DEFAULT_PROFILE, PROFILES

ALL = "all"
"""What ``--icl-retrain`` takes for every run of the plan, ``--icl-faults`` for every fault."""
CHEAP = "cheap"
"""What ``--icl-faults`` takes for every fault, each on the claims that are enough for it."""

MADE_OF_INPUT = "icl_repro_made_of"
"""Under which key a worker of xdist finds what runs are made from."""

NONE = "none"
PREFIX = "icl_"
_FLAG = "--icl"
DIGITS = 9
PROFILE_LINES = "; ".join(f"{rules.name}: {rules.about}" for rules in PROFILES.values())


@dataclass(frozen=True)
class Option:
    """An option: its name, what its value is called (empty without one), and what it does."""

    name: str
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """How it is written on the command line."""
        return "--icl-" + self.name.replace("_", "-")

    @property
    def key(self) -> str:
        """How its twin in the ini file is called."""
        return "icl_" + self.name


STORE = Option("store", "PATH", "Folder of trained runs, reused between sessions. (.icl-repro)")
PROFILE = Option("profile", "NAME", f"How much to run. {PROFILE_LINES}. ({DEFAULT_PROFILE})")
SEEDS = Option(
    "seeds",
    "SEEDS",
    "Seeds to judge claims on: 1,2,3 or a range 1-5 or a count n=3, which takes the paper's seeds"
    " first. (those of the profile)",
)
CLAIMS = Option(
    "claims",
    "ID[,ID...]",
    "Run only these claims and their controls; ids or patterns like emergence.*. Ordinary tests"
    " are left out. (all claims)",
)
REPORT = Option(
    "report",
    "DIR",
    "Where to write verification.json, .html and .md; none writes nothing. (reports)",
)
HISTORY = Option(
    "history",
    "FILE|none",
    "Where to add a line on this session, to tell trends from; none adds nothing. (history.jsonl"
    " beside the report, none without one)",
)
RETRAIN = Option(
    "retrain",
    "all|ID[,ID...]",
    "Train the runs of these claims anew, once in this session, even if the store has them. (none)",
)
NEIGHBOUR = Option(
    "neighbour",
    "K",
    "Judge networks that start one rounding away, each to a side drawn from this number: what"
    " differs between them differs between processors too. Curves are not compared. (0: none)",
)
COMPARE = Option(
    "compare",
    "OLD.json",
    "The record of an earlier session, as it is or packed with gzip: say at the end what changed"
    " since, and fail if a verdict or a measured value regressed. (none)",
)
COMPARE_FLAG = COMPARE.flag
COMPARE_FAIL_ON = Option(
    "compare_fail_on",
    "KINDS",
    "What fails the session where it regressed: of verdict, value, curve, speed and threshold, with"
    " commas between them, or none. (verdict,value)",
)
COMPARE_FAIL_ON_FLAG = COMPARE_FAIL_ON.flag
COMPARE_MARGIN = Option(
    "compare_margin",
    "SHARE",
    "How much of the distance from its old mean to its threshold a value may lose. (as icl-repro"
    " compare has it)",
)
COMPARE_MARGIN_FLAG = COMPARE_MARGIN.flag
FAULTS = Option(
    "faults",
    "all|cheap|ID[,ID...]",
    "Judge every claim once more under each of these planted faults, on one seed and without"
    " controls, and fail if nobody catches one; cheap: all of them, each on the claims that are"
    " enough for it. (none)",
)
LOCAL, DASK = EXECUTORS = ("local", "dask")
EXECUTOR = Option(
    "executor",
    "local|dask",
    "Who trains: the processes of this session, or the workers of a dask cluster, which sessions"
    " can share. (local)",
)
SCHEDULER = Option(
    "scheduler",
    "ADDRESS",
    "Where the scheduler of the dask cluster is, such as tcp://10.0.0.1:8786. (none: a cluster of"
    " this session's own, a worker of one thread for each process of -n, or for each core)",
)
EXECUTOR_FLAG, SCHEDULER_FLAG = EXECUTOR.flag, SCHEDULER.flag
CPU, GPU = DEVICES = ("cpu", "gpu")
DEVICE = Option(
    "device",
    "cpu|gpu",
    "What trains: the processor, or graphics cards, one process on each; measuring is then done on"
    " the processor. (graphics cards, if JAX can use one)",
)
DEVICE_FLAG = DEVICE.flag
CHOICES = {choice: Option(choice.name, choice.metavar, choice.help) for choice in library.CHOICES}
VALUED = (
    STORE,
    PROFILE,
    SEEDS,
    CLAIMS,
    REPORT,
    HISTORY,
    COMPARE,
    COMPARE_FAIL_ON,
    COMPARE_MARGIN,
    RETRAIN,
    NEIGHBOUR,
    FAULTS,
    EXECUTOR,
    SCHEDULER,
    DEVICE,
    *CHOICES.values(),
)
NO_TRAIN = Option(
    "no_train", "", "Train nothing: claims whose runs the store does not hold are not run. (off)"
)
LEASES = Option(
    "leases",
    "",
    "Sessions on several machines share the store: hold runs by leases that lapse, because locks on"
    " network file systems are not to be trusted. (off; on with --icl-executor dask)",
)
FLAGS = (NO_TRAIN, LEASES)
"""What is on or off, in the ini file too."""
PLAN = Option(
    "plan",
    "",
    "Run no test: tell what the selected claims would train, how long that takes, how many seeds"
    " their verdicts need and with what power, and what stands in their way. Not in the ini file.",
)
TITLE = ("icl_title", "Title of the verification report. (names the root directory)")
PAPER = ("icl_paper", "The paper whose claims are verified, for the report. (empty)")
PAPER_SEEDS = (
    "icl_paper_seeds",
    "The seeds of the paper's own runs, fixed before any result is seen: the paper profile judges"
    " all of them, the others the first. (0-4)",
)
LEDGER = (
    "icl_ledger",
    "The ledger of thresholds and known failures: a TOML file, or a folder of them. (none)",
)
SPREAD = (
    "icl_spread",
    "How far trainings of one seed differ in each check, which tells what lies on the edge of its"
    " threshold: a JSON file, as benchmarks/rounding.py writes it. (none)",
)
COVERAGE = (
    "icl_coverage",
    "The coverage table: a TOML file of the paper's statements and the claims that test each."
    " (none)",
)
IN_FILE_ONLY = (TITLE, PAPER, PAPER_SEEDS, LEDGER, SPREAD, COVERAGE)
"""What the ini file alone says: key and help."""


def add(parser: pytest.Parser) -> None:
    """Declare the options, their ini twins and what can be set in the ini file alone."""
    group = parser.getgroup(
        "icl-repro",
        "icl-repro, claims of a paper verified by running them (each option --icl-x has an ini"
        " twin icl_x; the command line wins)",
    )
    for option in VALUED:
        group.addoption(option.flag, dest=option.key, metavar=option.metavar, help=option.help)
        parser.addini(option.key, f"Twin of {option.flag}.", type="string", default="")
    for option in FLAGS:
        group.addoption(
            option.flag, dest=option.key, action="store_true", default=None, help=option.help
        )
        parser.addini(option.key, f"Twin of {option.flag}.", type="bool", default=False)
    group.addoption(PLAN.flag, dest=PLAN.key, action="store_true", help=PLAN.help)
    for key, text in IN_FILE_ONLY:
        parser.addini(key, text, type="string", default="")


def refuse_unknown(parser: pytest.Parser, args: Sequence[str]) -> None:
    """Refuse what is written like an option of ours and is none of anybody's, and name the nearest.

    Raises:
        pytest.UsageError: There is such an argument; pytest itself would not say what may be meant.
    """
    _, unknown = parser.parse_known_and_unknown_args(list(args))
    for argument in unknown:
        flag = argument.partition("=")[0]
        if flag.startswith(_FLAG):
            raise pytest.UsageError(f"there is no option {flag}; {nearest(flag, _flags())}")


def _flags() -> Iterable[str]:
    return (option.flag for option in (*VALUED, *FLAGS, PLAN))
