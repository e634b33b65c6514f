"""What the matrix shows, in words: sentences about what fails, around the conditions and seeds
under which the records have it fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from claims.robustness.conditions import CONDITIONS, LONGEST
from icl_repro.numbers import count, number
from icl_repro.report.text import words
from icl_repro.report.text.by_row import NO_MEANING
from icl_repro.verification.record import HOLDS
from icl_repro.verification.wording import listed

from .catalogue import link
from .conditions import Matrix, Row
from .markdown import escaped

FOLDER = "explanation"
_INNER = "    - "
TITLES = {
    "plateau": "The plateau and the sudden change",
    "additivity": "Additivity",
    "many_to_many": "Many-to-many wiring",
    "subcircuits": "The three subcircuits",
    "timing": "The time",
}
"""What each finding is called."""
FAILS: Mapping[str, str] = {
    "length of the plateau over the half-time": "there is hardly a plateau",
    "acceleration ratio": "learning speeds up less than asked for",
    "largest accuracy lost by removing a head other than the strongest": (
        "a head other than the strongest is missed"
    ),
    "accuracy of the others together, without the strongest head": (
        "the other heads together do not make up for the strongest"
    ),
    "most of the strongest induction heads fed by one previous-token head": (
        "no previous-token head feeds two of the strongest induction heads"
    ),
    "most previous-token heads read by one of the strongest induction heads": (
        "each of the strongest induction heads reads one previous-token head at most"
    ),
    "acceleration ratio with Layer 1 clamped": (
        "with Layer 1 clamped learning speeds up less than asked for"
    ),
    "acceleration ratio with match clamped": (
        "with the match clamped there is a sudden change, too, so that the copy alone is learned "
        "suddenly"
    ),
    "acceleration ratio with copy clamped": (
        "with the copy clamped the match is learned less suddenly than asked for"
    ),
    "half-time of the match alone over that without a clamp": (
        "the match alone does not come in half of the time"
    ),
    "half-time of the copy alone over that without a clamp": (
        "the copy alone does not come in half of the time"
    ),
}
"""What it means that a check fails. One that is not here is told by its name."""
DOES_NOT_FAIL: Mapping[tuple[str, str], str] = {
    ("plateau", "match"): "with the match clamped learning speeds up as well",
    ("additivity", "taking_away"): "heads are so alike that their order does not matter",
    ("subcircuits", "match"): "with the match clamped learning speeds up as well",
    ("subcircuits", "layer_1"): (
        "with Layer 1 alone clamped learning is not more sudden than with the copy alone clamped"
    ),
    ("timing", "previous_token"): (
        "a head that attends to the token before saves more than half of the time by itself, or no "
        "time can be measured"
    ),
}
"""What it means that a control does not fail, by the claim and the control."""


def in_words(matrix: Matrix) -> Iterator[str]:
    """The section, a line at a time."""
    yield from ("## In words", "")
    yield (
        "By the records below: under which conditions each finding holds on every seed, and what "
        "fails under others, with the seeds. Nothing can be told where a control does not fail as "
        "it must."
    )
    yield ""
    yield from _together(matrix)
    for claim in matrix.claims:
        yield from _claim(matrix, claim)
    yield from _notes(matrix)
    yield ""


def short(claim: str) -> str:
    """A claim without its family."""
    return claim.partition(".")[2]


def title(claim: str) -> str:
    """What a finding is called."""
    return TITLES.get(short(claim), words.as_sentence(short(claim).replace("_", " ")))


def _together(matrix: Matrix) -> Iterator[str]:
    """Under which conditions all findings hold, and all but one."""
    lost: dict[str, list[str]] = {}
    for row in matrix.rows:
        lost[row.name] = [
            title(claim)
            for claim in matrix.claims
            if matrix.verdict(row, claim) not in (*HOLDS, NO_MEANING)
        ]
    whole = [row for row in matrix.rows if not lost[row.name]]
    every = [row.name for row in whole if not _meaningless(matrix, row)]
    yield f"- **All findings** hold: {_names(every)}."
    if part := [row.name for row in whole if _meaningless(matrix, row)]:
        yield f"{_INNER}All that have a meaning there: {_names(part)}."
    if one := [f"{name} ({gone[0].lower()})" for name, gone in lost.items() if len(gone) == 1]:
        yield f"{_INNER}All but one: {_names(one)}."


def _meaningless(matrix: Matrix, row: Row) -> bool:
    return any(matrix.verdict(row, claim) == NO_MEANING for claim in matrix.claims)


def _claim(matrix: Matrix, claim: str) -> Iterator[str]:
    """Where a claim holds, what fails elsewhere, and where nothing can be told."""
    held = matrix.where(claim, HOLDS)
    nowhere = matrix.where(claim, [NO_MEANING])
    meant = count(len(matrix.rows) - len(nowhere), "condition")
    yield (
        f"- **{title(claim)}** ({link(claim, FOLDER)}) under {len(held)} of {meant}: "
        f"{_names(held)}."
    )
    for check, places in matrix.failing(claim).items():
        yield f"{_INNER}{_capital(FAILS.get(check, check))}: {_places(places)}."
    for why, places in matrix.undecided(claim).items():
        yield f"{_INNER}It cannot be judged, as {escaped(why)}: {_places(places)}."
    for control, places in matrix.controls(claim).items():
        why = DOES_NOT_FAIL.get((short(claim), control), f"the control {control} does not fail")
        yield (f"{_INNER}{_capital(why)}, so that nothing can be told: {_places(places)}.")
    if nowhere:
        yield f"{_INNER}It has no meaning: {_names(nowhere)}."


def _notes(matrix: Matrix) -> Iterator[str]:
    """What a condition is worth as evidence, where that is little."""
    adamw = next(one for one in CONDITIONS if one.name == "AdamW").optimiser
    if any(row.name == "AdamW" for row in matrix.rows):
        share, steps = adamw.learning_rate * adamw.weight_decay, LONGEST // adamw.batch
        whole = number(100 * (1 - (1 - share) ** steps), 2)
        yield (
            "- **AdamW** is weak evidence: a step takes the learning rate times the decay, "
            f"{adamw.learning_rate:g} times {adamw.weight_decay:g}, of each weight away, and all "
            f"{steps:,} steps of the longest network {whole} % of it, so that networks hardly "
            "differ from those trained as in the paper."
        )


def _names(names: list[str]) -> str:
    return escaped(listed(names) or "nowhere")


def _places(places: Mapping[str, list[str]]) -> str:
    told = [f"{name} ({words.seed_list(seeds).lower()})" for name, seeds in places.items()]
    return escaped(listed(told))


def _capital(text: str) -> str:
    return escaped(text[:1].upper() + text[1:])
