"""Plans: every run once, the longest first, in groups that share a compiled program."""

import msgspec
import pytest

from icl_repro.episodes import EpisodeSettings
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import AblateHeads, ClampCopy, ClampMatch, EditError, only_heads
from icl_repro.training import Optimiser, Plan, RunSpec, Stop, Transplant
from icl_repro.training.engine import program
from tests.support.tiny import TINY

SAME_PROGRAM = [
    {"init_seed": 6},
    {"data_seed": 6},
    {"eval_seed": 6},
    {"optimiser": Optimiser(learning_rate=0.5)},
    {"episodes": msgspec.structs.replace(TINY.episodes, split_seed=3)},
    {"exemplars": msgspec.structs.replace(TINY.exemplars, seed=3)},
    {"stop": Stop(0.1)},
    {"episodes": msgspec.structs.replace(TINY.episodes, shuffled_labels=True)},
]
OTHER_PROGRAM = [
    {"sequences": 1280},
    {"clamps": (ClampCopy(1),)},
    {"clamps": (AblateHeads((1,)),)},
    {"model": ModelSettings(layers=1, width=16, heads=2)},
    {"model": ModelSettings(width=32, heads=2)},
    {"model": ModelSettings(width=16, heads=4)},
    {"optimiser": Optimiser(batch=64)},
    {"episodes": msgspec.structs.replace(TINY.episodes, classes=7)},
    {"episodes": msgspec.structs.replace(TINY.episodes, labels=6)},
    {"episodes": msgspec.structs.replace(TINY.episodes, test_classes=5)},
    {"episodes": msgspec.structs.replace(TINY.episodes, exemplars_per_class=2)},
    {"episodes": msgspec.structs.replace(TINY.episodes, held_out_share=0.0)},
    {"schedule": msgspec.structs.replace(TINY.schedule, episodes=33)},
    {"schedule": msgspec.structs.replace(TINY.schedule, first=64)},
]


def test_union_without_duplicates():
    clamps = (AblateHeads((0,)), ClampCopy(1))
    plan = Plan.of(
        [
            TINY,
            TINY.with_(clamps=clamps),
            RunSpec(**msgspec.structs.asdict(TINY)),
            TINY.with_(clamps=clamps[::-1]),
        ]
    )
    assert len(plan.specs) == 2
    assert set(plan.specs) == {TINY, TINY.with_(clamps=clamps)}
    assert plan.sequences == 1280


def test_longest_first():
    lengths = [64, 640, 6400, 320, 640]
    specs = [TINY.with_(sequences=n, init_seed=seed) for seed, n in enumerate(lengths)]
    assert [spec.sequences for spec in Plan.of(specs).specs] == sorted(lengths, reverse=True)


def test_in_a_cluster_each_program_comes_once_before_the_longest_runs():
    """Else all workers would compile the program of the longest runs at the same time."""
    few, more = (msgspec.structs.replace(TINY.episodes, classes=n) for n in (6, 7))
    long = [TINY.with_(sequences=1920, episodes=few, init_seed=seed) for seed in (5, 6, 7)]
    short = [TINY.with_(sequences=640, episodes=more, init_seed=seed) for seed in (5, 6)]
    middle = [TINY.with_(sequences=1280, transplant=Transplant(0, short[0]))]
    plan = Plan.of([*long, *short, *middle])
    spread = plan.spread
    assert set(spread) == set(plan.specs)
    assert spread[0] == short[0], "others wait for it"
    assert {spec.sequences for spec in spread[1:3]} == {1920, 1280}
    assert [spec.sequences for spec in spread[3:]] == [1920, 1920, 640]


def test_the_plan_is_the_same_in_whichever_order_the_specs_come():
    specs = [TINY.with_(init_seed=seed, **changes) for seed in (5, 6) for changes in OTHER_PROGRAM]
    assert Plan.of(specs) == Plan.of(reversed(specs))


def test_a_plan_of_nothing():
    plan = Plan.of([])
    assert plan.groups == plan.specs == ()
    assert plan.sequences == 0


@pytest.mark.parametrize("changes", SAME_PROGRAM, ids=str)
def test_runs_that_differ_in_values_share_a_program(changes):
    other = TINY.with_(**changes)
    assert program(other) == program(TINY)
    assert len(Plan.of([TINY, other]).groups) == 1


@pytest.mark.parametrize("changes", OTHER_PROGRAM, ids=str)
def test_runs_that_differ_in_shape_do_not(changes):
    other = TINY.with_(**changes)
    assert program(other) != program(TINY)
    assert len(Plan.of([TINY, other]).groups) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (only_heads([0], n_heads=2), only_heads([1], n_heads=2)),
        (AblateHeads((0,)), AblateHeads((0, 1))),
        (ClampMatch((0,)), ClampMatch((1,), strength=0.7)),
        (ClampCopy(0), ClampCopy(1)),
    ],
)
def test_runs_that_differ_in_heads_or_strength_share_a_program(one, other):
    groups = Plan.of([TINY.with_(clamps=(one,)), TINY.with_(clamps=(other,)), TINY]).groups
    assert sorted(len(group) for group in groups) == [1, 2]


def test_groups_are_of_the_same_program_and_together_all_of_the_plan():
    specs = [TINY.with_(init_seed=seed, **changes) for seed in (5, 6) for changes in OTHER_PROGRAM]
    plan = Plan.of(specs)
    assert all(len({program(spec) for spec in group}) == 1 for group in plan.groups)
    assert all(len(group) == 2 for group in plan.groups)
    assert set(plan.specs) == set(specs)


def test_a_plan_can_be_made_of_the_papers_runs():
    specs = [
        RunSpec(init_seed=seed, clamps=clamps)
        for seed in range(5, 10)
        for clamps in [(), (only_heads([3]),), (only_heads([5]),)]
    ]
    specs += [RunSpec(episodes=EpisodeSettings(classes=classes)) for classes in (50, 100, 200)]
    # Those on 100 and on 200 classes need one program, which 50 classes do not.
    assert sorted(len(group) for group in Plan.of(specs).groups) == [2, 5, 10]


def test_clamps_that_do_not_fit_the_model_never_reach_a_plan():
    with pytest.raises(EditError):
        Plan.of([TINY.with_(clamps=(ClampCopy(2),))])


def test_a_frozen_layer_needs_a_program_of_its_own():
    programs = {program(TINY.with_(transplant=Transplant(layer, TINY))) for layer in (0, 1)}
    assert len(programs | {program(TINY)}) == 3


def test_what_runs_take_weights_from_is_planned_and_comes_first():
    source = TINY.with_(sequences=320)
    middle = TINY.with_(transplant=Transplant(0, source))
    last = TINY.with_(sequences=1280, transplant=Transplant(1, middle))
    other = TINY.with_(sequences=6400)
    plan = Plan.of([last, other])
    assert set(plan.specs) == {source, middle, last, other}
    assert set(plan.specs[:2]) == {source, middle}
