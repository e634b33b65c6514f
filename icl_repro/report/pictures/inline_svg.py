"""Makes a drawing an element that can stand in an HTML page.

Inside a page an SVG shares its ids with everything else, has to fit a phone, and has to be read out
by a screen reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from icl_repro.report.plain_text import printable


def inline(
    drawing: ET.Element, *, prefix: str, title: str, description: str, names: Mapping[str, str]
) -> str:
    """The ``<svg>`` element for a page.

    Args:
        drawing: what :class:`~icl_repro.report.pictures.shapes.Shapes` drew; it is changed.
        prefix: what the ids in it start with; unique in the page.
        title: what the picture is, for screen readers.
        description: what is to be seen in it, for screen readers.
        names: what these parts (``data-part``) are called when pointed at.
    """
    for element in list(drawing.iter()):
        if (part := element.get("data-part", "")) in names:
            _put_first(element, "title", names[part])
        if "id" in element.attrib:
            element.set("id", f"{prefix}-{element.attrib['id']}")
        for name, value in element.items():
            if value.startswith("url(#"):
                element.set(name, value.replace("#", f"#{prefix}-"))
    drawing.set("role", "img")
    drawing.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    _put_first(drawing, "desc", description).set("id", f"{prefix}-desc")
    _put_first(drawing, "title", title).set("id", f"{prefix}-title")
    return ET.tostring(drawing, encoding="unicode")


def _put_first(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.Element(tag)
    child.text = printable(text)
    parent.insert(0, child)
    return child
