"""What the record tells of planted faults, as plain data."""

from __future__ import annotations

from typing import Literal

import msgspec

FaultStatus = Literal[
    "caught", "not caught", "stops with an error", "not affected", "not comparable", "not run"
]
CatchKind = Literal["check", "curve", "error"]


class Catch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What noticed a fault: a check that holds without it and fails under it, a curve that drifts
    from its snapshot, or a failure that the test of the claim, or the training of its runs, states
    without a check (``error``): a run that diverged, ``pytest.fail``, an error that the fault
    declares.

    `name` is that of the check or curve, and empty for an error; `value` is what was measured under
    the fault, null where it is not finite or there is none, and `without` what was measured without
    it. `sentence` says it all, with the threshold.
    """

    kind: CatchKind
    sentence: str
    name: str = ""
    row: str = ""
    value: float | None = None
    without: float | None = None


class FaultOnClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a claim makes of a fault.

    `status`: ``caught``; ``not caught`` (every check holds as before, or tells neither way any
    more); ``stops with an error`` (of which nobody knows whether the claim or the fault is
    broken, so that nothing is caught); ``not affected`` (nothing that the claim reads is changed);
    ``not comparable`` (the claim does not hold without the fault either); ``not run``. `why` says
    so in words, and `caught_by` what noticed it. `runs` are the keys of the faulty runs that it was
    judged on.
    """

    claim: str
    status: FaultStatus
    why: str
    caught_by: list[Catch] = []
    runs: list[str] = []


class FaultRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that was planted, and what each claim of the session makes of it.

    `statement` says what goes wrong, `stands_for` which mistakes it stands for. `planted` says
    whether any claim was judged under it, `caught` whether one of them noticed. `unnoticed` says in
    a sentence that nobody did, and is empty where somebody did. It is `red` where the fault was
    planted, and in a session of the whole suite also where it was not.
    """

    id: str
    statement: str
    stands_for: str
    planted: bool
    caught: bool
    claims: list[FaultOnClaim]
    unnoticed: str = ""
    red: bool = False
