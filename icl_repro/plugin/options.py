"""The options, their ini twins and what they resolve to.

Every option ``--icl-x`` but ``--icl-plan`` has a twin ``icl_x`` in the ini file. The command line
wins over the ini file, which wins over the default. Paths on the command line are relative to where
pytest was called, paths in the ini file to the root directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest.config.findpaths import determine_setup, load_config_dict_from_file

from icl_repro.nearest import nearest
from icl_repro.plugin import library
from icl_repro.plugin.declared_options import (
    CHOICES,
    CLAIMS,
    COMPARE,
    COMPARE_FAIL_ON,
    COMPARE_MARGIN,
    COVERAGE,
    DASK,
    DEVICE,
    DEVICES,
    DIGITS,
    EXECUTOR,
    EXECUTORS,
    FAULTS,
    FLAGS,
    HISTORY,
    IN_FILE_ONLY,
    LEASES,
    LEDGER,
    LOCAL,
    MADE_OF_INPUT,
    NEIGHBOUR,
    NO_TRAIN,
    NONE,
    PAPER,
    PAPER_SEEDS,
    PREFIX,
    PROFILE,
    REPORT,
    RETRAIN,
    SCHEDULER,
    SEEDS,
    SPREAD,
    STORE,
    TITLE,
    VALUED,
    Option,
)
from icl_repro.verification.profiles import (
    DEFAULT_PROFILE,
    DEFAULT_SEEDS,
    PROFILES,
    ProfileRules,
    parse_seeds,
)


@dataclass(frozen=True)
class Settings:
    """What the options came to.

    `claims` and `retrain` are ids or patterns (empty: all claims, no retraining); `claims_by_user`
    is true when the claims were selected on the command line. `profile_seeds` are those of the
    profile. `fixed_seeds` are those that the ini file fixes for it as it is written, whatever the
    command line makes of it. `report` is ``None`` when no report is wanted, `history` when no
    session is to be noted, `ledger`, `spread` and `coverage` when there is none, nor `compare`, the
    record to compare with, which `compare_by_user` says was named on the command line;
    `compare_fail_on` and `compare_margin` are as written, empty if not. `neighbour` is 0, or which
    neighbour of each run is judged. `executor` says who trains, `scheduler` where the scheduler of
    a cluster is (empty: it has none yet), `device` what trains (empty: what there is), `leases`
    whether machines share the store. `made_of` is what runs are made from. `faults` are the ids of
    the faults to plant, as written.
    """

    profile: ProfileRules
    seeds: tuple[int, ...]
    profile_seeds: tuple[int, ...]
    fixed_seeds: tuple[int, ...]
    store: Path
    claims: tuple[str, ...]
    claims_by_user: bool
    report: Path | None
    history: Path | None
    compare: Path | None
    compare_by_user: bool
    compare_fail_on: str
    compare_margin: str
    no_train: bool
    executor: str
    scheduler: str
    device: str
    leases: bool
    retrain: tuple[str, ...]
    neighbour: int
    faults: tuple[str, ...]
    made_of: library.Ingredients
    ledger: Path | None
    spread: Path | None
    coverage: Path | None
    title: str
    paper: str

    @property
    def keeps_curves(self) -> bool:
        """Whether curves are compared with their snapshots, or stored."""
        return self.profile.meaningful and not self.neighbour

    def adapted(self, specs: Mapping[str, Any]) -> dict[str, Any]:
        """The specs as this session trains them.

        Raises:
            Misfit: one of them cannot be made on the basis of the session.
        """
        made = {name: self.made_of.applied(spec) for name, spec in specs.items()}
        return self.profile.applied(made, self.neighbour)


def resolve(config: pytest.Config) -> Settings:
    """What the options of this session come to.

    Raises:
        pytest.UsageError: an option has a value that means nothing, or two exclude each other.
    """
    _require_own_ini(config)
    ini_file = load_config_dict_from_file(config.inipath) if config.inipath else None
    written = {key: str(value.value) for key, value in (ini_file or {}).items()}
    _require_known_keys(config, written)
    profile = _profile(config)
    no_train = _is_on(config, NO_TRAIN)
    retrain = _names(config, RETRAIN)
    if no_train and retrain:
        raise pytest.UsageError(f"{NO_TRAIN.flag} and {RETRAIN.flag} exclude each other")
    report = None if _text(config, REPORT) == NONE else _path(config, REPORT, "reports")
    paper_seeds = _paper_seeds(config.getini(PAPER_SEEDS[0]))
    faults = _names(config, FAULTS)
    executor = _executor(config)
    return Settings(
        profile=profile,
        seeds=_seeds(config, profile, paper_seeds, one=bool(faults)),
        profile_seeds=profile.seeds(paper_seeds),
        fixed_seeds=_fixed_seeds(written, profile),
        store=_path(config, STORE, ".icl-repro"),
        claims=_names(config, CLAIMS),
        claims_by_user=config.getoption(CLAIMS.key) is not None,
        report=report,
        history=_history(config, report),
        compare=_path(config, COMPARE, "") if _is_given(config, COMPARE) else None,
        compare_by_user=config.getoption(COMPARE.key) is not None,
        compare_fail_on=_text(config, COMPARE_FAIL_ON).strip(),
        compare_margin=_text(config, COMPARE_MARGIN).strip(),
        no_train=no_train,
        executor=executor,
        scheduler=_text(config, SCHEDULER).strip(),
        device=_one_of(config, DEVICE, DEVICES),
        leases=_is_on(config, LEASES) or executor == DASK,
        retrain=retrain,
        neighbour=_neighbour(config),
        faults=faults,
        made_of=_made_of(config),
        ledger=_path_of_ini(config, LEDGER[0]),
        spread=_path_of_ini(config, SPREAD[0]),
        coverage=_path_of_ini(config, COVERAGE[0]),
        title=config.getini(TITLE[0]) or f"Verification of the claims in {config.rootpath.name}",
        paper=config.getini(PAPER[0]),
    )


def header(settings: Settings, root: Path) -> str:
    """One line that says what the options came to."""
    seeds = ", ".join(map(str, settings.seeds))
    parts = [
        f"{settings.profile.name} profile",
        f"seed{'s' if len(settings.seeds) > 1 else ''} {seeds}",
        f"store {shown(settings.store, root)}",
        f"report {shown(settings.report, root) if settings.report else NONE}",
    ]
    if settings.compare:
        parts.append(f"compared with {shown(settings.compare, root)}")
    if settings.claims:
        parts.append(f"claims {', '.join(settings.claims)}")
    if settings.no_train:
        parts.append("no training")
    elif settings.executor == DASK:
        parts.append(f"trained by a dask cluster ({settings.scheduler or 'of its own'})")
    if settings.retrain:
        parts.append(f"retraining {', '.join(settings.retrain)}")
    if settings.made_of.label:
        parts.append(f"runs on {settings.made_of.label}")
    if settings.faults:
        parts.append(f"planted faults {', '.join(settings.faults)}; controls are left out")
    if settings.neighbour:
        parts.append(f"neighbour {settings.neighbour} of every run; curves are not compared")
    return "icl-repro: " + "; ".join(parts)


def shown(path: Path, root: Path) -> str:
    """The path as a user reads it best: relative to the root directory if it is in there."""
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)


def _require_own_ini(config: pytest.Config) -> None:
    """Require that pytest read the ini file of the tests that it will run.

    It looks for the file before it knows the options of plugins, so that the value of one that
    stands apart from its option may be taken for tests, and another file or none is read.
    """
    if hasattr(config, "workerinput") or config.getoption("inifilename", None):
        return
    _, path, found, _ = determine_setup(
        inifile=None,
        override_ini=None,
        args=config.args,
        rootdir_cmd_arg=config.getoption("rootdir", None),
        invocation_dir=config.invocation_params.dir,
    )
    if path is None or path == config.inipath or not any(key.startswith(PREFIX) for key in found):
        return
    raise pytest.UsageError(
        f"{path} is not read, because pytest takes the value of an option for a path to tests; "
        f"write an equals sign between an option and its value, as in {STORE.flag}=PATH"
    )


def _require_known_keys(config: pytest.Config, written: Mapping[str, str]) -> None:
    """Require that what the ini file and ``-o`` say of this plugin is something that it knows."""
    known = [option.key for option in (*VALUED, *FLAGS)]
    known += [key for key, _ in IN_FILE_ONLY]
    given = [*written]
    given += [text.partition("=")[0] for text in config.getoption("override_ini", None) or ()]
    for key in given:
        if key.startswith(PREFIX) and key not in known:
            raise pytest.UsageError(f"there is no ini key {key!r}; {nearest(key, known)}")


def _is_given(config: pytest.Config, option: Option) -> bool:
    return config.getoption(option.key) is not None or bool(config.getini(option.key))


def _is_on(config: pytest.Config, option: Option) -> bool:
    return bool(config.getoption(option.key) or config.getini(option.key))


def _text(config: pytest.Config, option: Option) -> str:
    given = config.getoption(option.key)
    return given if given is not None else config.getini(option.key)


def _source(config: pytest.Config, option: Option) -> str:
    return option.flag if config.getoption(option.key) is not None else option.key


def _profile(config: pytest.Config) -> ProfileRules:
    name = _text(config, PROFILE) or DEFAULT_PROFILE
    if name not in PROFILES:
        raise pytest.UsageError(
            f"{_source(config, PROFILE)}: there is no profile {name!r}; {nearest(name, PROFILES)}"
        )
    return PROFILES[name]


def _executor(config: pytest.Config) -> str:
    name = _one_of(config, EXECUTOR, EXECUTORS) or LOCAL
    if name != DASK and _is_given(config, SCHEDULER):
        raise pytest.UsageError(
            f"{_source(config, SCHEDULER)} is of use to the executor {DASK} alone; write "
            f"{EXECUTOR.flag}={DASK}"
        )
    if name == DASK and _is_given(config, SCHEDULER) and not _text(config, SCHEDULER).strip():
        raise pytest.UsageError(
            f"{_source(config, SCHEDULER)} is given, but names no scheduler; write "
            f"{SCHEDULER.flag}=tcp://HOST:PORT, or leave it out for a cluster of this session's own"
        )
    return name


def _one_of(config: pytest.Config, option: Option, known: tuple[str, ...]) -> str:
    """What an option says that takes one of a few words; empty if nothing."""
    name = _text(config, option)
    if name and name not in known:
        raise pytest.UsageError(
            f"{_source(config, option)}: there is no {option.name} {name!r}; {nearest(name, known)}"
        )
    return name


def _seeds(
    config: pytest.Config, profile: ProfileRules, paper_seeds: tuple[int, ...], *, one: bool
) -> tuple[int, ...]:
    """The seeds of the session; where it takes `one`, the first of those that nobody typed."""
    given = config.getoption(SEEDS.key)
    if given is None:
        seeds = _seeds_of_ini(config.getini(SEEDS.key), profile, paper_seeds)
        return seeds[:1] if one else seeds
    seeds = _parsed(given, SEEDS.flag, paper_seeds)
    if one and len(seeds) > 1:
        raise pytest.UsageError(
            f"{FAULTS.flag} judges on one seed, but {SEEDS.flag} names {len(seeds)}; write "
            f"{SEEDS.flag}={seeds[0]}"
        )
    return seeds


def _fixed_seeds(written: Mapping[str, str], profile: ProfileRules) -> tuple[int, ...]:
    """The seeds of the ini file as it is written: what ``-o`` says instead is not fixed."""
    paper_seeds = _paper_seeds(written.get(PAPER_SEEDS[0], ""))
    return _seeds_of_ini(written.get(SEEDS.key, ""), profile, paper_seeds)


def _paper_seeds(text: str) -> tuple[int, ...]:
    return _parsed(text, PAPER_SEEDS[0], DEFAULT_SEEDS) if text else DEFAULT_SEEDS


def _seeds_of_ini(
    text: str, profile: ProfileRules, paper_seeds: tuple[int, ...]
) -> tuple[int, ...]:
    return _parsed(text, SEEDS.key, paper_seeds) if text else profile.seeds(paper_seeds)


def _parsed(text: str, source: str, paper_seeds: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return parse_seeds(text, paper_seeds)
    except ValueError as error:
        raise pytest.UsageError(f"{source}: {error}") from error


def _neighbour(config: pytest.Config) -> int:
    text = _text(config, NEIGHBOUR).strip()
    if not text and config.getoption(NEIGHBOUR.key) is None:
        return 0
    if not text.isdecimal() or len(text) > DIGITS:
        raise pytest.UsageError(
            f"{_source(config, NEIGHBOUR)}: {text!r} is not the number of a neighbour; write 1, 2,"
            " ... or 0 for the runs themselves"
        )
    return int(text)


def _made_of(config: pytest.Config) -> library.Ingredients:
    """What runs are made from; a worker of xdist hears it from its controller, which has looked."""
    if hasattr(config, "workerinput"):
        worker: Any = config
        return library.taken_up(worker.workerinput[MADE_OF_INPUT])
    texts: dict[str, tuple[str, Path]] = {}
    sources: list[str] = []
    for choice, option in CHOICES.items():
        given = config.getoption(option.key)
        folder = config.rootpath if given is None else config.invocation_params.dir
        text = (config.getini(option.key) if given is None else given).strip()
        texts[choice.name] = (choice.usual if given is None and not text else text, folder)
        sources += [_source(config, option)] if text or given is not None else []
    try:
        return library.chosen(texts)
    except ValueError as error:
        raise pytest.UsageError(f"{', '.join(sources) or 'options'}: {error}") from error


def _names(config: pytest.Config, option: Option) -> tuple[str, ...]:
    text = _text(config, option)
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names and config.getoption(option.key) is not None:
        raise pytest.UsageError(f"{option.flag} is given, but names nothing")
    return names


def _path(config: pytest.Config, option: Option, default: str) -> Path:
    given = config.getoption(option.key)
    if given == "":
        raise pytest.UsageError(f"{option.flag} is given, but names no path")
    if given is not None:
        return Path(os.path.abspath(config.invocation_params.dir / Path(given).expanduser()))
    return _from_root(config, config.getini(option.key) or default)


def _history(config: pytest.Config, report: Path | None) -> Path | None:
    """The history: where the options say, else beside the report."""
    text = _text(config, HISTORY)
    if text == NONE or (report is None and not text and config.getoption(HISTORY.key) is None):
        return None
    from icl_repro.history.file import NAME  # which sessions without claims need not import

    return _path(config, HISTORY, str((report or Path()) / NAME))


def _path_of_ini(config: pytest.Config, key: str) -> Path | None:
    text = config.getini(key)
    return _from_root(config, text) if text else None


def _from_root(config: pytest.Config, path: str) -> Path:
    return Path(os.path.abspath(config.rootpath / Path(path).expanduser()))
