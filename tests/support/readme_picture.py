"""The picture of the report in the README: the top of the page, and beside it a claim.

    python -m tests.support.readme_picture

draws the page of `reports/reference.json`, photographs it with chromium and writes
`docs/images/report.webp`; the file beside it, `report.txt`, has the opening sentences of the record
that the picture shows, by which a test knows when it has to be taken again.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from icl_repro.report import write_html
from icl_repro.report.text.verdicts import outcome
from icl_repro.verification.record import read_record

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "report.webp"
SHOWN = PICTURE.with_suffix(".txt")
RECORD = ROOT / "reports" / "reference.json"
CLAIM = "emergence.plateau"
SIZE = (736, 608)
"""Of each half, in pixels."""
WINDOW = (868, 717)
"""Of the browser, of the same shape: more of the page is seen, and smaller."""
BETWEEN = (8, (176, 176, 176))
"""The width and the colour of the bar between the halves."""
_STILL = """
figure => new Promise(done => {
  let before = "", times = 0;
  const look = () => {
    figure.scrollIntoView();
    window.scrollBy(0, -50);
    const now = [figure.getBoundingClientRect().y, document.body.scrollHeight].join();
    times = now === before ? times + 1 : 0;
    before = now;
    if (times > 9) done(); else requestAnimationFrame(look);
  };
  look();
})
"""
"""Puts a figure below the bar of filters; what comes near is laid out only then, and moves it."""


def shown() -> str:
    """What the record says first, a sentence a line."""
    return outcome(read_record(RECORD)).replace(". ", ".\n") + "\n"


def photographed(saved: Path) -> tuple[Image.Image, Image.Image]:
    """The top of a page, and a claim with its figure."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page: Any = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
        page.goto(saved.as_uri())
        top = page.screenshot()
        page.goto(f"{saved.as_uri()}#claim-{CLAIM}")
        page.locator(f"[id='claim-{CLAIM}'] figure").first.evaluate(_STILL)
        claim = page.screenshot()
        browser.close()
    return _smaller(top), _smaller(claim)


def _smaller(taken: bytes) -> Image.Image:
    return Image.open(io.BytesIO(taken)).convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)


def main() -> None:
    """Take the picture, and write down what it shows."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write_html(read_record(RECORD), page)
        top, claim = photographed(page)
    whole = Image.new("RGB", (2 * SIZE[0] + BETWEEN[0], SIZE[1]), BETWEEN[1])
    whole.paste(top, (0, 0))
    whole.paste(claim, (SIZE[0] + BETWEEN[0], 0))
    whole.save(PICTURE, quality=80, method=6)
    SHOWN.write_text(shown(), "utf-8")


if __name__ == "__main__":
    main()
