"""The lecture on small language models: what was verified, how, and what came of it, from the
committed records of its claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from claims.lecture.measured import EVALUATED, LEAST_SCORE, LEAST_STEP, SAME_TIME, SUDDEN
from claims.lecture.models import LONGER, SEQUENCES_OF_THREE
from claims.lecture.test_completion import LENGTH, SOME
from icl_repro.measures.language.heads import ATTENDS, COPIES, MATCHES
from icl_repro.measures.language.paths import LEGS, SPAN
from icl_repro.report.text import notes, verdicts, words
from icl_repro.report.text.checks import check_views, in_brief
from icl_repro.training import LanguageSpec
from icl_repro.verification.coverage import Coverage
from icl_repro.verification.record import HOLDS, ClaimRecord, VerificationRecord, read_record

from .catalogue import link
from .found import named
from .markdown import escaped, table

PATH = "explanation/lecture.md"
RECORD = "reports/lecture.json.gz"
"""The record over the paper's five seeds."""
REPORT = "reports/lecture.html"
"""The report of that record, which the site has at its root by the same name."""
FRESH = "reports/lecture_fresh_seeds.json.gz"
"""That over five others, judged once, by the thresholds as they stood."""
_FOLDER = "explanation"

_HEAD = """\
# The lecture on small language models

The paper starts from what lecture slides state after Olsson et al. (2022), “In-context Learning
and Induction Heads”: with more than one layer, language models come to learn in context suddenly,
when induction heads form. `claims/lecture` verifies these statements on small language models
that are trained here, with the same engine, edits, store and report as the paper's own claims.

```sh
pytest claims/lecture -n auto
```

judges one seed, `--icl-profile paper` five.

## How

**Models.** The attention-only transformer of this package with a loss at every position: {layers}
layers, or one or three, of width {width} with {heads} heads. Each trains on {sequences:,}
sequences of {length} tokens in batches of {batch} (Adam, learning rate {rate:g}), one with three
layers on {three:,}, as it learns later, and a second one with one layer on {longer:,}, so that
what does not come is not only late. Others have [keys that can look at the token
before](../catalogue/lecture.md), or patterns [clamped](optogenetics.md) throughout training.

**Data.** Text is generated: {vocabulary} tokens, few of them frequent (Zipf's law), each drawn in
part by the one before. Segments of {low} to {high} tokens come again at random places:
{share:.0%} of the tokens of a long text are asked to repeat some, at distances that are multiples
of {multiple} from the first time. Nothing but chance repeats anything at another distance, so
that there completion can be tested where nothing could be learnt by heart. What follows what is
one chain, the same for all seeds; a seed decides initial weights and which text is drawn.

**Measures.** The *in-context-learning score* is the loss late in the context less the loss early:
the slides' tokens 500 and 50, at the same fractions of the context as in one of 512, each the mean
of an eighth of it, on {evaluated} sequences that were not trained on. *Sudden* is an acceleration
ratio of at least {sudden:g}, as of the phase change in the paper, over steps of at least {step:g}
nats. An *induction head* has a prefix-matching score of at least {matches:g} and a copying score of
at least {copies:g} on random tokens repeated; a *previous-token head* attends to the token before
by at least {attends:g} on average. Induction heads form *at the time* of the improvement if its
half-time and theirs are at most {apart:.0%} of the later one apart; theirs is that of the best
head's prefix matching, and that of how well the heads that come to be induction heads copy. A share
of the score is taken only where the score is -{least:g} nats or less. Of *other heads* that are
turned off, all choices of as many are tried, and their mean counts. *Fuzzy completion* asks for B
in {completed} random tokens with vectors that have a cosine of {some:g} to the embedding of A or B
in place of these: at the end, `[A][B] ... [A*]`, in the context, `[A*][B] ... [A]`, and with a
fuzzy B in the context, `[A*][B*] ... [A]` as on the slide.

**Controls.** Text without repeats, repeats with their tokens shuffled, an untrained model, one
layer in place of more, a second model with one layer, a wrong pattern clamped, other heads in
place of those turned off: each claim names the cases in which it has to fail. A shuffled repeat is
drawn from the tokens of its segment, each time anew and with replacement: no order comes again, and
what has been read of the repeat does not tell what is left.
"""
_FRESH_HEAD = """\
Thresholds were set or confirmed when results of the paper's seeds had been seen; the
[ledger](ledger.md) says so of each. So five seeds that nobody had looked at were trained and
judged once, by claims and thresholds as they stood, whatever came out: {record}. Their verdicts are
the last column below. The ledger knows of failures on the paper's seeds alone, so that there all
of them count as news. They were judged again when completion came to count distances below the
shortest segment, too, with the same verdicts; the history of that file has the first judging, and
that of five other seeds, 10 to 14, by the 17 claims of 2026-11-27: 10 supported, 2 refuted
(`paths_turn`, `other_heads`) and 5 inconclusive, though these held on all five. Whether heads come
to copy at the same time, and completion with fuzzy tokens in the context, came later: seeds 10 to
14 say nothing of them.

*The same time* means, in exact words, that the half-time of the heads over that of the score is
from {earlier:g} to {later:g}, so that both are at most {apart:.0%} of the later one apart,
whichever that is. A model in which no head comes to a prefix-matching score of {matches:g} has no
half-time of it.

"""
_NOT_COMPARABLE = """\
## What is not comparable

- **Curves.** The slides show curves without numbers, and the published ones of Olsson et al. are
  not at hand: nothing here is held against published values. Thresholds are ours, or read off
  their figures as remembered, with slack.
- **Scale.** Their models are larger, read 512 tokens of natural text and see billions of them. In
  text made of repeats a score is larger than theirs, and a change comes within thousands of
  sequences.
- **Copying.** Theirs weighs how much a head raises each logit; here ranks of logits count.
- **Fuzzy completion.** What is similar, A* or B*, is no other token, but a vector between the
  embedding of A or B and that of a token which the text does not have.
- **Ablations that preserve patterns.** Of previous-token heads nearly all goes through the patterns
  of the next layer, so that with these preserved the score stays: that is what is asked for here,
  at most 30 % gone. Of induction heads in the last layer there are no later patterns, and the
  ablation is the same as any other.
- **Paths.** Principal components are of each seed's own losses, and into how many legs a path is
  cut decides where it turns the most: the report tells the place by several numbers of legs. A turn
  is found to within {span} of {legs} legs. How many lie from it to the begin of the change the
  report tells as well: where they are fewer, turning before the change is not resolved.
- **Scores, half-times and shares** are of these models on this text, and no estimate of theirs.
"""


def page(root: Path, coverage: Coverage) -> str:
    """The page, as Markdown, from what is committed below `root` and the table of statements."""
    paths = [path for path in (RECORD, FRESH) if (root / path).is_file()]
    records = {path: read_record(root / path) for path in paths}
    report = root / REPORT
    return "\n".join(_lines(records, coverage, report if report.is_file() else None))


def _lines(
    records: Mapping[str, VerificationRecord], coverage: Coverage, report: Path | None
) -> Iterator[str]:
    yield _HEAD.format(**_numbers())
    yield from ("## Verdicts", "")
    usual, fresh = records.get(RECORD), records.get(FRESH)
    if usual is None:
        yield from ("No record of the lecture is committed, so that nothing can be said here.", "")
    else:
        yield from (f"From {named(usual, RECORD)}. {escaped(verdicts.outcome(usual))}", "")
        if report is not None:
            yield from (
                f"[Its report](../{report.name}) has the figures: scores and heads over training, "
                "paths in the plane, and each value of each seed.",
                "",
            )
        told = [notes.thresholds_note(usual), notes.comparisons_note(usual)]
        yield from (f"- {escaped(words.as_full_sentence(note))}" for note in told if note)
        yield ""
        if fresh is not None:
            yield _FRESH_HEAD.format(record=named(fresh, FRESH), **_numbers())
        yield from _verdicts(usual, fresh)
        yield from _statements(usual, coverage)
        for record in filter(None, [usual, fresh]):
            yield from _not_held(record)
    yield _NOT_COMPARABLE.format(**_numbers())


def _numbers() -> dict[str, float]:
    """What the words on models, text and measures name, from where it is decided."""
    spec = LanguageSpec()
    low, high = spec.text.segment
    return {
        "layers": spec.model.layers,
        "width": spec.model.width,
        "heads": spec.model.heads,
        "sequences": spec.sequences,
        "length": spec.text.length,
        "batch": spec.optimiser.batch,
        "rate": spec.optimiser.learning_rate,
        "three": SEQUENCES_OF_THREE,
        "longer": LONGER,
        "vocabulary": spec.text.vocabulary,
        "low": low,
        "high": high,
        "share": spec.text.repeats,
        "multiple": spec.text.multiple,
        "evaluated": EVALUATED,
        "sudden": SUDDEN,
        "step": LEAST_STEP,
        "matches": MATCHES,
        "copies": COPIES,
        "attends": ATTENDS,
        "apart": 1 - SAME_TIME[0],
        "earlier": SAME_TIME[0],
        "later": SAME_TIME[1],
        "least": LEAST_SCORE,
        "some": SOME / 10,
        "completed": LENGTH,
        "span": SPAN,
        "legs": LEGS,
    }


def _verdicts(usual: VerificationRecord, fresh: VerificationRecord | None) -> Iterator[str]:
    others = {} if fresh is None else {claim.id: claim for claim in fresh.claims}
    heads = [
        "claim",
        "statement",
        "measured: median (range)",
        words.seed_list(usual.profile.seeds).lower(),
    ]
    if fresh is not None:
        heads.append(words.seed_list(fresh.profile.seeds).lower())
    rows = [
        [
            link(claim.id, _FOLDER),
            escaped(claim.statement),
            _measured(claim),
            _verdict(claim),
            *([] if fresh is None else [_verdict(others.get(claim.id))]),
        ]
        for claim in usual.claims
    ]
    yield from table(heads, rows)


def _verdict(claim: ClaimRecord | None) -> str:
    if claim is None:
        return "not judged"
    held = f", holds on {claim.seeds_held} of {claim.seeds_judged}" if claim.seeds_judged else ""
    return f"**{escaped(claim.verdict)}**{held}"


def _measured(claim: ClaimRecord) -> str:
    views, more = in_brief(check_views(claim))
    told = [
        f"{view.symbol} {view.name}: {view.measured}{f' ({view.spread})' if view.spread else ''}; "
        f"asked for: {view.threshold}"
        for view in views
    ]
    return "<br>".join(map(escaped, [*told, *([more] if more else [])]))


def _statements(usual: VerificationRecord, coverage: Coverage) -> Iterator[str]:
    """What the slides state, in their order, with the verdicts of the claims that test it."""
    found = {claim.id: claim.verdict for claim in usual.claims}
    yield from ("## Statement by statement", "")
    rows: list[list[str]] = []
    for row in coverage.rows:
        if row.work:
            told = [
                f"{link(claim, _FOLDER)}: {escaped(found.get(claim, 'not in this record'))}"
                for claim in row.claims
            ]
            tested = "<br>".join(told) or escaped(f"{row.how}: {row.because}")
            rows.append([escaped(row.where), escaped(row.statement), tested])
    yield from table(["where", "statement of the slides", "tested by"], rows)


def _not_held(record: VerificationRecord) -> Iterator[str]:
    """The claims of a record that do not hold, and what is known of why."""
    on = words.seed_list(record.profile.seeds).lower()
    yield from (f"## What did not hold on {on}", "")
    amiss = [claim for claim in record.claims if claim.verdict not in HOLDS]
    if not amiss:
        yield from ("All claims hold.", "")
    for claim in amiss:
        yield f"- {link(claim.id, _FOLDER)}, **{claim.verdict}**. {escaped(verdicts.reason(claim))}"
        for finding in record.findings:
            known = finding.known
            seeds = [seed for seed in known.values if seed in map(str, record.profile.seeds)]
            if known.claim == claim.id and seeds:
                of = f"control {known.case}, {known.check}" if known.case else known.check
                why = escaped(words.as_full_sentence(known.why))
                yield f"    - *{escaped(of)}* ({words.seed_list(seeds).lower()}): {why}"
    yield ""
    held, every = len(record.claims) - len(amiss), len(record.claims)
    yield f"The other {held} of {every} claims hold there, and their controls failed."
    yield ""
