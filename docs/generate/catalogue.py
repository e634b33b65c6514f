"""The catalogue: every claim as it is declared, with the verdict of the committed record of its
family.
"""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from icl_repro.planning.explained import LAST_VERDICT, Explanation, as_markdown, explained
from icl_repro.planning.suite import PlannedClaim, Suite, matching
from icl_repro.plugin.collecting import collected
from icl_repro.report.text.words import family_title
from icl_repro.verification.record import VerificationRecord

from .markdown import escaped, table

FOLDER = "catalogue"
_NESTED = re.compile(r"^  - ", re.MULTILINE)
_PART = re.compile(r"^### (.+)$", re.MULTILINE)

_HEAD = """\
# Catalogue of claims

Every claim, in the order of the paper, made from the declarations in `claims/`; nothing was trained
for these pages. Verdicts are those of {record}{others}.
A claim that has changed since then is shown as it is now, beside what it came to then.
`icl-repro explain CLAIM` says the same in the terminal.
"""

_FAMILY = """\
{about}

Verdicts: {record}. Layers and heads count from 0 here, from 1 for layers in the paper.
"""


class Judged(NamedTuple):
    """A committed record, and the words for which one it is."""

    record: VerificationRecord
    named: str


def declared(root: Path) -> Suite:
    """The claims of this checkout, as pytest collects them. An empty store is looked into, so that
    pages are the same on every machine.
    """
    with tempfile.TemporaryDirectory() as store:
        options = [f"--icl-store={store}", "--icl-report=none", f"--rootdir={root}"]
        return collected(
            [root / "claims"],
            lambda claims, profile: matching([], claims, ""),
            options,
            with_published=True,
        )


def in_order(suite: Suite, own: Mapping[str, Judged]) -> dict[str, list[PlannedClaim]]:
    """The claims of each family in the order of the paper, those with own records last."""
    families: dict[str, list[PlannedClaim]] = {}
    for claim in suite.claims:
        families.setdefault(claim.id.partition(".")[0], []).append(claim)
    last = [family for family in own if family in families]
    order = [*(family for family in families if family not in last), *last]
    return {family: families[family] for family in order}


def pages(
    root: Path, suite: Suite, paper: Judged, own: Mapping[str, Judged] | None = None
) -> dict[str, str]:
    """Each page by its path, as Markdown, the index first.

    Args:
        root: of the checkout.
        suite: the claims.
        paper: the record that has the verdicts.
        own: those that have the verdicts of a family instead, by its name.
    """
    own = own or {}
    families = in_order(suite, own)
    verdicts = {claim.id: claim for claim in paper.record.claims}
    for family, judged in own.items():
        its = {claim.id: claim for claim in judged.record.claims}
        verdicts |= {name: one for name, one in its.items() if name.startswith(f"{family}.")}

    def verdict(claim: PlannedClaim) -> str:
        found = verdicts.get(claim.id)
        return found.verdict if found is not None else "not in this record"

    made = {f"{FOLDER}/index.md": "\n".join(_index(families, verdict, paper, own))}
    for family, claims in families.items():
        about = [escaped(text) for text in _modules(root, claims)]
        lines = [f"# {family_title(family)}", ""]
        record = own.get(family, paper).named
        lines += [_FAMILY.format(about="\n\n".join(about), record=record)]
        for claim in claims:
            lines += _claim(explained(suite, claim, None, (), verdicts.get(claim.id)))
        made[path_of(family)] = "\n".join(lines)
    return made


def path_of(family: str) -> str:
    """The path of the page of a family."""
    return f"{FOLDER}/{family}.md"


def link(claim: str, folder: str) -> str:
    """A link to a claim, from a page in `folder`."""
    family = claim.partition(".")[0]
    return f"[{escaped(claim)}]({'../' if folder else ''}{path_of(family)}#{claim})"


def _index(
    families: Mapping[str, list[PlannedClaim]],
    verdict: Callable[[PlannedClaim], str],
    paper: Judged,
    own: Mapping[str, Judged],
) -> Iterator[str]:
    others = "".join(f"; of *{family_title(name)}*, of {own[name].named}" for name in own)
    yield _HEAD.format(record=paper.named, others=others)
    for family, claims in families.items():
        yield f"## [{family_title(family)}]({family}.md)"
        yield ""
        rows = [
            [
                f"[{escaped(claim.claim.statement)}]({family}.md#{claim.id})",
                escaped(claim.claim.source),
                str(verdict(claim)),
            ]
            for claim in claims
        ]
        yield from table(["claim", "where it is said", "verdict"], rows)


def _claim(one: Explanation) -> Iterator[str]:
    # What it came to first; what it is made of has no place in the table of contents.
    came_to = sorted(one.parts, key=lambda part: part.title != LAST_VERDICT)
    text = "\n".join(as_markdown(one._replace(parts=tuple(came_to))))
    first, _, rest = text.partition("\n")
    # The id is what links lead to; lists within lists are four spaces deep here.
    yield f"{first} {{ #{one.id} }}"
    yield _PART.sub(r"**\1**", _NESTED.sub("    - ", rest))
    yield ""


def _modules(root: Path, claims: list[PlannedClaim]) -> Iterator[str]:
    """What the files of some claims say of themselves."""
    for file in dict.fromkeys(claim.file for claim in claims):
        path = root / file
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        for paragraph in text.split("\n\n"):
            yield re.sub(r":\w+:`~?([^`]+)`", r"\1", " ".join(paragraph.split()))
