"""Trends: only what can be compared, with the right commit at a step."""

import numpy as np
import pytest

from icl_repro.history import trends
from icl_repro.verification.past import step_sentence
from tests.support.history import measured, session


def of(found, check, claim="a.one"):
    return next(one for one in found if (one.claim, one.check) == (claim, check))


def test_a_step_names_the_commit_after_and_the_one_before_it():
    noise = 0.01 * np.random.default_rng(2).normal(size=12)
    lines = [session(n, 9 + noise[n] - (n >= 9)) for n in range(12)]
    found = of(trends.trends(lines), "length")
    (step,) = found.steps
    assert (step.at, step.commit, step.commit_before) == (9, "0009000900", "0008000800")
    assert (step.before, step.after) == (pytest.approx(9, abs=0.02), pytest.approx(8, abs=0.02))
    assert step.worse
    assert step.also == []


@pytest.mark.parametrize(
    ("bounds", "worse"),
    [
        ({"direction": "at_least", "low": 8.0}, False),
        ({"direction": "at_most", "low": None, "high": 8.0}, True),
        ({"direction": "between", "low": 8.0, "high": 12.0}, False),
        ({"direction": "between", "low": 8.0, "high": 9.5}, True),
        ({"direction": "between", "low": 8.0, "high": 11.0}, None),
    ],
)
def test_worse_is_nearer_to_the_threshold_or_farther_beyond(bounds, worse):
    lines = [session(n, values=[measured(9.0 + (n >= 4), **bounds)]) for n in range(6)]
    assert [one.worse for one in of(trends.trends(lines), "length").steps] == [worse]


def test_what_else_changed_at_a_step_is_told():
    lines = [session(n) for n in range(4)]
    lines.append(session(4, 7.0, processor="Q", versions={"python": "3.12"}, dirty=True))
    found = of(trends.trends(lines), "length")
    assert step_sentence(found, found.steps[0]) == (
        "9 → 7, worse, at commit 0004000400+ (before it 0003000300); also changed: "
        "processor P → Q, pad  → none, python 3.11 → 3.12"
    )


def test_how_far_trainings_differ_is_no_step():
    values = [9.0, 9.0, 9.0, 9.0, 9.2]
    lines = [session(n, values=[measured(v, spread=0.2)]) for n, v in enumerate(values)]
    assert of(trends.trends(lines), "length").steps == []
    bare = [session(n, v) for n, v in enumerate(values)]
    assert of(trends.trends(bare), "length").steps


def test_rounding_is_no_step():
    lines = [session(n, 9.0 * (1 + 5e-6 * (n >= 3))) for n in range(6)]
    assert of(trends.trends(lines), "length").steps == []


def test_sessions_of_other_seeds_profiles_or_bases_are_left_out_and_told():
    others = [
        session(0, seeds=[5, 6]),
        session(1, profile="paper"),
        session(2, profile="paper"),
        session(3, basis=["other"]),
    ]
    chosen = trends.compared([*others, session(4), session(5)])
    assert [line.duration for line in chosen.lines] == [4, 5]
    assert chosen.sentence == (
        "4 sessions left out: 1 of the standard profile, seeds 5, 6, on usual, 2 of the paper "
        "profile, seed 5, on usual and 1 of the standard profile, seed 5, on other"
    )


def test_a_value_over_fewer_seeds_is_no_point_of_the_trend():
    """As of a session that was interrupted: its mean is another."""
    both = {"5": 9.0, "6": 9.0}
    lines = [session(n, values=[measured(9.0, by_seed=both)]) for n in range(4)]
    lines[2] = session(2, values=[measured(5.0, by_seed={"5": 5.0})])
    found = of(trends.trends(lines), "length")
    assert (found.sessions, found.steps) == ([0, 1, 3], [])


def test_a_value_that_is_not_finite_is_a_gap():
    lines = [session(n, None if n == 2 else 9.0 - (n >= 4)) for n in range(6)]
    found = of(trends.trends(lines), "length")
    assert found.values == [9, 9, None, 9, 8, 8]
    assert [(one.at, one.worse, one.how) for one in found.steps] == [
        (2, True, "not finite any more on seeds 5 and 6"),
        (3, False, "finite again on seeds 5 and 6"),
        (4, True, ""),
    ]
    assert found.steps[2].commit_before == "0003000300"


def test_a_value_that_becomes_undefined_is_a_step_to_worse():
    found = trends.trends([session(n, None if n == 3 else 9.0) for n in range(4)])
    ((trend, step),) = trends.newly_worse(found, 4, 1)
    assert step_sentence(trend, step).startswith("not finite any more on seeds 5 and 6, worse, at")
    without = [session(n, values=[measured(None, by_seed={"": None})]) for n in range(4)]
    assert of(trends.trends(without), "length").steps == []


def test_a_seed_without_a_value_does_not_hide_the_others():
    def line(n):
        by_seed = {"5": 9.1 - (n >= 4), "6": 9.3 - (n >= 4), "7": None if n >= 2 else 9.7}
        return session(n, values=[measured(None, by_seed=by_seed)])

    found = of(trends.trends([line(n) for n in range(6)]), "length")
    assert found.values == pytest.approx([9.2] * 4 + [8.2] * 2)
    assert found.seeds == ["5", "6"]
    assert [(one.at, one.worse, one.how) for one in found.steps] == [
        (2, True, "not finite any more on seed 7"),
        (4, True, ""),
    ]


def test_counts_are_a_step_once_it_has_persisted():
    def found(sessions):
        values = [measured(0, by_seed={"5": 7.0 - (n >= 10)}) for n in range(sessions)]
        return trends.trends([session(n, values=[one]) for n, one in enumerate(values)])

    assert of(found(11), "length").steps == []
    assert of(found(12), "length").steps == []
    assert [step.at for _, step in trends.newly_worse(found(13), 13, 1)] == [10]
    assert list(trends.newly_worse(found(14), 14, 1)) == []


def test_a_verdict_changes_for_the_worse_the_better_or_neither():
    words = ["consistent", "supported", "mixed", "contradicted", "contradicted", "supported"]
    lines = [session(n, verdicts={"a.one": word}) for n, word in enumerate(words)]
    found = of(trends.trends(lines), "")
    assert [(one.at, one.worse) for one in found.steps] == [
        (1, None),
        (2, True),
        (3, True),
        (5, False),
    ]
    assert step_sentence(found, found.steps[1]).startswith("supported → mixed, worse, at commit")


def test_speed_is_compared_on_one_machine_and_for_enough_work():
    trained = {"trained": 1_000, "seconds": 1.0}
    lines = [session(n, **trained) for n in range(5)]
    lines += [session(5, trained=1_000, seconds=9.0, processor="Q")]
    lines += [session(6, trained=10, seconds=1.0), session(7)]
    lines += [session(8, trained=1_000, seconds=2.0)]
    speed = trends.trends(lines)[-1]
    assert (speed.name, speed.unit) == ("speed of training", "steps a second and worker")
    assert (speed.sessions, speed.values) == ([0, 1, 2, 3, 4, 8], [500.0] * 5 + [250.0])
    assert [(one.at, one.worse) for one in speed.steps] == [(5, True)]


def test_only_steps_to_worse_in_the_newest_sessions_count_as_new():
    lines = [session(n, 10.0 - (n >= 5) + 3 * (n >= 7)) for n in range(8)]
    found = trends.trends(lines)
    assert list(trends.newly_worse(found, 8, 1)) == []
    assert [step.at for _, step in trends.newly_worse(found, 8, 3)] == [5]
    assert list(trends.newly_worse(found, 8, 2)) == []


def test_a_record_keeps_the_newest_sessions_and_trends_with_steps():
    lines = [session(n, 9.0 - (n >= 58)) for n in range(60)]
    past = trends.past([session(0, profile="paper"), *lines])
    assert len(past.sessions) == trends.SHOWN
    assert past.sessions[-1].commit == "0059005900"
    assert past.sessions[-1].verdicts == {"consistent": 1}
    assert [(one.check, one.steps[0].at) for one in past.trends] == [("length", 48)]
    assert past.looked_at == 2
    assert past.left_out.startswith("1 session of the paper profile")


def test_a_session_of_some_claims_hides_no_others():
    """As of one that was asked for a single claim, which may have needed no runs."""
    both = {"a.one": "consistent", "b.two": "supported"}
    checks = [measured(9.0), measured(1.0, "b.two", "width")]
    lines = [session(n, values=checks, verdicts=both) for n in range(4)]
    lines.append(
        session(
            4, values=[measured(3.0, "b.two", "wider")], basis=[], verdicts={"b.two": "refuted"}
        )
    )
    chosen = trends.compared(lines)
    assert (len(chosen.lines), chosen.sentence) == (5, "")
    found = trends.trends(chosen.lines)
    assert [(one.claim, one.check) for one in found] == [
        ("a.one", ""),
        ("a.one", "length"),
        ("b.two", ""),
        ("b.two", "wider"),
    ], "and a check that its claim has no longer is not told"
    assert found[1].sessions == [0, 1, 2, 3]
    past = trends.past(lines)
    assert [one.claim for one in past.trends] == ["b.two"]
    assert past.looked_at == 2
