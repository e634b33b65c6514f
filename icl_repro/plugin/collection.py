"""From what pytest collected to what will be judged: seeds, checks on markers, selection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import declarations, order, trials
from icl_repro.plugin.declarations import Declarations
from icl_repro.plugin.options import ALL
from icl_repro.plugin.session import refuse, scratch_of, state_of
from icl_repro.plugin.transport import Catalogue, Entry
from icl_repro.verification.declare import Claim, Control
from icl_repro.verification.record import ClaimRecord


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a claim or control that takes a seed, itself or through ``runs``, each seed in turn; one
    that takes all seeds is run once.
    """
    if not declarations.is_marked(metafunc.definition) or "seed" not in metafunc.fixturenames:
        return
    seeds = state_of(metafunc.config).settings.seeds
    if "seeds" in metafunc.fixturenames:
        metafunc.parametrize("seed", [None], ids=["seeds" + "-".join(map(str, seeds))])
    else:
        metafunc.parametrize("seed", seeds, ids=[f"seed{seed}" for seed in seeds])


def modify(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the markers, keep the claims that the user asked for, and start their trials.

    Raises:
        pytest.UsageError: with all that is wrong with the markers or with the selection.
    """
    known = declarations.read(items)
    if known.problems:
        refuse(config, items, _listed(known.problems))
        return
    items[:] = order.in_the_papers_order(items, known)
    for item in items:
        if isinstance(item, pytest.Function) and declarations.is_marked(item):
            trials.start(item, known.by_site[declarations.site_of(item)])
    settings = state_of(config).settings
    problem = _unmatched(config, known)
    if problem:
        refuse(config, items, problem)
        return
    if known.by_site and not settings.profile.meaningful and _updates_snapshots(config):
        refuse(
            config,
            items,
            f"--snapshot-update stores no curves of the {settings.profile.name} profile, whose runs"
            " are cut short; use another profile",
        )
        return
    state_of(config).declared = [claim.id for claim in known.claims()]
    _leave_out(config, items, set(known.outside(settings.profile.name)))
    if settings.claims and known.by_site:
        _select(config, items, wanted_ids(known.subjects(), settings.claims))


def finish(session: pytest.Session) -> None:
    """Write down what will run, for whoever puts the record together."""
    config = session.config
    state = state_of(config)
    drafts = [(item, draft) for item in session.items if (draft := trials.draft_of(item))]
    if state.usage_error or config.option.collectonly or not drafts:
        return
    subjects = {draft.subject.id: draft.subject for _, draft in drafts}
    claims = [subject for subject in subjects.values() if isinstance(subject, Claim)]
    selected = {claim.id for claim in claims}
    state.catalogue = Catalogue(
        claims=claims,
        controls=[subject for subject in subjects.values() if isinstance(subject, Control)],
        entries=[Entry(item.nodeid, draft.subject.id, draft.seed) for item, draft in drafts],
        not_selected=[id_ for id_ in state.declared if id_ not in selected],
    )
    scratch_of(config).put_catalogue(state.catalogue)


def note_uncollected(config: pytest.Config, report: pytest.CollectReport) -> None:
    """Keep a record of a module of claims that cannot be collected, so that it is not lost.

    Which claims it has is unknown then; that it has some is taken from its text.
    """
    path = config.rootpath / report.nodeid
    if not report.failed or not path.is_file():
        return
    if "mark.claim" not in path.read_text(encoding="utf-8", errors="replace"):
        return
    lines = report.longreprtext.strip().splitlines() or ["it could not be collected"]
    state_of(config).uncollected.append(
        ClaimRecord(
            id=report.nodeid,
            family="not collected",
            statement="The claims of this module are unknown: it could not be collected.",
            source="",
            verdict="error",
            reason=lines[-1].removeprefix("E").strip(),
            trials=[],
            controls=[],
        )
    )


def wanted_ids(subjects: Iterable[Claim | Control], patterns: Iterable[str]) -> set[str]:
    """The ids of the claims that match one of `patterns`, and of their controls."""
    claims = [
        subject
        for subject in subjects
        if isinstance(subject, Claim) and any(fnmatchcase(subject.id, p) for p in patterns)
    ]
    return {claim.id for claim in claims}.union(*(claim.controls for claim in claims))


def _listed(problems: Iterable[str]) -> str:
    return "\n  ".join(["the markers of these claims are not right:", *problems])


def _updates_snapshots(config: pytest.Config) -> bool:
    return bool(config.getoption("update_snapshots", False))


def _unmatched(config: pytest.Config, known: Declarations) -> str:
    """What is wrong with the patterns that the user gave, or an empty text."""
    settings = state_of(config).settings
    ids = [claim.id for claim in known.claims()]
    outside = known.outside(settings.profile.name)
    # What --lf leaves out is never collected, so that a pattern may have nothing left to match.
    if config.getoption("lf", False):
        return ""
    asked = list(settings.claims) if settings.claims_by_user or ids else []
    asked += [pattern for pattern in settings.retrain if ids and pattern != ALL]
    for pattern in asked:
        matched = [id_ for id_ in ids if fnmatchcase(id_, pattern)]
        if any(id_ not in outside for id_ in matched):
            continue
        if matched:
            others = " or ".join(outside[matched[0]])
            return (
                f"what matches {pattern!r} is judged in the {others} profile only; "
                f"write --icl-profile {outside[matched[0]][0]}"
            )
        for subject in known.subjects():
            if isinstance(subject, Control) and subject.id == pattern:
                return f"{pattern!r} is a control; select the claim that names it"
        return f"no claim matches {pattern!r}; {nearest(pattern, ids)}"
    return ""


def _select(config: pytest.Config, items: list[pytest.Item], wanted: set[str]) -> None:
    _keep(config, items, lambda id_: id_ in wanted)


def _leave_out(config: pytest.Config, items: list[pytest.Item], unwanted: set[str]) -> None:
    _keep(config, items, lambda id_: id_ not in unwanted)


def _keep(
    config: pytest.Config, items: list[pytest.Item], wanted: Callable[[str | None], bool]
) -> None:
    """Deselect the tests whose id is not `wanted`; that of an ordinary test is None."""
    kept, left = [], []
    for item in items:
        draft = trials.draft_of(item)
        (kept if wanted(draft.subject.id if draft else None) else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept
