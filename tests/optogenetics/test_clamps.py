"""The paper's clamps and ablations in closed form, for any weights.

Layers count from 0: the paper's Layer 1 is layer 0 here.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import (
    AblateHeads,
    Clamp,
    ClampCopy,
    ClampFirstLayer,
    ClampInduction,
    ClampMatch,
    ClampPreviousToken,
    Edit,
    NeverFires,
    OutOfRange,
    PreservingAblation,
    WrongKind,
    intervention,
    only_heads,
    sites,
    trace,
)
from icl_repro.optogenetics.edits import LAST
from icl_repro.training.evaluation import losses, previous_token_attention, query_attention
from tests.support.random_networks import SMALL, random_episodes, random_network
from tests.support.shapes_checked import unchecked
from tests.support.slow_transformer import (
    in_64_bits,
    slow_comparison,
    slow_embeddings,
    slow_logits,
    slow_mixture,
)
from tests.support.untouched import assert_untouched

EVERY_HEAD = (0, 1, 2, 3)
CLOSE = {"atol": 1e-5, "rtol": 1e-5}

seeds = st.integers(0, 10_000)
some_heads = st.sets(st.sampled_from(EVERY_HEAD), min_size=1).map(lambda s: tuple(sorted(s)))
few = settings(deadline=None, max_examples=5)


def under(clamps, seed=0):
    """A random network on random episodes: traced clean, and under clamps."""
    model, episodes = random_network(seed), random_episodes(seed)
    return episodes, trace(model, episodes), intervention(clamps, SMALL).trace(model, episodes)


def others(heads):
    return [head for head in EVERY_HEAD if head not in heads]


# --- previous-token pattern ---


@few
@given(seed=seeds, heads=some_heads)
def test_clamped_previous_token_heads_read_the_token_before_and_nothing_else(seed, heads):
    _, clean, clamped = under([ClampPreviousToken(heads)], seed)
    pattern, mixed = (clamped[f"layers.0.attention.{leaf}"] for leaf in ("pattern", "mixed"))
    before = np.eye(5)[[0, 0, 1, 2, 3]]
    values = np.asarray(clean["layers.0.attention.value"])
    for head in heads:
        np.testing.assert_array_equal(pattern[head], np.repeat(before[..., None], 12, axis=-1))
        np.testing.assert_array_equal(mixed[head], values[head][:, [0, 0, 1, 2, 3]])
    np.testing.assert_array_equal(
        np.isclose(previous_token_attention(clamped, layer=0), 1), np.isin(EVERY_HEAD, heads)
    )


@few
@given(seed=seeds, heads=some_heads, shift=st.integers(1, 4))
def test_a_shifted_pattern_reads_as_many_tokens_before(seed, heads, shift):
    """A wrong pattern to compare with: two tokens before, exemplars see exemplars only."""
    _, clean, clamped = under([ClampPreviousToken(heads, shift=shift)], seed)
    read = [position - shift if position >= shift else position for position in range(5)]
    values, mixed = np.asarray(clean["layers.0.attention.value"]), "layers.0.attention.mixed"
    for head in heads:
        np.testing.assert_array_equal(clamped[mixed][head], values[head][:, read])
    np.testing.assert_array_equal(
        np.isclose(previous_token_attention(clamped, layer=0), 1),
        np.isin(EVERY_HEAD, heads) & (shift == 1),
    )


# --- match ---


@few
@given(seed=seeds, heads=some_heads, strength=st.floats(0, 1))
def test_match_strength_s_is_induction_strength_2s_minus_1(seed, heads, strength):
    """Figure 15."""
    episodes, clean, clamped = under([ClampMatch(heads, strength=strength)], seed)
    correct, incorrect = (
        np.asarray(query_attention(clamped, 1, positions))
        for positions in (episodes.correct_position, episodes.incorrect_position)
    )
    np.testing.assert_allclose((correct - incorrect)[list(heads)], 2 * strength - 1, atol=1e-6)
    np.testing.assert_allclose((correct + incorrect)[list(heads)], 1, atol=1e-6)
    pattern = "layers.1.attention.pattern"
    np.testing.assert_array_equal(
        clamped[pattern][np.array(others(heads), int)], clean[pattern][np.array(others(heads), int)]
    )


@few
@given(seed=seeds)
def test_a_fully_matching_head_reads_the_value_of_the_right_label(seed):
    episodes, clean, clamped = under([ClampMatch((2,))], seed)
    values = np.asarray(clean["layers.1.attention.value"])[2]
    read = np.asarray(clamped["layers.1.attention.mixed"])[2, :, 4]
    right = np.asarray(episodes.correct_position)
    np.testing.assert_array_equal(read, values[:, right, np.arange(episodes.size)])


@few
@given(seed=seeds)
def test_at_strength_0_a_head_reads_the_value_of_the_wrong_label(seed):
    episodes, clean, clamped = under([ClampMatch((2,), strength=0)], seed)
    values = np.asarray(clean["layers.1.attention.value"])[2]
    read = np.asarray(clamped["layers.1.attention.mixed"])[2, :, 4]
    wrong = np.asarray(episodes.incorrect_position)
    np.testing.assert_array_equal(read, values[:, wrong, np.arange(episodes.size)])


@few
@given(seed=seeds)
def test_clamping_the_match_of_heads_that_are_off_changes_nothing_else(seed):
    off = only_heads([1], n_heads=4)
    _, _, without = under([off], seed)
    _, _, clamped = under([off, ClampMatch((0, 2, 3))], seed)
    np.testing.assert_array_equal(clamped.logits, without.logits)
    pattern = "layers.1.attention.pattern"
    assert (clamped[pattern] != without[pattern]).any(), "the clamp did act"


# --- copy ---


@few
@given(seed=seeds, head=st.sampled_from(EVERY_HEAD))
def test_copied_logits_are_the_scores_of_the_two_labels(seed, head):
    episodes, clean, clamped = under([ClampCopy(head)], seed)
    scores = np.asarray(clean["layers.1.attention.scores"], np.float64)[head, 4]
    each = np.arange(episodes.size)
    right, wrong = (
        scores[np.asarray(positions), each]
        for positions in (episodes.correct_position, episodes.incorrect_position)
    )
    np.testing.assert_array_equal(
        clamped.logits[np.asarray(episodes.targets), each], right.astype(np.float32)
    )
    assert (np.isfinite(clamped.logits).sum(axis=0) == 2).all()
    np.testing.assert_allclose(
        losses(clamped.logits, episodes), np.log1p(np.exp(wrong - right)), **CLOSE
    )


# --- the first layer ---


def slow_first_layer_clamp(model, exemplars, labels):
    """Appendix D.1.2, "Clamping Steps 1, 2": for "A 0 B 1 A", patterns from a first pass in which
    layer 1 reads "A A 0 B A", then a second in which it reads "A 0 B 1 A" itself.
    """
    model = in_64_bits(model)
    a, zero, b, one, query = slow_embeddings(model, exemplars, labels)
    first = slow_comparison(model.layers[1], [a, a, zero, b, query])
    own = [a, zero, b, one, query]
    second = slow_mixture(model.layers[1], own, first["pattern"])
    stream = [token + added for token, added in zip(own, second["output"], strict=True)]
    return first, slow_logits(model, stream)


@few
@given(seed=seeds)
def test_the_first_layer_clamp_is_two_passes_over_the_embeddings(seed):
    model, (episodes, _, clamped) = random_network(seed), under([ClampFirstLayer()], seed)
    _, _, copied = under([ClampFirstLayer(), ClampCopy(1)], seed)
    bank, rows = np.asarray(episodes.bank, np.float64), np.asarray(episodes.exemplars)
    for episode in range(3):
        first, second = np.asarray(episodes.labels[:2, episode])
        slow, logits = slow_first_layer_clamp(model, bank[rows[:, episode]], (first, second))
        np.testing.assert_allclose(
            clamped["layers.1.attention.pattern"][..., episode], slow["pattern"], atol=1e-5
        )
        np.testing.assert_allclose(clamped.logits[:, episode], logits, atol=1e-5)
        # Layer 1 + copy (Steps 1, 2, 3v, 5): the scores of that first pass are the logits.
        scores = slow["scores"][1][4]
        np.testing.assert_allclose(
            copied.logits[np.array([first, second]), episode], scores[[1, 3]], atol=1e-5
        )


@few
@given(seed=seeds)
def test_under_the_first_layer_clamp_layer_0_does_not_matter(seed):
    model, episodes = random_network(seed), random_episodes(seed)
    other = eqx.tree_at(lambda m: m.layers[0], model, random_network(seed + 1).layers[0])
    clamped = intervention([ClampFirstLayer()], SMALL)
    np.testing.assert_array_equal(
        clamped.predict(model, episodes).logits, clamped.predict(other, episodes).logits
    )


# --- ablations ---


@few
@given(seed=seeds, heads=some_heads, layer=st.sampled_from([0, 1]))
def test_ablating_heads_in_four_ways(seed, heads, layer):
    """By clamp; by setting their value vectors to zero; by zero weights that make the values; by
    zero weights that read what they write."""
    model, episodes = random_network(seed), random_episodes(seed)
    clamped = intervention([AblateHeads(heads, layer=layer)], SMALL).trace(model, episodes)
    channels = SMALL.width // SMALL.heads
    off = np.repeat(np.isin(EVERY_HEAD, heads), channels)
    value, output = model.layers[layer].value, model.layers[layer].output
    silent, unread = (
        eqx.tree_at(lambda m: getattr(m.layers[layer], name), model, weight)  # noqa: B023
        for name, weight in (
            ("value", jnp.where(off[:, None], 0, value)),
            ("output", jnp.where(off, 0, output)),
        )
    )
    expected = [
        trace(model, episodes, [Edit(f"layers.{layer}.attention.value", 0.0, heads=heads)]).logits,
        trace(silent, episodes).logits,
        trace(unread, episodes).logits,
    ]
    for logits in expected:
        np.testing.assert_allclose(clamped.logits, logits, **CLOSE)
    mixed = np.asarray(clamped[f"layers.{layer}.attention.mixed"])
    np.testing.assert_array_equal(mixed.any(axis=(1, 2, 3)), ~np.isin(EVERY_HEAD, heads))


def test_only_heads_turns_off_the_others():
    assert only_heads([3]) == AblateHeads((0, 1, 2, 4, 5, 6, 7), layer=1)
    assert only_heads([0, 2], layer=0, n_heads=4) == AblateHeads((1, 3), layer=0)
    assert only_heads([]) == AblateHeads(tuple(range(8)))
    with pytest.raises(OutOfRange, match="AblateHeads names no heads"):
        only_heads(range(8))
    with pytest.raises(OutOfRange, match=r"n_heads .* is 0, but must be at least 1"):
        only_heads([], n_heads=0)


@pytest.mark.parametrize(("head", "nearest"), [(9, 7), (8, 7), (-1, 0)])
def test_only_heads_that_there_are(head, nearest):
    message = rf"head {head} is out of range, with n_heads=8 .* heads 0 to 7 \(nearest: {nearest}\)"
    with pytest.raises(OutOfRange, match=message):
        only_heads([3, head])
    with unchecked(), pytest.raises(OutOfRange, match="heads of only_heads are 3, but must be"):
        only_heads(3)


PRESERVED = [("pattern",), ("value",), ("key",), ("query",), ("pattern", "value")]


@pytest.mark.parametrize("preserve", PRESERVED, ids=" and ".join)
@settings(deadline=None, max_examples=3)
@given(seed=seeds, heads=some_heads)
def test_what_is_preserved_is_that_of_the_clean_pass(preserve, seed, heads):
    """Appendix E: heads are off, and what layer 1 would have computed from them is kept."""
    _, clean, clamped = under([PreservingAblation(heads, preserve)], seed)
    mixed = np.asarray(clamped["layers.0.attention.mixed"])
    np.testing.assert_array_equal(mixed.any(axis=(1, 2, 3)), ~np.isin(EVERY_HEAD, heads))
    for leaf in ("pattern", "value", "key", "query"):
        site = f"layers.1.attention.{leaf}"
        same = np.array_equal(clamped[site], clean[site])
        assert same == (leaf in preserve), leaf


@few
@given(seed=seeds, heads=some_heads)
def test_preserving_queries_and_keys_is_preserving_the_pattern(seed, heads):
    _, _, by_parts = under([PreservingAblation(heads, ("query", "key"))], seed)
    _, _, by_pattern = under([PreservingAblation(heads, ("pattern",))], seed)
    np.testing.assert_allclose(by_parts.logits, by_pattern.logits, **CLOSE)


@few
@given(seed=seeds, heads=some_heads)
def test_preserving_pattern_and_values_takes_away_the_direct_path_only(seed, heads):
    """Section 3 and Figure 12: the stream at the end lacks what the heads wrote, nothing else."""
    model = random_network(seed)
    _, clean, clamped = under([PreservingAblation(heads, ("pattern", "value"))], seed)
    np.testing.assert_array_equal(
        clamped["layers.1.attention.output"], clean["layers.1.attention.output"]
    )
    off = np.isin(EVERY_HEAD, heads)[:, None, None, None]
    read = np.where(off, clean["layers.0.attention.mixed"], 0).reshape(SMALL.width, -1)
    written = (np.asarray(model.layers[0].output) @ read).reshape(SMALL.width, 5, -1)
    after = "layers.1.residual.post"
    np.testing.assert_allclose(clamped[after], clean[after] - written, **CLOSE)


def test_every_later_layer_is_preserved():
    deep = ModelSettings(layers=3, width=16, heads=4)
    model, episodes = random_network(0, deep), random_episodes(0)
    clamp = PreservingAblation((1,), ("pattern",))
    clean, clamped = trace(model, episodes), intervention([clamp], deep).trace(model, episodes)
    for layer in (1, 2):
        site = f"layers.{layer}.attention.pattern"
        np.testing.assert_array_equal(clamped[site], clean[site])
    assert (clamped.logits != clean.logits).any()


# --- clamps among themselves ---

TOUCHED = {
    AblateHeads((1, 2), layer=0): ("layers.0.attention.mixed", (1, 2), None),
    AblateHeads((3,)): ("layers.1.attention.mixed", (3,), None),
    ClampPreviousToken((1, 2)): ("layers.0.attention.pattern", (1, 2), None),
    ClampPreviousToken((0,), shift=2): ("layers.0.attention.pattern", (0,), None),
    ClampMatch((3,), strength=0.8): ("layers.1.attention.pattern", (3,), (4,)),
    ClampCopy(2): ("logits", None, None),
    ClampFirstLayer(): ("layers.0.residual.post", None, None),
    PreservingAblation((0, 3), ("value",)): ("layers.0.attention.mixed", (0, 3), None),
}


@pytest.mark.parametrize("clamp", TOUCHED, ids=lambda clamp: type(clamp).__name__)
@settings(deadline=None, max_examples=3)
@given(seed=seeds)
def test_no_clamp_changes_positions_or_heads_that_it_does_not_name(clamp, seed):
    _, clean, clamped = under([clamp], seed)
    table = sites(random_network(seed), n_episodes=12)
    assert_untouched(clamped, clean, table, *TOUCHED[clamp])
    assert (clamped.logits != clean.logits).any()


def test_the_order_of_clamps_does_not_matter():
    clamps = [only_heads([3], n_heads=4), ClampPreviousToken((2,)), ClampMatch((3,)), ClampCopy(3)]
    _, _, forward = under(clamps)
    _, _, backward = under(clamps[::-1])
    for site, activation in forward.activations.items():
        np.testing.assert_array_equal(activation, backward[site], site)


# --- clamps as data ---


def test_clamps_are_plain_data():
    decoded = msgspec.json.decode(msgspec.json.encode(list(TOUCHED)), type=list[Clamp], strict=True)
    assert decoded == list(TOUCHED)
    assert set(decoded) == set(TOUCHED), "equal clamps have equal hashes"


def test_equal_clamps_are_written_in_any_order():
    assert ClampPreviousToken((5, 2, 2)) == ClampPreviousToken((2, 5))
    assert ClampMatch((3,), strength=1) == ClampMatch((3,))
    assert msgspec.json.encode(ClampMatch((3,), strength=1)) == msgspec.json.encode(
        ClampMatch((3,))
    )
    assert PreservingAblation((2, 1), ("value", "pattern")) == PreservingAblation(
        (1, 2), ("pattern", "value")
    )


DEEP = ModelSettings(layers=3)
ONE_LAYER = ModelSettings(layers=1)


@pytest.mark.parametrize(
    ("clamp", "model", "message"),
    [
        (lambda: AblateHeads(()), None, "AblateHeads names no heads, so that it would do nothing"),
        (lambda: ClampMatch(()), None, "ClampMatch names no heads"),
        (lambda: AblateHeads((8,)), SMALL, "head 8 is out of range, .* heads 0 to 3 .*nearest: 3"),
        (lambda: AblateHeads((1, -1)), SMALL, "head -1 is out of range.*nearest: 0"),
        (lambda: AblateHeads((1, 1.5)), None, r"heads of AblateHeads are \(1, 1.5\), but must be"),
        (lambda: ClampMatch(9), None, r"heads of ClampMatch are 9, .* whole numbers .*\(3,\)"),
        (lambda: ClampInduction("12"), None, "heads of ClampInduction are '12', but must be"),
        (lambda: AblateHeads((True,)), None, r"heads of AblateHeads are \(True,\)"),
        (lambda: ClampMatch(max), None, "heads of ClampMatch are a function, but must be"),
        (lambda: ClampMatch((1,)), ONE_LAYER, "layer 1 .* the model has only layer 0 .*nearest: 0"),
        (lambda: AblateHeads((1,), layer=2), SMALL, "layer 2 is out of range, .* layers 0 to 1"),
        (lambda: ClampPreviousToken((1,), layer=-1), SMALL, "layer -1 is out of range"),
        (
            lambda: ClampPreviousToken((1,), shift=0),
            None,
            r"shift 0 must be at least 1 \(nearest: 1\)",
        ),
        (lambda: ClampCopy(4), SMALL, "head 4 is out of range"),
        (lambda: ClampCopy(1, layer=3), SMALL, "layer 3 is out of range"),
        (lambda: ClampMatch((1,), strength=1.1), None, "strength 1.1 must be between 0 and 1"),
        (lambda: ClampMatch((1,), strength=-0.1), None, "strength -0.1 must be between 0 and 1"),
        (lambda: ClampFirstLayer(), DEEP, "the first-layer clamp needs 2 layers, the model has 3"),
        (lambda: PreservingAblation((1,), ()), None, "preserves nothing: use AblateHeads"),
        (
            lambda: PreservingAblation((1,), ("patern",)),
            None,
            "cannot preserve 'patern', only pattern, value, key, query",
        ),
        (
            lambda: PreservingAblation((1,), ("pattern",), layer=1),
            SMALL,
            "no layer comes after layer 1: nothing can be preserved",
        ),
    ],
)
def test_a_clamp_that_cannot_act_says_why(clamp, model, message):
    with unchecked(), pytest.raises(OutOfRange, match=message):
        clamp().edits(model)


@pytest.mark.parametrize(
    ("clamp", "message"),
    [
        (lambda: ClampMatch((1,), layer="1"), "layer of ClampMatch is '1', .* a whole number"),
        (lambda: ClampCopy((3,)), r"head of ClampCopy is \(3,\), but must be a whole number"),
        (lambda: ClampPreviousToken((1,), shift=1.0), "shift of ClampPreviousToken is 1.0"),
        (lambda: ClampMatch((1,), strength="all"), "match strength is 'all', .* a number between"),
        (lambda: ClampMatch((1,), strength=min), "match strength is a function"),
        (
            lambda: PreservingAblation((1,), "pattern"),
            r"preserve of PreservingAblation is 'pattern', .* a tuple of names, .*\(\"pattern\",\)",
        ),
        (lambda: PreservingAblation((1,), 2), "preserve of PreservingAblation is 2"),
        (lambda: only_heads([1], n_heads="8"), "n_heads of only_heads is '8'"),
        (
            lambda: intervention(ClampMatch((1,)), SMALL),
            r"is ClampMatch\(.*\), but must be a list of clamps, such as \[ClampMatch",
        ),
        (
            lambda: intervention([ClampMatch], SMALL),
            "takes clamps, .*, not the class ClampMatch",
        ),
        (lambda: intervention(["match"], SMALL), "takes clamps, .*, not 'match'"),
        (lambda: intervention([Edit("logits", 0.0)], SMALL), "takes clamps, .*, not of kind Edit"),
        (
            lambda: intervention([ClampMatch((1,))], random_network(0)),
            r"of kind Transformer, but must be the settings of one: ModelSettings\(\.\.\.\)",
        ),
    ],
)
def test_what_is_of_another_kind_than_expected_is_refused(clamp, message):
    with unchecked(), pytest.raises(WrongKind, match=message):
        clamp()


def test_numbers_of_numpy_are_numbers():
    clamp = ClampPreviousToken(np.array([2, 1]), layer=np.int64(0), shift=np.int32(2))
    assert msgspec.json.encode(clamp) == msgspec.json.encode(ClampPreviousToken((1, 2), 0, 2))


@pytest.mark.parametrize(("tokens", "last"), [(5, 4), (9, 8)])
def test_a_shift_beyond_the_sequence_is_told_with_its_length(tokens, last):
    clamped = intervention([ClampPreviousToken((1,), shift=last)], SMALL)
    beyond = intervention([ClampPreviousToken((1,), shift=tokens)], SMALL)
    model, episodes = random_network(0), random_episodes(0, pairs=last // 2)
    clamped.predict(model, episodes)
    message = rf"shift {tokens} must be from 1 to {last}, for the {tokens} tokens .*: {last}\)"
    with pytest.raises(OutOfRange, match=message):
        beyond.predict(model, episodes)


@pytest.mark.parametrize(
    "off", [AblateHeads((0, 1), 0), PreservingAblation((0, 1), ("pattern",)), only_heads([3], 0, 4)]
)
def test_a_pattern_of_heads_that_are_off_is_refused(off):
    clamp = ClampPreviousToken((0, 1))
    message = (
        f"ClampPreviousToken would do nothing, because {type(off).__name__} turns off all of its "
        r"heads \(0, 1 of layer 0\)"
    )
    for clamps in ([off, clamp], [clamp, off]):
        with pytest.raises(NeverFires, match=message):
            intervention(clamps, SMALL)
    # A pattern of some other head is left; and the match of heads that are off is a control.
    for allowed in (ClampPreviousToken((1, 3)), ClampMatch((0, 1), layer=0)):
        assert len(intervention([off, allowed], SMALL).edits) > 1


def test_a_clamp_with_an_unknown_field_is_refused():
    with pytest.raises(msgspec.ValidationError, match="strenght"):
        msgspec.json.decode(b'{"clamp":"match","heads":[3],"strenght":0.5}', type=Clamp)


def test_the_edits_of_a_clamp_are_arrays_where_runs_may_differ():
    """So that runs that differ in heads and strength are one program."""
    first, second = (
        jax.tree.structure(intervention(clamps, SMALL))
        for clamps in ([ClampMatch((3,))], [ClampMatch((0, 1), strength=0.5)])
    )
    assert first == second


# --- more pairs in context, and MLPs ---


@pytest.mark.parametrize("pairs", [2, 3, 4])
def test_match_copy_and_first_layer_with_any_number_of_pairs(pairs):
    model, episodes = random_network(0), random_episodes(0, pairs=pairs)
    matched = intervention([ClampMatch((1,), strength=0.7)], SMALL).trace(model, episodes)
    from_query = np.asarray(matched["layers.1.attention.pattern"])[1, -1]
    at = np.arange(episodes.size)
    np.testing.assert_allclose(from_query[episodes.correct_position, at], 0.7, rtol=1e-6)
    for there in episodes.incorrect_positions:
        np.testing.assert_allclose(from_query[there, at], 0.3 / (pairs - 1), rtol=1e-6)
    routed = intervention([ClampFirstLayer(), ClampCopy(2)], SMALL).trace(model, episodes)
    scores = np.asarray(routed["layers.1.attention.scores"])[2, -1]
    logits = np.asarray(routed.logits)
    assert np.isneginf(logits).sum(axis=0).tolist() == [5 - pairs] * episodes.size
    for pair, position in enumerate(episodes.label_positions):
        np.testing.assert_array_equal(
            logits[np.asarray(episodes.labels[pair]), at], scores[position]
        )


def test_a_position_of_the_query_is_that_of_the_last_token():
    for pairs in (2, 3):
        model, episodes = random_network(0), random_episodes(0, pairs=pairs)
        seen = trace(model, episodes, [Edit("embedding", 0.0, positions=LAST)])["embedding"]
        silent = (np.asarray(seen) == 0).all(axis=(0, 2))
        assert silent.tolist() == [False] * (2 * pairs) + [True]


def test_the_first_layer_clamp_holds_an_mlp_of_layer_0_too():
    shape = msgspec.structs.replace(SMALL, mlps=True)
    model, episodes = random_network(0, shape), random_episodes(0)
    clamped = intervention([ClampFirstLayer()], shape)
    silent = eqx.tree_at(lambda m: m.layers[0].mlp.out, model, model.layers[0].mlp.out * 0)
    one, other = (clamped.predict(each, episodes).logits for each in (model, silent))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(model(episodes), silent(episodes))
