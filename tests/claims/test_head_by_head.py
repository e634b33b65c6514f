"""Networks of a record beside the published ones, head by head."""

from __future__ import annotations

import sys

import msgspec
import numpy as np
import pytest

from benchmarks import head_by_head as command
from claims.head_by_head import (
    ALONE,
    CLAMPED,
    MEASURES,
    PANEL_OF_CLAMPED,
    STRENGTHS,
    beside_published,
    of_seed,
    published_curve,
    summary,
)
from claims.networks.clamped import CURVES_5B, HEADS
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.pictures import AnyPanel, Figure, Panel, Series
from icl_repro.verification.record import VerificationRecord, write_record
from tests.support.report_builders import claim, trial
from tests.support.report_fixture import rich_record

SEED = 6


def drawn(label: str, curve_id: str, later: float = 1.0) -> Series:
    x, y = published_curve(curve_id, SEED)
    return Series(label, (later * x).tolist(), y.tolist())


def figure(*panels: tuple[str, list[Series]]) -> Figure:
    made: list[AnyPanel] = [Panel(title, "sequences", "value", series) for title, series in panels]
    return Figure("a figure", "What it shows.", "Section 1", made)


def record(
    order: list[int], *, later: float = 1.0, without: tuple[str, ...] = ()
) -> VerificationRecord:
    """A record whose networks are the published ones of the seed, with heads in another order."""
    rise = "fig3b.main.l2_head_{}"
    strengths = [drawn(f"layer 1 head {h}", rise.format(order[h])) for h in HEADS]
    foreign = Series("layer 1 head 0", [0, 1], [9, 9], origin="published")
    alone = [drawn(f"head {h} alone", f"fig4b.main.only_l2_head_{order[h]}", later) for h in HEADS]
    alone.append(drawn("all heads", "fig3a.main.train", later))
    clamped = [drawn(name, curve_id, later) for name, curve_id in CURVES_5B.items()]
    short = [Series(one.label, one.x[:3], one.y[:3]) for one in clamped]
    figures = {
        STRENGTHS: figure(("Measured", [foreign, *strengths])),
        ALONE: figure(("Measured", alone)),
        CLAMPED: figure(("The first quarter", short), (PANEL_OF_CLAMPED, clamped)),
    }
    claims = [
        claim(id_, "S.", "1", "supported", "", [trial(id_, SEED, EvidenceRecord(figures=[shown]))])
        for id_, shown in figures.items()
        if id_ not in without
    ]
    return msgspec.structs.replace(rich_record(), claims=claims)


IN_ORDER = list(HEADS)


def test_the_published_networks_themselves_are_alike_in_everything():
    (found,) = beside_published(record(IN_ORDER))
    assert (found.seed, found.nearest, found.whole.apart) == (SEED, 8, 0)
    assert [found.correlation(measure) for measure in MEASURES] == pytest.approx([1, 1, 1])
    for head in found.heads:
        assert head.strength.ours == head.strength.published
        assert head.apart == 0 < found.others_apart
        assert head.alone.half_time.ours == head.alone.half_time.published
    assert found.clamped_head == (int(np.argmin([h.alone.half_time.ours for h in found.heads])), 3)
    assert {name for name, one in found.clamped.items() if one.apart == 0} == set(CURVES_5B)


def test_heads_in_another_order_are_unlike_one_by_one():
    (found,) = beside_published(record(IN_ORDER[1:] + IN_ORDER[:1]))
    assert found.nearest == 0
    assert found.correlation("strength in the end") < 0.5
    assert found.heads[0].strength.ours == pytest.approx(found.heads[1].strength.published)
    assert found.whole.apart == 0


def test_what_learns_later_has_later_half_times_and_lies_apart():
    (found,) = beside_published(record(IN_ORDER, later=2.0))
    half_time = found.whole.half_time
    assert half_time.ours == pytest.approx(2 * half_time.published)
    assert found.whole.apart > 0.1
    text = "\n".join([*summary([found]), *of_seed(found)])
    assert "| half-time of the full network over published | 2 | 2 |" in text
    assert "ours keep head 1, the authors' keep head 3" in text
    # On this seed that head does not learn in time, so that there is nothing to divide by.
    assert "| no clamp | never (never) | — | " in text


def test_claims_that_were_not_judged_leave_dashes():
    (found,) = beside_published(record(IN_ORDER, without=(ALONE, CLAMPED)))
    text = "\n".join([*summary([found]), *of_seed(found)])
    assert "| half-time alone, rank correlation | — | — |" in text
    assert "| match (1, 2, 3qk, 4) | — (35) | — | — |" in text
    assert "the authors' keep" not in text
    with pytest.raises(ValueError, match=r"no figure of emergence\.induction_heads_rise on"):
        beside_published(record(IN_ORDER, without=(STRENGTHS,)))


def test_the_command_prints_or_writes_the_tables(tmp_path, monkeypatch, capsys):
    path, table = tmp_path / "a.json", tmp_path / "heads.md"
    write_record(record(IN_ORDER), path)

    def run(*args: object) -> str:
        monkeypatch.setattr(sys, "argv", ["head_by_head", *map(str, args)])
        command.main()
        return capsys.readouterr().out

    printed = run(path)
    assert "## Seed 6" in printed
    assert run(path, "--markdown", table) == ""
    assert table.read_text("utf-8") == printed
    with pytest.raises(SystemExit):
        run(tmp_path / "b.json")
    assert "b.json" in capsys.readouterr().err
