"""How the verification was done, in prose that could stand in a paper, from the record alone."""

from __future__ import annotations

from collections import Counter

from icl_repro.numbers import count, number
from icl_repro.report.text import notes, verdicts, words
from icl_repro.report.text.judged import judged_claims, judged_controls, runs_read
from icl_repro.report.text.trained import run_kinds, sized
from icl_repro.verification.record import VerificationRecord

_SHOWN_PACKAGES = 8
_SHOWN_RUNS = 3


def methods(record: VerificationRecord) -> list[str]:
    """Paragraphs; what the record does not tell is left out."""
    how = record.methods if runs_read(record) else []
    paragraphs = [
        _claims(record),
        *how,
        _runs(record),
        _seeds(record),
        _rules(record),
        _values(record),
    ]
    told = [*paragraphs, _left_out(record), _machine(record)]
    return [paragraph for paragraph in told if paragraph]


def licences(record: VerificationRecord) -> list[str]:
    """Whose the things are that runs were made from, and under which licence, in sentences."""
    told: list[str] = []
    for one in record.basis.ingredients:
        parts = [f"licence: {one.licence}"] if one.licence else []
        parts += [f"from: {one.citation}"] if one.citation else []
        if parts:
            told.append(
                words.as_full_sentence(
                    words.as_sentence(f"{one.name}: {one.title}; {'; '.join(parts)}")
                )
            )
    return told


def _claims(record: VerificationRecord) -> str:
    if not record.claims:
        return ""
    selected, claims = len(record.claims), judged_claims(record)
    if not claims:
        return (
            f"Nothing was verified: of {count(selected, 'selected claim')} none was judged in this "
            "session."
        )
    groups = verdicts.by_standing(claims)
    kinds = [f"{len(group)}{verdicts.WHOSE[whose]}" for whose, group in groups.items()]
    apart = f" ({words.listed(kinds)})" if list(groups) != ["the paper"] else ""
    controls = len(judged_controls(record))
    amount = sum(len(claim.checks) for claim in claims)
    of = f" of {number(selected)}" if len(claims) < selected else ""
    noun = "claims" if of else "claim" if len(claims) == 1 else "claims"
    text = (
        f"{number(len(claims))}{of} {noun}{apart} {_were(len(claims))} verified, each by a test "
        "that measures on trained networks or on published numbers and holds what it measured "
        f"against thresholds ({count(amount, 'check')})."
    )
    if record.paper:
        text += f" The claims are those of {words.as_full_sentence(record.paper)}"
    if controls:
        text += (
            f" In {count(controls, 'control')} the same measurement was made where the claim must "
            "not hold, on the same seeds; a check that passes there as well decides nothing."
        )
    return text


def _runs(record: VerificationRecord) -> str:
    parts: list[str] = []
    read = runs_read(record)
    if read:
        parts.append(f"The tests read {count(len(read), 'training run')}.")
        if often := _often_read(record):
            parts.append(f"Those that most claims rest on: {'; '.join(often)}.")
        sizes = [record.run_sizes[key] for key in read if key in record.run_sizes]
        if len(sizes) == len(read):
            parts.append(f"Together these are at most {sized(sum(sizes), record.training)}.")
    trained, reused = record.training.runs_trained, record.training.runs_reused
    if trained or reused:
        parts.append(
            f"{count(trained, 'run') if trained else 'No run'} {_were(trained or 1)} trained in "
            f"this session and {number(reused) if reused else 'none'} {_were(reused or 1)} taken "
            "from a store, where a run is kept under a hash of everything that decides it."
        )
    for one in record.basis.ingredients:
        facts = "; ".join(f"{name} {value}" for name, value in one.facts.items())
        extra = f" ({facts})" if facts else ""
        parts.append(f"{words.as_sentence(one.name)}: {one.title}{extra}.")
    return " ".join(parts)


def _often_read(record: VerificationRecord) -> list[str]:
    """The few kinds of runs that the most claims read, with the number of these claims."""
    by_kind: Counter[str] = Counter()
    for claim in judged_claims(record):
        keys = {key for trial in claim.trials for key in trial.runs}
        known = [record.runs[key] for key in sorted(keys) if key in record.runs]
        by_kind.update(kind.told for kind in run_kinds(known))
    return [
        f"{told} ({count(amount, 'claim')})"
        for told, amount in by_kind.most_common(_SHOWN_RUNS)
        if amount > 1
    ]


def _seeds(record: VerificationRecord) -> str:
    seeds = record.profile.seeds
    if not seeds:
        return ""
    if not judged_claims(record):
        return (
            f"The profile of the session was “{record.profile.name}”, with "
            f"{words.seed_list(seeds).lower()}."
        )
    note = notes.seeds_note(record).text
    few = notes.few_seeds_note(record)
    judged = f"The profile of the session was “{record.profile.name}”."
    told = note or f"It judged {words.seed_list(seeds).lower()}."
    return " ".join(filter(None, [judged, told, few]))


def _rules(record: VerificationRecord) -> str:
    if not judged_claims(record):
        return ""
    text = (
        "A seed counts as held if every check holds on it. Over five seeds or more a claim is "
        "called supported (refuted) if so many (few) seeds hold that, by an exact one-sided bound "
        "at 95 % confidence, more (less) than half of all such networks would; a seed that cannot "
        "be told counts against either. Fewer seeds can give no more than consistent, "
        "contradicted or mixed. Claims over all seeds at once are judged by one-sided t tests of "
        "the mean at the same level, and differences that should be none by two one-sided tests "
        "against a margin."
    )
    comparisons = record.comparisons
    if comparisons is not None and comparisons.number:
        text += (
            " Verdicts are given before and after a correction for many comparisons. "
            f"{notes.comparisons_note(record)}"
        )
    return text


def _values(record: VerificationRecord) -> str:
    if not judged_claims(record):
        return ""
    parts = [notes.thresholds_note(record)]
    if any(check.agreement is not None for claim in record.claims for check in claim.checks):
        parts.append(
            "A published value is said to agree if it lies, as far as its digits are known, in the "
            "95 % prediction interval (Student’s t) for one more network of ours; agreement does "
            "not enter any verdict."
        )
    if any(check.margin is not None for claim in record.claims for check in claim.checks):
        parts.append(
            "Margins are distances of the mean from the threshold in standard deviations over "
            "seeds, with one-sided normal tolerance bounds (nine of ten networks, 95 % confidence)."
        )
    return " ".join(filter(None, parts))


def _left_out(record: VerificationRecord) -> str:
    return " ".join(
        filter(None, [words.not_meaningful_warning(record.profile), notes.partial_note(record)])
    )


def _machine(record: VerificationRecord) -> str:
    machine = record.environment
    versions = [f"{name} {machine.packages[name]}" for name in machine.packages]
    listed = words.listed([f"Python {machine.python}", *versions[:_SHOWN_PACKAGES]])
    commit = ""
    if machine.commit:
        changed = " with uncommitted changes" if machine.uncommitted_changes else ""
        commit = f" The code is that of commit {machine.commit[:10]}{changed}."
    return (
        f"The session of {words.moment(record.started)} ran on {machine.platform} "
        f"({machine.processor}, {count(machine.cores, 'core')}) with {listed}.{commit}"
    )


def _were(amount: int) -> str:
    return "was" if amount == 1 else "were"
