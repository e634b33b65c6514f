"""How verdicts are told."""

import msgspec
import pytest

from icl_repro.report.text import verdicts
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.record import ClaimRecord, Comparisons, ControlRecord, Trial
from tests.support.report_fixture import rich_record


def with_claims(*names):
    record = rich_record()
    claims = [
        msgspec.structs.replace(
            record.claims[0], verdict=verdict, trials=[], controls=[], after_correction=None
        )
        for verdict in names
    ]
    return msgspec.structs.replace(record, claims=claims, not_selected=[], coverage=[])


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "No claim was selected, so nothing was verified."),
        (["supported"], "The one claim is supported."),
        (["supported"] * 12, "All 12 claims are supported."),
        (["consistent", "mixed"], "Of 2 claims, 1 is consistent and 1 is mixed."),
        (["not run"] * 2, "None of the 2 claims was run."),
        (["refuted", "supported", "supported"], "Of 3 claims, 2 are supported and 1 is refuted."),
        (
            ["error", "not run", "inconclusive", "inconclusive"],
            "Of 4 claims, 2 are inconclusive, 1 stopped with an error and 1 was not run.",
        ),
        (["not meaningful"] * 3, "All 3 claims are without a meaningful verdict."),
    ],
)
def test_the_outcome_is_one_plain_sentence(names, sentence):
    assert verdicts.overall(with_claims(*names)) == sentence


PRINTED: dict[str, object] = {"about": "printed numbers"}
LECTURE: dict[str, object] = {"source": "the lecture slides, Induction Heads (3)"}
OURS: dict[str, object] = {"source": "Section 1 (the factor is ours)"}


def of_standing(*claims):
    """A record of claims, each a verdict with what tells whose statement it judges."""
    record = with_claims(*(verdict for verdict, _ in claims))
    changed = [
        msgspec.structs.replace(one, **fields)
        for one, (_, fields) in zip(record.claims, claims, strict=True)
    ]
    return msgspec.structs.replace(record, claims=changed)


def test_claims_that_are_ours_or_about_printed_numbers_are_counted_apart():
    record = of_standing(
        ("refuted", PRINTED), ("supported", {}), ("refuted", OURS), ("supported", {}),
        ("supported", PRINTED | OURS), ("mixed", {}), ("refuted", LECTURE),
    )  # fmt: skip
    assert verdicts.overall(record) == (
        "Of 3 claims of the paper, 2 are supported and 1 is mixed. The one claim of the lecture "
        "slides is refuted. The one claim of ours (in whole or in part) is refuted. Of 2 claims "
        "about the paper’s own numbers and figures, 1 is supported and 1 is refuted."
    )
    counted = [
        (whose, [(verdict, amount) for _, verdict, amount in tally])
        for whose, tally in verdicts.tallies(record.claims)
    ]
    assert counted == [
        ("Claims of the paper", [("supported", 2), ("mixed", 1)]),
        ("Claims of the lecture slides", [("refuted", 1)]),
        ("Claims of ours (in whole or in part)", [("refuted", 1)]),
        ("Claims about the paper’s own numbers and figures", [("supported", 1), ("refuted", 1)]),
    ]


def test_claims_of_the_paper_alone_need_no_label():
    ((whose, tally),) = verdicts.tallies(with_claims("supported", "mixed").claims)
    assert whose == ""
    assert [(verdict, amount) for _, verdict, amount in tally] == [("supported", 1), ("mixed", 1)]


def test_claims_that_are_all_ours_say_so():
    record = of_standing(("supported", OURS), ("supported", OURS))
    told = "Both claims of ours (in whole or in part) are supported."
    assert verdicts.overall(record) == told


def test_verdicts_that_the_correction_takes_back_are_told_with_their_number():
    one = {"after_correction": "inconclusive"}
    record = of_standing(
        ("supported", one), ("supported", one), ("supported", {}), ("refuted", one), ("mixed", {}),
        ("supported", one | OURS), ("supported", {"after_correction": "supported"} | OURS),
    )  # fmt: skip
    comparisons = Comparisons(6)
    assert verdicts.overall(msgspec.structs.replace(record, comparisons=comparisons)) == (
        "Of 5 claims of the paper, 3 are supported (of 2 tested over seeds none after correction "
        "for 6 comparisons), 1 is refuted (none after correction) and 1 is mixed. Both claims of "
        "ours (in whole or in part) are supported (1 after correction)."
    )


def test_every_verdict_has_its_words():
    claim = msgspec.json.schema(ClaimRecord)["$defs"]["ClaimRecord"]["properties"]["verdict"]
    assert set(verdicts.VERDICTS) == set(verdicts.MEANINGS) == set(claim["enum"])
    control = msgspec.json.schema(ControlRecord)["$defs"]["ControlRecord"]["properties"]["verdict"]
    assert set(verdicts.CONTROL_VERDICTS) == set(control["enum"])


def test_verdicts_can_be_told_apart_without_colour():
    # Some share a colour, but no two share a symbol.
    symbols = [verdict.symbol for verdict in verdicts.VERDICTS.values()]
    assert len(set(symbols)) == len(symbols)


def test_every_outcome_has_its_words_and_the_worst_on_a_seed_counts():
    outcomes = msgspec.json.schema(Trial)["$defs"]["Trial"]["properties"]["outcome"]["enum"]
    assert set(verdicts.OUTCOMES) == set(verdicts.CONTROL_OUTCOMES) == set(outcomes)
    assert verdicts.combined_outcome(["passed", "failed", "passed"]) == "failed"
    assert verdicts.combined_outcome(["passed", "not run"]) == "not run"
    assert verdicts.combined_outcome(["passed", "passed"]) == "passed"


def claim(**changes):
    return msgspec.structs.replace(rich_record().claims[0], **changes)


def test_only_what_fewer_than_five_seeds_can_say_is_tentative():
    assert {"consistent", "contradicted", "mixed"} == verdicts.TENTATIVE


def test_the_reason_is_a_sentence_that_does_not_repeat_the_verdict():
    told = verdicts.reason(claim(verdict="not run", reason="not run: a run is missing"))
    assert told == "A run is missing."
    assert verdicts.reason(claim(reason="holds", rests_on="a proof")) == "Holds; rests on a proof."
    rested = claim(reason="every check holds; this rests on a proof", rests_on="a proof")
    assert verdicts.reason(rested) == "Every check holds; this rests on a proof."


def test_the_correction_is_told_where_it_changes_the_verdict():
    would = {"seeds_needed": 11, "seeds_needed_why": "11 seeds in all would do"}
    changed = claim(verdict="supported", after_correction="inconclusive", **would)
    assert verdicts.corrected(changed, Comparisons(46)) == (
        "after correction (Holm, 46 comparisons): inconclusive; 11 seeds in all would do"
    )
    still = claim(verdict="inconclusive", after_correction="inconclusive", **would)
    assert verdicts.corrected(still, None) == (
        "after correction: still inconclusive; 11 seeds in all would do"
    )
    few = claim(verdict="consistent", after_correction=None, **would)
    assert verdicts.corrected(few, None) == (
        "for a verdict that is corrected for all claims: 11 seeds in all would do"
    )
    assert verdicts.corrected(claim(after_correction="supported"), Comparisons(46)) == ""
    assert verdicts.corrected(claim(after_correction=None), Comparisons(46)) == ""
    unneeded = claim(after_correction="inconclusive", seeds_needed_why="")
    assert verdicts.corrected(unneeded, None) == "after correction: inconclusive"


def test_the_share_of_networks_is_told_with_its_level():
    told = verdicts.share_of_seeds(claim(share=Interval(0.549, 1.0), p_value=1 / 32))
    assert told.replace("\xa0", " ") == (
        "Share of all such networks on which it holds: at least 0.549 (95 %, one-sided); "
        "p = 0.031 (sign test) before correction for other claims"
    )
    assert verdicts.share_of_seeds(claim(share=None, p_value=None)) == ""
    at_once = verdicts.share_of_seeds(claim(share=None, p_value=0.0157))
    assert at_once.replace("\xa0", " ").startswith("p = 0.016 (t test")
    exact = Interval(0.549, 1.0, method="Clopper-Pearson, one-sided")
    told = verdicts.share_of_seeds(claim(share=exact, p_value=None))
    assert told.endswith("at least 0.549 (95\xa0%, Clopper-Pearson, one-sided)")
