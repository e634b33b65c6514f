"""Text with repeats: its chain, where segments come again, and what is held out."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.text import (
    RepeatedTokens,
    TextError,
    TextSampler,
    TextSettings,
    chain,
    text_samplers,
)

SIZE = 64
REPEATS_OF = st.sampled_from(
    [((1, 1), 0.3), ((1, 1), 0.5), ((3, 8), 0.6), ((3, 8), 0.84), ((8, 20), 0.6), ((8, 20), 0.9)]
)
"""Segments, and a share of repeats that they can come to."""
TEXTS = st.builds(
    lambda of, **fields: TextSettings(segment=of[0], repeats=of[1], **fields),
    REPEATS_OF,
    vocabulary=st.just(32),
    length=st.just(32),
    multiple=st.sampled_from([2, 3, 5]),
    bigram=st.sampled_from([0.0, 0.9]),
)


def drawn(text: TextSettings, name="train", seed=0):
    sampled = text_samplers(text)[name].sample(jax.random.key(seed), SIZE)
    return np.asarray(sampled.tokens), np.asarray(sampled.repeated)


def distances_that_fit(tokens, start, end):
    """The distances at which tokens `start` to before `end` are a repeat."""
    return {
        distance
        for distance in range(1, start + 1)
        if (tokens[start:end] == tokens[start - distance : end - distance]).all()
    }


@settings(max_examples=12, deadline=None)
@given(TEXTS, st.integers(0, 2**31))
def test_every_repeat_is_a_segment_from_a_distance_that_is_trained_on(text, seed):
    tokens, repeated = drawn(text, seed=seed)
    allowed = set(text.distances.tolist())
    assert repeated.any()
    for sequence, is_repeat in zip(tokens.T, repeated.T, strict=True):
        assert ((sequence >= 0) & (sequence < text.vocabulary)).all()
        for place in np.flatnonzero(is_repeat):
            assert distances_that_fit(sequence, place, place + 1) & allowed


@pytest.mark.parametrize("multiple", [2, 3])
def test_nothing_in_the_training_text_is_repeated_at_a_held_out_distance(multiple):
    """Not even as a repeat of a repeat, or as two repeats of one segment."""
    text = TextSettings(
        multiple=multiple, repeats=0.875, segment=(6, 8), vocabulary=4096, bigram=0, exponent=0
    )
    seen = {}
    for name in ("train", "new_distances"):
        tokens, _ = drawn(text, name)
        # With so many tokens three in a row do not come again by chance.
        found = [
            distances_that_fit(sequence, start, start + 3)
            for sequence in tokens.T
            for start in range(len(tokens) - 3)
        ]
        seen[name] = set().union(*found)
        assert sum(map(len, found)) > 2 * SIZE
    assert seen["train"] <= set(range(0, 65, multiple))
    assert max(map(len, found)) > 1
    assert {d % multiple for d in seen["new_distances"]} >= {1}


def test_every_repeat_of_the_test_starts_at_a_held_out_distance():
    text = TextSettings(repeats=6 / 7, segment=(6, 6), vocabulary=512, bigram=0, exponent=0)
    tokens, repeated = drawn(text, "new_distances")
    found = [
        distances_that_fit(sequence, start, start + 6)
        for sequence, is_repeat in zip(tokens.T, repeated.T, strict=True)
        for start in np.flatnonzero(is_repeat[:-6] & ~np.roll(is_repeat, 1)[:-6])
    ]
    assert len(found) > 20
    assert all(fit & set(text.held_out_distances.tolist()) for fit in found)


def test_the_share_of_repeats_is_that_of_a_long_text_and_none_is_none():
    text = TextSettings(length=64, segment=(4, 8), repeats=0.5)
    _, repeated = drawn(text)
    assert repeated[32:].mean() == pytest.approx(0.5, abs=0.08)
    assert not drawn(text, "no_repeats")[1].any()


def test_shuffled_repeats_have_tokens_drawn_from_what_came_before_in_no_order():
    text = TextSettings(repeats=0.9, segment=(12, 12), vocabulary=512, bigram=0, exponent=0)
    in_order, repeated = drawn(text)
    shuffled, of_shuffled = drawn(TextSettings(**_fields(text), shuffled=True))
    share_in_order = _share_of_known_pairs(in_order, repeated)
    assert share_in_order > 0.8
    assert _share_of_known_pairs(shuffled, of_shuffled) < share_in_order / 2
    for sequence, is_repeat in zip(shuffled.T, of_shuffled.T, strict=True):
        assert all(sequence[place] in sequence[:place] for place in np.flatnonzero(is_repeat))


def _fields(text):
    kept = ("repeats", "segment", "vocabulary", "bigram", "exponent")
    return {name: getattr(text, name) for name in kept}


def _share_of_known_pairs(tokens, repeated):
    """Of neighbours that are both repeats, the share that stood side by side before."""
    known = [
        (sequence[place - 1], sequence[place]) in set(itertools.pairwise(sequence[:place]))
        for sequence, is_repeat in zip(tokens.T, repeated.T, strict=True)
        for place in np.flatnonzero(is_repeat[1:] & is_repeat[:-1]) + 1
    ]
    return np.mean(known)


def test_the_chain_is_one_of_probabilities_and_text_without_repeats_follows_it():
    text = TextSettings(vocabulary=32, length=63, repeats=0, bigram=0.9)
    probabilities = chain(text)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    tokens, _ = drawn(text)
    before, after = tokens[:-1].ravel(), tokens[1:].ravel()
    likely = probabilities[before, after].mean()
    by_chance = probabilities[before, np.roll(after, 1)].mean()
    assert likely > 1.5 * by_chance


def test_random_tokens_are_all_different_until_they_come_again():
    text = RepeatedTokens(40, 64).sample(jax.random.key(0), SIZE)
    tokens = np.asarray(text.tokens)
    assert (np.sort(tokens[:32], axis=0)[1:] > np.sort(tokens[:32], axis=0)[:-1]).all()
    np.testing.assert_array_equal(tokens[32:64], tokens[:32])
    np.testing.assert_array_equal(tokens[64], tokens[0])
    assert np.asarray(text.repeated)[32:].all()


def test_a_batch_is_drawn_by_its_key_alone():
    sampler = text_samplers(TextSettings())["train"]
    assert isinstance(sampler, TextSampler)
    one, other = (sampler.sample(jax.random.key(seed), 4).tokens for seed in (1, 2))
    np.testing.assert_array_equal(one, sampler.sample(jax.random.key(1), 4).tokens)
    assert (np.asarray(one) != np.asarray(other)).any()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"vocabulary": 1}, r"at least 2 \(nearest: 2\)"),
        ({"repeats": 1.0}, r"repeats is 1\.0, but must be .* below 1, such as 0\.9"),
        ({"segment": (9, 3)}, r"a least and a most .* \(nearest: \(3, 9\)\)"),
        ({"segment": (0, 99)}, r"a least and a most .* \(nearest: \(1, 64\)\)"),
        ({"vocabulary": 20, "length": 63}, r"half of the length, 63: .* \(nearest: 32\)"),
        ({"multiple": 1}, r"multiple is 1, but must be at least 2 \(nearest: 2\)"),
        (
            {"length": 32, "segment": (4, 8), "multiple": 33},
            r"leaves no distance to train on .* \(nearest: 29\)",
        ),
        ({"multiple": 60}, r"no segment of 8 tokens comes again whole .* 60 .* \(nearest: 57\)"),
        (
            {"length": 8, "segment": (5, 8), "multiple": 2},
            "no segment of 5 tokens comes again whole .* 6 within the 9 tokens of a sequence$",
        ),
        ({"length": 8, "segment": (8, 8), "multiple": 2}, "leaves no distance to test on"),
        ({"vocabulary": 64.5}, r"vocabulary is 64.5, but .* whole number \(nearest: 64\)"),
        ({"chain_seed": -1.0}, r"chain_seed is -1.0, but .* whole number \(nearest: 0\)"),
        ({"length": "6"}, "length is '6', but must be a whole number, such as 64"),
        ({"vocabulary": True}, "vocabulary is True, but must be a whole number, such as 64"),
        ({"repeats": "0.5"}, r"repeats is '0\.5', but must be a number, such as 0\.75"),
        ({"bigram": None}, r"bigram is None, but must be a number, such as 0\.5"),
        ({"bigram": -0.1}, r"bigram is -0\.1, but must be .* below 1, such as 0\.0"),
        ({"exponent": float("nan")}, r"exponent is nan, but must be .* finite, such as 1\.0"),
        ({"exponent": -1}, r"exponent is -1\.0, but must be .* finite, such as 0\.0"),
        ({"shuffled": "no"}, "shuffled is 'no', but must be True or False"),
        ({"segment": 8}, r"segment is 8, but must be two whole numbers, such as \(8, 32\)"),
        ({"segment": (8, 16, 32)}, "but must be two whole numbers"),
        ({"segment": (8.0, 32.0)}, "but must be two whole numbers"),
        ({"repeats": 0.96}, "repeats is 0.96, but must be at most 0.952 for segments of 8 to 32"),
        ({"exponent": 0}, r"bigram is 0\.5, but exponent is 0, .* \(nearest: bigram 0\)"),
        ({"bigram": 0, "chain_seed": 3}, r"chain_seed is 3, but bigram is 0, .* chain_seed 0\)"),
        ({"repeats": 0, "shuffled": True}, "repeats is 0, so that there is nothing to shuffle"),
    ],
)
def test_settings_that_cannot_be_met_say_so(wrong, said):
    with pytest.raises(TextError, match=said):
        TextSettings(**wrong)


def test_what_a_message_names_as_the_nearest_can_be_had():
    assert TextSettings(multiple=57).distances.tolist() == [57]
    assert TextSettings(length=32, segment=(4, 8), multiple=29).distances.tolist() == [29]
    assert TextSettings(bigram=0, exponent=0).chain_seed == 0
    assert TextSettings(repeats=0, multiple=60).held_out_distances.size, "nothing has to come again"


def test_random_tokens_need_as_many_as_come_before_the_first_comes_again():
    assert RepeatedTokens(32, 64).period == 32
    with pytest.raises(TextError, match=r"vocabulary of at least 32, not 31 \(nearest: 32\)"):
        RepeatedTokens(31, 64)


def test_equal_settings_are_equal_data_whatever_they_were_written_as():
    usual = TextSettings()
    written = TextSettings(
        vocabulary=np.int64(64), exponent=1, repeats=np.float64(0.75), segment=[8, 32]
    )
    assert written == usual
    assert hash(written) == hash(usual)
    assert [type(written.vocabulary), type(written.segment)] == [int, tuple]


def test_as_many_repeats_as_fit_can_be_asked_for():
    assert TextSettings(repeats=20 / 21).repeats == 20 / 21
    assert TextSettings(repeats=0.952).repeats == 0.952


def test_what_the_usual_share_of_repeats_comes_to_is_what_is_said():
    """Docstring of the settings: of all tokens, and of the second half."""
    text = TextSettings()
    sampled = text_samplers(text)["train"].sample(jax.random.key(0), 4_096)
    repeated = np.asarray(sampled.repeated)
    assert repeated.mean() == pytest.approx(0.59, abs=0.01)
    assert repeated[text.length // 2 :].mean() == pytest.approx(0.74, abs=0.01)
