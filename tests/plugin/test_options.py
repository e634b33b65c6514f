"""Options and their ini twins: what they resolve to, which wins, and what is refused."""

from __future__ import annotations

import gc
import os

import pytest

from icl_repro.plugin.options import Settings
from icl_repro.plugin.session import state_of


def settings(claims_folder: pytest.Pytester, *args: str) -> Settings:
    """What the options of a session resolve to."""
    # This process has imported the package already, too late for pytest to rewrite its asserts.
    quietly = "-Wignore::pytest.PytestAssertRewriteWarning"
    # pytest collects garbage twice when it drops a configuration. All that other tests of this
    # process have left need not be looked through for that.
    gc.freeze()
    return state_of(claims_folder.parseconfigure(quietly, *args)).settings


def ini(claims_folder: pytest.Pytester, **values: str) -> None:
    """Write an ini file with these values."""
    lines = "".join(f"{key} = {value}\n" for key, value in values.items())
    addopts = "addopts = --strict-config -p no:hypothesispytest -p no:jaxtyping"
    claims_folder.makefile(".ini", pytest=f"[pytest]\n{addopts}\n{lines}")


def refused(claims_folder: pytest.Pytester, *args: str) -> str:
    """The line that pytest ends with when it refuses to run."""
    result = claims_folder.runpytest_subprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in result.stderr.str()
    return result.stderr.str().strip()


def test_the_defaults(claims_folder: pytest.Pytester):
    found = settings(claims_folder)
    assert found.profile.name == "standard"
    assert found.seeds == found.fixed_seeds == (0,)
    assert found.store == claims_folder.path / ".icl-repro"
    assert found.report == claims_folder.path / "reports"
    assert (found.claims, found.retrain, found.no_train) == ((), (), False)
    assert (found.neighbour, found.ledger, found.coverage) == (0, None, None)
    assert found.title == f"Verification of the claims in {claims_folder.path.name}"
    assert found.paper == ""


def test_the_ini_file_wins_over_the_default(claims_folder: pytest.Pytester):
    ini(
        claims_folder,
        icl_store="runs",
        icl_profile="paper",
        icl_seeds="3",
        icl_claims="a.b, c.*",
        icl_report="out",
        icl_no_train="true",
        icl_neighbour="2",
        icl_ledger="ledger",
        icl_spread="spread.json",
        icl_coverage="table.toml",
        icl_title="T",
        icl_paper="P",
    )
    found = settings(claims_folder)
    assert (found.store, found.report) == (claims_folder.path / "runs", claims_folder.path / "out")
    assert (found.profile.name, found.seeds, found.claims) == ("paper", (3,), ("a.b", "c.*"))
    assert (found.no_train, found.claims_by_user) == (True, False)
    assert (found.neighbour, found.ledger) == (2, claims_folder.path / "ledger")
    assert found.spread == claims_folder.path / "spread.json"
    assert found.coverage == claims_folder.path / "table.toml"
    assert (found.title, found.paper) == ("T", "P")


def test_the_command_line_wins_over_the_ini_file(claims_folder: pytest.Pytester):
    ini(
        claims_folder,
        icl_store="runs",
        icl_profile="paper",
        icl_seeds="3",
        icl_claims="a.b",
        icl_report="out",
        icl_retrain="a.b",
    )
    args = "--icl-store=x --icl-profile=smoke --icl-seeds=n=2 --icl-claims=d.e --icl-report=none"
    found = settings(claims_folder, *args.split(), "--icl-retrain=all")
    assert (found.store, found.report) == (claims_folder.path / "x", None)
    assert (found.profile.name, found.seeds, found.claims) == ("smoke", (0, 1), ("d.e",))
    assert (found.claims_by_user, found.retrain) == (True, ("all",))


def test_no_training_of_the_ini_file_can_be_taken_back(claims_folder: pytest.Pytester):
    ini(claims_folder, icl_no_train="true")
    assert settings(claims_folder, "--icl-retrain=all", "-o", "icl_no_train=false").retrain == (
        "all",
    )


def test_the_profile_gives_the_seeds_unless_the_user_does(claims_folder: pytest.Pytester):
    assert settings(claims_folder, "--icl-profile=paper").seeds == (0, 1, 2, 3, 4)
    ini(claims_folder, icl_paper_seeds="5-9")
    assert settings(claims_folder, "--icl-profile=paper").seeds == (5, 6, 7, 8, 9)
    assert settings(claims_folder).seeds == (5,)
    assert settings(claims_folder, "--icl-seeds=n=3").seeds == (5, 6, 7)
    found = settings(claims_folder, "--icl-profile=paper", "--icl-seeds=5-6")
    assert (found.seeds, found.fixed_seeds) == ((5, 6), (5, 6, 7, 8, 9))


def test_seeds_of_the_ini_file_are_fixed_too(claims_folder: pytest.Pytester):
    ini(claims_folder, icl_seeds="n=3")
    assert settings(claims_folder, "--icl-seeds=7").fixed_seeds == (0, 1, 2)


def test_only_what_is_written_in_the_ini_file_is_fixed(claims_folder: pytest.Pytester):
    found = settings(claims_folder, "-o", "icl_paper_seeds=7-9", "--icl-profile=paper")
    assert (found.seeds, found.fixed_seeds) == ((7, 8, 9), (0, 1, 2, 3, 4))
    ini(claims_folder, icl_paper_seeds="5-9")
    found = settings(claims_folder, "-o", "icl_paper_seeds=6,7")
    assert (found.seeds, found.profile_seeds, found.fixed_seeds) == ((6,), (6,), (5,))
    found = settings(claims_folder, "-o", "icl_seeds=6-8", "--icl-profile=paper")
    assert (found.seeds, found.fixed_seeds) == ((6, 7, 8), (5, 6, 7, 8, 9))


def test_seeds_in_an_ini_file_of_toml_are_fixed_too(claims_folder: pytest.Pytester):
    (claims_folder.path / "pytest.ini").unlink()
    for table in ("tool.pytest", "tool.pytest.ini_options"):
        claims_folder.makepyprojecttoml(
            f'[{table}]\nicl_paper_seeds = "5-9"\n'
            + ('addopts = ["-p", "no:jaxtyping"]' if table == "tool.pytest" else "")
        )
        found = settings(claims_folder, "-o", "icl_paper_seeds=7", "--icl-profile=paper")
        assert (found.seeds, found.fixed_seeds) == ((7,), (5, 6, 7, 8, 9))


def test_paths_are_relative_to_where_they_are_written(
    claims_folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    ini(claims_folder, icl_store="runs")
    inside = claims_folder.mkdir("inside")
    monkeypatch.chdir(inside)
    found = settings(claims_folder, "--icl-report=out")
    assert found.store == claims_folder.path / "runs"
    assert found.report == inside / "out"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--icl-profile=standrad"], "there is no profile 'standrad'; did you mean 'standard'?"),
        (["--icl-seeds=five"], "--icl-seeds: 'five' is not a seed; write seeds (1,2,3), a range"),
        (["--icl-seeds="], "--icl-seeds: '' is not a seed"),
        (["--icl-seeds=5,5"], "--icl-seeds: seed 5 is given twice"),
        (["--icl-seeds=n=200000000"], "--icl-seeds: these are 200,000,000 seeds, but one session"),
        (["--icl-seeds=0-60000"], "--icl-seeds: these are 60,001 seeds"),
        (["--icl-seeds=4294967296"], "--icl-seeds: seed 4294967296 is too large"),
        (["-o", "icl_paper_seeds=few"], "icl_paper_seeds: 'few' is not a seed"),
        (["--icl-neighbour=-1"], "--icl-neighbour: '-1' is not the number of a neighbour; write 1"),
        (["--icl-claims="], "--icl-claims is given, but names nothing"),
        (["--icl-store="], "--icl-store is given, but names no path"),
        (["--icl-report="], "--icl-report is given, but names no path"),
        (["--icl-no-train", "--icl-retrain=all"], "--icl-no-train and --icl-retrain exclude each"),
        (["--icl-profil=smoke"], "there is no option --icl-profil; did you mean '--icl-profile'"),
        (["--icl-claim", "a.b"], "there is no option --icl-claim; did you mean '--icl-claims'"),
    ],
)
def test_what_means_nothing_is_refused(
    claims_folder: pytest.Pytester, args: list[str], message: str
):
    assert message in refused(claims_folder, *args)


def test_an_option_of_a_conftest_may_be_named_like_ours(claims_folder: pytest.Pytester):
    claims_folder.makeconftest("def pytest_addoption(parser): parser.addoption('--icl-own')")
    claims_folder.makepyfile("def test_ordinary(): pass")
    assert claims_folder.runpytest_subprocess("--icl-own=1").ret == pytest.ExitCode.OK


def test_what_the_ini_file_has_wrong_is_named_after_it(claims_folder: pytest.Pytester):
    ini(claims_folder, icl_seeds="five")
    assert "icl_seeds: 'five' is not a seed" in refused(claims_folder)


def test_a_wrong_option_is_refused_before_workers_start(claims_folder: pytest.Pytester):
    claims_folder.makepyfile("def test_ordinary(): pass")
    assert "there is no profile 'x'" in refused(claims_folder, "--icl-profile=x", "-n", "2")


def test_the_header_says_what_was_resolved(claims_folder: pytest.Pytester, tmp_path):
    args = ["--icl-profile=paper", "--icl-claims=a.*", f"--icl-store={tmp_path}"]
    result = claims_folder.runpytest_subprocess(*args, "--icl-report=none", "--icl-retrain=all")
    result.stdout.fnmatch_lines(
        [
            f"icl-repro: paper profile; seeds 0, 1, 2, 3, 4; store {tmp_path}; report none; "
            "claims a.[*]; retraining all"
        ]
    )
    result = claims_folder.runpytest_subprocess("--icl-no-train", "--icl-neighbour=3")
    result.stdout.fnmatch_lines(
        ["icl-repro: *; report reports; no training; neighbour 3 of every run; *"]
    )


def test_an_ini_key_that_does_not_exist_is_refused(claims_folder: pytest.Pytester):
    said = "there is no ini key 'icl_seed'; did you mean 'icl_seeds'"
    assert said in refused(claims_folder, "-o", "icl_seed=3")
    ini(claims_folder, icl_seed="3")
    assert said in refused(claims_folder)


@pytest.mark.parametrize("other", [False, True], ids=["none", "another"])
def test_an_ini_file_that_is_not_read_is_not_silent(claims_folder: pytest.Pytester, other: bool):
    ini(claims_folder, icl_seeds="n=5")
    (claims_folder.path / "project").mkdir()
    (claims_folder.path / "pytest.ini").rename(claims_folder.path / "project" / "pytest.ini")
    store = claims_folder.path / "elsewhere" / "store"
    store.mkdir(parents=True)
    if other:
        (store.parent / "pytest.ini").write_text("[pytest]\n")
    os.chdir(claims_folder.path / "project")
    said = "project/pytest.ini is not read, because pytest takes the value of an option for a path"
    assert said in refused(claims_folder, "--icl-store", str(store))
    for args in ([f"--icl-store={store}"], [".", "--icl-store", str(store)], [str(store)]):
        assert claims_folder.runpytest_subprocess(*args).ret == pytest.ExitCode.NO_TESTS_COLLECTED
