"""What does not agree with the paper, on one page."""

import msgspec

from icl_repro.report.text.disagreements import disagreements
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.record import Agreement
from tests.support.report_builders import at_most, claim, trial
from tests.support.report_fixture import rich_record


def refuted(name, source, seeds, about="results", verdict="refuted"):
    evidence = EvidenceRecord([at_most("difference", 3, 0)])
    trials = [trial(name, seed, evidence) for seed in seeds]
    return claim(
        name, f"{name} says so.", source, verdict, "holds on 0 of 2 seeds", trials, about=about
    )


def groups(*claims):
    record = msgspec.structs.replace(rich_record(), claims=list(claims))
    return {group.title: group.found for group in disagreements(record)}


def test_each_kind_stands_by_itself_and_tells_why():
    found = groups(
        refuted("a.theirs", "Section 1", [5, 6], verdict="contradicted"),
        refuted("a.ours", "Section 1 (ours)", [5, 6]),
        refuted("a.printed", "Table 1", [None], about="printed numbers"),
    )
    assert list(found) == [
        "Results that do not hold here",
        "Where we went beyond the paper and failed",
        "Printed numbers that differ from each other",
    ]
    (theirs,), (_,), (printed,) = found.values()
    assert theirs.claim == "a.theirs"
    assert theirs.why == "Holds on 0 of 2 seeds. What fails: difference."
    assert printed.why == "Difference is 3, but must be at most 0."


def test_published_values_that_fail_or_are_unlike_ours_name_their_check():
    one = refuted("a.b", "Section 1", [5, 6], verdict="inconclusive")
    (check,) = one.checks
    apart = Agreement(None, False, None, "the published value lies outside")
    check = msgspec.structs.replace(check, published_fails="0.2 on one seed", agreement=apart)
    found = groups(msgspec.structs.replace(one, checks=[check]))
    assert list(found) == [
        "Published values that fail our checks",
        "Published values that are unlike ours",
    ]
    (fails,), (unlike,) = found.values()
    assert (fails.check, fails.why) == ("difference", "0.2 on one seed.")
    assert unlike.why == "The published value lies outside."


def test_where_all_agrees_there_is_nothing():
    assert groups(refuted("a.b", "Section 1", [5], verdict="supported")) == {}
