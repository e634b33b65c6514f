"""The wiring diagram against single ablations, one by one, and the rule for edges."""

import numpy as np
import pytest
from scipy.stats import binomtest

from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads import wiring
from icl_repro.measures.heads.wiring import (
    answers_without_layer_0,
    keep_one_accuracies,
    wired,
    wiring_diagram,
    without_heads,
)
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import AblateHeads, PreservingAblation, intervention, only_heads
from tests.support.random_networks import random_episodes, random_network

MODEL = ModelSettings(layers=2, width=16, heads=4)
HEADS = range(4)


def accuracy(model, episodes, *clamps) -> float:
    return float(performance(model, episodes, intervention(clamps, MODEL)).accuracy)


@pytest.fixture(scope="module")
def measured():
    model, episodes = random_network(7), random_episodes(7, n_episodes=120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "LARGEST_CHUNK", 50)  # more than one chunk
        return model, episodes, wiring_diagram(model, episodes)


def test_every_cell_is_what_its_ablation_alone_gives(measured):
    model, episodes, diagram = measured
    for receiver in HEADS:
        alone = only_heads([receiver], 1, 4)
        assert diagram.baseline[receiver] == pytest.approx(accuracy(model, episodes, alone))
    for kept in ("pattern", "value"):
        for receiver, sender in ((0, 0), (1, 3), (3, 2)):
            alone = only_heads([receiver], 1, 4)
            removed = PreservingAblation((sender,), (kept,))
            others = PreservingAblation(tuple(set(HEADS) - {sender}), (kept,))
            assert diagram.remove_one[kept][receiver, sender] == pytest.approx(
                accuracy(model, episodes, removed, alone)
            )
            assert diagram.keep_one[kept][receiver, sender] == pytest.approx(
                accuracy(model, episodes, others, alone)
            )


def test_changes_are_from_the_baseline(measured):
    _, _, diagram = measured
    for kept in ("pattern", "value"):
        change = diagram.remove_one[kept] - diagram.baseline[:, None]
        np.testing.assert_array_equal(diagram.removed(kept), change)
        stripped = diagram.keep_one[kept] - diagram.baseline[:, None]
        np.testing.assert_array_equal(diagram.stripped(kept), stripped)
        kept_one = diagram.keep_one[kept]
        assert diagram.keep_one_range(kept) == kept_one.max() - kept_one.min()


def test_the_part_of_the_diagram_alone_is_the_same(measured):
    model, episodes, diagram = measured
    np.testing.assert_array_equal(keep_one_accuracies(model, episodes), diagram.keep_one["value"])


def test_sets_of_heads_with_patterns_values_and_both_preserved():
    model, episodes = random_network(8), random_episodes(8, n_episodes=60)
    found = without_heads(model, episodes, [(0, 2), (), HEADS])
    kinds = (("pattern",), ("value",), ("pattern", "value"))
    for preserved, cell in zip(kinds, found[0], strict=True):
        assert cell == pytest.approx(
            accuracy(model, episodes, PreservingAblation((0, 2), preserved))
        )
    np.testing.assert_allclose(found[1], accuracy(model, episodes))
    assert found[2, 0] == pytest.approx(
        accuracy(model, episodes, PreservingAblation(tuple(HEADS), ("pattern",)))
    )


def test_a_head_that_there_is_not_cannot_be_off():
    model, episodes = random_network(8), random_episodes(8)
    with pytest.raises(ValueError, match=r"head 9 is out of range, .* 0 to 3 \(nearest: 3\)"):
        without_heads(model, episodes, [(0, 2), (1, 9)])


def test_answers_without_layer_0_are_those_of_single_passes(monkeypatch):
    monkeypatch.setattr(wiring, "LARGEST_CHUNK", 50)  # more than one chunk
    model, episodes = random_network(8), random_episodes(8, n_episodes=120)
    found = answers_without_layer_0(model, episodes)
    np.testing.assert_allclose(
        found.accuracy[:3], without_heads(model, episodes, [HEADS])[0], atol=1e-6
    )
    kinds = [("pattern",), ("value",), ("pattern", "value")]
    clamps = [[PreservingAblation(tuple(HEADS), kept)] for kept in kinds] + [[]]
    labels, right = np.asarray(episodes.labels), np.asarray(episodes.targets)
    for case, made in enumerate(clamps):
        seen = intervention(made, MODEL).trace(model, episodes)
        logits, pattern = (np.asarray(x) for x in (seen.logits, seen["layers.1.attention.pattern"]))
        in_context = [logits[:, e].argmax() in labels[:2, e] for e in range(120)]
        among = [labels[:2, e][logits[labels[:2, e], e].argmax()] == right[e] for e in range(120)]
        assert found.in_context[case] == pytest.approx(np.mean(in_context))
        assert found.among_labels[case] == pytest.approx(np.mean(among))
        for index, at in enumerate((episodes.correct_position, episodes.incorrect_position)):
            there = pattern[:, 4, np.asarray(at), np.arange(120)].mean(axis=1)
            np.testing.assert_allclose(found.attention[case, index], there, atol=1e-6)


def test_turned_off_receivers_do_not_matter_to_others():
    model, episodes = random_network(9), random_episodes(9, n_episodes=60)
    nothing_left = accuracy(model, episodes, AblateHeads(tuple(HEADS), 1))
    off = np.zeros((1, 4), bool)
    found = wiring.accuracies(model, episodes, off, np.eye(2, dtype=bool), ~off)
    np.testing.assert_allclose(found, nothing_left)


def test_wiring_needs_two_layers():
    model = random_network(0, ModelSettings(layers=1, width=16, heads=4))
    with pytest.raises(ValueError, match="between 2 layers, but the model has 1"):
        wiring_diagram(model, random_episodes(0))
    with pytest.raises(ValueError, match="between 2 layers, but the model has 1"):
        answers_without_layer_0(model, random_episodes(0))


@pytest.mark.parametrize("right", [0, 1, 50, 58, 59, 60, 99, 100])
@pytest.mark.parametrize(("chance", "level"), [(0.5, 0.95), (0.5, 0.999), (0.01, 0.9)])
def test_a_pair_is_wired_where_the_exact_test_against_chance_says_so(right, chance, level):
    found = wired(np.array([[right / 100]]), 100, chance=chance, level=level)
    assert found == (binomtest(right, 100, chance, "greater").pvalue < 1 - level)


def test_an_edge_is_above_chance_by_more_than_sampling_error():
    accuracies = np.array([[0.50, 0.505], [0.51, 0.40]])
    np.testing.assert_array_equal(wired(accuracies, 78_400), [[False, True], [True, False]])
    # Fewer episodes leave more to chance; with no error allowed nothing is an edge.
    assert not wired(accuracies, 1_000).any()
    assert not wired(accuracies, 78_400, level=1 - 1e-12).any()
    # The same accuracy among many pairs has to be further above chance.
    many = np.full((8, 8), 0.5)
    many[0, 0] = 0.5045
    assert wired(many[:1, :1], 78_400).all()
    assert not wired(many, 78_400).any()
