"""Episodes: what is held out, what is drawn, and that all of it can be counted."""

import dataclasses
import itertools
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from icl_repro.episodes import EpisodeError, EpisodeSettings, Sampler, samplers, split
from icl_repro.exemplars.source import ExemplarSource

IMPROBABLE = 1e-3
"""A p value below this says that draws are not as claimed. The seeds are fixed."""

enumerate_all = jax.jit(Sampler.enumerate)


@partial(jax.jit, static_argnums=2)
def sample(sampler, key, size):
    return sampler.sample(key, size)


class Numbered(ExemplarSource, frozen=True, tag="numbered"):
    """Exemplars whose features say which they are: class, exemplar."""

    width = 2

    @property
    def n_classes(self):
        return 40

    @property
    def n_exemplars(self):
        return 3

    def recipe(self):
        return "numbered"

    def compute_images(self, classes, exemplars):
        raise NotImplementedError

    def compute_features(self, classes, exemplars, cache):
        grid = np.stack(np.meshgrid(classes, exemplars, indexing="ij"), axis=-1)
        return grid.astype(np.float32)


def sampler_of(episode_settings, **changes):
    """A sampler of the training set with features that nobody looks at."""
    parts = split(
        episode_settings, n_source_classes=episode_settings.classes + episode_settings.test_classes
    )
    per_class = episode_settings.exemplars_per_class
    bank = jnp.zeros((episode_settings.classes * per_class, 1))
    return Sampler(bank, jnp.asarray(parts.training_pairs, jnp.int32), per_class, **changes)


def as_rows(episodes):
    """One row an episode: three exemplars, three labels, which of the two matches."""
    return np.column_stack(
        [np.asarray(episodes.exemplars).T, np.asarray(episodes.labels).T, episodes.matching]
    )


def codes(rows):
    """One number a row: equal for equal rows only."""
    return np.ravel_multi_index(rows.T, (100, 100, 100, 10, 10, 10, 2))


def counts(rows, possible):
    """How often each of the `possible` rows is among `rows`; any other row is an error."""
    order, drawn = np.sort(codes(possible)), codes(rows)
    index = np.searchsorted(order, drawn)
    np.testing.assert_array_equal(order[index], drawn)
    return np.bincount(index, minlength=len(order))


def members(parts):
    return (
        parts.training_classes,
        parts.test_classes,
        parts.training_pairs,
        parts.held_out_pairs,
    )


# --- the splits ---


@st.composite
def splittable(draw):
    labels = draw(st.integers(3, 20))
    share = draw(st.sampled_from([0.0, 0.1, 0.2, 1 / 3, 0.5, 0.7]))
    seed = draw(st.integers(0, 2**31))
    try:
        return EpisodeSettings(labels=labels, held_out_share=share, split_seed=seed)
    except EpisodeError:
        # The share is too large or too small for so few labels: the tests of errors say when.
        return EpisodeSettings(labels=labels, held_out_share=0, split_seed=seed)


@given(splittable())
def test_label_pairs_are_split_and_every_label_is_seen_in_training(episode_settings):
    parts = split(episode_settings, 150)
    training = list(map(tuple, parts.training_pairs.tolist()))
    held_out = list(map(tuple, parts.held_out_pairs.tolist()))
    all_pairs = list(itertools.combinations(range(episode_settings.labels), 2))
    assert sorted(training + held_out) == all_pairs
    assert len(held_out) == round(episode_settings.held_out_share * len(all_pairs))
    assert set(itertools.chain(*training)) == set(range(episode_settings.labels))


@pytest.mark.parametrize(
    ("labels", "trained", "held_out"), [(3, 2, 1), (5, 8, 2), (10, 36, 9), (15, 84, 21)]
)
def test_a_fifth_of_the_pairs_is_held_out_as_in_the_paper(labels, trained, held_out):
    parts = split(EpisodeSettings(classes=400, labels=labels), 1623)
    assert (len(parts.training_pairs), len(parts.held_out_pairs)) == (trained, held_out)
    assert set(parts.training_pairs.ravel().tolist()) == set(range(labels))
    assert len(set(parts.training_classes.tolist())) == 400


@pytest.mark.parametrize("labels", range(3, 21))
def test_as_many_pairs_can_be_held_out_as_leave_every_label_one(labels):
    """The tightest case: every pair left in training is needed."""
    n_pairs = labels * (labels - 1) // 2
    most = n_pairs - -(-labels // 2)
    parts = split(EpisodeSettings(labels=labels, held_out_share=most / n_pairs), 150)
    assert len(parts.held_out_pairs) == most
    assert set(parts.training_pairs.ravel()) == set(range(labels))


@given(splittable())
def test_the_split_is_determined_by_its_seed(episode_settings):
    once, again = (members(split(episode_settings, 150)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


def test_other_seeds_split_otherwise():
    parts = [split(EpisodeSettings(split_seed=seed), 1623) for seed in range(20)]
    for first, second in itertools.pairwise(parts):
        assert (first.training_classes != second.training_classes).any()
        assert (first.test_classes != second.test_classes).any()
    assert len({tuple(part.held_out_pairs.ravel()) for part in parts}) > 10


def test_default_split():
    parts = split(EpisodeSettings(), 1623)
    assert [len(part) for part in members(parts)] == [50, 100, 8, 2]


@given(classes=st.integers(2, 1500), seed=st.integers(0, 1000))
def test_test_classes_do_not_depend_on_how_many_are_trained_on(classes, seed):
    few = split(EpisodeSettings(classes=2, split_seed=seed), 1623)
    many = split(EpisodeSettings(classes=classes, split_seed=seed), 1623)
    np.testing.assert_array_equal(many.test_classes, few.test_classes)
    np.testing.assert_array_equal(many.training_classes[:2], few.training_classes)
    assert len(set(many.training_classes)) == classes
    assert not set(many.training_classes) & set(many.test_classes)
    together = np.concatenate([many.training_classes, many.test_classes])
    assert together.min() >= 0
    assert together.max() < 1623


def test_the_three_evaluation_sets_draw_from_their_own_classes_and_pairs():
    episode_settings = EpisodeSettings(
        classes=12, test_classes=9, exemplars_per_class=2, split_seed=3
    )
    source = Numbered()
    parts = split(episode_settings, source.n_classes)
    sets = samplers(episode_settings, source)
    assert list(sets) == ["train", "test_exemplars", "test_relabel"]
    expected = {
        "train": (parts.training_classes, parts.training_pairs),
        "test_exemplars": (parts.test_classes, parts.training_pairs),
        "test_relabel": (parts.training_classes, parts.held_out_pairs),
    }
    for name, (classes, pairs) in expected.items():
        episodes = sample(sets[name], jax.random.key(0), 4_000)
        features = np.asarray(episodes.bank)[np.asarray(episodes.exemplars)]
        assert set(features[..., 0].ravel()) == set(classes)
        assert set(features[..., 1].ravel()) == {0, 1}
        # The query's class is that of the exemplar that matches, whichever exemplar it shows.
        asked = np.take_along_axis(features[:2, :, 0], np.asarray(episodes.matching)[None], axis=0)
        np.testing.assert_array_equal(features[2, :, 0], asked[0])
        shown = np.sort(np.asarray(episodes.labels[:2]).T, axis=1)
        assert {tuple(pair) for pair in shown} == {tuple(pair) for pair in pairs}


def test_without_held_out_pairs_there_is_no_relabel_set():
    sets = samplers(EpisodeSettings(classes=5, test_classes=5, held_out_share=0), Numbered())
    assert list(sets) == ["train", "test_exemplars"]


def test_evaluation_sets_are_not_shuffled():
    shuffled = EpisodeSettings(classes=5, test_classes=5, shuffled_labels=True)
    assert not any(s.shuffled_labels for s in samplers(shuffled, Numbered()).values())


# --- the sampler ---

SAMPLED = EpisodeSettings(classes=6, labels=4, exemplars_per_class=2, test_classes=2)


@pytest.mark.parametrize("per_class", [1, 2])
def test_a_sampler_with_further_rows_draws_the_same(per_class):
    bank = jnp.arange(12.0).reshape(12, 1)
    sampler = dataclasses.replace(sampler_of(SAMPLED), bank=bank, exemplars_per_class=per_class)
    filled = sampler.with_rows(64)
    np.testing.assert_array_equal(filled.bank, np.pad(bank, [(0, 52), (0, 0)]))
    draw = jax.jit(lambda sampler: sampler.sample(jax.random.key(3), 5_000))
    one, other = draw(sampler), draw(filled)
    for name in ("exemplars", "labels", "matching"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert int(other.exemplars.max()) == 11


@settings(deadline=None)
@given(seed=st.integers(0, 2**31 - 1))
def test_every_episode_is_consistent(seed):
    sampler = sampler_of(SAMPLED)
    episodes = sample(sampler, jax.random.key(seed), 64)
    exemplars, labels = np.asarray(episodes.exemplars), np.asarray(episodes.labels)
    matching, each = np.asarray(episodes.matching), np.arange(64)
    classes = exemplars // SAMPLED.exemplars_per_class
    assert episodes.size == 64
    assert classes.min() >= 0
    assert classes.max() < SAMPLED.classes
    assert (classes[0] != classes[1]).all()
    np.testing.assert_array_equal(classes[2], classes[matching, each])
    assert (labels[0] != labels[1]).all()
    np.testing.assert_array_equal(labels[2], labels[matching, each])
    np.testing.assert_array_equal(episodes.targets, labels[2])
    positions = np.stack([episodes.correct_position, episodes.incorrect_position])
    np.testing.assert_array_equal(positions, np.where(matching == 0, [[1], [3]], [[3], [1]]))
    training = {tuple(pair) for pair in np.asarray(sampler.pairs)}
    assert {tuple(pair) for pair in np.sort(labels[:2].T, axis=1)} <= training


@pytest.mark.parametrize("seed", range(3))
def test_every_training_episode_is_equally_likely(seed):
    sampler = sampler_of(SAMPLED)
    possible = as_rows(enumerate_all(sampler))
    drawn = as_rows(sample(sampler, jax.random.key(seed), 40 * len(possible)))
    assert chisquare(counts(drawn, possible)).pvalue > IMPROBABLE


def test_every_training_episode_is_equally_likely_at_the_papers_settings():
    sampler = sampler_of(EpisodeSettings())
    possible = as_rows(enumerate_all(sampler))
    drawn = as_rows(sample(sampler, jax.random.key(0), 8 * len(possible)))
    assert chisquare(counts(drawn, possible)).pvalue > IMPROBABLE


def test_draws_depend_on_the_key_and_on_nothing_else():
    sampler = sampler_of(SAMPLED)
    first, again, other = (as_rows(sample(sampler, jax.random.key(k), 200)) for k in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_labels_are_independent_of_everything_that_could_tell_them(seed):
    episodes = sample(sampler_of(SAMPLED, shuffled_labels=True), jax.random.key(seed), 20_000)
    labels, targets = np.asarray(episodes.labels[:2]), np.asarray(episodes.targets)
    answer = (targets == labels[1]).astype(int)
    assert ((targets == labels[0]) | (targets == labels[1])).all()
    assert chisquare(np.bincount(answer)).pvalue > IMPROBABLE
    for told in (episodes.matching, *episodes.exemplars, *labels):
        table = np.zeros((2, int(told.max()) + 1))
        np.add.at(table, (answer, np.asarray(told)), 1)
        assert chi2_contingency(table).pvalue > IMPROBABLE


def test_shuffling_changes_the_answers_only():
    key = jax.random.key(0)
    plain, shuffled = (
        as_rows(sample(sampler_of(SAMPLED, shuffled_labels=s), key, 500)) for s in (False, True)
    )
    np.testing.assert_array_equal(np.delete(plain, 5, axis=1), np.delete(shuffled, 5, axis=1))
    assert 0.4 < (plain[:, 5] == shuffled[:, 5]).mean() < 0.6


# --- the enumeration ---

COUNTED = {
    "the paper's": EpisodeSettings(),
    "4 labels": EpisodeSettings(classes=8, labels=4),
    "7 labels": EpisodeSettings(classes=8, labels=7),
    "2 exemplars": EpisodeSettings(classes=10, exemplars_per_class=2),
    "3 exemplars, 4 labels": EpisodeSettings(classes=6, labels=4, exemplars_per_class=3),
    "nothing held out": EpisodeSettings(classes=8, labels=5, held_out_share=0),
    "2 labels, nothing held out": EpisodeSettings(classes=3, labels=2, held_out_share=0),
    "half held out": EpisodeSettings(classes=8, labels=6, held_out_share=0.5),
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_enumeration_has_as_many_different_episodes_as_the_formula_says(name):
    """Appendix C."""
    episode_settings = COUNTED[name]
    episodes = enumerate_all(sampler_of(episode_settings))
    assert episodes.size == episode_settings.dataset_size
    assert len(np.unique(codes(as_rows(episodes)))) == episode_settings.dataset_size


def test_the_papers_training_set_has_78400_sequences():
    assert EpisodeSettings().dataset_size == 78_400


@pytest.mark.parametrize("name", ["4 labels", "2 exemplars"])
def test_the_enumeration_is_what_nested_loops_give(name):
    episode_settings = COUNTED[name]
    sampler = sampler_of(episode_settings)
    per_class = range(episode_settings.exemplars_per_class)
    n = len(per_class)
    expected = [
        (
            *(first * n + x, second * n + y, (first, second)[matching] * n + z),
            *(*labels, labels[matching], matching),
        )
        for first, second in itertools.permutations(range(episode_settings.classes), 2)
        for pair in np.asarray(sampler.pairs).tolist()
        for labels in (tuple(pair), tuple(reversed(pair)))
        for matching in (0, 1)
        for x, y, z in itertools.product(per_class, repeat=3)
    ]
    assert sorted(map(tuple, as_rows(enumerate_all(sampler)).tolist())) == sorted(expected)


# --- errors ---


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": 1}, "classes is 1, but must be at least 2"),
        ({"labels": 1}, "labels is 1, but must be at least 2"),
        ({"exemplars_per_class": 0}, "exemplars_per_class is 0, but must be at least 1"),
        ({"test_classes": 1}, "test_classes is 1, but must be at least 2"),
        ({"held_out_share": -0.1}, "held_out_share is -0.1, but must be at least 0 and below 1"),
        ({"held_out_share": 1.0}, "held_out_share is 1.0, but must be at least 0 and below 1"),
        ({"held_out_share": float("nan")}, "held_out_share is nan"),
        (
            {"held_out_share": 0.8},
            "keeps 8 of the 10 pairs of 5 labels out of training, but at most 7 can be spared if "
            "every label is to be seen in training: the largest share is 0.7",
        ),
        (
            {"labels": 2},
            "held_out_share 0.2 of the 1 pairs of 2 labels is less than half a pair, so that "
            "nothing would be held out: use more labels, or held_out_share=0",
        ),
    ],
)
def test_settings_that_cannot_be_met_say_why(fields, message):
    with pytest.raises(EpisodeError) as error:
        EpisodeSettings(**fields)
    assert message in str(error.value)


def test_a_source_with_too_few_classes_says_how_many_are_needed():
    with pytest.raises(EpisodeError, match="50 training and 100 test classes need 150 classes"):
        samplers(EpisodeSettings(), Numbered())


def test_a_source_with_too_few_exemplars_says_how_many_it_has():
    asked = EpisodeSettings(classes=5, test_classes=5, exemplars_per_class=4)
    with pytest.raises(EpisodeError, match=r"exemplars_per_class is 4, but .* has 3 a class"):
        samplers(asked, Numbered())


def test_what_would_not_fit_in_memory_is_not_enumerated():
    everything = EpisodeSettings(classes=1500, exemplars_per_class=5)
    with pytest.raises(EpisodeError, match=r"there are 8,994,000,000 episodes, more than"):
        sampler_of(everything).enumerate()


# --- more pairs in context ---


@pytest.mark.parametrize("pairs", [3, 4])
def test_label_sets_of_more_pairs_are_held_out_and_every_label_is_trained_on(pairs):
    parts = split(EpisodeSettings(pairs=pairs), n_source_classes=150)
    n_sets = math.comb(5, pairs)
    assert parts.training_pairs.shape == (n_sets - round(0.2 * n_sets), pairs)
    assert parts.held_out_pairs.shape == (round(0.2 * n_sets), pairs)
    assert set(parts.training_pairs.ravel()) == set(range(5))
    both = np.concatenate([parts.training_pairs, parts.held_out_pairs]).tolist()
    assert sorted(map(tuple, both)) == [*itertools.combinations(range(5), pairs)]


@pytest.mark.parametrize("pairs", [2, 3])
def test_all_episodes_are_counted_and_make_sense_with_any_number_of_pairs(pairs):
    few = EpisodeSettings(classes=4, labels=4, test_classes=4, pairs=pairs, held_out_share=0)
    sampler = sampler_of(few)
    episodes = sampler.enumerate()
    assert episodes.size == few.dataset_size
    assert (episodes.pairs, episodes.n_positions) == (pairs, 2 * pairs + 1)
    assert episodes.label_positions == tuple(range(1, 2 * pairs, 2))
    whole = np.concatenate([episodes.exemplars, episodes.labels, episodes.matching[None]])
    assert len(np.unique(whole, axis=1).T) == episodes.size
    at = np.asarray(episodes.matching), np.arange(episodes.size)
    for rows in (episodes.exemplars, episodes.labels):
        context = np.asarray(rows)[:pairs]
        assert all(len(set(column)) == pairs for column in context.T)
        np.testing.assert_array_equal(context[at], np.asarray(rows)[pairs])
    positions = np.stack([episodes.correct_position, *episodes.incorrect_positions])
    np.testing.assert_array_equal(
        np.sort(positions, axis=0), np.repeat([episodes.label_positions], episodes.size, axis=0).T
    )


@pytest.mark.parametrize("pairs", [2, 3])
def test_what_is_drawn_is_uniform_over_all_episodes_with_any_number_of_pairs(pairs):
    few = EpisodeSettings(classes=4, labels=4, test_classes=4, pairs=pairs, held_out_share=0)
    sampler = sampler_of(few)

    def numbers(episodes):
        parts = [*episodes.exemplars[:-1], *episodes.labels[:-1], episodes.matching]
        return np.ravel_multi_index([np.asarray(part) for part in parts], [4] * len(parts))

    everything = numbers(sampler.enumerate())
    drawn = numbers(sample(sampler, jax.random.key(0), 40 * few.dataset_size))
    counts = np.array([np.sum(drawn == one) for one in everything])
    assert counts.sum() == drawn.size
    assert chisquare(counts).pvalue > IMPROBABLE


def test_shuffled_labels_of_three_are_each_asked_for_as_often():
    few = EpisodeSettings(classes=4, labels=4, test_classes=4, pairs=3, held_out_share=0)
    episodes = sample(sampler_of(few, shuffled_labels=True), jax.random.key(0), 3_000)
    places = (np.asarray(episodes.labels[:3]) == np.asarray(episodes.targets)).argmax(axis=0)
    table = np.array(
        [np.sum((places == p) & (episodes.matching == m)) for p in range(3) for m in range(3)]
    )
    assert chisquare(table).pvalue > IMPROBABLE


def test_one_incorrect_position_is_there_of_two_labels_only():
    three = sampler_of(EpisodeSettings(pairs=3)).sample(jax.random.key(0), 4)
    with pytest.raises(EpisodeError, match="of 3 labels in context 2 are incorrect"):
        _ = three.incorrect_position


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pairs": 1}, "pairs is 1, but must be at least 2"),
        ({"pairs": 6}, "labels is 5, but must be at least 6, for as many pairs"),
        ({"pairs": 4, "held_out_share": 0.9}, "keeps 4 of the 5 sets of 4 of 5 labels out"),
        ({"pairs": 5}, "of the 1 sets of 5 of 5 labels is less than half a set"),
    ],
)
def test_numbers_of_pairs_that_cannot_be(fields, message):
    with pytest.raises(EpisodeError, match=message):
        EpisodeSettings(**fields)
