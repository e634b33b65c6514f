"""What the margin for values without a test would have called worse in this repository."""

from __future__ import annotations

from pathlib import Path

from icl_repro.comparison.measured import measured, room
from icl_repro.comparison.values import UNTESTED_MARGIN
from icl_repro.verification.record import read_record
from icl_repro.verification.spreads import load

ROOT = Path(__file__).resolve().parents[2]


def test_trainings_of_one_seed_differ_by_more_than_it_in_times_and_language_models_alone():
    record, spreads = (
        read_record(ROOT / "reports/reference.json"),
        load(ROOT / "claims/spread.json"),
    )
    shares: dict[tuple[str, str, str], float] = {}
    for claim in record.claims:
        for (case, _, name), check in measured(claim, record.runs).items():
            known = spreads.of(claim.id, case, name)
            rooms = [
                abs(room(check, value)) for value in check.values.values() if value is not None
            ]
            if known is not None and rooms and all(rooms):
                shares[claim.id, case, name] = max(known.largest / one for one in rooms)
    times = {place for place in shares if "time of a" in place[2] or "processor time" in place[2]}
    of_text = {place for place in shares if place[0].startswith("lecture.")}
    assert len(shares) - len(times) - len(of_text) > 500, "fewer would say less than its docstring"
    beyond = {place for place, share in shares.items() if share > UNTESTED_MARGIN}
    assert beyond <= times | of_text, beyond - times - of_text
    assert len(beyond & of_text) <= 9
