"""Seeds fixed beforehand: a list that grows until the verdicts please must not go unnoticed.

The store remembers, in ``seeds.jsonl``, which seeds each session judged and which list was fixed
for it then. The list that counts for a profile is the one of its first session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from icl_repro.plugin.options import Settings
from icl_repro.storage.files import append_line
from icl_repro.verification.record import Seeds

_FILE = "seeds.jsonl"


class Session(msgspec.Struct, frozen=True):
    """Which seeds one session judged, and which were fixed for its profile."""

    profile: str
    fixed: list[int]
    judged: list[int]
    started: str


def earlier_sessions(store: Path, profile: str) -> list[Session]:
    """The sessions on a store that judged seeds in that profile, first to last."""
    try:
        lines = (store / _FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            session = msgspec.json.decode(line, type=Session)
        except msgspec.MsgspecError:
            continue  # cut short when its writer was killed
        if session.profile == profile:
            found.append(session)
    return found


def remember(store: Path, session: Session) -> None:
    """Write down that a session judged seeds.

    Raises:
        OSError: the store cannot be written to.
    """
    append_line(store / _FILE, msgspec.json.encode(session).decode())


def compared(settings: Settings, judged: Sequence[int], earlier: Sequence[Session]) -> Seeds:
    """The seeds of a session beside those that were fixed before any result was seen."""
    fixed = earlier[0].fixed if earlier else list(settings.fixed_seeds)
    seen = sorted({seed for session in earlier for seed in session.judged})
    added = [seed for seed in settings.seeds if seed not in fixed]
    left_out = [seed for seed in fixed if seed not in settings.seeds]
    list_ = f"the list fixed for the {settings.profile.name} profile ({words(fixed)})"
    parts = []
    if added:
        when = f" after results of {_seeds(seen)} had been seen" if seen else ""
        parts.append(f"{_seeds(added)} {_were(added)} added to {list_}{when}")
    if left_out:
        of = "it" if added else list_
        parts.append(f"{_seeds(left_out)} of {of} {_were(left_out)} left out")
    if parts:
        parts.append(
            "verdicts over seeds that were not fixed beforehand say less than they seem to"
        )
    sentence = "; ".join(parts)
    return Seeds(list(judged), fixed, added, sentence[:1].upper() + sentence[1:])


def words(seeds: Iterable[int]) -> str:
    """Seeds as people write them: 5 to 9 and 12."""
    ordered = sorted(set(seeds))
    starts = [seed for seed in ordered if seed - 1 not in ordered]
    ends = [seed for seed in ordered if seed + 1 not in ordered]
    parts: list[str] = []
    for start, end in zip(starts, ends, strict=True):
        close = end - start < 2
        parts += map(str, dict.fromkeys((start, end))) if close else [f"{start} to {end}"]
    *most, last = parts or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _seeds(seeds: Sequence[int]) -> str:
    return f"{'seed' if len(set(seeds)) == 1 else 'seeds'} {words(seeds)}"


def _were(seeds: Sequence[int]) -> str:
    return "was" if len(seeds) == 1 else "were"
