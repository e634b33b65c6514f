"""Turns an SVG document of matplotlib into an element that can stand in an HTML page.

Inside a page an SVG shares its ids, its style sheets and its namespace with everything else, has
to fit a phone, and has to be read out by a screen reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from icl_repro.report.pictures.palette import with_variables
from icl_repro.report.plain_text import printable

_FONT_FAMILY = re.compile(r"\s*font-family:[^;]*;?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NO_ROTATION = re.compile(r"^rotate\(-?0 ")
_LONG_DECIMALS = re.compile(r"(\.\d\d)\d+")
# Scripts, styles and metadata of a drawing have no business in the page that holds it.
_DROPPED = {"metadata", "style", "script"}


def inline(svg: str, *, prefix: str, title: str, description: str, names: Mapping[str, str]) -> str:
    """The ``<svg>`` element for a page.

    Args:
        svg: the document that :func:`~icl_repro.report.pictures.panels.draw_panel` gives.
        prefix: goes before every id; unique in the page.
        title: what the picture is, for screen readers.
        description: what is to be seen in it, for screen readers.
        names: what the parts with these ids are called when pointed at.
    """
    drawing = ET.fromstring(svg)
    _clean(drawing)
    for element in drawing.iter():
        name = names.get(element.get("id", ""))
        if name is not None:
            _put_first(element, "title", name)
        _adapt(element, prefix)
    view = drawing.get("viewBox", "")
    drawing.attrib.clear()
    drawing.attrib.update(
        {
            "class": "plot",
            "viewBox": view,
            "role": "img",
            "aria-labelledby": f"{prefix}-title {prefix}-desc",
        }
    )
    _put_first(drawing, "desc", description).set("id", f"{prefix}-desc")
    _put_first(drawing, "title", title).set("id", f"{prefix}-title")
    return ET.tostring(drawing, encoding="unicode")


def _clean(parent: ET.Element) -> None:
    """Drop foreign parts and namespaces: a page gives an ``<svg>`` its namespace itself."""
    parent.tag = _local(parent.tag)
    if parent.tag not in ("text", "title"):
        parent.text = None
    parent.tail = None
    for child in list(parent):
        if _local(child.tag) in _DROPPED:
            parent.remove(child)
        else:
            _clean(child)


def _adapt(element: ET.Element, prefix: str) -> None:
    attributes = {_local(key): value for key, value in element.attrib.items()}
    if "id" in attributes:
        attributes["id"] = f"{prefix}-{attributes['id']}"
    if "href" in attributes:
        attributes["href"] = f"#{prefix}-{attributes['href'].removeprefix('#')}"
    if "clip-path" in attributes:
        attributes["clip-path"] = _REFERENCE.sub(rf"url(#{prefix}-\1)", attributes["clip-path"])
    if "style" in attributes:
        attributes["style"] = with_variables(_FONT_FAMILY.sub("", attributes["style"]))
    if "d" in attributes:
        # A hundredth of a unit is far below a pixel, and half of the size of the page.
        path = " ".join(attributes["d"].split())
        attributes["d"] = _LONG_DECIMALS.sub(r"\1", path)
    if _NO_ROTATION.match(attributes.get("transform", "")):
        del attributes["transform"]
    element.attrib.clear()
    element.attrib.update(attributes)


def _put_first(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.Element(tag)
    child.text = printable(text)
    parent.insert(0, child)
    return child


def _local(name: str) -> str:
    return name.rpartition("}")[2]
