"""Seeds fixed beforehand: a list that grows until the verdicts please must not go unnoticed.

The fixed list is that of the ini file as it is written. It is compared, claim by claim, with the
seeds that were judged, not with those that were asked for: a seed may also be deselected. The store
remembers, in ``seeds.jsonl``, which seeds each session judged, in whatever profile, and which list
was fixed for it then. The list that counts for a profile is the one of its first session.
Neighbours of the runs are other draws of the same seeds, so that they are told and remembered, too;
what was judged on another basis says nothing about this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from icl_repro.plugin.options import Settings
from icl_repro.storage.files import append_line
from icl_repro.verification.record import Outcome, Seeds, Trial
from icl_repro.verification.wording import listed

MEASURED: tuple[Outcome, ...] = ("passed", "failed", "inconclusive")
"""The outcomes of trials that measured something."""

_FILE = "seeds.jsonl"
_LIST = "<the list>"
_SAID = {
    "added": f"{{seeds}} {{were}} added to {_LIST}",
    "dropped": "{seeds}, judged before, {were} not judged again",
    "left out": f"{{seeds}} of {_LIST} {{were}} left out",
    "in part": f"{{seeds}} of {_LIST} {{were}} not judged in every row",
}
"""How seeds may depart from the fixed list, by kind. Dropped are seeds that are not in it either,
but of which results had been seen before others were added.
"""


class Session(msgspec.Struct, frozen=True):
    """Which seeds one session judged, on which neighbour and basis, and which were fixed for its
    profile.
    """

    profile: str
    fixed: list[int]
    judged: list[int]
    started: str
    neighbour: int = 0
    basis: str = ""


def earlier_sessions(store: Path) -> list[Session]:
    """The sessions on a store that judged seeds, in any profile, first to last.

    Raises:
        OSError: it cannot be told.
    """
    try:
        lines = (store / _FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Session))
        except msgspec.MsgspecError:
            continue  # cut short when its writer was killed
    return found


def remember(store: Path, session: Session) -> None:
    """Write down that a session judged seeds.

    Raises:
        OSError: the store cannot be written to.
    """
    append_line(store / _FILE, msgspec.json.encode(session).decode())


def judged_in(trials: Iterable[Trial]) -> list[int]:
    """The seeds on which some trials measured something."""
    return _seeds_of(trial for trial in trials if trial.outcome in MEASURED)


def compared(
    settings: Settings, claims: Mapping[str, Sequence[Trial]], earlier: Sequence[Session]
) -> Seeds:
    """The seeds of a session beside those that were fixed before any result was seen.

    Args:
        settings: those of the session.
        claims: the trials of each claim that was selected, by its id.
        earlier: the sessions before it on its store.
    """
    profile = settings.profile.name
    earlier = [session for session in earlier if session.basis == settings.made_of.label]
    fixed = next((s.fixed for s in earlier if s.profile == profile), list(settings.fixed_seeds))
    seen = sorted({seed for session in earlier for seed in session.judged})
    judged = {claim: trials for claim, trials in claims.items() if judged_in(trials)}
    departures: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for claim, trials in judged.items():
        for kind, seeds in _departures(trials, fixed, seen):
            departures.setdefault((kind, seeds), []).append(claim)
    parts = [
        _SAID[kind].format(seeds=_seeds(seeds), were="was" if len(seeds) == 1 else "were")
        + _of_claims(ids, list(judged))
        + (f" after results of {_seeds(seen)} had been seen" if kind == "added" and seen else "")
        for kind, seeds, ids in _in_order(departures)
    ]
    if parts:
        parts.append(
            "verdicts over other seeds than those fixed beforehand say less than they seem to"
        )
    if settings.neighbour and judged:
        parts.insert(0, _on_neighbours(settings.neighbour, earlier))
    list_ = f"the list fixed for the {profile} profile ({words(fixed)})"
    sentence = "; ".join(parts).replace(_LIST, list_, 1).replace(_LIST, "it")
    return Seeds(
        judged=judged_in(trial for trials in claims.values() for trial in trials),
        fixed=fixed,
        added=sorted({n for kind, seeds in departures if kind == "added" for n in seeds}),
        sentence=sentence[:1].upper() + sentence[1:],
    )


def _on_neighbours(neighbour: int, earlier: Sequence[Session]) -> str:
    """That neighbours of the runs were judged, and after which others."""
    others = {session.neighbour for session in earlier} - {neighbour}
    draws = ["the runs themselves"] if 0 in others else []
    if numbers := others - {0}:
        draws.append(f"neighbour{'s' if len(numbers) > 1 else ''} {words(numbers)}")
    seen = f" after results of {listed(draws)} had been seen" if draws else ""
    return (
        f"neighbour {neighbour} of each run, which starts one rounding away, was judged in its "
        f"place{seen}"
    )


def words(seeds: Iterable[int]) -> str:
    """Seeds as people write them: 5 to 9 and 12."""
    ordered = sorted(set(seeds))
    starts = [seed for seed in ordered if seed - 1 not in ordered]
    ends = [seed for seed in ordered if seed + 1 not in ordered]
    parts: list[str] = []
    for start, end in zip(starts, ends, strict=True):
        close = end - start < 2
        parts += map(str, dict.fromkeys((start, end))) if close else [f"{start} to {end}"]
    return listed(parts)


def _departures(
    trials: Sequence[Trial], fixed: Sequence[int], seen: Sequence[int]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """How the seeds of a claim depart from the fixed list."""

    def rows_on(seed: int) -> set[str]:
        return {trial.row for trial in ran if seed in _seeds_of([trial])}

    # An error is told as one, whatever the seed; only what did not run can go unnoticed.
    ran = [trial for trial in trials if trial.outcome != "not run"]
    rows = {trial.row for trial in trials}
    seeds = _seeds_of(ran)
    added = [seed for seed in seeds if seed not in fixed]
    found = {
        "added": added,
        "dropped": [n for n in seen if added and n not in fixed and n not in seeds],
        "left out": [seed for seed in fixed if seed not in seeds],
        "in part": [n for n in seeds if n in fixed and rows_on(n) != rows],
    }
    yield from ((kind, tuple(seeds)) for kind, seeds in found.items() if seeds)


def _in_order(
    departures: Mapping[tuple[str, tuple[int, ...]], list[str]],
) -> list[tuple[str, tuple[int, ...], list[str]]]:
    """What was added first, and so on; of each kind, what holds for most claims first."""
    kinds = list(_SAID)
    found = [(kind, seeds, claims) for (kind, seeds), claims in departures.items()]
    return sorted(found, key=lambda one: (kinds.index(one[0]), -len(one[2])))


def _of_claims(claims: Sequence[str], everyone: Sequence[str]) -> str:
    """Which claims it holds for, where not for all."""
    others = [claim for claim in everyone if claim not in claims]
    if not others:
        return ""
    few = len(claims) <= len(others)
    return f" for {listed(claims)}" if few else f" for all claims but {listed(others)}"


def _seeds_of(trials: Iterable[Trial]) -> list[int]:
    return sorted(
        {seed for trial in trials for seed in (trial.seeds if trial.seed is None else [trial.seed])}
    )


def _seeds(seeds: Sequence[int]) -> str:
    return f"{'seed' if len(set(seeds)) == 1 else 'seeds'} {words(seeds)}"
