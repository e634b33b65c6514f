"""What runs are made from: chosen by an option, prepared once, told, and results kept apart."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from icl_repro.exemplars import about, chosen
from tests.support.images import files, table, write_zip

TESTS = """
import numpy as np
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

def main(seed):
    return Spec("main", seed)

def many(seed):
    return Spec("many", seed, mode="needs many")

NO = control("S.", given={"sign": -1}, id="no")

@claim("a.one", source="1", on=main, fails_on=NO)
def test_one(evidence, run, sign=1):
    '''S.'''
    evidence.check("length", sign * LENGTH, at_least=3)
    if sign == 1:
        evidence.curve_snapshot("fall", np.arange(3), np.arange(3) + LENGTH)

@claim("a.many", source="1", on=many, fails_on=NO)
def test_many(evidence, run, sign=1):
    '''S.'''
    evidence.check("size", sign, at_least=0)
"""
LEDGER = """
[thresholds."a.one".length]
history = [ { at_least = 3, origin = "ours", date = 2026-01-02, seen = false } ]
[thresholds."a.many".size]
history = [ { at_least = 0, origin = "ours", date = 2026-01-02, seen = false } ]
"""
FINDING = """
[[findings]]
claim = "a.one"
check = "length"
values = { 0 = 2.0 }
within = 0.01
date = 2026-02-03
why = "half of what is claimed"
evidence = "one seed"
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    np.save(claims_folder.path / "some.npy", table(12, 3, width=7))
    return claims_folder


def judged(folder: pytest.Pytester, *args: str, length: float = 4) -> pytest.RunResult:
    folder.makepyfile(test_claims=TESTS.replace("LENGTH", repr(length)))
    return folder.runpytest_subprocess(*args)


def label(folder: pytest.Pytester) -> str:
    return about(chosen(str(folder.path / "some.npy"))).label


ON_SOME = "--icl-exemplars=some.npy"


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_runs_on_them_are_other_runs_and_the_record_says_what_they_are(folder, record_of, workers):
    result = judged(folder, ON_SOME, "--snapshot-update", *workers)
    result.assert_outcomes(passed=2, skipped=2)
    name = label(folder)
    result.stdout.fnmatch_lines(
        [
            f"icl-repro: *; runs on {name}",
            "=* claims =*",
            "exemplars: features of the file some.npy (*); shape 12 classes x 3 exemplars x 7 "
            "features; mean norm *; checksum *; licence: not known*",
            "consistent *a.one",
        ]
    )
    record = record_of(folder)
    assert record.basis.label == name
    text = (folder.path / "reports" / "verification.json").read_text()
    assert text.index('"basis"') < 400
    markdown = (folder.path / "reports" / "verification.md").read_text()
    assert "Exemplars: features of the file some.npy" in markdown[:600]
    (trained,) = (folder.path / "trained.log").read_text().splitlines()
    assert trained == "main 0 1000"
    assert judged(folder).ret == pytest.ExitCode.TESTS_FAILED  # of no snapshot
    assert record_of(folder).basis.label == ""
    assert [one.title for one in record_of(folder).basis.ingredients] == [
        "characters drawn by this package",
        "drawn by this package from each seed",
    ]
    assert (folder.path / "trained.log").read_text().splitlines() == [
        "main 0 1000",
        "main 0 1000",
        "many 0 1000",
    ]


def test_a_claim_that_they_are_too_few_for_is_not_run_and_says_why(folder, record_of):
    result = judged(folder, ON_SOME, "-rs")
    result.stdout.fnmatch_lines(["*SKIPPED*not run: so many are not there"])
    verdicts = {claim.id: claim.verdict for claim in record_of(folder).claims}
    assert verdicts == {"a.one": "consistent", "a.many": "not run"}


def test_paths_are_relative_to_where_the_option_is_written(folder):
    ini = (folder.path / "pytest.ini").read_text()
    (folder.path / "pytest.ini").write_text(f"{ini}\nicl_exemplars = some.npy\n")
    folder.mkdir("below")
    folder.makepyfile(test_claims=TESTS.replace("LENGTH", "4"))
    (folder.path / "below" / "other.npy").write_bytes((folder.path / "some.npy").read_bytes())
    for args in ([], ["--icl-exemplars=other.npy"]):
        command = ["-m", "pytest", "..", "--rootdir=..", "-c", "../pytest.ini", *args]
        result = folder.run("sh", "-c", f"cd below && {sys.executable} {' '.join(command)}")
        result.stdout.fnmatch_lines([f"icl-repro: *; runs on {label(folder)}"])
    result = folder.runpytest_subprocess("--icl-exemplars=glyphs")
    assert "runs on" not in result.stdout.str()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("glyps", "--icl-exemplars: there are no exemplars 'glyps': did you mean 'glyphs'*"),
        ("", "--icl-exemplars: no exemplars are named by ''*"),
        ("sme.npy", "--icl-exemplars: there is no file or folder sme.npy: *'some.npy'*"),
        ("/no.h5", "--icl-exemplars: there is no file or folder /no.h5"),
        ("broken.npz", "--icl-exemplars: *broken.npz cannot be read, it may be cut short*"),
        ("omniglot:resnet81", "--icl-exemplars: *no encoder 'resnet81': did you mean 'resnet18'*"),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_mistake_is_a_usage_error_of_one_sentence(folder, option, message, workers):
    (folder.path / "broken.npz").write_bytes(b"PK\x03\x04")
    result = judged(folder, f"--icl-exemplars={option}", *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = [line for line in result.stderr.str().splitlines() if line.strip()]
    assert len(said) == 1, said
    result.stderr.fnmatch_lines([f"ERROR: {message}".replace("[", "[[]")])
    assert not (folder.path / ".icl-repro").exists()
    assert not (folder.path / "reports").exists()


ENCODING = """
import os
from pathlib import Path
from icl_repro.exemplars.encoders import GaborEncoder

real = GaborEncoder.encode

def encode(self, images):
    for some in real(self, images):
        with Path("encoded.log").open("a") as log:
            log.write(f"{os.getpid()} {'worker' if 'PYTEST_XDIST_WORKER' in os.environ else ''}\\n")
        yield some

GaborEncoder.encode = encode
"""


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_images_are_encoded_once_before_any_worker_starts(folder, workers):
    conftest = folder.path / "conftest.py"
    conftest.write_text(conftest.read_text() + ENCODING)
    write_zip(folder.path / "some.zip", files(12, 1))
    on_images = "--icl-exemplars=some.zip:gabor"
    judged(folder, on_images, "--collect-only")
    assert not (folder.path / "encoded.log").exists(), "listing tests encodes nothing"
    judged(folder, on_images, "--snapshot-update", *workers).assert_outcomes(passed=2, skipped=2)
    assert "worker" not in (folder.path / "encoded.log").read_text()
    assert len((folder.path / "encoded.log").read_text().splitlines()) == 1
    judged(folder, on_images, *workers).assert_outcomes(passed=2, skipped=2)
    assert len((folder.path / "encoded.log").read_text().splitlines()) == 1


def test_what_cannot_be_prepared_is_a_usage_error_and_leaves_nothing(folder):
    content = files(12, 1)
    content[min(content)] = b"no image"
    write_zip(folder.path / "some.zip", content)
    result = judged(folder, "--icl-exemplars=some.zip:gabor", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: images_*_gabor: *0000_00.png cannot be read, it may be*"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert not list((folder.path / ".icl-repro").rglob("*.npy*"))
    assert not (folder.path / "trained.log").exists()


BROKEN = {
    "h5py": (
        "raise ImportError('no h5py here')",
        "some.h5",
        "h5py is needed to read *pip install*",
    ),
    "torchvision": (
        "raise RuntimeError('operator torchvision::nms does not exist')",
        "some.zip:resnet18",
        "*torch * and torchvision * cannot be used together (operator *nms does not exist)*",
    ),
}


@pytest.mark.parametrize("package", BROKEN)
@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_library_that_is_not_there_or_does_not_fit_is_a_usage_error(
    folder, monkeypatch, package, workers
):
    code, option, message = BROKEN[package]
    broken = folder.mkdir("broken")
    (broken / "torch.py").write_text("")
    (broken / f"{package}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", f"{broken}:{os.environ['PYTHONPATH']}")
    (folder.path / "some.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    write_zip(folder.path / "some.zip", files(12, 1))
    result = judged(folder, f"--icl-exemplars={option}", *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = [line for line in result.stderr.str().splitlines() if line.strip()]
    assert len(said) == 1, said
    result.stderr.fnmatch_lines([f"ERROR: *: {message}"])
    assert not (folder.path / "trained.log").exists()
    assert not list((folder.path / ".icl-repro").rglob("*.npy*"))


def wrong_features() -> dict[str, np.ndarray]:
    numbers = table(12, 3, width=7)
    numbers[3, 1, 2] = np.nan
    return {"nan": numbers, "objects": np.array([[["a"]], [["b"]]], dtype=object)}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "nan",
            "*values that are no finite 32-bit numbers (1); * feature 2 of exemplar 1 of class 3*",
        ),
        ("objects", "*Python objects, which are never read*"),
    ],
)
def test_wrong_features_are_a_usage_error(folder, kind, message):
    np.save(folder.path / "wrong.npy", wrong_features()[kind], allow_pickle=True)
    result = judged(folder, "--icl-exemplars=wrong.npy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --icl-exemplars: {message}"])


def test_other_content_under_the_same_path_is_another_basis(folder, record_of):
    claim = "--icl-claims=a.one"
    judged(folder, ON_SOME, claim)
    first = record_of(folder).basis.label
    np.save(folder.path / "some.npy", table(12, 3, width=7, seed=1))
    judged(folder, ON_SOME, claim)
    assert record_of(folder).basis.label != first
    assert (folder.path / "trained.log").read_text().count("main") == 2
    judged(folder, ON_SOME, claim)
    assert (folder.path / "trained.log").read_text().count("main") == 2


def test_snapshots_are_kept_apart_and_expected_once_there_are_any(folder):
    judged(folder, "--snapshot-update", "--icl-claims=a.one")
    usual = folder.path / "__curves__" / "test_claims" / "test_one.json"
    before = usual.read_text()
    assert judged(folder, ON_SOME, "--icl-claims=a.one", length=9).ret == 0
    judged(folder, ON_SOME, "--snapshot-update", "--icl-claims=a.one", length=9)
    apart = folder.path / "__curves__" / label(folder) / "test_claims" / "test_one.json"
    assert json.loads(apart.read_text())["curves"]
    assert usual.read_text() == before
    result = judged(folder, ON_SOME, "--icl-claims=a.one", length=4)
    result.stdout.fnmatch_lines(["*curve 'fall' drifted from its snapshot*"])
    assert judged(folder, "--icl-claims=a.one", length=4).ret == 0


@pytest.mark.parametrize(
    ("basis", "args", "expected"),
    [
        ("", (), "xfailed"),
        ("", (ON_SOME,), "failed"),
        ("LABEL", (ON_SOME,), "xfailed"),
        ("LABEL", (), "failed"),
        ("another", (ON_SOME,), "failed"),
        ("*", (ON_SOME,), "xfailed"),
        ("*", (), "xfailed"),
    ],
)
def test_known_failures_are_those_of_the_basis(folder, record_of, basis, args, expected):
    basis = basis.replace("LABEL", label(folder))
    ini = (folder.path / "pytest.ini").read_text()
    (folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    key = f'basis = "{basis}"\n' if basis else ""
    (folder.path / "ledger.toml").write_text(LEDGER + FINDING + key)
    result = judged(
        folder, "--icl-claims=a.one", "--icl-profile=paper", "--icl-seeds=0", *args, length=2
    )
    assert result.parseoutcomes() == {"passed": 1, "deselected": 2, expected: 1}
    known = [finding.known.basis for finding in record_of(folder).findings]
    assert known == ([basis] if expected == "xfailed" else [])


def test_a_finding_of_another_basis_must_name_a_claim_too(folder):
    ini = (folder.path / "pytest.ini").read_text()
    (folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    finding = FINDING.replace("a.one", "a.noe") + 'basis = "another"\n'
    (folder.path / "ledger.toml").write_text(LEDGER + finding)
    result = judged(folder, str(Path(".")))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the ledger names a claim 'a.noe', which does not exist*"])


def test_seeds_seen_on_another_basis_were_not_seen_on_this_one(folder, record_of):
    judged(folder, "--icl-seeds=0", "--icl-claims=a.one", "--icl-profile=paper")
    judged(folder, ON_SOME, "--icl-seeds=7", "--icl-claims=a.one", "--icl-profile=paper")
    assert "had been seen" not in record_of(folder).seeds.sentence
    judged(folder, ON_SOME, "--icl-seeds=7-8", "--icl-claims=a.one", "--icl-profile=paper")
    assert "after results of seed 7 had been seen" in record_of(folder).seeds.sentence


# --- streams ---

PUBLISHED = "--icl-streams=published"


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_runs_by_other_streams_are_other_runs_and_the_record_says_which(folder, record_of, workers):
    """With other exemplars at once, too."""
    judged(folder, "--snapshot-update").assert_outcomes(passed=4)
    (folder.path / "trained.log").unlink()
    for exemplars, basis in (((), ""), ((ON_SOME,), f"{label(folder)}+")):
        result = judged(folder, PUBLISHED, "--icl-claims=a.one", *exemplars, *workers, length=9)
        assert result.parseoutcomes()["passed"] == 2
        result.stdout.fnmatch_lines(
            [
                f"icl-repro: *; runs on {basis}published_streams",
                "=* claims =*",
                "exemplars: *",
                "streams: as the authors' implementation draws initial weights, *; from: github.*",
            ]
        )
        record = record_of(folder)
        assert record.basis.label == f"{basis}published_streams"
        markdown = (folder.path / "reports" / "verification.md").read_text()
        assert "Streams: as the authors" in markdown[:1_200]
    assert len((folder.path / "trained.log").read_text().splitlines()) == 2
    result = judged(folder)
    assert result.ret == 0
    assert "runs on" not in result.stdout.str()
    assert "streams: drawn by this package from each seed" in result.stdout.str()
    assert len((folder.path / "trained.log").read_text().splitlines()) == 2


def test_snapshots_and_known_failures_of_other_streams_are_kept_apart(folder):
    judged(folder, PUBLISHED, "--snapshot-update", "--icl-claims=a.one", length=2)
    curves = folder.path / "__curves__"
    assert [kept.name for kept in curves.iterdir()] == ["published_streams"]
    ini = (folder.path / "pytest.ini").read_text()
    (folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    (folder.path / "ledger.toml").write_text(LEDGER + FINDING + 'basis = "published_streams"\n')
    asked = ("--icl-claims=a.one", "--icl-profile=paper", "--icl-seeds=0")
    assert judged(folder, PUBLISHED, *asked, length=2).parseoutcomes()["xfailed"] == 1
    assert judged(folder, *asked, length=2).parseoutcomes()["failed"] == 1


def test_a_run_that_other_streams_cannot_make_is_not_run_and_says_why(folder, record_of):
    folder.makepyfile(
        test_claims=TESTS.replace("LENGTH", "4").replace("needs many", "another split")
    )
    result = folder.runpytest_subprocess(PUBLISHED, "-rs")
    result.stdout.fnmatch_lines(["*SKIPPED*not run: there is no other split"])
    verdicts = {claim.id: claim.verdict for claim in record_of(folder).claims}
    assert verdicts["a.many"] == "not run"


def test_streams_that_there_are_not_are_a_usage_error(folder):
    result = judged(folder, "--icl-streams=publish")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --icl-streams: there are no streams 'publish': did you mean 'published'*"]
    )


def test_the_ini_file_can_choose_streams(folder):
    ini = (folder.path / "pytest.ini").read_text()
    (folder.path / "pytest.ini").write_text(f"{ini}\nicl_streams = published\n")
    judged(folder).stdout.fnmatch_lines(["icl-repro: *; runs on published_streams"])
    assert "runs on" not in judged(folder, "--icl-streams=ours").stdout.str()


WITHOUT_RUNS = """
from icl_repro import claim, control
from tests.support.plugin_doubles import Spec

@claim("a.one", source="1", rests_on="a spec", fails_on=control("S.", given={"sign": -1}, id="no"))
def test_one(evidence, as_trained, sign=1):
    '''S.'''
    spec = as_trained(Spec("main", mode=MODE))
    evidence.check("published", sign * (1 if spec.streams == "published" else -1), at_least=0)
    evidence.quantity("features", len(spec.source))
"""


def test_a_claim_without_runs_measures_what_runs_would_be_drawn_from(folder, record_of):
    folder.makepyfile(test_claims=WITHOUT_RUNS.replace("MODE", "''"))
    asked = ["--icl-profile=paper", "--icl-seeds=0"]
    folder.runpytest_subprocess(*asked).assert_outcomes(failed=2)
    assert record_of(folder).basis.ingredients == []
    folder.runpytest_subprocess(*asked, PUBLISHED, ON_SOME).assert_outcomes(passed=2)
    record = record_of(folder)
    # What it says is of these streams, though nothing was trained.
    assert record.basis.label == f"{label(folder)}+published_streams"
    assert record.claims[0].trials[0].evidence.quantities[0].value > 0


def test_curves_of_a_claim_without_runs_are_the_same_on_any_basis(folder):
    curve = "    evidence.curve_snapshot('fall', [0, 1], [0, sign])\n"
    tests = WITHOUT_RUNS.replace("MODE", "''") + curve
    folder.makepyfile(test_claims=tests)
    folder.runpytest_subprocess(PUBLISHED, "--snapshot-update").assert_outcomes(passed=2)
    curves = folder.path / "__curves__"
    assert [kept.name for kept in curves.iterdir()] == ["test_claims"]
    folder.runpytest_subprocess(PUBLISHED).assert_outcomes(passed=2)


def test_a_claim_without_runs_is_not_run_on_what_is_too_few(folder, record_of):
    folder.makepyfile(test_claims=WITHOUT_RUNS.replace("MODE", "'needs many'"))
    result = folder.runpytest_subprocess(ON_SOME, "-rs")
    result.stdout.fnmatch_lines(["*SKIPPED*not run: so many are not there"])
    assert [claim.verdict for claim in record_of(folder).claims] == ["not run"]


def test_all_streams_of_the_library_can_be_chosen():
    from icl_repro import ingredients
    from icl_repro.streams import StreamsName

    assert ingredients._STREAMS.keys() == set(get_args(StreamsName))


def test_specs_are_drawn_by_the_streams_that_were_chosen():
    from icl_repro import ingredients
    from icl_repro.training import RunSpec

    texts = {"exemplars": ("glyphs", Path()), "streams": ("published", Path())}
    made = ingredients.taken_up(ingredients.chosen(texts).handed_on()).applied(RunSpec())
    assert made == RunSpec(streams="published")
