"""RunSpec: equal meaning is an equal key, different meaning another one, everywhere."""

import hashlib
import itertools
import math
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from icl_repro.episodes import EpisodeSettings
from icl_repro.exemplars import Glyphs
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import (
    AblateHeads,
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    EditError,
    PreservingAblation,
    only_heads,
)
from icl_repro.training import Optimiser, RunSpec, Schedule, Stop, Transplant, provenance
from icl_repro.training import spec as spec_module

OTHER_VALUES = {
    RunSpec: {
        "init_seed": 6,
        "clamps": (ClampCopy(3),),
        "sequences": 32_000,
        "data_seed": 2,
        "eval_seed": 2,
        "stop": Stop(0.1),
        "transplant": Transplant(0, RunSpec(init_seed=6)),
        "neighbour": 1,
        "streams": "published",
    },
    Glyphs: {"seed": 1},
    EpisodeSettings: {
        "classes": 51,
        "labels": 6,
        "exemplars_per_class": 2,
        "test_classes": 101,
        "held_out_share": 0.3,
        "split_seed": 1,
        "shuffled_labels": True,
        "pairs": 3,
    },
    ModelSettings: {"layers": 3, "width": 128, "heads": 4, "mlps": True, "normalised": False},
    Optimiser: {
        "learning_rate": 1e-4,
        "batch": 64,
        "rule": "sgd",
        "momentum": 0.9,
        "weight_decay": 0.1,
    },
    Schedule: {
        "every": 6_000,
        "every_in_change": 1_000,
        "first": 640,
        "change": (0.1, 0.65),
        "episodes": 500,
        "sets": ("train",),
        "keep_every": 10_000,
        "keep_change": 0.1,
    },
}
"""For every field of a spec and of its parts, a value that is not the default."""

ALONG = {"momentum": {"rule": "sgd"}, "weight_decay": {"rule": "adamw"}}
"""What has to be changed with a field for it to have a meaning."""

CLAMPINGS = [
    (),
    (AblateHeads((3,)),),
    (AblateHeads((4,)),),
    (AblateHeads((3, 4)),),
    (AblateHeads((3,), layer=0),),
    (ClampPreviousToken((3,)),),
    (ClampMatch((3,)),),
    (ClampMatch((3,), strength=0.9),),
    (ClampCopy(3),),
    (ClampCopy(2),),
    (ClampFirstLayer(),),
    (ClampFirstLayer(), ClampCopy(3)),
    (PreservingAblation((3,), ("pattern",)),),
    (PreservingAblation((3,), ("pattern", "value")),),
    (only_heads([3]), ClampMatch((3,))),
]


def specs_changed_one_by_one() -> list[RunSpec]:
    default = RunSpec()
    changed = []
    for name in RunSpec.__struct_fields__:
        part = getattr(default, name)
        if isinstance(part, msgspec.Struct):
            for inside, value in OTHER_VALUES[type(part)].items():
                values = {inside: value, **ALONG.get(inside, {})}
                changed.append(default.with_(**{name: msgspec.structs.replace(part, **values)}))
        else:
            changed.append(default.with_(**{name: OTHER_VALUES[RunSpec][name]}))
    return changed


def test_the_fields_changed_one_by_one_are_all_the_fields():
    parts = [RunSpec, *(type(part) for part in msgspec.structs.astuple(RunSpec()))]
    structs = {part for part in parts if issubclass(part, msgspec.Struct)}
    assert structs == OTHER_VALUES.keys()
    for struct, values in OTHER_VALUES.items():
        plain = {
            name
            for name in struct.__struct_fields__
            if not isinstance(getattr(struct(), name), msgspec.Struct)
        }
        assert plain == values.keys(), struct


def test_every_field_is_part_of_the_key():
    specs = [RunSpec(), *specs_changed_one_by_one()]
    assert len({spec.key for spec in specs}) == len(specs)


def test_every_end_and_every_transplant_has_its_own_key():
    specs = [
        RunSpec(),
        RunSpec(stop=Stop(0.1)),
        RunSpec(stop=Stop(0.2)),
        RunSpec(stop=Stop(0.1, evaluations=4)),
        RunSpec(transplant=Transplant(0, RunSpec())),
        RunSpec(transplant=Transplant(1, RunSpec())),
        RunSpec(transplant=Transplant(0, RunSpec(init_seed=6))),
    ]
    assert len({spec.key for spec in specs}) == len(specs)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Stop(0.0), "stop.loss is 0.0, but must be above 0 and finite"),
        (lambda: Stop(math.nan), "stop.loss is nan, but must be above 0 and finite"),
        (lambda: Stop(0.1, 0), "stop.evaluations is 0, but must be at least 1"),
        (
            lambda: RunSpec(transplant=Transplant(2, RunSpec())),
            r"transplant.up_to_layer is 2, but the model has layers 0 to 1 \(nearest: 1\)",
        ),
        (
            lambda: RunSpec(transplant=Transplant(0, RunSpec(model=ModelSettings(heads=4)))),
            "the source of a transplant must have weights of the same shapes as the run",
        ),
    ],
)
def test_ends_and_transplants_that_cannot_be(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_ends_and_transplants_are_described_and_survive_json():
    spec = RunSpec(stop=Stop(0.01), transplant=Transplant(0, RunSpec(init_seed=7, stop=Stop(1))))
    assert spec.describe() == (
        "seed 5, unclamped, at most 1,000,000 sequences, until the loss is at most 0.01 at 3 "
        "evaluations in a row, weights up to layer 0 frozen, from (seed 7, unclamped, at most "
        "1,000,000 sequences, until the loss is at most 1 at 3 evaluations in a row)"
    )
    assert msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec) == spec
    assert spec.shortened().transplant.source == spec.transplant.source.shortened()


def test_every_clamping_has_its_own_key():
    assert len({RunSpec(clamps=clamps).key for clamps in CLAMPINGS}) == len(CLAMPINGS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"clamps": (AblateHeads((1,)), ClampCopy(3))},
            {"clamps": (ClampCopy(3), AblateHeads((1,)))},
        ),
        ({"clamps": (ClampCopy(3),)}, {"clamps": (ClampCopy(3), ClampCopy(3))}),
        ({"clamps": (ClampCopy(3),)}, {"clamps": [ClampCopy(3)]}),
        ({"clamps": (AblateHeads((3, 1, 3)),)}, {"clamps": (AblateHeads((1, 3)),)}),
        ({"clamps": (ClampMatch((3,), strength=1),)}, {"clamps": (ClampMatch((3,)),)}),
        (
            {"clamps": (PreservingAblation((1,), ("value", "pattern")),)},
            {"clamps": (PreservingAblation((1,), ("pattern", "value", "value")),)},
        ),
        ({"optimiser": Optimiser(learning_rate=1)}, {"optimiser": Optimiser(learning_rate=1.0)}),
        (
            {"episodes": EpisodeSettings(held_out_share=0)},
            {"episodes": EpisodeSettings(held_out_share=0.0)},
        ),
        (
            {"schedule": Schedule(change=(0, 1), keep_change=1)},
            {"schedule": Schedule(change=[0.0, 1.0], keep_change=1.0)},
        ),
        ({"init_seed": 7, "sequences": 64}, {"init_seed": np.int64(7), "sequences": np.int32(64)}),
        ({"optimiser": Optimiser(0.25)}, {"optimiser": Optimiser(np.float32(0.25))}),
        ({}, {"init_seed": 5, "exemplars": Glyphs(seed=0), "model": ModelSettings(width=64)}),
    ],
)
def test_equal_meaning_is_equal_data_and_an_equal_key(one, other):
    spec_module._address.cache_clear()
    first = RunSpec(**one).key
    spec_module._address.cache_clear()  # equal specs share what is cached
    assert RunSpec(**other).key == first
    assert RunSpec(**one) == RunSpec(**other)
    assert hash(RunSpec(**one)) == hash(RunSpec(**other))


def test_address_and_key_are_64_hexadecimal_digits():
    for digits in (RunSpec().address, RunSpec().key):
        assert len(digits) == 64
        assert set(digits) <= set("0123456789abcdef")


KEYS_OF_ANOTHER_PROCESS = """
import sys, msgspec
from icl_repro.training.spec import RunSpec
for line in sys.stdin:
    print(msgspec.json.decode(line, type=RunSpec).key)
"""


def test_keys_are_the_same_in_every_process():
    specs = [RunSpec(clamps=clamps) for clamps in CLAMPINGS] + specs_changed_one_by_one()
    text = b"\n".join(msgspec.json.encode(spec) for spec in specs)
    for hash_seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", KEYS_OF_ANOTHER_PROCESS],
            input=text,
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
        )
        assert answer.stdout.decode().split() == [spec.key for spec in specs]


def test_the_key_covers_source_and_libraries_and_the_address_does_not(monkeypatch):
    address, key = RunSpec().address, RunSpec().key
    monkeypatch.setattr(provenance, "source_and_libraries", lambda: "of another release")
    assert RunSpec().key not in (key, address)
    assert RunSpec().address == address
    monkeypatch.undo()
    assert RunSpec().key == key


def test_address_and_key_cover_the_code_that_draws_the_exemplars(monkeypatch):
    address, key = RunSpec().address, RunSpec().key
    monkeypatch.setattr(Glyphs, "recipe", lambda self: "drawn otherwise")
    spec_module._address.cache_clear()
    assert RunSpec().address != address
    assert RunSpec().key != key
    monkeypatch.undo()
    spec_module._address.cache_clear()


def test_neighbours_are_other_runs_and_so_are_those_that_they_take_weights_from():
    spec = RunSpec(transplant=Transplant(0, RunSpec(init_seed=6)))
    one, other = spec.neighbours(1), spec.neighbours(2)
    assert len({spec.key, one.key, other.key}) == 3
    assert one.neighbour == one.transplant.source.neighbour == 1
    assert one.transplant.source.with_(neighbour=0) == spec.transplant.source
    assert one.with_(neighbour=0, transplant=spec.transplant) == spec
    assert one.neighbours(0) == spec.neighbours(0) == spec
    assert "neighbour 1 by rounding" in one.describe()


@pytest.mark.parametrize(
    "spec",
    [*(RunSpec(clamps=clamps) for clamps in CLAMPINGS), *specs_changed_one_by_one()],
    ids=str,
)
def test_round_trip_through_json(spec):
    read = msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec)
    assert read == spec
    assert read.key == spec.key


BEFORE_STREAMS = (
    b'{"init_seed":5,"clamps":[],"sequences":1000000,"exemplars":{"kind":"glyphs","seed":0},'
    b'"episodes":{"classes":50,"labels":5,"exemplars_per_class":1,"test_classes":100,'
    b'"held_out_share":0.2,"split_seed":0,"shuffled_labels":false},'
    b'"model":{"layers":2,"width":64,"heads":8},'
    b'"optimiser":{"learning_rate":0.00001,"batch":32},'
    b'"schedule":{"every":5000,"every_in_change":2500,"first":320,"change":[0.05,0.65],'
    b'"episodes":1000,"sets":["train","test_exemplars","test_relabel"],"keep_every":50000,'
    b'"keep_change":null},"data_seed":0,"eval_seed":1,"stop":null,"transplant":null,"neighbour":0}'
)
"""The default run, as it was written when there were no streams to choose from."""


def test_what_was_stored_before_there_were_streams_keeps_its_address():
    """Also as what another run takes weights from."""
    transplant = b'{"up_to_layer":0,"source":' + BEFORE_STREAMS + b"}"
    for content, spec in {
        BEFORE_STREAMS: RunSpec(),
        BEFORE_STREAMS.replace(b'"transplant":null', b'"transplant":' + transplant): RunSpec(
            transplant=Transplant(0, RunSpec())
        ),
    }.items():
        assert msgspec.json.decode(content, type=RunSpec) == spec
        before = b'["' + spec.exemplars.fingerprint.encode() + b'",' + content + b"]"
        assert spec.address == hashlib.sha256(before).hexdigest()
        assert spec.drawn_by("published").address != spec.address


LATER = [
    RunSpec(model=ModelSettings(mlps=True)),
    RunSpec(model=ModelSettings(normalised=False)),
    RunSpec(episodes=EpisodeSettings(pairs=3)),
    RunSpec(optimiser=Optimiser(rule="sgd", momentum=0.9)),
    RunSpec(optimiser=Optimiser(rule="adamw", weight_decay=0.1)),
]


@pytest.mark.parametrize("spec", LATER, ids=RunSpec.describe)
def test_later_fields_are_part_of_the_address_where_they_are_not_at_their_defaults(spec):
    assert spec.address != RunSpec().address
    read = msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec)
    assert read == spec
    assert read.address == spec.address


def test_later_fields_in_words():
    usual = RunSpec().describe()
    assert [spec.describe().removeprefix(f"{usual}, ") for spec in LATER] == [
        "an MLP in each layer",
        "no LayerNorm",
        "3 pairs in context",
        "gradient descent, momentum 0.9",
        "AdamW, weight decay 0.1",
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "adm"}, "no optimiser 'adm': did you mean 'adam'"),
        ({"momentum": 0.9}, "momentum is 0.9 with adam, .* and 0 with others"),
        ({"rule": "sgd", "momentum": 1.0}, "momentum is 1.0 with sgd"),
        ({"weight_decay": 0.1}, "weight_decay is 0.1 with adam, .* and 0 with others"),
        ({"rule": "adamw"}, "weight_decay is 0.0 with adamw, but must be above 0"),
    ],
)
def test_optimisers_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        Optimiser(**settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episodes": EpisodeSettings(pairs=3)}, "episodes.pairs is 3, .* pairs 2 only"),
        ({"model": ModelSettings(mlps=True)}, "model.mlps is True, .* mlps False only"),
        ({"model": ModelSettings(normalised=False)}, "model.normalised is False"),
    ],
)
def test_what_published_streams_do_not_have(changes, message):
    with pytest.raises(ValueError, match=message):
        RunSpec(streams="published", **changes)


def test_streams_are_those_of_what_weights_are_taken_from_too():
    spec = RunSpec(transplant=Transplant(0, RunSpec(init_seed=6)))
    published = spec.drawn_by("published")
    assert published.streams == published.transplant.source.streams == "published"
    assert published.drawn_by("ours") == spec
    assert RunSpec().drawn_by("published").describe() == (
        "seed 5, unclamped, 1,000,000 sequences, streams published"
    )
    read = msgspec.json.decode(msgspec.json.encode(published), type=RunSpec)
    assert read == published
    assert read.address == published.address


def test_streams_that_make_no_sense():
    with pytest.raises(ValueError, match="no streams 'publish': did you mean 'published'"):
        RunSpec(streams="publish")
    with pytest.raises(ValueError, match="no streams 'theirs': choose from ours, published"):
        RunSpec(streams="theirs")
    with pytest.raises(
        ValueError, match=r"split_seed is 3, but .* a single split, .* \(nearest: 0"
    ):
        RunSpec(streams="published", episodes=EpisodeSettings(split_seed=3))


def test_unknown_fields_in_json_are_refused():
    with pytest.raises(msgspec.ValidationError, match="init_sed"):
        msgspec.json.decode(b'{"init_sed": 5}', type=RunSpec)


def test_frozen_and_hashable():
    spec = RunSpec()
    with pytest.raises(AttributeError):
        spec.init_seed = 6
    assert {spec: "found"}[RunSpec()] == "found"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"sequences": 1_000_010}, ValueError, r"multiple of the batch, 32 \(nearest: 1000000\)"),
        ({"sequences": 0}, ValueError, r"sequences is 0, .* \(nearest: 32\)"),
        ({"sequences": -64}, ValueError, r"sequences is -64, .* \(nearest: 32\)"),
        ({"sequences": 1e6}, TypeError, "sequences is 1000000.0, but must be a whole number"),
        ({"init_seed": "5"}, TypeError, "init_seed is '5', but must be a whole number"),
        ({"init_seed": True}, TypeError, "init_seed is True, but must be a whole number"),
        (
            {"init_seed": np.arange(2)},
            TypeError,
            r"init_seed is array\(.*, but must be a whole number",
        ),
        ({"init_seed": -1}, ValueError, r"init_seed is -1, .* \(nearest: 0\)"),
        ({"data_seed": 2**32}, ValueError, r"from 0 to 4294967295 \(nearest: 4294967295\)"),
        ({"eval_seed": 2**70}, (TypeError, ValueError), "eval_seed is 1180591620717411303424"),
        ({"clamps": ClampCopy(3)}, TypeError, "clamps is ClampCopy.*must be a sequence of "),
        ({"clamps": ("copy",)}, TypeError, r"clamps is \('copy',\)"),
        (
            {"model": "large"},
            TypeError,
            r"model is 'large', but must be .*, such as ModelSettings\(\)",
        ),
        ({"stop": 3}, TypeError, "stop is 3, but must be Stop or None"),
        ({"model": {"heads": 3.5}}, TypeError, r"Expected `int`, got `float` - at `\$.heads`"),
        ({"clamps": (ClampCopy(8),)}, EditError, r"heads 0 to 7 \(nearest: 7\)"),
        ({"clamps": (AblateHeads((-1,)),)}, EditError, "head -1 is out of range"),
        ({"clamps": (ClampMatch((3,), layer=2),)}, EditError, "layer 2 is out of range"),
        (
            {"clamps": (ClampFirstLayer(),), "model": ModelSettings(layers=1)},
            EditError,
            "needs 2 layers",
        ),
    ],
)
def test_specs_that_make_no_sense(changes, error, message):
    with pytest.raises(error, match=message):
        RunSpec(**changes)


@pytest.mark.parametrize("rate", [0, -1e-5, math.nan, math.inf])
def test_learning_rates_that_make_no_sense(rate):
    with pytest.raises(ValueError, match=f"learning_rate is {float(rate)}.*above 0 and finite"):
        Optimiser(learning_rate=float(rate))


def test_batch_of_nothing():
    with pytest.raises(ValueError, match="batch is 0, but must be at least 1"):
        Optimiser(batch=0)


def test_the_clamps_of_a_changed_copy_are_checked_too():
    spec = RunSpec(clamps=(ClampCopy(7),))
    with pytest.raises(EditError, match="head 7 is out of range"):
        spec.with_(model=ModelSettings(heads=4))


@pytest.mark.parametrize("spec", [RunSpec(), *specs_changed_one_by_one()], ids=str)
def test_shortened_runs_take_the_same_paths_in_20_steps(spec):
    short = spec.shortened()
    assert short.steps == min(spec.steps, 20)
    assert short.key != spec.key
    assert short.shortened() == short
    kept = {"init_seed", "clamps", "exemplars", "model", "optimiser", "data_seed"}
    assert all(getattr(short, name) == getattr(spec, name) for name in kept)
    if spec.episodes.classes <= 50 and spec.episodes.labels <= 5:
        assert short.episodes == spec.episodes
    assert short.schedule.keep_change == spec.schedule.keep_change


def test_shortened_runs_of_larger_tasks_need_no_program_of_their_own():
    larger = RunSpec(episodes=EpisodeSettings(classes=200, labels=15))
    assert larger.shortened() == RunSpec().shortened()
    smaller = RunSpec(episodes=EpisodeSettings(classes=25, labels=3))
    assert smaller.shortened().episodes == smaller.episodes


def test_a_run_that_is_short_already_is_not_made_longer():
    assert RunSpec(sequences=64).shortened().sequences == 64


def test_description_is_one_line_that_tells_runs_apart():
    specs = [RunSpec(), *specs_changed_one_by_one(), *(RunSpec(clamps=c) for c in CLAMPINGS[1:])]
    no_schedule = [spec for spec in specs if spec.schedule == Schedule()]
    lines = [spec.describe() for spec in no_schedule]
    assert not any("\n" in line for line in lines)
    repeated = [line for line, group in itertools.groupby(sorted(lines)) if len([*group]) > 1]
    assert repeated == [RunSpec(clamps=(ClampCopy(3),)).describe()]


def test_descriptions():
    assert RunSpec().describe() == "seed 5, unclamped, 1,000,000 sequences"
    spec = RunSpec(init_seed=6, clamps=(ClampCopy(3),), model=ModelSettings(layers=2, width=32))
    assert spec.describe() == (
        "seed 6, copying by head 3 of layer 1 clamped, 1,000,000 sequences, residual stream of "
        "width 32"
    )


def test_a_sample_of_what_a_run_is_trained_on_is_told_in_words():
    sample = RunSpec(exemplars=Glyphs(seed=3)).sample()
    assert sample.source == "characters drawn by this package (seed 3)"
    assert sample.pictures.shape[:2] == (8, 5)
    assert 0 <= sample.pictures.min() < sample.pictures.max() <= 1
