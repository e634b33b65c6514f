"""The figures of the lecture: which curves they show, of which models."""

import numpy as np

from claims.lecture.figures import heads_figure
from claims.lecture.models import ONE, THREE, TWO
from icl_repro.training import LanguageRun, LanguageSpec


def with_heads(layers: int) -> LanguageRun:
    """A run of two evaluations whose heads match prefixes and copy differently well."""
    shape = (2, layers, 8)
    matching, copying = np.random.default_rng(layers).random((2, *shape)).astype(np.float32)
    return LanguageRun(
        spec=LanguageSpec(),
        curves={
            "sequences": np.array([0, 8]),
            "attention.induction": matching,
            "copying": copying,
            "train.losses": np.zeros((2, 64), np.float32),
        },
        checkpoint_sequences=np.array([0]),
        checkpoint_weights={},
        seconds=0.0,
    )


def test_both_scores_of_every_head_are_shown_for_each_depth_in_one_order():
    runs = {ONE: with_heads(1), TWO: with_heads(2), THREE: with_heads(3)}
    panels = heads_figure(runs).panels
    assert len({panel.title for panel in panels}) == len(panels) == 6
    pairs = zip(panels[:3], panels[3:], strict=True)
    for (name, run), (matches, copies) in zip(runs.items(), pairs, strict=True):
        assert matches.title.endswith(name)
        assert copies.title.endswith(name)
        of_each = [
            [line.label.partition(" (")[0] for line in one.series] for one in (matches, copies)
        ]
        assert of_each[0] == of_each[1]
        assert len(of_each[0]) == run.curves["copying"][0].size
        for panel, curve in ((matches, "attention.induction"), (copies, "copying")):
            for line in panel.series:
                layer, head = map(int, line.label.split()[1:4:2])
                assert line.y == run.curves[curve][:, layer, head].tolist()
        ends = [line.y[-1] for line in matches.series[:8]]
        assert ends == sorted(ends, reverse=True)
