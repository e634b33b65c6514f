"""The plan as a text for the terminal: a row for each claim, then totals, power and obstacles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from icl_repro.numbers import count, decimal, number, percent
from icl_repro.planning.plan import EFFECTS, SHARES, ClaimPlan, Plan, Power
from icl_repro.planning.reach import OF_A_RECORD, Obstacle
from icl_repro.planning.times import Basis, Span
from icl_repro.verification.wording import listed

Order = Literal["cost", "paper", "id"]
ORDERS: tuple[Order, ...] = get_args(Order)
"""In which order rows can stand: longest training first, as in the paper, or by id."""

_WIDTH = 100
_ON: dict[Basis, str] = {
    "same": "stored ones that differ by seeds alone",
    "alike": "stored ones of the same kind",
    "any": "all that is stored, none of it of their kind",
    "timed": "a short timing here (they may end early, so that it is taken from a fifth to twice)",
}
_NONE = "–"


def lines(plan: Plan, order: Order = "cost") -> Iterator[str]:
    """The whole plan, a line at a time, at most a hundred characters wide."""
    yield from _wrapped(
        f"{plan.profile} profile, {_seeds(plan)}, store {plan.store}. Nothing was trained or "
        "judged; minutes are of training alone."
    )
    yield ""
    yield from _rows(plan, order)
    yield ""
    yield from _totals(plan)
    yield ""
    yield from _power(plan)
    yield from _obstacles(plan)
    if any(claim.obstacles for claim in plan.claims):
        yield ""
        yield "`icl-repro explain CLAIM` tells what is known of a failure, and since when."
    for claim in plan.claims:
        if claim.problem:
            yield from _wrapped(f"the runs of {claim.id} cannot be told: {claim.problem}")


def _rows(plan: Plan, order: Order) -> Iterator[str]:
    header = ("claim", "runs", "stored", plan.unit, "min in all", "to train", "seeds", "Holm", "")
    found = [_row(claim) for claim in _sorted(plan.claims, order)]
    rows = [header, *found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for at, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        yield "  ".join([*cells, row[-1]]).rstrip()
        if at == 0:
            yield "-" * (sum(widths[:-1]) + 2 * (len(widths) - 2))
    said = "runs, stored, minutes: with those of the controls, as if the claim ran alone"
    said += "; seeds, Holm: how many it takes to be `supported`, alone and after the correction"
    notes = "".join(row[-1] for row in found)
    signs = [
        ("+", "more runs follow from what is measured on these"),
        ("!", "no number of seeds would do"),
        ("*", "not with these seeds"),
        ("r", "towards `refuted`, as it fails on more seeds than it holds"),
    ]
    said += "".join(f"; {sign} {means}" for sign, means in signs if sign in notes)
    yield ""
    yield from _wrapped(said)


def _row(claim: ClaimPlan) -> tuple[str, ...]:
    cost, needed = claim.cost, claim.seeds_needed
    notes = "+" if claim.chooses else ""
    if any(one.any_number for one in claim.obstacles):
        notes += "!"
    elif claim.obstacles:
        notes += "*"
    if needed is not None and needed.towards == "refuted":
        notes += "r"
    unknown = cost.on.get("unknown", 0) == cost.runs - cost.stored > 0
    return (
        claim.id,
        f"{cost.runs:,}",
        f"{cost.stored:,}",
        f"{cost.units:,}",
        _NONE if not cost.in_all.likely else _minutes(cost.in_all),
        "?" if unknown else _minutes(cost.to_train),
        _NONE if needed is None else _or_unknown(needed.alone),
        _NONE if needed is None else _or_unknown(needed.corrected),
        notes,
    )


def _sorted(claims: Sequence[ClaimPlan], order: Order) -> list[ClaimPlan]:
    if order == "id":
        return sorted(claims, key=lambda claim: claim.id)
    if order == "cost":
        return sorted(
            claims,
            key=lambda one: (-one.cost.to_train.likely, -one.cost.units_to_train),
        )
    return list(claims)


def _totals(plan: Plan) -> Iterator[str]:
    cost = plan.cost
    said = f"{count(len(plan.claims), 'claim')}: {count(cost.runs, 'run')}"
    said += f" (shared ones once), {cost.units:,} {plan.unit} at most" if cost.runs else ""
    yield from _wrapped(f"{said}.")
    if not cost.runs:
        return
    if cost.stored == cost.runs:
        yield from _wrapped("All of them are in the store: nothing is to be trained.")
        if cost.in_all.likely:
            yield f"Into an empty store it would take {_range(cost.in_all)} of one worker."
        return
    stale = f" ({cost.stale:,} more as other code made them)" if cost.stale else ""
    yield from _wrapped(
        f"{cost.stored or 'None'} of them {'is' if cost.stored < 2 else 'are'} in the store"
        f"{stale}; {count(cost.runs - cost.stored, 'run')} to train, {cost.units_to_train:,} "
        f"{plan.unit} at most."
    )
    if any(claim.chooses for claim in plan.claims):
        yield from _wrapped(
            "More follow that are not counted: they are chosen by what is measured on these."
        )
    if plan.makespan.likely:
        yield from _wrapped(
            f"That takes {_range(plan.makespan)} with {count(plan.workers, 'worker')}, the longest "
            f"first; one alone takes {_range(cost.to_train)}."
        )
    on = [f"{cost.on[basis]:,} by {_ON[basis]}" for basis in _ON if cost.on.get(basis)]
    if on:
        said = f"Their times are estimated, of {listed(on)}."
        if set(cost.on) & {"same", "alike", "any"}:
            said += " Stored times are those of the machine and the load that trained them."
        yield from _wrapped(said)
    if cost.on.get("unknown"):
        yield from _wrapped(
            f"How long {cost.on['unknown']:,} of them take is not known: nothing like them is in "
            "the store, and no timing was taken."
        )


def _power(plan: Plan) -> Iterator[str]:
    seeds = len(plan.seeds)
    kinds = [claim.judged for claim in plan.claims]
    if not {"seed by seed", "over all seeds"} & set(kinds):
        yield "No claim here is judged over seeds, so that none takes a number of them."
        return
    if seeds < plan.fewest_seeds:
        yield from _wrapped(
            f"With {count(seeds, 'seed')} no claim can be `supported` or `refuted`: that takes "
            f"{plan.fewest_seeds} at least. The power is 0 whatever is true."
        )
        return
    yield from _wrapped(
        f"Power: the chance of `supported` with {count(seeds, 'seed')}, alone and after the "
        f"correction for the {count(plan.comparisons, 'claim')} that the profile judges over "
        "seeds (at the level that suffices whatever the others give)"
    )
    for judged, truths, said in (
        ("seed by seed", SHARES, "if it holds on this share of all networks"),
        ("over all seeds", EFFECTS, "if the mean lies so many spreads within its one bound"),
    ):
        of_kind = [claim for claim in plan.claims if claim.judged == judged]
        if of_kind:
            yield from _table_of_power(
                f"{count(len(of_kind), 'claim')} judged {judged}, {said}", truths, of_kind[0].power
            )
    for claim in plan.claims:
        if claim.measured_power is not None:
            found = claim.measured_power
            yield from _wrapped(
                f"{claim.id}: {_chance(found.alone)}, {_chance(found.corrected)} after the "
                f"correction, at the mean and spread of {plan.record} ({number(found.truth, 3)} "
                "spreads)",
                4,
            )


def _table_of_power(title: str, truths: Sequence[float], power: Sequence[Power]) -> Iterator[str]:
    yield from _wrapped(title, 2)
    yield "    " + " " * 22 + "".join(number(truth).rjust(8) for truth in truths)
    yield "    " + "alone".ljust(22) + "".join(_chance(one.alone).rjust(8) for one in power)
    yield (
        "    "
        + "after the correction".ljust(22)
        + "".join(_chance(one.corrected).rjust(8) for one in power)
    )


def _obstacles(plan: Plan) -> Iterator[str]:
    groups: dict[tuple[bool, str], list[tuple[str, Obstacle]]] = {}
    for claim in plan.claims:
        for one in claim.obstacles:
            groups.setdefault((not one.any_number, one.rule), []).append((claim.id, one))
    for (these, rule), found in sorted(groups.items(), key=lambda group: group[0]):
        reach = "with these seeds" if these else "whatever the number of seeds"
        yield ""
        given = f", if networks are like those of {plan.record}" if rule in OF_A_RECORD else ""
        yield from _wrapped(f"Out of reach {reach}{given} ({rule}):")
        for id_, one in found:
            yield from _wrapped(f"{id_}: {one.sentence}", 2)


def _seeds(plan: Plan) -> str:
    return f"{'seed' if len(plan.seeds) == 1 else 'seeds'} {', '.join(map(str, plan.seeds))}"


def _or_unknown(seeds: int | None) -> str:
    return "?" if seeds is None else f"{seeds:,}"


def _chance(share: float) -> str:
    if 0.995 <= share < 1:
        return "> 99 %"
    return "< 1 %" if 0 < share < 0.005 else percent(round(share, 2))


def _minutes(span: Span) -> str:
    """Minutes with a range: ``12 (8–20)``; a plain 0 where there are none."""
    if not span.high:
        return "0"
    low, likely, high = (_few(seconds / 60) for seconds in (span.low, span.likely, span.high))
    return f"{likely} ({low}–{high})"


def _few(minutes: float) -> str:
    return decimal(minutes, 1) if minutes < 10 else f"{minutes:,.0f}"


def _range(span: Span) -> str:
    low, likely, high = (_few(seconds / 60) for seconds in (span.low, span.likely, span.high))
    return f"about {likely} minutes ({low} to {high})"


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2 if indent else 0),
        break_on_hyphens=False,
        break_long_words=False,
    )
