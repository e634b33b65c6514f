"""Episodes go through in equal chunks, in order, all of them."""

import numpy as np
import pytest

from icl_repro.measures.datasets.chunks import over_chunks
from tests.support.random_networks import random_episodes


@pytest.mark.parametrize(("largest", "size"), [(12, 12), (100, 12), (5, 4), (7, 6), (1, 1)])
def test_chunks_are_the_largest_equal_ones_and_keep_their_order(largest, size):
    episodes = random_episodes(0, n_episodes=12)
    found = over_chunks(
        episodes, lambda chunk: (chunk.exemplars, chunk.labels, chunk.matching), largest
    )
    for chunks, whole in zip(
        found, (episodes.exemplars, episodes.labels, episodes.matching), strict=True
    ):
        assert chunks.shape[0] == 12 // size
        np.testing.assert_array_equal(np.concatenate(list(chunks), axis=-1), whole)
