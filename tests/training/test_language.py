"""Runs of language models: described, trained, stored and planned like those on episodes."""

import msgspec
import numpy as np
import pytest

from icl_repro.network.language_model import LanguageModelSettings
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import ClampInduction, ClampMatch, OutOfRange
from icl_repro.text import TextSettings
from icl_repro.training import (
    LanguageRun,
    LanguageSpec,
    LocalExecutor,
    Optimiser,
    Plan,
    RunSpec,
    RunStore,
    TextSchedule,
)
from icl_repro.training.cost import times_in, work_of
from icl_repro.training.methods import methods
from icl_repro.training.tasks import program, read_spec
from tests.support.shapes_checked import unchecked

TINY = LanguageSpec(
    sequences=64,
    text=TextSettings(vocabulary=16, length=16, segment=(2, 4)),
    model=LanguageModelSettings(width=16, heads=2),
    optimiser=Optimiser(learning_rate=3e-3, batch=4),
    schedule=TextSchedule(every=32, first=8, sequences=8),
)


def test_a_run_is_trained_stored_and_read_like_others(tmp_path):
    store = RunStore(tmp_path)
    diverges = TINY.with_(optimiser=Optimiser(learning_rate=1e30, batch=4))
    outcome = LocalExecutor(store).carry_out(Plan.of([TINY, TINY, diverges]))
    assert len(outcome.trained) == 2
    assert list(outcome.failed) == [diverges]
    run = store.load(TINY)
    assert isinstance(run, LanguageRun)
    assert run.sequences[:4].tolist() == [0, 8, 16, 24]
    assert run.sequences[-1] == 64
    loss = run.curves["train.loss"]
    assert loss[-1] < loss[0]
    assert run.curves["train.losses"].shape == (9, 16)
    assert run.curves["attention.induction"].shape == (9, 2, 2)
    model = run.model()
    assert model.vocabulary == 16
    assert (np.asarray(model.layers[0].query) != np.asarray(run.model(0).layers[0].query)).any()
    again = LocalExecutor(RunStore(tmp_path / "other")).carry_out(Plan.of([TINY]))
    assert again.trained == (TINY,)
    other = RunStore(tmp_path / "other").load(TINY)
    np.testing.assert_array_equal(other.curves["train.loss"], loss)
    (timed,) = times_in(tmp_path)
    work = work_of(TINY)
    assert (timed.same, timed.alike, timed.units) == (work.same, work.alike, work.units)


def test_a_description_survives_json_and_equal_meaning_is_equal_data():
    clamped = TINY.with_(clamps=(ClampInduction((1, 0)), ClampInduction((0, 1))))
    again = read_spec(msgspec.json.encode(clamped))
    assert read_spec(msgspec.json.encode(RunSpec())) == RunSpec()
    assert again == clamped
    assert again.address == clamped.address != TINY.address
    assert clamped.clamps == (ClampInduction((0, 1)),)


def test_descriptions_of_runs_on_episodes_are_what_they_were():
    # Stored runs are found by these.
    assert RunSpec().address == "bed693dc31a393594c580c1c1e623ed7e9ac97645c4cf124de8d976583a53096"
    assert RunSpec().address != LanguageSpec().address


def test_runs_of_one_shape_share_a_program_and_those_of_two_kinds_do_not():
    assert program(TINY) == program(TINY.with_(init_seed=9, data_seed=3))
    smeared = LanguageModelSettings(width=16, heads=2, smeared_keys=True)
    assert program(TINY) != program(TINY.with_(model=smeared))
    assert program(TINY) != program(RunSpec())


def test_it_is_told_in_words():
    smeared = LanguageModelSettings(layers=1, smeared_keys=True)
    spec = LanguageSpec(model=smeared, text=TextSettings(shuffled=True))
    assert spec.describe().startswith("seed 5, language model, unclamped, ")
    assert "1 layer" in spec.describe()
    assert "smeared keys" in spec.describe()
    assert "repeats in random order" in spec.describe()
    assert len(methods([spec])) == 1
    assert len(methods([spec, RunSpec()])) == 4


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"every": "a"}, TypeError, "schedule.every is 'a', but must be a whole number"),
        ({"first": 2.5}, TypeError, r"schedule.first is 2\.5, but must be a whole number"),
        ({"sequences": 0}, ValueError, r"schedule.sequences is 0, .* at least 1 \(nearest: 1\)"),
    ],
)
def test_a_schedule_counts_in_whole_numbers(change, error, said):
    with pytest.raises(error, match=said):
        TextSchedule(**change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": None}, r"text is None, but must be TextSettings, such as TextSettings\(\)"),
        ({"text": "long"}, "text is 'long', but must be TextSettings, such as"),
        ({"model": None}, "model is None, but must be LanguageModelSettings, such as"),
        ({"schedule": TextSettings()}, "schedule is .*, but must be TextSchedule, such as"),
        ({"optimiser": 3}, "optimiser is 3, but must be Optimiser, such as"),
        ({"model": ModelSettings(width=128)}, "model is .*, but must be LanguageModelSettings"),
        ({"clamps": None}, "clamps is None, but must be a sequence of .* or Preserving"),
        ({"stop": 3}, "stop is 3, but must be Stop or None"),
    ],
)
def test_parts_of_a_description_have_settings_of_their_own(change, said):
    with unchecked(), pytest.raises(TypeError, match=said):
        LanguageSpec(**change)


def test_settings_may_be_given_as_they_are_stored():
    stored = msgspec.to_builtins(TINY.text)
    with unchecked():
        assert TINY.with_(text=stored) == TINY


@pytest.mark.parametrize(("length", "layers"), [(128, 2), (256, 3)])
def test_a_model_with_a_clamp_reads_long_text(tmp_path, length, layers):
    spec = TINY.with_(
        sequences=32,
        text=TextSettings(vocabulary=length // 2, length=length),
        model=LanguageModelSettings(layers=layers, width=16, heads=2),
        clamps=(ClampInduction((0,), layers - 1),),
        schedule=TextSchedule(every=16, first=16, sequences=4),
    )
    store = RunStore(tmp_path)
    assert LocalExecutor(store).carry_out(Plan.of([spec])).trained == (spec,)
    curves = store.load(spec).curves
    losses = curves["train.losses"]
    assert losses.shape == (3, length)
    assert np.isfinite(losses).all()
    assert curves["train.loss"][-1] < curves["train.loss"][0]
    matching = curves["attention.induction"]
    assert matching.shape == (3, layers, 2)
    # The first of the tokens that come again may lack what a head attends to.
    assert (matching[:, -1, 0] > 0.9).all()
    assert (matching[:, -1, 1] < 0.5).all()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"sequences": 10}, ValueError),
        ({"init_seed": -1}, ValueError),
        ({"clamps": (ClampMatch((0,)),)}, TypeError),
        ({"clamps": (ClampInduction((9,)),)}, OutOfRange),
    ],
)
def test_what_cannot_be_trained_is_refused(change, error):
    with pytest.raises(error):
        TINY.with_(**change)
