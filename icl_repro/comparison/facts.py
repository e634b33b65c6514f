"""Where and how two sessions ran: what differs, and what to be warned of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icl_repro.verification.compared import FactChange
from icl_repro.verification.record import VerificationRecord

NONE = "none"
"""Stands for what is not there."""


def changes(old: VerificationRecord, new: VerificationRecord) -> list[FactChange]:
    """What is otherwise: what runs were made from, profile and seeds, machine, versions, code."""
    return [one for one in _facts(old, new) if one.before != one.now]


def are_same_runs(old: VerificationRecord, new: VerificationRecord) -> bool:
    """Whether runs of one seed are the same in both, so that they differ only as trainings do.

    What is not usual has to be the same to its checksum, where it is told.
    """
    if old.basis.label != new.basis.label:
        return False
    unusual = [{o.name: o.facts for o in r.basis.ingredients if not o.usual} for r in (old, new)]
    return unusual[0] == unusual[1]


def warnings(old: VerificationRecord, new: VerificationRecord) -> list[str]:
    """A sentence for each difference that makes a comparison say less, or something else."""
    found: list[str] = []
    if not are_same_runs(old, new):
        found.append(
            f"the runs are not the same ones ({_basis(old)}; now {_basis(new)}): seeds are paired, "
            "but a difference says as much about what they were made from as about the code"
        )
    before, now = old.environment, new.environment
    if before.processor != now.processor:
        found.append(
            f"the processors differ ({before.processor}; now {now.processor}): rounding does, "
            "and speed does not count"
        )
    versions = _versions(old, new)
    if versions or before.python != now.python:
        names = [*(["Python"] if before.python != now.python else []), *versions]
        found.append(f"versions differ: {', '.join(names)}")
    for record, which in ((old, "old"), (new, "new")):
        if record.environment.uncommitted_changes:
            found.append(f"the {which} record was made with changes that no commit holds")
    if old.profile.neighbour != new.profile.neighbour:
        found.append(
            "one of the records is of neighbours, one rounding away: it differs by rounding"
        )
    if not set(old.profile.seeds) & set(new.profile.seeds):
        found.append("the records have no seed in common: values cannot be paired")
    return found


def _facts(old: VerificationRecord, new: VerificationRecord) -> Iterator[FactChange]:
    made_from, now_from = ({o.name: o for o in r.basis.ingredients} for r in (old, new))
    for name in {**made_from, **now_from}:
        before, now = made_from.get(name), now_from.get(name)
        # A session without runs has nothing to tell of them.
        if not (made_from and now_from) or before == now:
            continue
        titles = before and before.title, now and now.title
        if titles[0] == titles[1]:
            titles = before and before.sentence, now and now.sentence
        yield FactChange("made from", name, titles[0] or NONE, titles[1] or NONE)
    was, is_ = old.profile, new.profile
    yield FactChange("profile", "profile", was.name, is_.name)
    yield FactChange("profile", "seeds", _listed(was.seeds), _listed(is_.seeds))
    yield FactChange("profile", "neighbour", str(was.neighbour), str(is_.neighbour))
    before, now = old.environment, new.environment
    yield FactChange("machine", "processor", before.processor, now.processor)
    yield FactChange("machine", "cores", str(before.cores), str(now.cores))
    yield FactChange("machine", "memory", f"{before.memory_gib:g} GiB", f"{now.memory_gib:g} GiB")
    yield FactChange("machine", "platform", before.platform, now.platform)
    yield FactChange("machine", "workers", str(before.workers), str(now.workers))
    yield FactChange("versions", "Python", before.python, now.python)
    for name in _versions(old, new):
        versions = before.packages.get(name, NONE), now.packages.get(name, NONE)
        yield FactChange("versions", name, *versions)
    yield FactChange("code", "commit", before.commit or NONE, now.commit or NONE)
    uncommitted = _uncommitted(before.uncommitted_changes), _uncommitted(now.uncommitted_changes)
    yield FactChange("code", "uncommitted changes", *uncommitted)


def _versions(old: VerificationRecord, new: VerificationRecord) -> list[str]:
    before, now = old.environment.packages, new.environment.packages
    return [name for name in sorted({**before, **now}) if before.get(name) != now.get(name)]


def _basis(record: VerificationRecord) -> str:
    titles = [one.title for one in record.basis.ingredients if not one.usual]
    return ", ".join(titles) or "as usual"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) or NONE


def _uncommitted(changes: bool | None) -> str:
    return "not known" if changes is None else "yes" if changes else "no"
