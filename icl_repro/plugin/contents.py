"""``--collect-only`` as a table of contents of the paper: where it says what, and what is held
against it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import pytest

from icl_repro.numbers import count
from icl_repro.plugin import trials
from icl_repro.plugin.session import state_of

_WIDTH = 100


def lines(config: pytest.Config, items: Iterable[pytest.Item]) -> list[str]:
    """The contents, where the session only collects and is not asked to be brief."""
    if not config.option.collectonly or config.get_verbosity() < 0:
        return []
    drafts = [draft for item in items if (draft := trials.draft_of(item)) is not None]
    if not drafts:
        return []
    declared = {draft.case.claim.id: draft.case.declaration for draft in drafts}
    written = [state_of(config).settings.paper] if state_of(config).settings.paper else []
    source = ""
    for id_, declaration in declared.items():
        claim = declaration.claim
        if claim.source != source:
            written += ["", claim.source]
            source = claim.source
        written += _wrapped(f"{id_}: {claim.statement}", 2)
        of_claim = [draft.case for draft in drafts if draft.case.claim.id == id_]
        rows = dict.fromkeys(case.row for case in of_claim if case.row)
        if rows:
            written += _wrapped(f"rows: {', '.join(rows)}", 6)
        controls = dict.fromkeys(case.control_id for case in of_claim if case.control)
        if controls:
            number = count(len(controls), "control")
            written += _wrapped(f"{number}: {', '.join(controls)}", 6)
    return [*written, "", f"{count(len(declared), 'claim')}, {count(len(drafts), 'test')} of them"]


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_on_hyphens=False,
    )
