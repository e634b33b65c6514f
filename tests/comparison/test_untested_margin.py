"""What the margin for values without a test would have called worse in this repository."""

from __future__ import annotations

from pathlib import Path

from icl_repro.comparison.measured import measured, room
from icl_repro.comparison.values import UNTESTED_MARGIN
from icl_repro.verification.record import read_record
from icl_repro.verification.spreads import load

ROOT = Path(__file__).resolve().parents[2]


def test_no_trainings_of_one_seed_differ_by_more_than_it_but_in_times():
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
    assert len(shares) - len(times) > 300, "fewer would say less than README does"
    beyond = {place for place, share in shares.items() if share > UNTESTED_MARGIN}
    assert beyond <= times, beyond - times
