"""What the plugin costs and says where there are no claims, and in ``--help``."""

from __future__ import annotations

import sys

import pytest

_HEAVY = "jax", "numpy", "scipy", "matplotlib", "icl_repro.training", "icl_repro.report"


def loaded_by(claims_folder: pytest.Pytester, *args: str) -> str:
    """What a session of pytest has imported in the end."""
    (claims_folder.path / "conftest.py").unlink()  # it imports the doubles, which a user has not
    script = claims_folder.makepyfile(
        session=f"""
        import sys, pytest
        code = pytest.main({list(args)!r}, plugins=[])
        print("CODE", int(code), "LOADED", [name for name in {_HEAVY!r} if name in sys.modules])
        """
    )
    result = claims_folder.run(sys.executable, script)
    return result.stdout.lines[-1]


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("--markers",), ("--fixtures",)])
def test_asking_for_help_imports_nothing_heavy(
    claims_folder: pytest.Pytester, args: tuple[str, ...]
):
    assert loaded_by(claims_folder, *args) == "CODE 0 LOADED []"


def test_a_session_without_claims_imports_nothing_heavy(claims_folder: pytest.Pytester):
    claims_folder.makepyfile("def test_ordinary(): pass")
    assert loaded_by(claims_folder) == "CODE 0 LOADED []"


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_session_without_claims_leaves_nothing_and_says_one_line(
    claims_folder: pytest.Pytester, workers: list[str], tmp_path, monkeypatch
):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    claims_folder.makepyfile(test_ordinary="def test_ordinary(): pass")
    result = claims_folder.runpytest_subprocess(*workers)
    result.assert_outcomes(passed=1)
    assert [line for line in result.outlines if "icl" in line and "plugins" not in line] == [
        "icl-repro: standard profile; seed 0; store .icl-repro; report reports"
    ]
    assert not [line for line in result.outlines if line.strip("=- ") == "claims"]
    assert not (claims_folder.path / ".icl-repro").exists()
    assert not (claims_folder.path / "reports").exists()
    assert not list((tmp_path / "scratch").glob("icl-repro-*"))


def test_help_tells_every_option_with_its_twin(claims_folder: pytest.Pytester):
    result = claims_folder.runpytest_subprocess("--help")
    result.stdout.fnmatch_lines(
        [
            "icl-repro, claims of a paper verified by running them (each option --icl-x has an ini"
            " twin icl_x; the command line wins):",
            "*--icl-store=PATH*",
            "*--icl-profile=NAME*",
            "*--icl-seeds=SEEDS*",
            "*--icl-claims=ID*",
            "*--icl-report=DIR*",
            "*--icl-retrain=all|ID*",
            "*--icl-neighbour=K*",
            "*--icl-no-train*",
        ],
        consecutive=False,
    )
    help_text = result.stdout.str()
    for twin in (
        "store",
        "profile",
        "seeds",
        "claims",
        "report",
        "retrain",
        "no_train",
        "neighbour",
    ):
        assert f"icl_{twin} (" in help_text
    for value in ("title", "paper", "paper_seeds", "ledger"):
        assert f"icl_{value} (" in help_text


def test_the_markers_are_told(claims_folder: pytest.Pytester):
    result = claims_folder.runpytest_subprocess("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.claim: *", "@pytest.mark.control: *"])


def test_the_fixtures_belong_to_claims(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(
        """
        def test_evidence(evidence): pass
        def test_run(run): pass
        def test_runs(runs): pass
        def test_seed(seed): pass
        def test_seeds(seeds): pass
        """
    )
    result = claims_folder.runpytest_subprocess()
    result.assert_outcomes(errors=5)
    result.stdout.fnmatch_lines(["the fixture evidence is for claims: *"])
    assert not (claims_folder.path / "reports").exists()


def test_a_suite_may_have_fixtures_of_the_same_names(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(
        """
        import pytest

        @pytest.fixture
        def seed(): return 3

        @pytest.fixture
        def evidence(seed): return seed

        def test_own(evidence, seed): assert evidence == seed == 3
        """
    )
    claims_folder.runpytest_subprocess().assert_outcomes(passed=1)
