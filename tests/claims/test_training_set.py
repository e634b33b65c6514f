"""The count of training sequences is of the streams of the session."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from claims.test_training_set import PAPER, different, every_one, samplers_of
from icl_repro.episodes import split
from icl_repro.streams import STREAMS
from tests.support.published_streams import published_streams


def pairs(array: ArrayLike) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in np.asarray(array).tolist()}


def test_label_pairs_are_those_of_the_streams():
    published = samplers_of(STREAMS["published"], PAPER)
    assert pairs(published["train"].pairs) == pairs(published_streams()["seed5/label_pairs/train"])
    assert pairs(published["test_relabel"].pairs) == pairs(
        published_streams()["seed5/label_pairs/val"]
    )
    ours = samplers_of(STREAMS["ours"], PAPER)
    assert pairs(ours["test_relabel"].pairs) == pairs(split(PAPER, 150).held_out_pairs)
    assert pairs(ours["test_relabel"].pairs) != pairs(published["test_relabel"].pairs)


def test_either_streams_have_as_many_sequences():
    for streams in (STREAMS["ours"], STREAMS["published"]):  # other tests may have altered ones
        assert different(every_one(samplers_of(streams, PAPER)["train"], 0)) == 78_400
