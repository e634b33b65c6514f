"""Runs on exemplars of the session in place of the usual ones, and runs that they do not do for."""

import numpy as np

from icl_repro.episodes import EpisodeSettings
from icl_repro.exemplars import Glyphs, chosen, facts, handed_on, places, taken_up
from icl_repro.training import RunSpec, Transplant
from tests.support.images import files, table, write_zip


def some(tmp_path, n_classes=170):
    path = tmp_path / f"{n_classes}.npy"
    np.save(path, table(n_classes, 2, width=7))
    return chosen(str(path))


def test_only_a_run_on_the_usual_exemplars_is_made_of_others(tmp_path):
    source, own = some(tmp_path), Glyphs(seed=3)
    assert RunSpec().made_of(source) == RunSpec(exemplars=source)
    assert RunSpec(exemplars=own).made_of(source) == RunSpec(exemplars=own)
    assert RunSpec().made_of(source).key != RunSpec().key


def test_weights_are_taken_from_the_run_on_the_same_exemplars(tmp_path):
    source = some(tmp_path)
    spec = RunSpec(init_seed=6, transplant=Transplant(0, RunSpec())).made_of(source)
    assert spec.transplant is not None
    assert spec.transplant.source == RunSpec(exemplars=source)


def test_too_few_classes_or_exemplars_are_said_before_anything_is_trained(tmp_path):
    source = some(tmp_path)
    assert RunSpec(exemplars=source).misfit() == ""
    more = RunSpec(exemplars=source, episodes=EpisodeSettings(classes=100))
    assert more.misfit() == (
        "100 classes to train on and 100 to test on are 200, but features of the file 170.npy "
        f"({source.sha256[:8]}) has 170"
    )
    each = RunSpec(exemplars=source, episodes=EpisodeSettings(exemplars_per_class=3))
    assert each.misfit().startswith("3 exemplars a class are asked for, but features of the file")
    settings = EpisodeSettings(classes=200)
    assert RunSpec(exemplars=some(tmp_path, 1623), episodes=settings).misfit() == ""
    own = Transplant(0, RunSpec(exemplars=source, episodes=EpisodeSettings(classes=100)))
    assert RunSpec(exemplars=source, transplant=own).misfit() == more.misfit()


def test_another_process_takes_up_the_source_and_where_its_files_lie(tmp_path, monkeypatch):
    for text in (str(tmp_path / "170.npy"), f"{write_zip(tmp_path / 'z.zip', files())}::2:gabor"):
        some(tmp_path)
        source = chosen(text)
        expected = source.features([1, 3], [1])
        handed = handed_on(source)
        monkeypatch.setattr(places, "_places", {})
        taken = taken_up(handed)
        assert taken == source
        np.testing.assert_array_equal(taken.features([1, 3], [1]), expected)


def test_size_scale_and_checksums_are_facts(tmp_path):
    source = some(tmp_path)
    norms = np.linalg.norm(table(170, 2, width=7)[:, 0], axis=-1)
    assert facts(source) == {
        "shape": "170 classes x 2 exemplars x 7 features",
        "mean norm": f"{norms.mean():.4g}",
        "checksum": source.sha256[:12],
    }
    images = chosen(f"{write_zip(tmp_path / 'z.zip', files())}:gabor")
    assert facts(images)["checksum"] == images.sha256[:12]
    assert "checksum of the weights" not in facts(images)
