"""The HTML report: everything that the template shows, and the one file that it makes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icl_repro import numbers
from icl_repro.report import agreement_plot
from icl_repro.report.claim_views import FamilyView, view_claims
from icl_repro.report.plain_text import printable
from icl_repro.report.scripts import policy, scripts, styles
from icl_repro.report.shared_styles import with_shared_styles
from icl_repro.report.text import (
    beside,
    by_row,
    cite,
    compared,
    coverage,
    disagreements,
    faults,
    findings,
    matrix,
    methods,
    notes,
    past,
    published,
    trained,
    verdicts,
    words,
)
from icl_repro.storage.files import write_whole
from icl_repro.verification.coverage import FAITHFUL
from icl_repro.verification.record import Sample, VerificationRecord

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_ID = re.compile(r"\w+(?:\.\w+)+")
_UNSEEN = re.compile(r"^[ \t]+|(?<=>)\s+(?=</?(?:table|thead|tbody|t[dhr])\b)", re.MULTILINE)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def render_html(record: VerificationRecord, others: Sequence[VerificationRecord] = ()) -> str:
    """The report of `record` as one HTML document that needs nothing else, with its verdicts beside
    those of `others`, if there are any.

    The same records give the same text.
    """
    page = environment().get_template("report.html.j2").render(_context(record, others))
    return with_shared_styles(page)


def write_html(
    record: VerificationRecord, path: Path, others: Sequence[VerificationRecord] = ()
) -> None:
    """Write the report of `record` to `path`, replacing it in one step; `others` as for
    :func:`render_html`.

    The file opens from disk and loads nothing: styles, figures and pictures are inside.
    """
    write_whole(path, render_html(record, others))


def environment() -> Environment:
    """The templates, with what they may call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from jinja2.ext import Extension
    from markupsafe import Markup

    class Compact(Extension):
        """A page has the lines of its templates, but not how far these are indented, nor those
        between the cells of a table: a long page is tens of kilobytes shorter.
        """

        def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
            return _UNSEEN.sub("", source)

    def finalize(value: Any) -> Any:
        # Markup is what this package made itself; everything else may hold anything.
        return printable(value) if isinstance(value, str) and type(value) is not Markup else value

    made = Environment(
        loader=PackageLoader("icl_repro.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
        extensions=[Compact],
    )
    made.globals["nothing"] = words.NOTHING
    made.globals["faithful"] = FAITHFUL
    made.globals["agrees_note"] = words.AGREES_NOTE
    made.globals["margins_note"] = words.MARGINS_NOTE
    made.filters |= {
        "linked": linked,
        "svg": Markup,
        "column_names": column_names,
        "number": numbers.number,
        "duration": numbers.duration,
        "count": numbers.count,
        "keys_by_kind": trained.keys_by_kind,
        "heading": words.as_heading,
        "sentence": words.as_full_sentence,
        "capital": words.as_sentence,
        "reference": words.unbroken,
        "unit": words.shown_unit,
    }
    return made


def style_and_scripts() -> dict[str, Any]:
    """What every page carries: styles, scripts, and the policy that allows these scripts alone."""
    from markupsafe import Markup

    return {
        "style": Markup(styles()),
        "scripts": [Markup(text) for text in scripts()],
        "script_policy": Markup(policy()),
    }


def column_names(names: Sequence[str]) -> Markup:
    """`names` of columns, from the second on, as CSS variables: a phone shows them in the cells."""
    from markupsafe import Markup

    def quoted(name: str) -> str:
        return re.sub(r"[^\w ]", lambda one: f"\\{hex(ord(one[0]))[2:]} ", printable(name))

    told = (f"--column-{place}: '{quoted(name)}'" for place, name in enumerate(names, 2))
    return Markup("; ".join(told))


def linked(text: str, places: dict[str, str]) -> Markup:
    """`text` with a link in words in place of each id of a claim in it; `places` are their anchors.

    ``see emergence.half_way`` becomes ``see “half way” under Emergence``.
    """
    from markupsafe import Markup, escape

    names = filter(_ID.fullmatch, sorted(places, key=len, reverse=True))
    named = "|".join(map(re.escape, names))
    parts = re.split(rf"(?<![\w.])({named})(?![\w-])", text) if named else [text]
    link = Markup('<a href="#{}" title="{}">“{}” under {}</a>')
    told = [
        link.format(places[part], part, *matrix.name_and_section(part))
        if at % 2
        else escape(printable(part))
        for at, part in enumerate(parts)
    ]
    return Markup("").join(told)


def _context(
    record: VerificationRecord, others: Sequence[VerificationRecord] = ()
) -> dict[str, Any]:
    families, known = view_claims(record)
    published_rows = _beside_published(families)
    every_row = [row for rows in published_rows.values() for row in rows]
    points = [row.point for row in every_row]
    covered = coverage.parts(record)
    return {
        "record": record,
        **style_and_scripts(),
        "overall": verdicts.overall(record),
        "left_out": verdicts.left_out(record),
        "notes": notes.notes(record),
        "warning": words.not_meaningful_warning(record.profile),
        # Without controls no verdict says more than that.
        "tallies": [] if record.faults else verdicts.tallies(record.claims),
        "meanings": [
            (verdicts.VERDICTS[verdict], verdict, meaning)
            for verdict, meaning in verdicts.MEANINGS.items()
        ],
        "seeds": words.seed_list(record.profile.seeds).lower(),
        "started": words.moment(record.started),
        "families": families,
        "widest": max(
            (
                table.width
                for family in families
                for claim in family.claims
                for table in (claim.table, *(control.table for control in claim.controls))
            ),
            default=0,
        ),
        "findings": [one for one in known if not one.finding.edge],
        "findings_note": findings.findings_note(record),
        "edges": [one for one in known if one.finding.edge],
        "edges_note": findings.edges_note(record),
        "coverage": covered,
        "coverage_note": coverage.coverage_note(record),
        "unnamed": coverage.unnamed(record),
        "statements_of": coverage.by_claim(covered),
        "places": {claim.record.id: claim.anchor for one in families for claim in one.claims},
        "faults": faults.fault_views(record),
        "fault_rows": faults.matrix(record),
        "fault_meanings": [(told, faults.MEANINGS[one]) for one, told in faults.STATUS.items()],
        "controls_note": faults.controls_note(record),
        "unaffected": faults.unaffected_note(record),
        "retired": findings.retired_views(record),
        "past_note": past.past_note(record.past),
        "past_trends": past.trend_views(record.past),
        "past_sessions": past.session_views(record.past),
        "sample": _pictures(record.sample),
        "compared": compared.view(record.compared) if record.compared else None,
        "beside": beside.side_by_side([record, *others]) if others else None,
        "by_row": by_row.by_row(record),
        "seeds_across": matrix.matrix_seeds(record),
        "corrected": matrix.is_corrected(record),
        "matrix_legend": matrix.legend(),
        "present": [
            (verdicts.VERDICTS[verdict], verdict)
            for verdict, _ in verdicts.verdict_counts(record.claims)
        ],
        "published_sentence": published.published_sentence(record.claims, points),
        "published_caption": published.caption(points),
        "published_numbers": agreement_plot.numbers(every_row),
        "published_rows": every_row,
        "strips": [
            agreement_plot.strip(family.title, family.anchor, published_rows[family.anchor])
            for family in families
            if published_rows[family.anchor]
        ],
        "ticks": agreement_plot.ticks(),
        "disagreements": disagreements.disagreements(record),
        "methods": methods.methods(record),
        "licences": methods.licences(record),
        "bibtex": cite.bibtex(record),
    }


def _beside_published(
    families: Sequence[FamilyView],
) -> dict[str, list[agreement_plot.PublishedRow]]:
    """The checks with a published value, by the anchor of their family."""
    return {
        family.anchor: [
            agreement_plot.PublishedRow(claim.anchor, claim.record.id, point)
            for claim in family.claims
            for point in claim.published
        ]
        for family in families
    }


def _pictures(sample: Sample | None) -> list[list[str | None]]:
    """The pictures by group; ``None`` for one that is not a PNG image in base64."""
    return [[_png(picture) for picture in row] for row in sample.pictures] if sample else []


def _png(picture: str) -> str | None:
    try:
        content = base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError):
        return None
    return picture if content.startswith(_PNG_SIGNATURE) else None
