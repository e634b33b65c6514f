"""``benchmarks/altered_exemplars.py``: one thing is changed at a time, and sessions run on it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import altered_exemplars, fewer_classes
from benchmarks.altered_exemplars import Alteration, altered, mean_norm
from benchmarks.exemplar_statistics import statistics
from icl_repro.episodes import EpisodeSettings
from icl_repro.training import RunSpec, Transplant

FEATURES = np.random.default_rng(0).normal(1.0, 1.0, (60, 4, 8)) * np.arange(1, 61)[:, None, None]
BETWEEN = "spread between classes (root mean square from the middle)"
WITHIN = "spread within classes (root mean square from their middle)"


def test_what_is_not_altered_stays_as_it_is():
    """To the bit, also with fewer classes: else all would be trained anew, one rounding away."""
    np.testing.assert_array_equal(altered(FEATURES, Alteration()), FEATURES)
    np.testing.assert_array_equal(altered(FEATURES, Alteration(classes=25)), FEATURES)


@pytest.mark.parametrize("field", ["middle", "between", "within"])
def test_a_part_is_changed_against_the_others_and_the_norm_stays(field):
    before = statistics(FEATURES)
    changed = altered(FEATURES, Alteration()._replace(**{field: 0.5}))
    assert mean_norm(changed) == pytest.approx(mean_norm(FEATURES))
    after = statistics(changed)
    ratio = (after[BETWEEN] / after[WITHIN]) / (before[BETWEEN] / before[WITHIN])
    assert ratio == pytest.approx({"middle": 1, "between": 0.5, "within": 2}[field])


def test_the_norm_is_set():
    changed = altered(FEATURES, Alteration(norm=9))
    assert mean_norm(changed) == pytest.approx(9)
    np.testing.assert_allclose(changed / changed[0, 0, 0], FEATURES / FEATURES[0, 0, 0])


def test_other_classes_come_first_and_nothing_else_changes():
    one, again, other = (altered(FEATURES, Alteration(order=order)) for order in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert {c.tobytes() for c in one} == {c.tobytes() for c in FEATURES}


def test_runs_of_the_usual_number_of_classes_are_on_fewer():
    plain, many = RunSpec(), RunSpec(episodes=EpisodeSettings(classes=100))
    assert fewer_classes.on_fewer(plain, 25).episodes == EpisodeSettings(classes=25)
    assert fewer_classes.on_fewer(many, 25) is many
    learner = RunSpec(transplant=Transplant(up_to_layer=0, source=plain))
    assert fewer_classes.on_fewer(learner, 25).transplant.source.episodes.classes == 25


def test_a_claim_is_judged_on_each_alteration(tmp_path: Path, monkeypatch, capsys):
    """Cut short, so that all that is seen is that every session had other runs."""
    features = np.random.default_rng(1).normal(0, 1, (150, 2, 8)).astype(np.float32)
    np.save(tmp_path / "some.npy", features)
    asked = [str(tmp_path / "some.npy"), "emergence.plateau", "--norm=9", "--classes=25"]
    asked += ["--profile=smoke", "--seeds=5", "--workers=0", f"--store={tmp_path / 'store'}"]
    monkeypatch.setattr(sys, "argv", ["altered_exemplars", *asked])
    altered_exemplars.main()
    heads, like = capsys.readouterr().out.split("\n\n")
    assert heads.splitlines()[0] == "| | as it is | norm 9 | classes 25 | threshold | paper |"
    assert "| train loss in the end | " in heads
    assert "| norm of the first exemplars, mean | " in like
    specs = [path.read_text() for path in (tmp_path / "store").rglob("spec.json")]
    assert sum('"classes":25' in text.replace(" ", "") for text in specs) == len(specs) / 3


def test_a_session_without_a_record_is_told(tmp_path: Path, monkeypatch, capsys):
    np.save(tmp_path / "some.npy", np.arange(24, dtype=np.float32).reshape(3, 2, 4))
    asked = [str(tmp_path / "some.npy"), "emergence.plate", "--workers=0", "--profile=smoke"]
    asked += ["--seeds=5", f"--store={tmp_path / 'store'}"]
    monkeypatch.setattr(sys, "argv", ["altered_exemplars", *asked])
    with pytest.raises(SystemExit):
        altered_exemplars.main()
    assert "did you mean 'emergence.plateau'" in capsys.readouterr().err
