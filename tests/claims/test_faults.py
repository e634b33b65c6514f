"""The declared faults: each changes what it says, and leaves all else."""

from __future__ import annotations

import dataclasses

import jax
import msgspec
import numpy as np
import pytest

from claims import heads_off
from claims.faults import FAULTS
from claims.networks.altered import ScaleAndShift, answer_leaked, answers_exchanged
from claims.networks.clamped import copy, layer_1, match, previous_token, unclamped, wrong_label
from claims.networks.plain import full, only
from claims.networks.transplanted import learner
from icl_repro.episodes import Episodes
from icl_repro.measures.heads import ablation
from icl_repro.training import Run, RunSpec
from icl_repro.training.altered_streams import alter, recipe_of, streams_named
from icl_repro.training.engine import train
from icl_repro.verification import faults
from tests.support.tiny import TINY, exemplars, made_up_run

BY_ID = {fault.id: fault for fault in FAULTS}
EVERY_RUN = ("answers_exchanged", "learning_rate_times_3", "no_normalisation", "answer_leaks")
RUNS = {
    "full": full(5),
    "only": only(5, [3]),
    "unclamped": unclamped(5, 3),
    "previous token": previous_token(5, 3, [2]),
    "layer 1": layer_1(5, 3),
    "match": match(5, 3),
    "half": match(5, 3, 0.5),
    "copy": copy(5, 3),
}
ALONE = {"only", "unclamped", "previous token", "layer 1", "match", "half", "copy"}
CHANGED = {
    "previous_token_without_effect": {"previous token"},
    "match_to_wrong_label": {"match"},
    "neighbouring_head_ablated": ALONE,
    **{fault: {"full", *ALONE} for fault in EVERY_RUN},
    "curves_of_another_seed": set(),
}


def changed(fault: str, spec: RunSpec) -> RunSpec:
    return BY_ID[fault].changed(spec)


def test_the_declarations_are_right():
    assert not list(faults.problems(FAULTS))
    assert CHANGED.keys() == BY_ID.keys()


@pytest.mark.parametrize("fault", CHANGED)
def test_a_fault_changes_the_runs_that_it_says_and_no_others(fault):
    found = {name for name, spec in RUNS.items() if changed(fault, spec).key != spec.key}
    assert found == CHANGED[fault]


def test_what_the_specs_become():
    said = "previous_token_without_effect"
    assert changed(said, RUNS["previous token"]).clamps == RUNS["unclamped"].clamps
    assert changed("match_to_wrong_label", RUNS["match"]) == wrong_label(5, 3)
    assert changed("neighbouring_head_ablated", only(5, [3])) == only(5, [4])
    assert changed("neighbouring_head_ablated", only(5, [7])) == only(5, [0])
    assert changed("learning_rate_times_3", full(5)).optimiser.learning_rate == pytest.approx(3e-5)


@pytest.mark.parametrize("fault", EVERY_RUN)
def test_a_fault_of_all_runs_is_one_of_those_that_weights_are_taken_from(fault):
    faulty = changed(fault, learner(5, 6, 0))
    assert faulty.transplant is not None
    assert faulty.transplant.source == changed(fault, full(6))
    assert changed(fault, full(5).drawn_by("published")).streams.startswith("published") or (
        fault == "learning_rate_times_3"
    )


def test_altered_streams_count_in_the_key_by_their_code(tmp_path):
    def key(name: str, code: str) -> str:
        source = tmp_path / f"{name}.py"
        source.write_text(code)
        return recipe_of(alter("ours", name, source))

    one, told, other = key("one", "A = 1"), key("told", "A = 1  # so"), key("other", "A = 2")
    assert one == told != other
    assert recipe_of("ours") == ""
    faulty = changed("answers_exchanged", full(5))
    assert "streams ours, answers exchanged" in faulty.describe()
    read = msgspec.json.decode(msgspec.json.encode(faulty), type=RunSpec)
    assert (read, read.key) == (faulty, faulty.key)


@pytest.mark.parametrize(
    ("streams", "fault", "altered"),
    [
        ("ours", "answers_exchanged", answers_exchanged),
        ("published", "answer_leaks", answer_leaked),
    ],
)
def test_what_is_drawn_is_altered_once_wherever_it_is_drawn(streams, fault, altered):
    def drawn(spec: RunSpec) -> list[Episodes]:
        from_streams = streams_named(spec.streams)
        sampler = from_streams.samplers(spec.episodes, spec.exemplars, exemplars())["train"]
        sets = from_streams.evaluation_sets({"train": sampler}, 1, 8)
        return [sampler.sample(jax.random.key(3), 8), sampler.enumerate(), sets["train"]]

    spec = TINY.drawn_by(streams)
    for own, found in zip(drawn(spec), drawn(changed(fault, spec)), strict=True):
        np.testing.assert_array_equal(found.labels, altered(own).labels)
        np.testing.assert_array_equal(found.exemplars, own.exemplars)
        assert (np.asarray(found.labels) != np.asarray(own.labels)).any()


def test_an_exchanged_answer_is_the_other_label_and_a_leaked_one_is_both():
    run = dataclasses.replace(made_up_run(TINY), cache=exemplars())
    episodes = run.samplers()["train"].enumerate()
    first, second, answer = map(np.asarray, answers_exchanged(episodes).labels)
    right = np.asarray(episodes.matching) == 0
    np.testing.assert_array_equal(answer, np.where(right, second, first))
    first, second, answer = map(np.asarray, answer_leaked(episodes).labels)
    assert (first == answer).all()
    assert (second == answer).all()
    np.testing.assert_array_equal(answer, episodes.targets)


def test_masks_of_measures_are_those_of_the_next_head_while_it_lasts():
    measuring = BY_ID["neighbouring_head_ablated"].measuring
    assert measuring is not None
    with measuring():
        for module in (ablation, heads_off):
            np.testing.assert_array_equal(module.each_removed(3).argmax(axis=1), [1, 2, 0])
    np.testing.assert_array_equal(ablation.each_removed(3).argmax(axis=1), [0, 1, 2])


def test_curves_are_those_of_the_other_run_and_weights_are_not():
    one, other = made_up_run(TINY, 1.0), made_up_run(TINY, 2.0)
    shown = BY_ID["curves_of_another_seed"].shown(one, other)
    assert shown.curves is other.curves
    assert shown.checkpoint_weights is one.checkpoint_weights
    other_seed = BY_ID["curves_of_another_seed"].other_seed
    assert other_seed is not None
    assert [other_seed(seed) for seed in (5, 9, 12)] == [6, 5, 13]


def test_a_network_that_does_not_normalise_is_trained_and_measured_as_such():
    (run,) = train([changed("no_normalisation", TINY)], exemplars())
    assert isinstance(run, Run)
    assert run.curves["train.loss"][-1] != run.curves["train.loss"][0]
    model = run.model()
    assert all(type(norm) is ScaleAndShift for norm in (model.norm, model.layers[1].norm))
    ones = jax.numpy.ones((TINY.model.width, 1, 2))
    np.testing.assert_allclose(model.norm(ones)[:, 0, 0], model.norm.weight + model.norm.bias)
