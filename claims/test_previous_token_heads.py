"""Which heads attend to the token before does not matter, unless all do (Appendix D.1.2; Figure 8).

Trained: networks with one head of layer 1 (which one: see :mod:`claims.networks.clamped`), and
none, one, another one, three or all of the eight heads of layer 0 (the paper's Layer 1) clamped
throughout to the previous-token pattern. Those heads are chosen on the trained full network of the
same seed, too. Measured: when the train loss falls to 0.35, and its
acceleration ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Unpack

import pytest

from claims.figures.previous_token_heads import pace_figure
from claims.networks.clamped import (
    ALL_HEADS,
    ANOTHER_HEAD,
    CURVES_8,
    NONE,
    ONE_HEAD,
    THREE_HEADS,
    Chosen,
    chosen_heads,
    figure_8,
    match,
    on_chosen_heads,
    previous_token,
    previous_token_error,
)
from claims.phase_changes import (
    Bound,
    check_acceleration,
    check_over,
    half_time_of,
    keep_loss,
    of_run,
)
from claims.published import reported
from icl_repro import Evidence, Reported, claim, control
from icl_repro.training import Run, RunSpec

FIGURE = "Appendix D.1.2, Figure 8"
FEW = (ONE_HEAD, ANOTHER_HEAD, THREE_HEADS)
MATCH, TWO_BEFORE = "match", "two tokens before"


def clamped(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """The networks of Figure 8, and two for controls."""
    head, one = chosen.induction_head, [chosen.previous_token_head]
    controls = {
        MATCH: match(seed, head),
        TWO_BEFORE: previous_token(seed, head, one, shift=2),
    }
    return figure_8(seed, chosen) | controls


CLAMPED = on_chosen_heads(clamped)


def later(name: str) -> str:
    """What the check of a half-time is called."""
    return f"half-time with {name} clamped over that without a clamp"


def ratio(name: str) -> str:
    """What the check of a phase change is called."""
    return f"acceleration ratio with {name} clamped"


def held(name: str) -> str:
    """What the check of a clamp is called."""
    return f"largest distance of the attention of {name} from the token before"


def check_half_time(
    evidence: Evidence, runs: Mapping[str, Run], name: str, **bound: Unpack[Bound]
) -> None:
    """State how much later a network learns with heads clamped than without, and that they were."""
    ours = half_time_of(runs[name]), half_time_of(runs[NONE])
    theirs = published_half_time(name).value, published_half_time(NONE).value
    check_over(evidence, later(name), ours, theirs, "Figure 8", **bound)
    heads_0 = chosen_heads(runs).sets_of_heads[name]
    evidence.check(held(name), previous_token_error(runs[name], heads_0), at_most=1e-6)
    state_half_time(evidence, runs, name)


def state_half_time(evidence: Evidence, runs: Mapping[str, Run], name: str) -> None:
    """State a half-time beside the published one."""
    evidence.quantity(
        f"half-time, {name}",
        half_time_of(runs[name]),
        unit="sequences",
        published=published_half_time(name),
        note=f"heads of layer 0 clamped: {chosen_heads(runs).sets_of_heads.get(name, 'none')}",
    )


def published_half_time(name: str) -> Reported:
    """That of a curve of Figure 8."""
    return reported(f"dig.{CURVES_8[name]}.half_time")


# One or three heads: never later, and still a phase change. All eight: later.


def of_few(*checks: Callable[[str], str]) -> list[str]:
    """The names of some checks in every row of the table."""
    return [check(name) for check in checks for name in FEW]


@claim(
    "previous_token_heads.few",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "With all eight heads clamped in place of one or three, learning is delayed",
            id="all_heads",
            swap=dict.fromkeys(FEW, ALL_HEADS),
            only=of_few(later),
        ),
        control(
            "With one head clamped to the token before the previous one, learning is delayed",
            id="two_tokens_before",
            swap=dict.fromkeys(FEW, TWO_BEFORE),
            only=of_few(later, held),
            undefined="never learns",
        ),
        control(
            "With the match clamped instead, learning is no phase change",
            id="match",
            swap=dict.fromkeys(FEW, MATCH),
            only=of_few(ratio, held),
        ),
    ],
)
@pytest.mark.parametrize("name", FEW, ids=["one_head", "another_head", "three_heads"])
def test_few(name: str, runs: Mapping[str, Run], evidence: Evidence) -> None:
    """Clamping one, another or three heads of layer 0 to the previous token never delays learning,
    and leaves it a phase change.
    """
    check_half_time(evidence, runs, name, at_most=1)
    check_acceleration(evidence, ratio(name), of_run(runs[name]), CURVES_8[name], at_least=1.75)
    keep_loss(evidence, f"train loss, {name} clamped", runs[name])


@claim(
    "previous_token_heads.all",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "Clamping three heads in place of all does not delay learning",
            id="three_heads",
            swap={ALL_HEADS: THREE_HEADS},
        ),
        control(
            "Nor does clamping one other than the paper's own",
            id="another_head",
            swap={ALL_HEADS: ANOTHER_HEAD},
        ),
    ],
)
def test_all(runs: Mapping[str, Run], evidence: Evidence) -> None:
    """Clamping all eight heads of layer 0 to the previous token delays learning."""
    check_half_time(evidence, runs, ALL_HEADS, at_least=1)
    state_half_time(evidence, runs, NONE)
    evidence.figure(pace_figure(runs))
