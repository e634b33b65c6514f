"""Claims, evidence, verdicts and the record of a verification.

Nothing here imports JAX, and SciPy only where a statistic is computed.
"""

from icl_repro.statistics.intervals import Interval
from icl_repro.verification.declare import Claim, Control, claim, control, networks
from icl_repro.verification.evidence import Check, EvidenceRecord, Quantity
from icl_repro.verification.pictures import Figure, Panel, ReferenceLine, Series
from icl_repro.verification.record import (
    ClaimRecord,
    ControlRecord,
    Trial,
    UnreadableRecord,
    VerificationRecord,
    read_record,
    write_record,
)
from icl_repro.verification.recorder import Evidence, MisusedEvidence
from icl_repro.verification.reported import Reported

__all__ = [
    "Check",
    "Claim",
    "ClaimRecord",
    "Control",
    "ControlRecord",
    "Evidence",
    "EvidenceRecord",
    "Figure",
    "Interval",
    "MisusedEvidence",
    "Panel",
    "Quantity",
    "ReferenceLine",
    "Reported",
    "Series",
    "Trial",
    "UnreadableRecord",
    "VerificationRecord",
    "claim",
    "control",
    "networks",
    "read_record",
    "write_record",
]
