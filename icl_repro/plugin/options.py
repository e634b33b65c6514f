"""The options, their ini twins and what they resolve to.

Every option ``--icl-x`` has a twin ``icl_x`` in the ini file. The command line wins over the ini
file, which wins over the default. Paths on the command line are relative to where pytest was
called, paths in the ini file to the root directory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from icl_repro.nearest import nearest
from icl_repro.verification.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    ProfileRules,
    parse_seeds,
)

ALL = "all"
"""What ``--icl-retrain`` takes for every run of the plan."""

_NO_REPORT = "none"
_PROFILE_LINES = "; ".join(f"{rules.name}: {rules.about}" for rules in PROFILES.values())


@dataclass(frozen=True)
class _Option:
    name: str
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        return "--icl-" + self.name.replace("_", "-")

    @property
    def key(self) -> str:
        return "icl_" + self.name


_STORE = _Option("store", "PATH", "Folder of trained runs, reused between sessions. (.icl-repro)")
_PROFILE = _Option("profile", "NAME", f"How much to run. {_PROFILE_LINES}. ({DEFAULT_PROFILE})")
_SEEDS = _Option(
    "seeds",
    "SEEDS",
    "Seeds to judge claims on: 5,6,7 or a range 5-9 or a count n=3, which starts at the paper's"
    " first seed, 5. (those of the profile)",
)
_CLAIMS = _Option(
    "claims",
    "ID[,ID...]",
    "Run only these claims and their controls; ids or patterns like emergence.*. Ordinary tests"
    " are left out. (all claims)",
)
_REPORT = _Option(
    "report",
    "DIR",
    "Where to write verification.json, .html and .md; none writes nothing. (reports)",
)
_RETRAIN = _Option(
    "retrain",
    "all|ID[,ID...]",
    "Train the runs of these claims anew, once in this session, even if the store has them. (none)",
)
_VALUED = (_STORE, _PROFILE, _SEEDS, _CLAIMS, _REPORT, _RETRAIN)
_NO_TRAIN = _Option(
    "no_train", "", "Train nothing: claims whose runs the store does not hold are not run. (off)"
)
_TITLE = ("icl_title", "Title of the verification report. (names the root directory)")
_PAPER = ("icl_paper", "The paper whose claims are verified, for the report. (empty)")


@dataclass(frozen=True)
class Settings:
    """What the options came to.

    `claims` and `retrain` are ids or patterns (empty: all claims, no retraining); `claims_by_user`
    is true when the claims were selected on the command line. `report` is ``None`` when no report
    is wanted.
    """

    profile: ProfileRules
    seeds: tuple[int, ...]
    store: Path
    claims: tuple[str, ...]
    claims_by_user: bool
    report: Path | None
    no_train: bool
    retrain: tuple[str, ...]
    title: str
    paper: str


def add(parser: pytest.Parser) -> None:
    """Declare the options, their ini twins and the two ini values that only the report reads."""
    group = parser.getgroup(
        "icl-repro",
        "icl-repro, claims of a paper verified by running them (each option --icl-x has an ini"
        " twin icl_x; the command line wins)",
    )
    for option in _VALUED:
        group.addoption(option.flag, dest=option.key, metavar=option.metavar, help=option.help)
        parser.addini(option.key, f"Twin of {option.flag}.", type="string", default="")
    group.addoption(
        _NO_TRAIN.flag, dest=_NO_TRAIN.key, action="store_true", default=None, help=_NO_TRAIN.help
    )
    parser.addini(_NO_TRAIN.key, f"Twin of {_NO_TRAIN.flag}.", type="bool", default=False)
    for key, text in (_TITLE, _PAPER):
        parser.addini(key, text, type="string", default="")


def resolve(config: pytest.Config) -> Settings:
    """What the options of this session come to.

    Raises:
        pytest.UsageError: an option has a value that means nothing, or two exclude each other.
    """
    profile = _profile(config)
    no_train = bool(config.getoption(_NO_TRAIN.key) or config.getini(_NO_TRAIN.key))
    retrain = _names(config, _RETRAIN)
    if no_train and retrain:
        raise pytest.UsageError(f"{_NO_TRAIN.flag} and {_RETRAIN.flag} exclude each other")
    report = _text(config, _REPORT)
    return Settings(
        profile=profile,
        seeds=_seeds(config, profile),
        store=_path(config, _STORE, ".icl-repro"),
        claims=_names(config, _CLAIMS),
        claims_by_user=config.getoption(_CLAIMS.key) is not None,
        report=None if report == _NO_REPORT else _path(config, _REPORT, "reports"),
        no_train=no_train,
        retrain=retrain,
        title=config.getini(_TITLE[0]) or f"Verification of the claims in {config.rootpath.name}",
        paper=config.getini(_PAPER[0]),
    )


def header(settings: Settings, root: Path) -> str:
    """One line that says what the options came to."""
    seeds = ", ".join(map(str, settings.seeds))
    parts = [
        f"{settings.profile.name} profile",
        f"seed{'s' if len(settings.seeds) > 1 else ''} {seeds}",
        f"store {shown(settings.store, root)}",
        f"report {shown(settings.report, root) if settings.report else _NO_REPORT}",
    ]
    if settings.claims:
        parts.append(f"claims {', '.join(settings.claims)}")
    if settings.no_train:
        parts.append("no training")
    if settings.retrain:
        parts.append(f"retraining {', '.join(settings.retrain)}")
    return "icl-repro: " + "; ".join(parts)


def shown(path: Path, root: Path) -> str:
    """The path as a user reads it best: relative to the root directory if it is in there."""
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)


def _text(config: pytest.Config, option: _Option) -> str:
    given = config.getoption(option.key)
    return given if given is not None else config.getini(option.key)


def _source(config: pytest.Config, option: _Option) -> str:
    return option.flag if config.getoption(option.key) is not None else option.key


def _profile(config: pytest.Config) -> ProfileRules:
    name = _text(config, _PROFILE) or DEFAULT_PROFILE
    if name not in PROFILES:
        raise pytest.UsageError(
            f"{_source(config, _PROFILE)}: there is no profile {name!r}; {nearest(name, PROFILES)}"
        )
    return PROFILES[name]


def _seeds(config: pytest.Config, profile: ProfileRules) -> tuple[int, ...]:
    text = _text(config, _SEEDS)
    if not text and config.getoption(_SEEDS.key) is None:
        return profile.seeds
    try:
        return parse_seeds(text)
    except ValueError as error:
        raise pytest.UsageError(f"{_source(config, _SEEDS)}: {error}") from error


def _names(config: pytest.Config, option: _Option) -> tuple[str, ...]:
    text = _text(config, option)
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names and config.getoption(option.key) is not None:
        raise pytest.UsageError(f"{option.flag} is given, but names nothing")
    return names


def _path(config: pytest.Config, option: _Option, default: str) -> Path:
    given = config.getoption(option.key)
    if given == "":
        raise pytest.UsageError(f"{option.flag} is given, but names no path")
    if given is not None:
        return Path(os.path.abspath(config.invocation_params.dir / Path(given).expanduser()))
    text = config.getini(option.key) or default
    return Path(os.path.abspath(config.rootpath / Path(text).expanduser()))
