"""The sentences, words and symbols in which the report states verdicts and thresholds.

HTML and Markdown say the same things with the same words; both take them from here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from icl_repro.numbers import apart, count, number, rounded
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import ClaimRecord, Profile, VerificationRecord
from icl_repro.verification.reported import Reported

NOTHING = "—"
"""Stands where there is nothing to show."""

_REFERENCE = re.compile(r"\b(Figures?|Tables?|Sections?|Appendix|Appendices) (?=[A-Z]?\d|[A-Z]\b)")


class VerdictWords(msgspec.Struct, frozen=True):
    """How one verdict is told: a symbol, a colour class, and words for one claim and for several.

    The symbol and the word always stand together, so that nothing hangs on colour alone.
    """

    symbol: str
    tone: str
    one: str
    several: str


VERDICTS: dict[str, VerdictWords] = {
    "supported": VerdictWords("✓", "good", "is supported", "are supported"),
    "refuted": VerdictWords("✗", "bad", "is refuted", "are refuted"),
    "inconclusive": VerdictWords("?", "unsure", "is inconclusive", "are inconclusive"),
    "error": VerdictWords("!", "broken", "stopped with an error", "stopped with an error"),
    "not run": VerdictWords("–", "none", "was not run", "were not run"),
    "not meaningful": VerdictWords(
        "○", "none", "is without a meaningful verdict", "are without a meaningful verdict"
    ),
}
"""Every verdict on a claim, in the order in which the report counts them."""

CONTROL_VERDICTS: dict[str, VerdictWords] = {
    "fails as it should": VerdictWords("✓", "good", "", ""),
    "does not fail": VerdictWords("✗", "bad", "", ""),
    "error": VERDICTS["error"],
    "not run": VERDICTS["not run"],
    "not meaningful": VERDICTS["not meaningful"],
}
"""Every verdict on a control."""


class OutcomeWords(msgspec.Struct, frozen=True):
    """How the outcome of one test is told, and its colour class."""

    word: str
    tone: str


OUTCOMES: dict[str, OutcomeWords] = {
    "passed": OutcomeWords("holds", "good"),
    "failed": OutcomeWords("does not hold", "bad"),
    "inconclusive": OutcomeWords("inconclusive", "unsure"),
    "error": OutcomeWords("error", "broken"),
    "not run": OutcomeWords("not run", "none"),
}
"""Every outcome of one test of a claim."""

CONTROL_OUTCOMES: dict[str, OutcomeWords] = OUTCOMES | {
    "passed": OutcomeWords("fails as it should", "good"),
    "failed": OutcomeWords("does not fail", "bad"),
}
"""Every outcome of one test of a control."""

MEANINGS: dict[str, str] = {
    "supported": "Every seed holds, or so many that more than half of all seeds would hold "
    "with 95 % confidence.",
    "refuted": "No seed holds, or so few that less than half of all seeds would hold "
    "with 95 % confidence.",
    "inconclusive": "The seeds disagree, or the checks cannot tell: on no seed could they be "
    "decided, or a control did not fail where it should.",
    "error": "A test of the claim raised instead of measuring.",
    "not run": "Nothing was measured: a training run is missing, or the test was skipped.",
    "not meaningful": "Training was cut short to exercise the machinery; "
    "the numbers say nothing about the paper.",
}
"""What each verdict means, for readers who meet it for the first time."""


def verdict_counts(claims: Sequence[ClaimRecord]) -> list[tuple[str, int]]:
    """The verdicts that occur, each with the number of claims, in a fixed order."""
    counts = Counter(claim.verdict for claim in claims)
    return [(verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict]]


def overall(record: VerificationRecord) -> str:
    """The outcome of the whole verification in one plain sentence."""
    claims = record.claims
    if not claims:
        return "No claim was selected, so nothing was verified."
    counts = verdict_counts(claims)
    if len(counts) == 1:
        verdict, amount = counts[0]
        if amount == 1:
            return f"The one claim {VERDICTS[verdict].one}."
        return f"All {amount} claims {VERDICTS[verdict].several}."
    parts = [
        f"{amount} {VERDICTS[verdict].one if amount == 1 else VERDICTS[verdict].several}"
        for verdict, amount in counts
    ]
    return f"Of {count(len(claims), 'claim')}, {', '.join(parts[:-1])} and {parts[-1]}."


def left_out(record: VerificationRecord) -> str:
    """Which claims this session left out, in one sentence; empty if none."""
    if not record.not_selected:
        return ""
    further = count(len(record.not_selected), "further claim")
    was = "was" if len(record.not_selected) == 1 else "were"
    return f"{further} {was} not selected: {', '.join(record.not_selected)}."


def one_seed_note(claims: Sequence[ClaimRecord]) -> str:
    """That some verdicts rest on a single seed, in one sentence; empty where none does."""
    single = sum(claim.seeds_judged == 1 and bool(seeds_held(claim)) for claim in claims)
    if not single:
        return ""
    if single == len(claims):
        which = "The verdict rests" if single == 1 else "All verdicts rest"
    else:
        which = f"{single} of these verdicts {'rests' if single == 1 else 'rest'}"
    return f"{which} on networks of one seed; other seeds may differ."


def not_meaningful_warning(profile: Profile) -> str:
    """Why nobody may read a verdict out of a run that was cut short; empty if it was not."""
    if profile.meaningful:
        return ""
    return (
        f"This was a run of the {profile.name} profile: training was cut short to exercise the "
        "machinery. Its numbers and verdicts say nothing about the paper."
    )


def threshold(check: Check) -> str:
    """What the value must satisfy: ``≥ 0.995``, ``≤ 0.35`` or ``0.6 to 0.85``."""
    if check.direction == "at_least":
        return f"≥ {number(check.low)}"
    if check.direction == "at_most":
        return f"≤ {number(check.high)}"
    return f"{number(check.low)} to {number(check.high)}"


def measured(check: Check) -> str:
    """The value with enough digits to tell it from its thresholds."""
    return apart(check.value, (check.low, check.high))


def paper_value(reported: Reported | None) -> str:
    """The value that the paper gives, ``≈`` where it is rounded or read off a figure."""
    if reported is None:
        return NOTHING
    if reported.approximate:
        return f"≈ {rounded(reported.value)}"
    return number(reported.value)


def interval(bounds: Interval | None) -> str:
    """An interval with its confidence level and method; empty without one."""
    if bounds is None:
        return ""
    method = f" ({bounds.method})" if bounds.method else ""
    return f"{number(bounds.level * 100)} % interval {_ends(bounds)}{method}"


def short_interval(bounds: Interval | None) -> str:
    """An interval with its level alone, for where there is little room."""
    if bounds is None:
        return ""
    return f"{_ends(bounds)} ({number(bounds.level * 100)}\N{NO-BREAK SPACE}%)"


def _ends(bounds: Interval) -> str:
    low, high = apart(bounds.low, [bounds.high], 3), apart(bounds.high, [bounds.low], 3)
    return f"{low} to {high}"


def seeds_held(claim: ClaimRecord) -> str:
    """On how many seeds the claim holds; empty where it has no seeds or that would mean nothing."""
    if claim.verdict == "not meaningful" or claim.seeds_judged == 0:
        return ""
    if all(trial.seed is None for trial in claim.trials):
        return ""
    if claim.seeds_judged == 1:
        return "on one seed" if claim.seeds_held else "not on the one seed"
    return f"holds on {claim.seeds_held} of {count(claim.seeds_judged, 'seed')}"


def as_sentence(text: str) -> str:
    """`text` with a capital at the start, unless it starts with an id or a name."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def shown_unit(unit: str, name: str) -> str:
    """The unit as it stands behind the name of what was measured; empty if the name says it."""
    if f" {unit} " in f" {name} ":
        return ""
    # "0.95 of draws" is fine after the number, but a name needs a noun.
    return f"share {unit}" if unit.startswith("of ") else unit


def as_full_sentence(text: str) -> str:
    """`text` with a full stop at its end, unless it ends a sentence already or is empty."""
    stripped = text.rstrip()
    return stripped if not stripped or stripped[-1] in ".!?…" else f"{stripped}."


def as_heading(text: str) -> str:
    """`text` without the full stop of a single sentence at its end."""
    stripped = text.rstrip()
    one = stripped.endswith(".") and not stripped.endswith("..") and ". " not in stripped
    return stripped[:-1] if one else stripped


def unbroken(text: str) -> str:
    """`text` with "Figure 3a" and its like kept on one line."""
    return _REFERENCE.sub("\\1\N{NO-BREAK SPACE}", text)


def seed_list(seeds: Sequence[int]) -> str:
    """Some seeds in words: ``Seed 5`` or ``Seeds 5, 6 and 7``; empty for none."""
    names = [str(seed) for seed in seeds]
    if len(names) < 2:
        return f"Seed {names[0]}" if names else ""
    return f"Seeds {', '.join(names[:-1])} and {names[-1]}"


def only_seed(judged: Sequence[int | None]) -> str:
    """The one seed that was judged: ``seed 5, the only one judged``."""
    return f"seed {judged[0]}, the only one judged" if judged else "the one seed judged"


def seed_name(seed: int | None) -> str:
    """What a column of measurements is headed with."""
    return "Measured" if seed is None else f"Seed {seed}"


def family_title(family: str) -> str:
    """The name of a family as a heading: ``toy_saddle`` becomes ``Toy saddle``."""
    words = family.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else "Claims"


def moment(started: str) -> str:
    """An ISO 8601 time for people; as it stands where it is something else."""
    try:
        time = datetime.fromisoformat(started)
    except ValueError:
        return started
    if time.tzinfo is not None:
        time = time.astimezone(UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"
