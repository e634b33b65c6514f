"""Known failures and thresholds in the ledger: what is expected, and what turns a session red."""

from __future__ import annotations

import pytest

from icl_repro.verification.record import CameOut
from icl_repro.verification.spreads import Source, Spread, write

TESTS = """
from icl_repro import Reported, claim, control

@claim("a.one", source="Section 1",
       fails_on=control("Nothing.", given={"length": LOW}, id="nothing"))
def test_one(evidence, seed, length=None):
    '''It is long.'''
    length = LENGTHS[seed] if length is None else length
    evidence.check("length", length, at_least=10, published=Reported(12, "Section 1", id="p.l"))
    evidence.check("width", 0 if length == LOW else 5, at_least=WIDTH)
"""
LEDGER = """
[thresholds."a.one".length]
published = "p.l"
history = [ { at_least = 10, origin = "stated in the paper", date = 2026-01-02, seen = false } ]
[thresholds."a.one".width]
history = [ { at_least = 3, origin = "ours", date = 2026-01-02, seen = true } ]
[[findings]]
claim = "a.one"
check = "length"
values = { 6 = 5.0, 7 = 5.0 }
within = 0.5
date = 2026-02-03
why = "half of what is claimed"
evidence = "commit abc, two seeds"
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    ini = (claims_folder.path / "pytest.ini").read_text()
    (claims_folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    return claims_folder


def judged(
    folder: pytest.Pytester,
    lengths: dict[int, float],
    *args: str,
    ledger: str = LEDGER,
    **changes: str,
) -> pytest.RunResult:
    (folder.path / "ledger.toml").write_text(ledger)
    text = TESTS.replace("LENGTHS", repr(lengths))
    for name, value in ({"LOW": "0", "WIDTH": "3"} | changes).items():
        text = text.replace(name, value)
    folder.makepyfile(test_claims=text)
    seeds = ",".join(map(str, lengths))
    return folder.runpytest_subprocess("-rx", f"--icl-seeds={seeds}", *args)


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_known_failure_is_as_expected(folder, record_of, workers: list[str]):
    result = judged(folder, {5: 12, 6: 5.1}, *workers)
    result.assert_outcomes(passed=3, xfailed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mixed *a.one",
            "*length is 5.1, but must be at least 10*half of what is claimed (seed 6)",
            "known failures: 1 as known",
        ]
    )
    record = record_of(folder)
    assert [trial.outcome for trial in record.claims[0].trials] == ["passed", "failed"]
    (finding,) = record.findings
    assert finding.status == {"6": "as known", "7": "not run"}


@pytest.mark.parametrize(
    ("lengths", "changes", "sentence"),
    [
        ({5: 4}, {}, "a.one: length is 4, but must be at least 10"),
        ({6: 5, 7: 5.2}, {"0 if length == 0 else 5": "length - 3"}, "width is 2, but must be at"),
        ({6: 11}, {}, "length is 11, where at least 10 is asked for; it is known"),
        ({6: 8}, {}, "but does so by another value: correct the ledger"),
        ({5: 12}, {"LOW": "11"}, "a.one, control nothing: length is 11, which is at least 10, but"),
        ({5: 12}, {"WIDTH": "2"}, "the threshold of 'width' moved: it is at least 2, but the"),
        ({5: 12}, {', published=Reported(12, "Section 1", id="p.l")': ""}, "no published value"),
        ({5: 12}, {"at_least=3": "at_least=3, published=Reported(4, '')"}, "published value 4"),
        ({5: 12}, {"12, \"Sec": "9, \"Sec"}, "the published value of 'length', 9, fails this check"),  # noqa: E501
    ],
)  # fmt: skip
def test_whatever_is_not_known_is_red(folder, lengths, changes: dict[str, str], sentence: str):
    result = judged(folder, lengths, **changes)
    assert result.ret == 1
    assert sentence in result.stdout.str()


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_no_option_makes_a_known_failure_pass(folder, workers: list[str]):
    result = judged(folder, {5: 12, 6: 5.1}, *workers, "--runxfail")
    assert (result.ret, result.parseoutcomes()) == (pytest.ExitCode.USAGE_ERROR, {})
    assert "--runxfail has pytest pass what is known to fail" in result.stderr.str()
    folder.makepyfile(test_ordinary="import pytest\ndef test_ordinary(): pytest.xfail('')")
    result = folder.runpytest_subprocess(*workers, "--runxfail", "-k", "ordinary")
    assert (result.ret, result.parseoutcomes()["passed"]) == (0, 1)


def test_a_new_failure_beside_a_known_one_is_red(folder, record_of):
    result = judged(folder, {5: 12, 6: 5.1, 7: 5.2, 8: 5.1})
    assert result.parseoutcomes() == {"passed": 5, "failed": 1, "xfailed": 2}
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*_ test_one?seed8? _*"])


EDGE = LEDGER.replace("6 = 5.0, 7 = 5.0", "6 = 9.8").replace("within", "edge = true\nwithin")


def measured(folder: pytest.Pytester, largest: float, check: str = "length") -> None:
    """A file that says how far trainings of one seed differ in a check."""
    if "icl_spread" not in (ini := (folder.path / "pytest.ini").read_text()):
        (folder.path / "pytest.ini").write_text(f"{ini}\nicl_spread = spread.json\n")
    source = Source("a processor", 1, "2026-02-02T00:00:00+00:00", "abc", [6])
    spread = Spread("a.one", "", check, largest, 3, [0])
    write(folder.path / "spread.json", [source], [spread])


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_on_its_edge_neither_outcome_is_red(folder, record_of, workers: list[str]):
    measured(folder, 0.3)
    for length, outcomes, came_out in (
        (9.9, {"passed": 1, "xfailed": 1}, "fails by 9.9"),
        (10.2, {"passed": 2}, "holds by 10.2"),
    ):
        result = judged(folder, {6: length}, *workers, ledger=EDGE)
        assert (result.parseoutcomes(), result.ret) == (outcomes, 0)
        result.stdout.fnmatch_lines(
            [
                f"on the edge of its threshold: a.one: length: {came_out} on seed 6; its bound is "
                "10, and trainings differ by as much as 0.3"
            ]
        )
        assert "known failures:" not in result.stdout.str()
        (finding,) = record_of(folder).findings
        assert finding.came_out == {"6": CameOut(length, length > 10)}


@pytest.mark.parametrize("length", [3, 11])
def test_off_its_edge_either_outcome_is_red(folder, length: float):
    measured(folder, 0.3)
    result = judged(folder, {6: length}, ledger=EDGE)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*since 2026-02-03 to lie on the edge of that *, but lies off it: correct the ledger",
            "off the edge of its threshold: a.one: length: *, so that the ledger is to be *",
        ]
    )


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_an_edge_that_no_measured_spread_puts_there_is_refused(folder, workers: list[str]):
    for measure, sentence in (
        (lambda: None, "how far they differ in it was not measured (icl_spread)"),
        (lambda: measured(folder, 0.3, "width"), "how far they differ in it was not measured"),
        (lambda: measured(folder, 0.09), "lies 0.2 from its bound, 10, farther than 2 times 0.09"),
        (lambda: measured(folder, 0.24), "within 0.5 is wider than 2 times 0.24, the largest"),
    ):
        measure()
        result = judged(folder, {6: 9.9}, *workers, ledger=EDGE)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert f"finding 1: {'within' if 'within' in sentence else 'edge'}" in result.stderr.str()
        assert sentence in result.stderr.str()
        assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize("broken", ["{", '{"format": 9, "sources": [], "spreads": []}', None])
def test_a_file_of_spreads_that_cannot_be_read_is_refused_in_a_sentence(folder, broken):
    measured(folder, 0.3)
    path = folder.path / "spread.json"
    path.unlink() if broken is None else path.write_text(broken)
    result = judged(folder, {6: 9.9}, ledger=EDGE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "spread.json" in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


CONDITION = """
[thresholds."a.one".light]
condition = true
history = [ { at_least = AT_LEAST, origin = "ours", date = 2026-01-02, seen = false } ]
"""


def test_a_known_failure_that_can_no_longer_be_told_is_red(folder, record_of):
    ledger = LEDGER + CONDITION.replace("AT_LEAST", "0.6")
    said = "evidence.inconclusive('too dark', unless='light', value=0, at_least=0.6)\n    "
    said += 'evidence.check("length"'
    for length in (5, 12, 8):
        changes = {'evidence.check("length"': said}
        result = judged(folder, {6: length}, "-m", "claim", ledger=ledger, **changes)
        result.assert_outcomes(failed=1, deselected=1)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines(
            [
                "*length is known since 2026-02-03 to fail (*), but can no longer be told: too *",
                "known failures: 1 left open",
                "known failure can no longer be told, so that the ledger is to be *",
            ]
        )
        (finding,) = record_of(folder).findings
        assert finding.status == {"6": "left open", "7": "not run"}


def test_a_condition_is_held_to_the_ledger_and_shown(folder, record_of):
    said = (
        "evidence.inconclusive('it is dark', unless='light', value=seed / 10, at_least=0.6)\n"
        '    evidence.check("length"'
    )

    def outcome(at_least: str, condition: str = said) -> pytest.RunResult:
        return judged(
            folder,
            {5: 12, 6: 5},
            ledger=LEDGER + CONDITION.replace("AT_LEAST", at_least),
            **{'evidence.check("length"': condition},
        )

    assert outcome("0.6").ret == 0
    (claim,) = record_of(folder).claims
    (condition,) = claim.conditions
    assert (condition.low, condition.values, condition.met) == (0.6, {"5": 0.5, "6": 0.6}, ["6"])
    assert [entry.at_least for entry in condition.thresholds] == [0.6]
    moved = outcome("0.5")
    assert moved.ret == pytest.ExitCode.TESTS_FAILED
    moved.stdout.fnmatch_lines(["*the threshold of 'light' moved: it is at least 0.6, but the*"])
    # On seed 5 the condition is not met, which leaves nothing open about what is stated.
    deleted = outcome("0.6", said.replace("    evidence.check", "    seed < 0 and evidence.check"))
    assert deleted.ret == pytest.ExitCode.TESTS_FAILED
    missing = "the ledger names a check 'length' of a.one, which it does not *"
    deleted.stdout.fnmatch_lines([missing])
    dropped = outcome("0.6", 'evidence.check("length"')
    assert dropped.ret == pytest.ExitCode.TESTS_FAILED
    dropped.stdout.fnmatch_lines(["the ledger names a check 'light' of a.one, which it does not *"])


def test_what_leaves_a_claim_open_needs_a_condition_where_there_is_a_ledger(folder, record_of):
    said = "evidence.inconclusive('too dark')\n    evidence.check(\"length\""
    result = judged(folder, {6: 5}, "-m", "claim", **{'evidence.check("length"': said})
    assert (result.ret, result.parseoutcomes()["failed"]) == (1, 1)
    said = "a.one: says by itself that it can tell neither way (too dark); where a ledger holds *"
    result.stdout.fnmatch_lines([said])
    assert record_of(folder).claims[0].verdict == "error"


def test_a_check_of_the_ledger_that_the_claim_does_not_state_is_red(folder):
    more = LEDGER.replace('"a.one".width', '"a.one".widht')
    result = judged(folder, {5: 12}, ledger=more)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["the ledger names a check 'widht' of a.one, which it does not *"])
    # Where only a part of the claim runs, nothing can be said.
    result = judged(folder, {5: 12}, "-m", "claim", ledger=more)
    assert "the ledger names a check" not in result.stdout.str()


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_claim_of_the_ledger_that_does_not_exist_is_refused(folder, workers: list[str]):
    unknown = LEDGER.replace('claim = "a.one"', 'claim = "a.oen"')
    result = judged(folder, {5: 12}, *workers, ledger=unknown)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the ledger names a claim 'a.oen', which does not exist; did*"])
    # In a session that does not collect all claims, it may be one of the others.
    assert judged(folder, {5: 12}, "test_claims.py", ledger=unknown).ret == 0


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_known_failure_of_a_control_that_need_not_fail_there_is_refused(folder, workers):
    of_control = LEDGER.replace('check = "length"', 'check = "length"\ncase = "nothing"')
    of_control = of_control.replace("6 = 5.0, 7 = 5.0", "6 = 11.0")
    demanding = {'id="nothing"': 'id="nothing", only="width"'}
    result = judged(folder, {5: 12}, *workers, ledger=of_control, **demanding)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*the ledger knows 'length' not to fail in control 'nothing' of a.one, which need not "
            "fail it; it must fail 'width'"
        ]
    )


@pytest.mark.parametrize("broken", ["[thresholds", "findings = 3", None])
def test_a_ledger_that_cannot_be_read_is_refused_in_a_sentence(folder, broken: str | None):
    result = judged(folder, {5: 12}, ledger=broken or "")
    if broken is None:
        (folder.path / "ledger.toml").unlink()
        result = folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ledger.toml" in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_an_error_in_a_claim_with_a_known_failure_is_an_error(folder, record_of):
    judged(folder, {7: 5}, **{"[seed] if": "[seed + 1] if"}).assert_outcomes(failed=1, passed=1)
    assert record_of(folder).claims[0].verdict == "error"


def test_a_claim_cannot_say_for_itself_that_it_is_expected_to_fail(folder, record_of):
    (folder.path / "ledger.toml").write_text(LEDGER[: LEDGER.index("[[findings]]")])
    text = TESTS.replace("LENGTHS[seed]", "__import__('pytest').xfail('no')").replace("LOW", "0")
    folder.makepyfile(test_claims=text.replace("WIDTH", "3"))
    result = folder.runpytest_subprocess("--icl-seeds=5", "-p", "no:xdist")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*a.one: calls pytest.xfail (no); what is known to fail stands*"])
    assert record_of(folder).claims[0].verdict == "error"


EXPECTING = """
import pytest
from icl_repro import claim, control

@pytest.fixture(autouse=True)
def expecting(request):
    if request.node.get_closest_marker("claim"):
        START
    yield
    if request.node.get_closest_marker("claim"):
        END

@claim("a.one", source="Section 1", rests_on="a count",
       fails_on=control("N.", given={"length": 1}, id="short"))
def test_one(evidence, request, length=HELD):
    '''S.'''
    BODY
    evidence.check("length", length, at_least=8)

def test_ordinary():
    pytest.xfail("as one may")
"""
CALLS = "pytest.xfail('no')"
MARKS = "request.node.add_marker(pytest.mark.xfail(strict=False))"
MARKS_ALL = "request.node.parent.add_marker(pytest.mark.xfail(strict=False))"


@pytest.mark.parametrize(
    ("where", "how", "outcomes"),
    [
        ("START", CALLS, {"errors": 1, "passed": 1}),
        ("START", MARKS, {"errors": 1, "passed": 1}),
        ("START", MARKS_ALL, {"errors": 1, "passed": 1}),
        ("BODY", MARKS, {"failed": 2}),
        ("END", CALLS, {"errors": 1, "passed": 2}),
    ],
)
def test_a_fixture_of_a_claim_cannot_say_so_either(
    claims_folder, record_of, where: str, how: str, outcomes: dict[str, int]
):
    """Were it not refused, the check that fails at `START` and `BODY` would be expected to."""
    text = EXPECTING.replace(where, how).replace("HELD", "9" if where == "END" else "5")
    for place in ("START", "BODY", "END"):
        text = text.replace(place, "pass")
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess("-p", "no:xdist")
    assert result.parseoutcomes() == outcomes | {"xfailed": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = "calls pytest.xfail (no)" if how == CALLS else "is marked xfail while it runs"
    result.stdout.fnmatch_lines([f"*a.one: {said}; what is known to fail stands in the ledger*"])
    assert record_of(claims_folder).claims[0].verdict == "error"
