"""The report as a browser shows it: on a desktop, on a phone, in the dark, on paper."""

import html as html_escapes
import json
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from icl_repro.report.page import render_html
from tests.report.test_page import hostile_record
from tests.support.report_fixture import rich_record

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no chromium is installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="chromium prints nothing on Windows"),
]

# Runs in a copy of the page that lacks its content security policy, and only there.
PROBE = """
<script>
addEventListener("load", () => setTimeout(() => {
  const root = document.documentElement, width = root.clientWidth;
  const scrolls = element => element.closest(".scroll, pre");
  const wide = [...document.body.querySelectorAll("*")].filter(element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > width + 0.5 && !scrolls(element);
  });
  const texts = [...document.querySelectorAll("svg.plot text")].map(text => {
    const svg = text.closest("svg"), scale = svg.getBoundingClientRect().width
      / svg.viewBox.baseVal.width;
    return parseFloat(getComputedStyle(text).fontSize) * scale;
  });
  const clipped = [...document.querySelectorAll("svg.plot")].filter(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].some(text => {
      const box = text.getBoundingClientRect();
      return box.left < frame.left - 6 || box.right > frame.right + 6
        || box.top < frame.top - 4 || box.bottom > frame.bottom + 4;
    });
  });
  const loads = performance.getEntriesByType("resource").map(entry => entry.name);
  parent.postMessage({
    asked: Number(new URLSearchParams(location.search).get("width")),
    width, scroll: root.scrollWidth,
    wide: wide.slice(0, 5).map(element => element.outerHTML.slice(0, 150)),
    smallest: Math.min(...texts.filter(size => size > 0)),
    clipped: clipped.length,
    loads: loads.filter(name => !name.startsWith("data:")),
    background: getComputedStyle(document.body).backgroundColor,
    curve: getComputedStyle(document.querySelector("svg.plot [data-part='series-0'] path")).stroke,
    titles: document.querySelectorAll("title").length,
    injected: document.querySelectorAll("[onerror], [onmouseover], b").length,
  }, "*");
}, 50));
</script>
"""
COLLECTOR = """<!doctype html><title>collector</title>
<script>
const found = [];
addEventListener("message", event => {
  found.push(event.data);
  document.querySelector("pre").textContent = JSON.stringify(found);
});
</script>
<pre>[]</pre>
"""


class Browser:
    """Chromium without a screen, cut off from every network."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, page, *options):
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={self.folder / 'profile'}",
            *options,
            page.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def measure(self, report, widths, *options):
        """What the probe finds at each width, in one start of the browser.

        Frames of the asked widths stand in one page, because a window cannot be made as narrow as a
        phone.
        """
        page = self.folder / "probed.html"
        without_policy = re.sub(r"<meta http-equiv=[^>]*>", "", report, count=1)
        assert without_policy != report
        page.write_text(without_policy.replace("</body>", PROBE + "</body>"), "utf-8")
        frames = "".join(
            f'<iframe src="probed.html?width={width}" width="{width}" height="800" '
            'frameborder="0"></iframe>'
            for width in widths
        )
        collector = self.folder / "collector.html"
        collector.write_text(COLLECTOR + frames, "utf-8")
        dumped = self(collector, "--virtual-time-budget=20000", "--dump-dom", *options)
        found = json.loads(html_escapes.unescape(re.search(r"<pre>(.*?)</pre>", dumped, re.S)[1]))
        by_width = {one["asked"]: one for one in found}
        assert set(by_width) == set(widths)
        return by_width


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    return Browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def report():
    return render_html(rich_record())


@pytest.fixture(scope="module")
def saved(browser, report):
    path = browser.folder / "report.html"
    path.write_text(report, "utf-8")
    return path


@pytest.fixture(scope="module")
def measured(browser, report):
    return browser.measure(report, (320, 360, 600, 801, 960, 1280))


@pytest.mark.parametrize("width", [320, 360, 600, 801, 960, 1280])
def test_nothing_sticks_out_sideways(measured, width):
    found = measured[width]
    assert found["width"] == width
    assert found["wide"] == []
    assert found["scroll"] <= width


def test_the_text_of_figures_can_be_read_on_a_phone_and_is_not_cut_off(measured):
    assert measured[360]["smallest"] >= 8
    assert measured[1280]["smallest"] >= 9
    assert {found["clipped"] for found in measured.values()} == {0}


def test_the_page_asks_for_nothing(measured):
    assert [found["loads"] for found in measured.values()] == [[]] * 6


def test_page_and_figures_follow_a_dark_screen(browser, report, measured):
    dark = browser.measure(report, (360,), "--force-dark-mode")[360]
    assert measured[360]["background"] == "rgb(251, 251, 250)"
    assert dark["background"] == "rgb(20, 23, 26)"
    assert measured[360]["curve"] == "rgb(31, 111, 180)"
    assert dark["curve"] == "rgb(108, 178, 240)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_can_be_photographed(browser, saved, scheme, width):
    picture = browser.folder / f"{scheme}-{width}.png"
    options = ["--force-dark-mode"] if scheme == "dark" else []
    browser(saved, *options, f"--window-size={width},900", f"--screenshot={picture}")
    with Image.open(picture) as image:
        assert image.size == (width, 900)
        corner = image.convert("RGB").getpixel((2, 2))
        colours = len(image.convert("RGB").getcolors(maxcolors=1 << 20))
    assert (min(corner) > 240) if scheme == "light" else (max(corner) < 40)
    assert colours > 50, "there is something to be seen"


def test_it_prints_light_and_whole(browser, saved):
    pdf = browser.folder / "report.pdf"
    browser(saved, "--force-dark-mode", "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    assert pdf.read_bytes().startswith(b"%PDF")
    if not shutil.which("pdftotext") or not shutil.which("pdftoppm"):
        pytest.skip("no poppler to look into the PDF with")
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    words = " ".join(text.split())
    for claim in rich_record().claims:
        assert claim.id in words
    for value in ("0.999987", "116,500", "0.20004", "second_derivative(loss)(origin)"):
        assert value in words
    assert "Seed 9" in words
    assert "To run this claim alone" in words, "what a screen can open is open"
    assert re.search(r"\b2 / \d+", words), "pages are numbered"
    subprocess.run(["pdftoppm", "-r", "30", "-png", pdf, browser.folder / "page"], check=True)
    pages = sorted(browser.folder.glob("page-*.png"))
    assert 4 <= len(pages) <= 35
    for page in pages:
        with Image.open(page) as image:
            corners = [image.convert("RGB").getpixel((x, 1)) for x in (1, image.width - 2)]
        assert all(min(corner) > 245 for corner in corners)


def test_hostile_text_runs_nowhere_and_keeps_the_page_in_shape(browser):
    text = "<img/src=x/onerror=document.title='broken'><b>" + "x" * 300
    found = browser.measure(render_html(hostile_record(text)), (360, 1280))
    for width, one in found.items():
        assert one["scroll"] <= width
        assert one["injected"] == 0
        assert one["loads"] == []
