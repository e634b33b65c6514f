"""The engine: what a run gives depends on its spec alone, and one program serves many runs.

Training amplifies rounding, by which processors and programs differ. So runs train in 64 bits here,
in which they are the same to many digits, and for no longer than that holds.
"""

import itertools
from collections.abc import Callable, Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from icl_repro.episodes import EpisodeSettings
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.optogenetics import (
    AblateHeads,
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    EditError,
)
from icl_repro.streams import StreamsName
from icl_repro.training import Optimiser, Run, RunSpec, Schedule, Stop, Transplant, engine
from icl_repro.training.descent import begin_optimiser
from icl_repro.training.engine import (
    Diverged,
    begin,
    evaluation_sets,
    train,
    update,
)
from icl_repro.training.evaluation import evaluate
from icl_repro.training.programs import Programs
from icl_repro.training.run import weights
from tests.support.tiny import TINY, assert_same_run, exemplars

CHANGING = TINY.with_(
    sequences=6400,
    optimiser=Optimiser(learning_rate=3e-3),
    schedule=Schedule(
        every=3200,
        every_in_change=320,
        first=64,
        change=(0.3, 1.2),
        episodes=32,
        keep_every=2000,
        keep_change=0.3,
    ),
)
"""Goes through the losses that its schedule looks at more closely."""

DIVERGES = TINY.with_(optimiser=Optimiser(learning_rate=1e39))
"""Its learning rate is infinite, as a number of 32 bits."""
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")

CLAMPED = TINY.with_(clamps=(AblateHeads((0,)), ClampMatch((1,), strength=0.9)))


def trained(*specs: RunSpec, **options) -> list[Run]:
    runs = train(specs, exemplars(), **options)
    assert all(isinstance(run, Run) for run in runs)
    return runs


def trained_alone(spec: RunSpec) -> Run:
    (run,) = trained(spec)
    return run


@pytest.fixture(scope="module", autouse=True)
def in_64_bits() -> Iterator[None]:
    """And with room for all programs of this file, so that none is compiled twice."""
    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_programs", Programs(200))
        yield


@pytest.fixture(scope="module")
def tiny_run() -> Run:
    return trained_alone(TINY)


@pytest.fixture(scope="module")
def changing_run() -> Run:
    return trained_alone(CHANGING)


def assert_close(one: Run, other: Run, atol: float = 1e-9) -> None:
    """The same run up to rounding, which grows as it trains; at exactly the same points."""
    assert one.curves.keys() == other.curves.keys()
    np.testing.assert_array_equal(one.sequences, other.sequences)
    np.testing.assert_array_equal(one.checkpoint_sequences, other.checkpoint_sequences)
    for name, curve in one.curves.items():
        np.testing.assert_allclose(curve, other.curves[name], atol=atol, err_msg=name)
    for name, kept in one.checkpoint_weights.items():
        np.testing.assert_allclose(kept, other.checkpoint_weights[name], atol=atol, err_msg=name)


# What a run depends on.


def test_a_repeated_run_is_the_same_to_the_last_bit(tiny_run):
    trained(TINY.with_(init_seed=6))  # something else in between
    assert_same_run(trained_alone(TINY), tiny_run)


@pytest.mark.parametrize("streams", ["ours", "published"])
def test_the_engine_does_what_a_plain_loop_does(streams):
    spec = TINY.drawn_by(streams)
    run, state = trained_alone(spec), begin(spec, exemplars())
    step = jax.jit(update)
    model, optimiser_state = state.model, begin_optimiser(state.model)
    for index in range(TINY.steps):
        episodes = state.sampler.sample(state.batch_keys[index], 32)
        model, optimiser_state, _ = step(
            model, optimiser_state, state.intervention, episodes, jnp.float32(1e-3)
        )
    for name, expected in weights(model).items():
        kept = run.checkpoint_weights[name][-1]
        np.testing.assert_allclose(kept, expected, atol=1e-9, err_msg=name)
    measured = jax.jit(evaluate)(model, state.intervention, evaluation_sets(spec, exemplars()))
    for name, value in measured.items():
        np.testing.assert_allclose(run.curves[name][-1], value, atol=1e-9, err_msg=name)


def test_runs_by_the_published_streams_train_as_a_group():
    specs = [TINY.drawn_by("published").with_(init_seed=seed) for seed in (5, 6)]
    for spec, run in zip(specs, trained(*specs), strict=True):
        assert_close(run, trained_alone(spec))


@pytest.mark.parametrize(
    "companions",
    [
        [TINY.with_(init_seed=6), TINY.with_(data_seed=7)],
        [TINY.with_(optimiser=Optimiser(learning_rate=0.1)), DIVERGES],
    ],
    ids=["other seeds", "other learning rates"],
)
@pytest.mark.parametrize("place", [0, 2])
def test_a_run_is_the_same_alone_and_in_any_group(tiny_run, companions, place):
    group = [*companions[:place], TINY, *companions[place:]]
    run = train(group, exemplars())[place]
    assert run.spec == TINY
    assert_close(run, tiny_run)


def test_runs_of_a_group_are_each_the_same_as_alone():
    specs = [TINY.with_(init_seed=seed, data_seed=seed + 1) for seed in (6, 7, 8)]
    for spec, run in zip(specs, trained(*specs), strict=True):
        assert_close(run, trained_alone(spec))


def test_a_group_on_another_device_is_evaluated_in_its_chunks(monkeypatch):
    asked = []

    def as_elsewhere(platform: str, n_runs: int) -> int:
        asked.append((platform, n_runs))
        return 8

    specs = [TINY.with_(init_seed=seed) for seed in (5, 6, 7)]
    whole = train(specs, exemplars())
    monkeypatch.setattr(engine, "largest_chunk", as_elsewhere)
    for run, expected in zip(train(specs, exemplars()), whole, strict=True):
        assert_close(run, expected)
    assert asked == [(jax.devices()[0].platform, 3)]


def test_networks_of_a_group_are_fetched_from_the_device_only_where_weights_are_kept(monkeypatch):
    fetched, evaluations = [], []

    def counted(model, is_group):
        of_run = models(model, is_group)
        return lambda index: fetched.append(index) or of_run(index)

    models = engine._models
    monkeypatch.setattr(engine, "_models", counted)
    specs = [TINY.with_(init_seed=seed) for seed in (5, 6, 7)]
    runs = train(specs, exemplars(), evaluations.append)
    kept = sum(len(run.checkpoint_sequences) for run in runs)
    assert len(fetched) == kept < len(specs) * len(evaluations)


def test_clamped_runs_of_a_group_differ_in_heads_and_strength():
    group = [
        CLAMPED,
        TINY.with_(clamps=(AblateHeads((1,)), ClampMatch((0,), strength=0.6))),
        TINY.with_(clamps=(AblateHeads((0, 1)), ClampMatch((0, 1)))),
    ]
    for spec, run in zip(group, trained(*group), strict=True):
        assert_close(run, trained_alone(spec))


@pytest.mark.parametrize(
    ("change", "differs_from_the_start", "weights_differ"),
    [
        ({"init_seed": 6}, True, True),
        ({"data_seed": 6}, False, True),
        ({"eval_seed": 6}, True, False),
    ],
    ids=str,
)
def test_what_each_seed_decides(tiny_run, change, differs_from_the_start, weights_differ):
    other = trained_alone(TINY.with_(**change))
    mine, theirs = tiny_run.curves["train.loss"], other.curves["train.loss"]
    assert (mine[0] != theirs[0]) is np.bool_(differs_from_the_start)
    assert mine[-1] != theirs[-1]
    final = [run.checkpoint_weights["layers.1.query"][-1] for run in (tiny_run, other)]
    assert np.array_equal(*final) is not weights_differ


def test_the_split_seed_decides_what_is_held_out():
    splits = [TINY, TINY.with_(episodes=msgspec.structs.replace(TINY.episodes, split_seed=1))]
    one, other = (begin(spec, exemplars()) for spec in splits)
    assert not np.array_equal(one.sampler.bank, other.sampler.bank)


def test_a_learning_rate_of_another_size_changes_the_run(tiny_run):
    other = trained_alone(TINY.with_(optimiser=Optimiser(learning_rate=2e-3)))
    assert other.curves["train.loss"][0] == tiny_run.curves["train.loss"][0]
    assert other.curves["train.loss"][-1] != tiny_run.curves["train.loss"][-1]


# When a run ends.


def test_a_run_ends_once_its_loss_has_been_low_often_enough(changing_run):
    losses = changing_run.curves["train.loss"]
    # Both of two neighbouring losses in the middle are at most this.
    level = float(losses[len(losses) // 2 :][:2].max())
    low = losses <= level
    end = next(i for i in range(1, len(low)) if low[i - 1] and low[i])
    run = trained_alone(CHANGING.with_(stop=Stop(level, evaluations=2)))
    assert end < len(losses) - 1
    for name, curve in run.curves.items():
        np.testing.assert_array_equal(curve, changing_run.curves[name][: end + 1], err_msg=name)
    assert run.checkpoint_sequences[-1] == run.sequences[-1] == changing_run.sequences[end]


def test_a_run_whose_loss_is_never_low_ends_as_without_a_rule(tiny_run):
    run = trained_alone(TINY.with_(stop=Stop(1e-9)))
    for name, curve in run.curves.items():
        np.testing.assert_array_equal(curve, tiny_run.curves[name], err_msg=name)


def test_runs_of_a_group_end_each_at_its_own_time(tiny_run):
    early = TINY.with_(stop=Stop(100.0, evaluations=2))
    earliest = TINY.with_(stop=Stop(100.0, evaluations=1))
    first, second, third = trained(early, TINY, earliest)
    assert first.sequences.tolist() == [0, 320]
    assert third.sequences.tolist() == [0]
    assert_close(second, tiny_run)


# Layers that are taken from another run.


def assert_transplanted(run: Run, source: Run, layer: int) -> None:
    """What is below and in the layer is the source's, and was never trained; all else was."""
    fresh = weights(begin(run.spec.with_(transplant=None), exemplars()).model)
    for name, kept in run.checkpoint_weights.items():
        if name.startswith(("exemplar_", "label_", "layers.0.", f"layers.{layer}.")):
            for checkpoint in kept:
                np.testing.assert_array_equal(checkpoint, source.checkpoint_weights[name][-1])
        else:
            np.testing.assert_array_equal(kept[0], fresh[name], err_msg=name)
            assert (kept[-1] != kept[0]).any(), name


def test_transplanted_weights_are_the_sources_and_are_never_trained(tiny_run):
    spec = TINY.with_(init_seed=7, transplant=Transplant(1, TINY))
    (run,) = trained(spec, load=lambda source: tiny_run)
    assert_transplanted(run, tiny_run, layer=1)


def test_transplants_from_different_runs_train_as_a_group(tiny_run):
    other = trained_alone(TINY.with_(init_seed=6))
    sources = {tiny_run.spec: tiny_run, other.spec: other}
    specs = [TINY.with_(transplant=Transplant(0, source)) for source in sources]
    for spec, run in zip(specs, trained(*specs, load=sources.__getitem__), strict=True):
        assert_transplanted(run, sources[spec.transplant.source], layer=0)


def test_a_transplant_needs_something_to_load_its_source_with():
    with pytest.raises(ValueError, match="nothing to load the source of a transplant with"):
        train([TINY.with_(transplant=Transplant(0, TINY))], exemplars())


# When it is evaluated.


def points(spec: RunSpec, losses: dict[int, float]) -> list[int]:
    """Where a run with these losses is to be evaluated, in whole batches."""
    batch, steps = spec.optimiser.batch, [0]
    while steps[-1] < spec.steps:
        seen = steps[-1] * batch
        planned = spec.schedule.next_evaluation(seen, losses[seen])
        steps.append(min(max(steps[-1] + 1, round(planned / batch)), spec.steps))
    return [step * batch for step in steps]


def losses_by_point(run: Run) -> dict[int, float]:
    return dict(zip(run.sequences.tolist(), run.curves["train.loss"].tolist(), strict=True))


def test_evaluations_follow_the_schedule_from_the_first_to_the_last_step(changing_run):
    seen = changing_run.sequences.tolist()
    assert seen == points(CHANGING, losses_by_point(changing_run))
    assert seen[0] == 0
    assert seen[-1] == CHANGING.sequences
    assert set(np.diff(seen)) > {64, 320}


def test_evaluation_points_depend_on_the_runs_own_loss_only(changing_run):
    slow = CHANGING.with_(optimiser=Optimiser(learning_rate=1e-5))
    other = CHANGING.with_(init_seed=6)
    group = trained(slow, CHANGING, other)
    assert_close(group[1], changing_run)
    assert_close(group[0], trained_alone(slow))
    assert group[0].sequences.tolist() != group[1].sequences.tolist()
    for run in group:
        assert run.sequences.tolist() == points(run.spec, losses_by_point(run))


@pytest.mark.parametrize("first", [1, 50, 6400])
def test_points_that_are_no_whole_batches_are_rounded(first):
    schedule = Schedule(every=100, every_in_change=33, first=first, episodes=32)
    run = trained_alone(TINY.with_(schedule=schedule))
    assert (run.sequences % 32 == 0).all()
    assert (np.diff(run.sequences) > 0).all()
    assert run.sequences[-1] == TINY.sequences


def test_a_run_of_a_single_step():
    run = trained_alone(TINY.with_(sequences=32))
    assert run.sequences.tolist() == [0, 32]
    assert run.checkpoint_sequences.tolist() == [0, 32]


def test_weights_are_kept_by_the_schedule_and_at_both_ends(changing_run):
    kept = []
    for sequences, loss in losses_by_point(changing_run).items():
        is_end = sequences in (0, CHANGING.sequences)
        if is_end or CHANGING.schedule.keeps(sequences, loss, *kept[-1]):
            kept.append((sequences, loss))
    assert changing_run.checkpoint_sequences.tolist() == [sequences for sequences, _ in kept]
    assert len(kept) > 4


def test_kept_weights_are_those_of_their_evaluation(changing_run):
    sets = evaluation_sets(CHANGING, exemplars())
    curve, measure = losses_by_point(changing_run), jax.jit(evaluate)
    for index, sequences in enumerate(changing_run.checkpoint_sequences.tolist()):
        measured = measure(changing_run.model(index), changing_run.intervention, sets)
        assert float(measured["train.loss"]) == pytest.approx(curve[sequences], abs=1e-9)


def test_progress_is_told_at_every_evaluation():
    steps: list[int] = []
    group = [CHANGING, CHANGING.with_(init_seed=6), CHANGING.with_(init_seed=7)]
    runs = trained(*group, on_step=steps.append)
    assert steps[0] == 0
    assert steps[-1] == CHANGING.steps
    assert all(sooner < later for sooner, later in itertools.pairwise(steps))
    assert {int(seen) // 32 for run in runs for seen in run.sequences} == set(steps)


def test_what_is_measured(tiny_run):
    sets = ("train", "test_exemplars", "test_relabel")
    scalars = {f"{name}.{what}" for name in sets for what in ("loss", "accuracy")}
    shapes = dict.fromkeys(scalars | {"sequences", "context_label_probability"}, (3,))
    shapes |= {"attention.correct": (3, 2, 2), "attention.incorrect": (3, 2, 2)}
    shapes |= {"attention.previous": (3, 1, 2)}
    assert {name: curve.shape for name, curve in tiny_run.curves.items()} == shapes


# Divergence.


def test_divergence_names_the_spec_and_the_first_step_whose_loss_is_not_finite():
    (divergence,) = train([DIVERGES], exemplars())
    assert isinstance(divergence, Diverged)
    assert divergence.spec == DIVERGES
    assert divergence.step == 1  # the loss of step 0 is that of the initial weights
    message = str(divergence)
    assert "step 1 (32 sequences)" in message
    assert DIVERGES.key[:12] in message
    assert "learning rate 1e+39" in message


def test_divergence_in_the_very_last_step_is_seen():
    (divergence,) = train([DIVERGES.with_(sequences=32)], exemplars())
    assert isinstance(divergence, Diverged)
    assert divergence.step == 1


def test_a_diverged_run_does_not_disturb_the_others_of_its_group(tiny_run):
    outcomes = train([DIVERGES, TINY, DIVERGES.with_(init_seed=6)], exemplars())
    assert [type(outcome) for outcome in outcomes] == [Diverged, Run, Diverged]
    assert_close(outcomes[1], tiny_run)
    assert [outcome.spec.init_seed for outcome in outcomes] == [5, 5, 6]


def test_a_group_of_diverged_runs_stops_at_once():
    steps: list[int] = []
    group = [DIVERGES.with_(sequences=64_000, init_seed=seed) for seed in (5, 6, 7)]
    outcomes = train(group, exemplars(), steps.append)
    assert all(isinstance(outcome, Diverged) for outcome in outcomes)
    assert max(steps) * 32 <= 320


@pytest.mark.parametrize("first_bad", [0, 7, 19])
def test_the_first_bad_step_is_told_exactly(monkeypatch, first_bad):
    def update_with_bad_losses(model, state, intervention, episodes, learning_rate, rule):
        # The learning rate says where: bad from there on, at every third step.
        since = state.count - jnp.int32(learning_rate * 1e6)
        loss = jnp.where((since >= 0) & (since % 3 == 0), jnp.inf, 1.0)
        return model, state._replace(count=state.count + 1), loss

    monkeypatch.setattr(engine, "update", update_with_bad_losses)
    # A shape that no other test has: what was compiled with bad losses is never used again.
    spec = TINY.with_(episodes=msgspec.structs.replace(TINY.episodes, classes=9))
    codes = [first_bad, 1000, 12]
    group = [spec.with_(optimiser=Optimiser(learning_rate=1e-6 * (n + 0.5))) for n in codes]
    outcomes = train(group, exemplars())
    assert [getattr(outcome, "step", None) for outcome in outcomes] == [first_bad, None, 12]


# One program for many runs.


@pytest.fixture(scope="module")
def clamped_run_and_group() -> tuple[Run, list[Run]]:
    """What the programs for :data:`CLAMPED`, alone and in a group, are compiled for."""
    return trained_alone(CLAMPED), trained(*(CLAMPED.with_(init_seed=n) for n in (5, 6, 7)))


@pytest.fixture
def traced(monkeypatch) -> list[str]:
    """Collects the names of programs as they are traced, which is when they are compiled."""
    names: list[str] = []

    def noting(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def noted(*arguments: object) -> object:
            names.append(name)
            return function(*arguments)

        return noted

    for name in ("update", "evaluate_set"):
        monkeypatch.setattr(engine, name, noting(name, getattr(engine, name)))
    return names


VALUES = [
    {"init_seed": 11, "data_seed": 12, "eval_seed": 13},
    {"sequences": 1600},
    {"optimiser": Optimiser(learning_rate=7e-4)},
    {"episodes": msgspec.structs.replace(TINY.episodes, split_seed=4)},
    {"schedule": msgspec.structs.replace(TINY.schedule, first=64, keep_change=0.1)},
    {"clamps": (AblateHeads((1,)), ClampMatch((0,), strength=0.2))},
    {"clamps": (AblateHeads((0, 1)), ClampMatch((0, 1)))},
]


@pytest.mark.parametrize("change", VALUES, ids=str)
def test_other_values_need_no_other_program(clamped_run_and_group, traced, change):
    trained(CLAMPED.with_(**change))
    assert traced == []


@pytest.mark.parametrize("change", VALUES, ids=str)
def test_other_values_need_no_other_program_in_a_group(clamped_run_and_group, traced, change):
    trained(*(CLAMPED.with_(**{"init_seed": seed, **change}) for seed in (5, 6, 7)))
    assert traced == []


def of_classes(classes: int, streams: StreamsName = "ours") -> RunSpec:
    """A run of which every batch of two sequences shows fewer exemplars than there are classes."""
    return TINY.with_(
        sequences=160,
        episodes=msgspec.structs.replace(TINY.episodes, classes=classes),
        optimiser=Optimiser(batch=2, learning_rate=1e-3),
        schedule=msgspec.structs.replace(TINY.schedule, episodes=100, sets=("train",)),
    ).drawn_by(streams)


def test_numbers_of_classes_share_programs_where_batches_pick_their_rows(traced):
    whole = {classes: trained_alone(of_classes(classes)) for classes in (7, 8, 20)}
    assert sorted(traced) == ["evaluate_set", "update"]
    as_group = trained(*map(of_classes, whole))
    for classes, run in zip(whole, as_group, strict=True):
        assert run.spec.episodes.classes == classes
        assert_close(run, whole[classes])


def test_a_number_of_classes_that_is_a_value_changes_no_bit(monkeypatch):
    filled = trained_alone(of_classes(8))
    monkeypatch.setattr(engine, "_has_free_classes", lambda spec: False)
    monkeypatch.setattr(engine, "_rows_evaluated", lambda spec, rows: rows)
    assert_same_run(trained_alone(of_classes(8)), filled)


@pytest.mark.parametrize(
    ("classes", "rows"), [(20, 128), (96, 128), (97, 256), (256, 256), (280, 280), (400, 512)]
)
def test_sets_are_filled_up_as_far_as_the_same_products_are_computed(classes, rows):
    """Three hundred exemplars are embedded at once, or the whole bank if that is less."""
    spec = RunSpec(episodes=EpisodeSettings(classes=classes))
    assert engine._rows_evaluated(spec, classes) == rows


def test_other_streams_draw_by_the_number_of_classes_and_share_no_program():
    published = [engine.program(of_classes(classes, "published")) for classes in (7, 8)]
    assert published[0] != published[1]
    assert begin(of_classes(8, "published"), exemplars()).sampler.bank.shape[0] == 8


def test_a_bank_that_is_embedded_whole_is_no_larger_than_its_classes():
    assert begin(TINY, exemplars()).sampler.bank.shape[0] == TINY.episodes.classes


def test_all_sets_of_a_run_are_evaluated_by_one_program(traced):
    schedule = msgspec.structs.replace(TINY.schedule, episodes=100)
    trained(TINY.with_(model=msgspec.structs.replace(TINY.model, heads=1), schedule=schedule))
    assert sorted(traced) == ["evaluate_set", "update"]


def test_runs_that_need_different_programs_are_no_group():
    for other in (CLAMPED, TINY.drawn_by("published")):
        with pytest.raises(ValueError, match="same program"):
            train([TINY, other], exemplars())


def test_clamps_that_fight_are_refused_before_training():
    spec = TINY.with_(clamps=(ClampMatch((0,)), ClampMatch((0, 1), strength=0.5)))
    with pytest.raises(EditError, match="fight over the same entries"):
        train([spec], exemplars())


# What is learned.


def test_losses_fall_from_a_guess_among_all_labels_to_one_between_those_in_context(changing_run):
    loss, shown = (
        changing_run.curves[name] for name in ("train.loss", "context_label_probability")
    )
    assert loss[0] > 1.4
    assert 0.4 < loss[-1] < 1
    assert shown[-1] > 0.9 > 0.5 > shown[0]


def test_a_small_problem_is_solved_when_its_match_is_clamped():
    """What is left to learn is to copy a label that is given, which nothing can go wrong with."""
    solved = CHANGING.with_(clamps=(AblateHeads((0,)), ClampMatch((1,))), schedule=TINY.schedule)
    run = trained_alone(solved)
    assert run.curves["train.loss"][0] > 1.4
    assert run.curves["train.loss"][-1] < 0.1
    assert run.curves["train.accuracy"][-1] == 1
    assert run.curves["context_label_probability"][-1] > 0.9


def test_shuffled_labels_are_trained_on_and_not_evaluated_on():
    """The label that is asked for is one of the two in context by the toss of a coin."""
    episodes = msgspec.structs.replace(TINY.episodes, shuffled_labels=True)
    spec = TINY.with_(episodes=episodes)
    start = begin(spec, exemplars())

    def asks_for_the_right_one(seen):
        shown, matching = np.asarray(seen.labels[:2]), np.asarray(seen.matching)
        return np.take_along_axis(shown, matching[None], 0)[0] == seen.targets

    drawn = start.sampler.sample(jax.random.key(0), 2000)
    shown = np.asarray(drawn.labels[:2])
    assert (shown == np.asarray(drawn.targets)).any(axis=0).all()
    assert 0.45 < np.mean(asks_for_the_right_one(drawn)) < 0.55
    for seen in evaluation_sets(spec, exemplars()).values():
        assert asks_for_the_right_one(seen).all()


def test_only_the_sets_that_the_schedule_names_are_evaluated_and_others_change_nothing():
    fewer = msgspec.structs.replace(TINY.schedule, sets=("train", "test_relabel"))
    sets, all_sets = (
        evaluation_sets(spec, exemplars()) for spec in (TINY.with_(schedule=fewer), TINY)
    )
    assert all_sets.keys() - sets.keys() == {"test_exemplars"}
    for name, episodes in sets.items():
        assert eqx.tree_equal(episodes, all_sets[name]), name


def test_a_clamped_run_is_trained_and_evaluated_under_its_clamps(tiny_run):
    run = trained_alone(CLAMPED)
    np.testing.assert_allclose(run.curves["attention.correct"][:, 1, 1], 0.9, atol=1e-6)
    np.testing.assert_allclose(run.curves["attention.incorrect"][:, 1, 1], 0.1, atol=1e-6)
    assert np.ptp(run.curves["attention.correct"][:, 0, 1]) > 0
    np.testing.assert_allclose(induction_strengths(run)[:, 1], 2 * 0.9 - 1, atol=1e-6)
    assert np.ptp(induction_strengths(run)[:, 0]) > 0

    def change(name: str) -> np.ndarray:
        first, last = run.checkpoint_weights[name]
        return np.abs(last - first)

    heads = change("layers.1.value").reshape(2, -1)
    assert heads[0].max() == 0  # ablated: never moves
    assert heads[1].min() > 0
    assert change("layers.1.query").max() == 0  # head 0 is off, the pattern of head 1 is given
    first = [r.checkpoint_weights["layers.1.query"][0] for r in (run, tiny_run)]
    np.testing.assert_array_equal(*first)


def test_the_copy_clamp_trains_although_its_logits_are_infinite():
    clamps = (ClampCopy(1), ClampFirstLayer())
    spec = CHANGING.with_(clamps=clamps, schedule=TINY.schedule, sequences=4800)
    run = trained_alone(spec)
    assert run.curves["train.loss"][-1] < 0.1
    np.testing.assert_allclose(run.curves["context_label_probability"], 1, rtol=1e-6)
    np.testing.assert_array_equal(*run.checkpoint_weights["unembedding_weight"])
