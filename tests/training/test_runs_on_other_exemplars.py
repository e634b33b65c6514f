"""Runs on exemplars of any source: any width, known by content, never on the wrong data."""

import msgspec
import numpy as np
import pytest

from icl_repro.episodes import EpisodeError
from icl_repro.exemplars import UnusableExemplars, chosen
from icl_repro.exemplars.source import forget_features
from icl_repro.training import MissingRun, RunSpec, RunStore
from icl_repro.training.engine import begin, train
from tests.support.images import files, table, write_zip
from tests.support.tiny import TINY, made_up_run


@pytest.fixture(autouse=True)
def _fresh_memory():
    forget_features()


def spec_on(path, numbers) -> RunSpec:
    np.save(path, numbers)
    return TINY.with_(exemplars=chosen(str(path)))


def test_a_network_takes_exemplars_of_any_width(tmp_path):
    spec = spec_on(tmp_path / "some.npy", table(12, 1, width=7))
    (run,) = train([spec])
    assert run.checkpoint_weights["exemplar_weight"].shape[-1] == 7
    store = RunStore(tmp_path / "store")
    store.save(run)
    loaded = store.load(msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec))
    assert loaded.model().exemplar_weight.shape == (16, 7)


def test_a_stored_run_of_another_width_is_not_used(tmp_path):
    spec = spec_on(tmp_path / "some.npy", table(12, 1, width=7))
    run = made_up_run(spec)
    run.checkpoint_weights["exemplar_weight"] = np.zeros((2, 16, 512), np.float32)
    store = RunStore(tmp_path / "store")
    store.save(run)
    with pytest.raises(MissingRun, match=r"for exemplars of 512 features, but .* exemplars of 7"):
        store.load(spec)


def test_a_run_is_not_begun_on_other_exemplars_than_were_chosen(tmp_path):
    spec = spec_on(tmp_path / "some.npy", table(12, 1))
    np.save(tmp_path / "some.npy", table(12, 1, seed=1))
    with pytest.raises(UnusableExemplars, match="has other features than when it was chosen"):
        begin(spec, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def test_too_few_classes_or_exemplars_are_told_of(tmp_path):
    spec = spec_on(tmp_path / "some.npy", table(9, 1))
    with pytest.raises(EpisodeError, match="9"):
        begin(spec)
    episodes = msgspec.structs.replace(spec.episodes, exemplars_per_class=2)
    with pytest.raises(EpisodeError, match=r"exemplars_per_class is 2, but .* has 1 a class"):
        begin(spec.with_(episodes=episodes))


def test_a_run_says_which_exemplars_it_is_on_and_shows_what_there_is(tmp_path):
    spec = spec_on(tmp_path / "some.npy", table(12, 1))
    assert f"exemplars features_{spec.exemplars.sha256[:8]}" in spec.describe()
    sample = spec.sample()
    assert len(sample.pictures) == 0
    assert "no pictures" in sample.caption
    assert "some.npy" in sample.source
    images = TINY.with_(exemplars=chosen(str(write_zip(tmp_path / "some.zip", files()))))
    assert images.sample().pictures.shape == (4, 3, 24, 24)


def test_runs_on_glyphs_have_the_address_that_they_always_had():
    assert RunSpec().address == "bed693dc31a393594c580c1c1e623ed7e9ac97645c4cf124de8d976583a53096"
