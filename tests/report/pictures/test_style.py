"""The colours of the report: the figures know them, and all can be read by day and by night."""

import re
from pathlib import Path

import numpy as np
import pytest

import icl_repro.report
from icl_repro.report.pictures import palette
from icl_repro.report.text import verdicts

STYLE = (Path(icl_repro.report.__file__).parent / "templates" / "style.css").read_text("utf-8")
DARK = re.search(r"@media screen and \(prefers-color-scheme: dark\) \{(.*?)\n\}", STYLE, re.S)[1]


def variables(css):
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


LIGHT = variables(STYLE[: STYLE.index("@media")])
SCHEMES = {"light": LIGHT, "dark": LIGHT | variables(DARK)}


def luminance(colour, *, channels=False):
    """Relative luminance as WCAG 2 defines it, or (`channels`) the linear channels of it."""
    encoded = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in encoded]
    return linear if channels else 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_of(one, other):
    """The contrast of two luminances."""
    light, dark = sorted((one, other), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def contrast(one, other):
    return contrast_of(luminance(one), luminance(other))


def test_contrast_is_what_wcag_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ink", ["ink", "muted", "link"])
@pytest.mark.parametrize("ground", ["page", "surface", "wash"])
def test_text_can_be_read(scheme, ink, ground):
    colours = SCHEMES[scheme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "tone",
    sorted({v.tone for v in (*verdicts.VERDICTS.values(), *verdicts.CONTROL_VERDICTS.values())}),
)
def test_verdicts_can_be_read(scheme, tone):
    colours = SCHEMES[scheme]
    for ground in (f"{tone}-wash", "page", "surface"):
        assert contrast(colours[tone], colours[ground]) >= 4.5
    assert contrast(colours["ink"], colours[f"{tone}-wash"]) >= 4.5
    assert f".tone-{tone} " in STYLE


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("index", range(len(palette.SERIES_COLOURS)))
def test_curves_can_be_seen(scheme, index):
    colours = SCHEMES[scheme]
    assert contrast(colours[f"series-{index}"], colours["surface"]) >= 3


def test_the_drawings_fall_back_on_the_colours_of_the_light_page():
    for name, fallback in re.findall(
        r"var\(--([\w-]+), (#\w+)\)", " ".join(map(palette.css_variable, palette.COLOUR_NAMES))
    ):
        assert LIGHT[name] == fallback


def test_the_dark_page_changes_every_colour():
    assert set(variables(DARK)) == set(LIGHT)


def test_print_is_never_dark():
    assert STYLE.count("prefers-color-scheme") == 1
    assert "@media screen and (prefers-color-scheme: dark)" in STYLE


def in_oklab(linear):
    """Linear RGB channels in OKLab, in which browsers mix the colours of a scale."""
    return np.array(_FROM_LMS) @ np.cbrt(np.array(_TO_LMS) @ linear)


def of_oklab(lab):
    return np.linalg.solve(_TO_LMS, np.linalg.solve(_FROM_LMS, lab) ** 3)


_TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
_FROM_LMS = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_curves_of_a_scale_can_be_seen(scheme, share):
    colours = SCHEMES[scheme]
    ends = [in_oklab(luminance(colours[f"series-{end}"], channels=True)) for end in (0, 1)]
    mixed = of_oklab((1 - share) * ends[0] + share * ends[1])
    brightness = np.dot([0.2126, 0.7152, 0.0722], mixed)
    assert contrast_of(brightness, luminance(colours["surface"])) >= 3


def test_a_scale_goes_from_one_colour_to_the_other():
    assert palette.css_variable(palette.scale_name(0, 16)).count("0.0%") == 1
    assert palette.css_variable(palette.scale_name(15, 16)).count("100.0%") == 1
    names = [palette.scale_name(index, 16) for index in range(16)]
    assert len(set(names)) == 16
    assert palette.scale_name(0, 1) == names[0]
