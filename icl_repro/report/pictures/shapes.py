"""A small SVG document built from boxes, paths and text: all that a figure is drawn with.

Why not a library: ``benchmarks/README.md`` says what was measured of matplotlib and Vega-Lite on
the figures of a whole report, and what of it was not.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree as ET

from icl_repro.report.pictures.canvas import TEXT
from icl_repro.report.pictures.palette import css_variable
from icl_repro.report.plain_text import printable


class Shapes:
    """Shapes in SVG units, drawn in the order of the calls. The upper left corner is at (0, `top`).

    Colours are CSS values, so that the drawing follows the page. A `name` is what a shape is
    called when pointed at, a `part` what it is to the script and the tests, in ``data-part``.
    """

    def __init__(self, width: float, height: float, top: float = 0.0) -> None:
        self._root = ET.Element(
            "svg", {"class": "plot", "viewBox": f"0 {top:g} {width:g} {height:g}"}
        )
        self._into = self._root

    def element(self) -> ET.Element:
        """The drawing so far."""
        return self._root

    @contextmanager
    def group(
        self,
        *,
        part: str = "",
        css: str = "",
        name: str = "",
        more: Mapping[str, str] | None = None,
    ) -> Generator[None]:
        """All that is drawn meanwhile belongs together; `more` are attributes of the group."""
        outer = self._into
        self._into = self._put("g", {**({"class": css} if css else {}), **(more or {})}, part, name)
        yield
        self._into = outer

    @contextmanager
    def window(self, x: float, y: float, width: float, height: float) -> Generator[None]:
        """Nothing that is drawn meanwhile can be seen outside of this rectangle."""
        clip = ET.SubElement(self._root, "clipPath", {"id": "window"})
        sides = {"x": x, "y": y, "width": width, "height": height}
        ET.SubElement(clip, "rect", {name: _short(value) for name, value in sides.items()})
        with self.group(more={"clip-path": "url(#window)"}):
            yield

    def path(self, path: str, style: str, *, part: str = "", css: str = "", name: str = "") -> None:
        """Whatever an SVG path and a style can be."""
        more = {"class": css} if css else {}
        self._put("path", {"d": path, **more, "style": style}, part, name)

    def line(self, path: str, *, stroke: str, width: float) -> None:
        """A thin line behind the data."""
        self.path(path, f"fill: none; stroke: {stroke}; stroke-width: {width:g}")

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
        part: str = "",
        name: str = "",
    ) -> None:
        """A rectangle."""
        style = f"fill: {fill}"
        if stroke != "none":
            style += f"; stroke: {stroke}; stroke-width: {stroke_width:g}"
        sides = {"x": x, "y": y, "width": width, "height": height}
        self._add("rect", sides, style, part, name)

    def scale(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        stops: Sequence[tuple[float, str]],
    ) -> None:
        """A rectangle whose colour changes from left to right; `stops` are shares of the way, and
        the colours there. A drawing has one at most.
        """
        gradient = ET.SubElement(self._root, "linearGradient", {"id": "scale"})
        for share, colour in stops:
            style = f"stop-color: {colour}"
            ET.SubElement(gradient, "stop", {"offset": f"{share:.3g}", "style": style})
        sides = {"x": x, "y": y, "width": width, "height": height}
        self._add("rect", {**sides, "fill": "url(#scale)"}, "", "", "")

    def circle(
        self, x: float, y: float, radius: float, *, fill: str, stroke: str, part: str = ""
    ) -> None:
        """A circle with an outline."""
        style = f"fill: {fill}; stroke: {stroke}; stroke-width: 1.5"
        self._add("circle", {"cx": x, "cy": y, "r": radius}, style, part, "")

    def curve(
        self,
        path: str,
        *,
        stroke: str,
        width: float,
        opacity: float = 1.0,
        part: str = "",
        name: str,
    ) -> None:
        """A line along an SVG path."""
        style = f"fill: none; stroke: {stroke}; stroke-width: {width:.2f}; stroke-linecap: butt"
        if opacity < 1:
            style += f"; stroke-opacity: {opacity:g}"
        self._add("path", {"d": path}, style, part, name)

    def filled(self, path: str, *, fill: str) -> None:
        """An area within an SVG path."""
        self._add("path", {"d": path}, f"fill: {fill}", "", "")

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
        part: str = "",
    ) -> None:
        """One line of text with its middle at the height `y`; `turned` reads upwards."""
        style = (
            f"fill: {fill or css_variable(colour)}; font-size: {size:g}px; text-anchor: {anchor}"
        )
        place: dict[str, float] = {"x": x, "y": y + 0.35 * size}
        if turned:
            place = {"x": -y, "y": x + 0.35 * size}
        element = self._add("text", place, style, part, "")
        if turned:
            element.set("transform", "rotate(-90)")
        element.text = printable(content)

    def _add(
        self, tag: str, numbers: Mapping[str, float | str], style: str, part: str, name: str
    ) -> ET.Element:
        attributes = {
            key: value if isinstance(value, str) else _short(value)
            for key, value in numbers.items()
        }
        if style:
            attributes["style"] = style
        return self._put(tag, attributes, part, name)

    def _put(self, tag: str, attributes: Mapping[str, str], part: str, name: str) -> ET.Element:
        element = ET.SubElement(self._into, tag, dict(attributes))
        if part:
            element.set("data-part", part)
        if name:
            ET.SubElement(element, "title").text = printable(name)
        return element


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
