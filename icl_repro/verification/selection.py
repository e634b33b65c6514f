"""What a session selects of the claims, as plain data: with the trials, all that judging takes."""

from __future__ import annotations

import msgspec

from icl_repro.verification.declared import Claim


class SelectedControl(msgspec.Struct, frozen=True):
    """What the record tells of a control, selected itself or not; `rows_left_out` are the rows of
    its tests of which none was selected, where others were.
    """

    id: str
    statement: str
    only: list[str]
    undefined: str
    rows_left_out: list[str] = []


class SelectedClaim(msgspec.Struct, frozen=True):
    """A claim of which something will run, with all its controls; `whole` says whether all of its
    rows and controls will run on some seed, `rows_left_out` is as for a control. `reads_runs` says
    whether it declares any, `line` is that of its file on which it is declared. `not_for` says for
    which rows of its family it has no meaning, and why.
    """

    claim: Claim
    controls: list[SelectedControl]
    whole: bool = False
    rows_left_out: list[str] = []
    reads_runs: bool = True
    line: int = 0
    not_for: dict[str, str] = {}
