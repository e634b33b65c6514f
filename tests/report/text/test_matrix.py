"""Claims by seeds: what stands in each cell, and the verdicts beside it."""

import msgspec

from icl_repro.report.text import matrix
from icl_repro.verification.evidence import EvidenceRecord
from tests.support.report_builders import at_least, claim, trial
from tests.support.report_fixture import rich_record

HOLDS, FAILS = (EvidenceRecord([at_least("length", value, 8)]) for value in (9, 1))


def row(*trials, seeds=(5, 6, 7), corrected=True, verdict="supported", **more):
    one = claim("a.the_one", "S.", "", verdict, "", list(trials), **more)
    return matrix.matrix_row(one, seeds, corrected)


def told(one):
    return [(cell.symbol, cell.said, cell.across) for cell in one.cells]


def test_each_seed_has_a_cell_that_says_how_it_came_out():
    one = row(
        trial("a.the_one", 5, HOLDS, row="first"),
        trial("a.the_one", 5, FAILS, row="second"),
        trial("a.the_one", 6, HOLDS, "inconclusive"),
    )
    assert one.name == "the one"
    assert told(one) == [
        ("✗", "Fails on seed 5", 1),
        ("?", "Cannot tell on seed 6", 1),
        ("–", "Not run on seed 7", 1),
    ]


def test_a_claim_that_is_not_judged_seed_by_seed_has_one_cell_across():
    without = trial("a.the_one", None, HOLDS)
    assert told(row(without)) == [("✓", "Holds without seeds", 3)]
    at_once = msgspec.structs.replace(without, seeds=[5, 6, 7])
    assert told(row(at_once)) == [("✓", "Holds over all seeds at once", 3)]
    assert told(row(at_once, verdict="inconclusive")) == [
        ("?", "Cannot tell over all seeds at once", 3)
    ]
    assert told(row(without, verdict="inconclusive")) == [("✓", "Holds without seeds", 3)]
    assert told(row()) == [("–", "Not run", 3)]
    assert told(row(without, seeds=())) == [("✓", "Holds without seeds", 1)]


def test_the_verdict_stands_before_and_after_correction():
    changed = row(after_correction="inconclusive")
    assert (changed.before.said, changed.after.said) == ("supported", "inconclusive")
    assert changed.after.changed
    assert not row(after_correction="supported").after.changed
    assert row().after.said == "takes no part in the correction"
    assert row(corrected=False).after is None


def test_seeds_outside_of_the_profile_have_columns_after_its_own():
    record = rich_record()
    own = record.profile.seeds
    assert matrix.matrix_seeds(record) == own
    further = claim("a.b", "S.", "", "mixed", "", [trial("a.b", seed, HOLDS) for seed in (3, 99)])
    more = msgspec.structs.replace(record, claims=[*record.claims, further])
    assert matrix.matrix_seeds(more) == [*own, 3, 99]
    assert matrix.is_corrected(record)
    assert not matrix.is_corrected(msgspec.structs.replace(record, claims=[further]))
