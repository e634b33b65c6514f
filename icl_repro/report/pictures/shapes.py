"""A small SVG document built from boxes, curves and text, for what needs no axes.

Why not matplotlib, which draws all that has axes: tried on the figures of a whole report, it drew
the same heat maps 29 times slower (0.69 s against 0.024 s each, as every cell and every number is
an artist of its own) and 15 % larger, and the same diagram 35 times slower (it cuts arrows at
boxes by bisection). It would delete this module and about 120 lines of those that use it, and would
double the time that the report takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from icl_repro.report.pictures.canvas import TEXT
from icl_repro.report.pictures.palette import css_variable
from icl_repro.report.plain_text import printable


class Shapes:
    """Shapes in SVG units, drawn in the order of the calls. The upper left corner is at (0, `top`).

    Colours are CSS values, so that the drawing follows the page. A `name` is what a shape is
    called when pointed at.
    """

    def __init__(self, width: float, height: float, top: float = 0.0) -> None:
        self._root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 {top:g} {width:g} {height:g}",
            },
        )

    def document(self) -> str:
        """The document so far."""
        return ET.tostring(self._root, encoding="unicode")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        stroke_width: float = 0,
        gid: str = "",
        name: str = "",
    ) -> None:
        """A rectangle."""
        self._add(
            "rect",
            {"x": x, "y": y, "width": width, "height": height},
            f"fill: {fill}; stroke: {stroke}; stroke-width: {stroke_width:g}",
            gid,
            name,
        )

    def circle(
        self, x: float, y: float, radius: float, *, fill: str, stroke: str, gid: str = ""
    ) -> None:
        """A circle with an outline."""
        style = f"fill: {fill}; stroke: {stroke}; stroke-width: 1.5"
        self._add("circle", {"cx": x, "cy": y, "r": radius}, style, gid, "")

    def curve(
        self,
        path: str,
        *,
        stroke: str,
        width: float,
        opacity: float = 1.0,
        gid: str = "",
        name: str,
    ) -> None:
        """A line along an SVG path."""
        style = f"fill: none; stroke: {stroke}; stroke-width: {width:.2f}; stroke-linecap: butt"
        if opacity < 1:
            style += f"; stroke-opacity: {opacity:g}"
        self._add("path", {"d": path}, style, gid, name)

    def filled(self, path: str, *, fill: str) -> None:
        """An area within an SVG path."""
        self._add("path", {"d": path}, f"fill: {fill}; stroke: none", "", "")

    def text(
        self,
        x: float,
        y: float,
        content: str,
        *,
        anchor: str = "middle",
        colour: str = "ink",
        size: float = TEXT,
        turned: bool = False,
        fill: str = "",
        gid: str = "",
    ) -> None:
        """One line of text with its middle at the height `y`; `turned` reads upwards."""
        style = (
            f"fill: {fill or css_variable(colour)}; font-size: {size:g}px; text-anchor: {anchor}"
        )
        place: dict[str, float] = {"x": x, "y": y + 0.35 * size}
        if turned:
            place = {"x": -y, "y": x + 0.35 * size}
        element = self._add("text", place, style, gid, "")
        if turned:
            element.set("transform", "rotate(-90)")
        element.text = printable(content)

    def _add(
        self, tag: str, numbers: Mapping[str, float | str], style: str, gid: str, name: str
    ) -> ET.Element:
        attributes = {
            key: value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
            for key, value in numbers.items()
        }
        element = ET.SubElement(self._root, tag, {**attributes, "style": style})
        if gid:
            element.set("id", gid)
        if name:
            ET.SubElement(element, "title").text = printable(name)
        return element
