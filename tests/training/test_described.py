"""Training runs in words."""

import pytest

from icl_repro.optogenetics import (
    AblateHeads,
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    PreservingAblation,
)
from icl_repro.training import RunSpec
from icl_repro.training.described import clamp_in_words
from icl_repro.training.methods import methods
from icl_repro.training.spec import Optimiser, Stop


@pytest.mark.parametrize(
    ("clamp", "told"),
    [
        (AblateHeads((0, 1, 2)), "heads 0, 1 and 2 of layer 1 off"),
        (AblateHeads((0, 1, 2, 4, 5, 6, 7)), "all heads of layer 1 off but 3"),
        (AblateHeads(range(8)), "heads 0, 1, 2, 3, 4, 5, 6 and 7 of layer 1 off"),
        (ClampPreviousToken((3,)), "head 3 of layer 0 clamped to attend to the token before"),
        (
            ClampPreviousToken((3,), shift=2),
            "head 3 of layer 0 clamped to attend to the token 2 before",
        ),
        (ClampMatch((3,)), "head 3 of layer 1 clamped to match"),
        (ClampMatch((3,), strength=0.6), "head 3 of layer 1 clamped to match with weight 0.6"),
        (ClampCopy(3), "copying by head 3 of layer 1 clamped"),
        (ClampFirstLayer(), "layer 0 clamped"),
        (
            PreservingAblation((0,), ("pattern",)),
            "head 0 of layer 0 off with the pattern preserved",
        ),
    ],
)
def test_each_clamp_has_words(clamp, told):
    assert clamp_in_words(clamp, 8) == told


def test_methods_tell_what_all_runs_share_and_what_varies():
    runs = [RunSpec(), RunSpec(init_seed=6), RunSpec(optimiser=Optimiser(3e-5), stop=Stop(0.01))]
    told = "\n".join(methods(runs))
    for part in (
        "with 2 layers of 8 heads, a residual stream of width 64,",
        "In 0 of 3 runs parts were clamped",
        "a learning rate of 1e-05 (3e-05 in some), in batches of 32, on at most 1,000,000",
        "every 5,000 sequences, on 1,000 fixed episodes of each set (",
        "1 of 3 runs may end before that, once the training loss is at most 0.01 at 3 evaluations",
    ):
        assert part in told
    assert methods([]) == []
