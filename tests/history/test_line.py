"""What a record leaves in the history."""

import msgspec
import pytest

from icl_repro.history.line import line_of, why_left_out
from icl_repro.verification.spreads import Spread, Spreads
from tests.support.report_fixture import rich_record

RECORD = rich_record()


def test_it_holds_what_the_record_says():
    spread = Spread("emergence.generalisation", "", "accuracy on test (exemplars)", 0.25, 3, [])
    line = line_of(RECORD, Spreads({(spread.claim, spread.case, spread.check): spread}))
    assert (line.commit, line.dirty) == (RECORD.environment.commit, True)
    assert (line.profile, line.seeds, line.workers) == ("paper", RECORD.profile.seeds, 16)
    assert line.speed == pytest.approx(28_000_000 / 3_980.2 / 16)
    judged = {c.id: c.verdict for c in RECORD.claims if c.verdict != "not run"}
    assert line.verdicts == judged
    assert len(judged) < len(RECORD.claims)
    assert sum(line.outcomes.values()) == sum(len(claim.trials) for claim in RECORD.claims)
    checks = {(c.id, check.name): check for c in RECORD.claims for check in c.checks}
    for value in line.values:
        check = checks[value.claim, value.check]
        assert value.by_seed == check.values
        finite = [one for one in check.values.values() if one is not None]
        if len(finite) == len(check.values):
            assert value.mean == pytest.approx(sum(finite) / len(finite))
        else:
            assert value.mean is None
    by_place = {(value.claim, value.check): value for value in line.values}
    assert by_place[spread.claim, spread.check].spread == 0.25
    assert msgspec.json.decode(msgspec.json.encode(line), type=type(line)) == line


def test_a_session_that_trained_nothing_has_no_speed():
    training = msgspec.structs.replace(RECORD.training, units_trained=0, seconds=0.0)
    assert line_of(msgspec.structs.replace(RECORD, training=training)).speed is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, ""),
        ({"meaningful": False, "name": "smoke"}, "verdicts of the smoke profile mean nothing"),
        ({"neighbour": 2}, "neighbours of the runs were judged in their place"),
    ],
)
def test_sessions_that_are_no_measurement_of_the_commit_are_left_out(fields, why):
    profile = msgspec.structs.replace(RECORD.profile, **fields)
    assert why_left_out(msgspec.structs.replace(RECORD, profile=profile)) == why


def test_a_session_that_judged_nothing_is_left_out():
    claims = [msgspec.structs.replace(claim, verdict="not run") for claim in RECORD.claims]
    assert why_left_out(msgspec.structs.replace(RECORD, claims=claims)) == "no claim was judged"
