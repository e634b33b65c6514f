"""Verdicts as properties of the JUnit report; pytest itself adds those of each test."""

from __future__ import annotations

import pytest
from _pytest.junitxml import xml_key

from icl_repro.verification.record import VerificationRecord


def add_verdicts(config: pytest.Config, record: VerificationRecord) -> None:
    """Add the verdict on each claim, and why, if pytest writes a JUnit report."""
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    for claim in record.claims:
        xml.add_global_property(f"claim {claim.id}", claim.verdict)
        xml.add_global_property(f"reason {claim.id}", claim.reason)
