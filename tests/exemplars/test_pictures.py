"""Pictures of exemplars for the report."""

import io

import numpy as np
import pytest
from PIL import Image

from icl_repro.exemplars import Glyphs, InvalidSelection, exemplar_pictures


def test_pictures_are_small_png_files_in_the_order_asked_for():
    pictures = exemplar_pictures(Glyphs(), [4, 2], [0, 1, 2])
    assert [len(row) for row in pictures] == [3, 3]
    assert pictures[0] != pictures[1]
    for row in pictures:
        for content in row:
            assert content.startswith(b"\x89PNG")
            assert len(content) < 4000
            with Image.open(io.BytesIO(content)) as picture:
                assert picture.size == (64, 64)
    assert exemplar_pictures(Glyphs(), [2], [1]) == [[pictures[1][1]]]


def test_ink_is_black_on_white_where_it_was_drawn():
    ((content,),) = exemplar_pictures(Glyphs(), [0], [0], side=105)
    with Image.open(io.BytesIO(content)) as picture:
        shown = np.asarray(picture) / 255
    np.testing.assert_allclose(shown, 1 - Glyphs().images([0], [0])[0, 0], atol=0.003)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InvalidSelection, match="there is no 1623"):
        exemplar_pictures(Glyphs(), [1623], [0])
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        exemplar_pictures(Glyphs(), [0], [0], side=0)
