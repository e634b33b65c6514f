"""From what pytest collected to what will be judged: checks on declarations, order, selection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import cases, declarations, order, paths, planting, trials
from icl_repro.plugin.cases import Case
from icl_repro.plugin.declarations import Declarations
from icl_repro.plugin.declared_options import ALL, CHEAP
from icl_repro.plugin.session import CaseKey, coverage_of, ledger_of, refuse, scratch_of, state_of
from icl_repro.plugin.transport import Catalogue, Entry
from icl_repro.plugin.trials import Draft
from icl_repro.verification.declare import declaration_of
from icl_repro.verification.record import ClaimRecord
from icl_repro.verification.selection import SelectedClaim, SelectedControl
from icl_repro.verification.wording import listed

if TYPE_CHECKING:
    from icl_repro.verification.ledger import Ledger

_DECLARES = re.compile(r"^\s*(from icl_repro\b.*\bclaim\b|@([\w.]+\.)?claim\()", re.MULTILINE)


def modify(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the declarations, keep the claims that the user asked for, and take up their tests.

    Raises:
        pytest.UsageError: with all that is wrong with the declarations or with the selection.
    """
    known = declarations.checked(state_of(config).found, items)
    if known.problems:
        refuse(config, items, _listed(known.problems))
        return
    items[:] = order.in_the_papers_order(items, known)
    for item in items:
        if isinstance(item, pytest.Function) and declaration_of(item.function) is not None:
            trials.start(item)
            state_of(config).tests.append(item)
    problem = (
        _unmatched(config, known)
        or _pointless(config, known)
        or (_listed_faults(config) if known.by_site else "")
        or _wrong_ledger(config, known)
        or _unknown_checks(config, known)
        or _wrong_coverage(config, known)
    )
    if problem:
        refuse(config, items, problem)
        return
    settings = state_of(config).settings
    state = state_of(config)
    state.declared = [claim.id for claim in known.claims()]
    outside = known.outside(settings.profile.name)
    _keep(config, items, lambda id_: id_ not in outside)
    if settings.claims and known.by_site:
        ids = [claim.id for claim in known.claims()]
        wanted = {id_ for id_ in ids if matches(id_, settings.claims)}
        _keep(config, items, lambda id_: id_ in wanted)
    if CHEAP in settings.faults:
        enough = {d.claim.id for d in known.by_site.values() if planting.on_claim(config, d)}
        _keep(config, items, lambda id_: id_ in enough)


def finish(session: pytest.Session) -> None:
    """Write down what will run, for whoever puts the record together."""
    config = session.config
    state = state_of(config)
    drafts = [(item, draft) for item in session.items if (draft := trials.draft_of(item))]
    if state.usage_error or config.option.collectonly or not drafts:
        return
    selected: dict[str, list[Case]] = {}
    for _, draft in drafts:
        selected.setdefault(draft.case.claim.id, []).append(draft.case)
    state.catalogue = Catalogue(
        claims=[
            _selected(of_claim, state.cases_declared[id_], plants=bool(state.settings.faults))
            for id_, of_claim in selected.items()
        ],
        entries=[_entry(item, draft) for item, draft in drafts],
        not_selected=[id_ for id_ in state.declared if id_ not in selected],
    )
    wrong = [*_expecting_nothing(config), *paths.problems(state.settings)]
    if wrong:
        refuse(config, session.items, "\n  ".join(wrong))
        return
    scratch_of(config).put_catalogue(state.catalogue)


def note_cases(config: pytest.Config, made: object) -> None:
    """Take in the tests that a claim makes, before any of them is selected or left out."""
    for item in made if isinstance(made, list) else [made]:
        if not isinstance(item, pytest.Function):
            continue
        declaration = declaration_of(item.function)
        case = cases.case_of(item) if declaration and not declaration.problems else None
        if declaration is not None and case is not None and case.fault is None:
            declared = state_of(config).cases_declared.setdefault(declaration.claim.id, set())
            declared.add(case.key)


def _expecting_nothing(config: pytest.Config) -> Iterator[str]:
    """That pytest was told to expect no failure, so that it would pass those that are known."""
    if config.getoption("runxfail", False):
        yield (
            "--runxfail has pytest pass what is known to fail, and claims are to be judged; leave "
            "it out, or select no claims"
        )


def note_uncollected(config: pytest.Config, report: pytest.CollectReport) -> None:
    """Keep a record of a module of claims that cannot be collected, so that it is not lost, or of
    each in a folder that cannot, as where its conftest skips it.

    Which claims it has is unknown then; that it has some is taken from its text. One that skips
    itself as a whole has not run them.
    """
    if report.passed or report.nodeid in ("", "."):
        return
    path = config.rootpath / report.nodeid
    for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        if module.is_file() and _DECLARES.search(module.read_text("utf-8", errors="replace")):
            name = module.relative_to(config.rootpath).as_posix()
            state_of(config).uncollected.append(_uncollected(name, report))


def _uncollected(name: str, report: pytest.CollectReport) -> ClaimRecord:
    """The record of a module of claims that is not collected."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    lines = str(said).strip().splitlines() or ["it could not be collected"]
    why = "it could not be collected" if report.failed else "it was skipped as a whole"
    return ClaimRecord(
        id=name,
        family="not collected",
        statement=f"The claims of this module are unknown: {why}.",
        source="",
        verdict="error" if report.failed else "not run",
        reason=lines[-1].removeprefix("E").strip(),
        trials=[],
        controls=[],
    )


def matches(id_: str, patterns: Iterable[str]) -> bool:
    """Whether the id of a claim is one of `patterns`, or like one of them."""
    return any(fnmatchcase(id_, pattern) for pattern in patterns)


def _selected(chosen: Sequence[Case], declared: Set[CaseKey], *, plants: bool) -> SelectedClaim:
    """A claim of whose declared cases some were chosen."""
    left_out = declared - {case.key for case in chosen}

    def rows_left_out(control: str) -> list[str]:
        """Those that are missing on any seed on which others run."""
        seeds = {case.seed for case in chosen if case.control_id == control and not case.fault}
        return sorted({row for of, row, seed in left_out if of == control and seed in seeds})

    controls = [
        SelectedControl(
            control.id,
            control.statement,
            list(control.only),
            control.undefined,
            rows_left_out(control.id),
        )
        for control in chosen[0].declaration.controls
    ]
    run = {(case.control_id, case.row) for case in chosen if case.fault is None}
    # Where faults are planted, controls are left out, whatever is selected.
    whole = not plants and run == {(control, row) for control, row, _ in declared}
    declaration = chosen[0].declaration
    return SelectedClaim(
        chosen[0].claim,
        controls,
        whole,
        rows_left_out(""),
        reads_runs=declaration.on is not None,
        line=declaration.place.line,
        not_for=dict(declaration.not_for),
    )


def _entry(item: pytest.Item, draft: Draft) -> Entry:
    case = draft.case
    return Entry(
        nodeid=item.nodeid,
        claim=case.claim.id,
        control=case.control_id,
        row=case.row,
        seed=case.seed,
        seeds=case.all_seeds,
        fault=case.fault.id if case.fault else "",
    )


def _listed_faults(config: pytest.Config) -> str:
    return "\n  ".join(planting.wrong(config))


def _listed(problems: Iterable[str]) -> str:
    return "\n  ".join(["these declarations of claims are not right:", *problems])


def _pointless(config: pytest.Config, known: Declarations) -> str:
    """Why curves cannot be stored in this session although that was asked for, or an empty text."""
    settings = state_of(config).settings
    if not known.by_site or not config.getoption("update_snapshots", False):
        return ""
    if settings.neighbour:
        return (
            "--snapshot-update stores no curves of neighbours of the runs; leave out "
            "--icl-neighbour"
        )
    if not settings.profile.meaningful:
        return (
            f"--snapshot-update stores no curves of the {settings.profile.name} profile, whose runs"
            " are cut short; use another profile"
        )
    return ""


def _wrong_ledger(config: pytest.Config, known: Declarations) -> str:
    """Why the ledger cannot be held against these claims, or an empty text."""
    if not known.by_site:
        return ""
    from icl_repro.verification.ledger import UnusableLedger
    from icl_repro.verification.spreads import UnusableSpreads

    try:
        ledger = ledger_of(config)
    except (UnusableLedger, UnusableSpreads) as error:
        return str(error)
    claims: dict[str, set[str]] = {
        declaration.claim.id: {control.id for control in declaration.controls}
        for declaration in known.by_site.values()
    }
    if not _all_collected(config, state_of(config).settings.ledger):
        # Of claims in files that were not asked for, nothing can be said.
        findings = (*ledger.findings, *ledger.elsewhere)
        named = {claim for claim, _ in ledger.thresholds} | {f.claim for f in findings}
        for claim in named - claims.keys():
            claims[claim] = {f.case for f in findings if f.claim == claim}
    return "\n  ".join([*ledger.unknown(claims), *_without_effect(ledger, known)])


def _without_effect(ledger: Ledger, known: Declarations) -> Iterator[str]:
    """Known failures of checks that a control need not fail anyway."""
    only = {
        (declaration.claim.id, control.id): control.only
        for declaration in known.by_site.values()
        for control in declaration.controls
    }
    for finding in ledger.findings:
        demanded = only.get((finding.claim, finding.case), ())
        if demanded and finding.check not in demanded:
            yield (
                f"the ledger knows {finding.check!r} not to fail in control {finding.case!r} of "
                f"{finding.claim}, which need not fail it; it must fail "
                f"{listed([repr(name) for name in demanded])}"
            )


def _unknown_checks(config: pytest.Config, known: Declarations) -> str:
    """Which checks that a control must fail the ledger does not know, or an empty text.

    Nothing can be said of claims whose checks the ledger does not have; those are only known once
    their tests have run.
    """
    if not known.by_site:
        return ""
    checks: dict[str, list[str]] = {}
    for claim, check in ledger_of(config).thresholds:
        checks.setdefault(claim, []).append(check)
    problems = [
        f"{declaration.place}: claim {id_!r}: control {control.id!r} must fail the check {name!r}, "
        f"which the ledger does not have; {nearest(name, checks[id_])}"
        for declaration in known.by_site.values()
        if (id_ := declaration.claim.id) in checks
        for control in declaration.controls
        for name in control.only
        if name not in checks[id_]
    ]
    return _listed(problems) if problems else ""


def _wrong_coverage(config: pytest.Config, known: Declarations) -> str:
    """Why the coverage table cannot be that of these claims, or an empty text."""
    if not known.by_site:
        return ""
    from icl_repro.verification.coverage import UnusableCoverage

    try:
        coverage = coverage_of(config)
    except UnusableCoverage as error:
        return str(error)
    if not _all_collected(config, state_of(config).settings.coverage):
        return ""  # Of claims in files that were not asked for, nothing can be said.
    return "\n  ".join(coverage.unknown([claim.id for claim in known.claims()]))


def _all_collected(config: pytest.Config, beside: Path | None) -> bool:
    """Whether all claims beside a file or folder were asked for and could be collected."""
    if beside is None or state_of(config).uncollected or config.getoption("lf", False):
        return False
    if config.getoption("ignore", None) or config.getoption("ignore_glob", None):
        return False
    asked = (config.invocation_params.dir / arg for arg in config.args)
    return any(path.is_dir() and beside.is_relative_to(path) for path in asked)


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
        for declaration in known.by_site.values():
            if pattern in [control.id for control in declaration.controls]:
                return f"{pattern!r} is a control of {declaration.claim.id}; write -k {pattern}"
        return f"no claim matches {pattern!r}; {nearest(pattern, ids)}"
    return ""


def _keep(
    config: pytest.Config, items: list[pytest.Item], wanted: Callable[[str | None], bool]
) -> None:
    """Deselect the tests whose claim's id is not `wanted`; that of an ordinary test is None."""
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        draft = trials.draft_of(item)
        (kept if wanted(draft.case.claim.id if draft else None) else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept
