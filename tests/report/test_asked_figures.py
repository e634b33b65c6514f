"""What figures answer in a browser: values at the pointer, switches, zoom, and their numbers."""

import csv
import math
import shutil

import msgspec
import pytest

from icl_repro.report.page import render_html
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.pictures import Bars, Figure, Panel, ReferenceLine, Series
from tests.support.report_builders import at_least, claim, trial
from tests.support.report_fixture import rich_record
from tests.support.report_pictures import published_map

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
if not CHROMIUM:
    pytest.skip("no chromium is installed", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def figures(seed):
    steps = [0.0, 1000.0, 2000.0, 3000.0, 4000.0]
    rising = Series("size", steps, [seed - 5 + step / 1000 for step in steps], group="size")
    falling = Series("rest", steps, [9 - step / 1000 for step in steps], group="rest")
    theirs = Series("size", steps, [0.5] * 5, origin="published", group="size")
    bars = Bars("Bars", "which", "how much", ["one", "two"], [Series("b", [0.0, 1.0], [2.0, 4.5])])
    line = ReferenceLine("middle", 5.0)
    return [
        Figure(
            "Curves, and more", "What is seen.", "Figure 1",
            [Panel("Curves", "steps", "size, really", [rising, falling, theirs], [line])],
        ),
        Figure("others", "Of one seed.", "", [bars, published_map("Map")]),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    trials = [
        trial("f.c", seed, EvidenceRecord([at_least("a", 2.0, 1.0)], figures=figures(seed)))
        for seed in (5, 6)
    ]
    one = claim("f.c", "It rises", "Section 1", "supported", "holds", trials)
    path = tmp_path_factory.mktemp("asked") / "report.html"
    path.write_text(render_html(msgspec.structs.replace(rich_record(), claims=[one])), "utf-8")
    return path


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, saved):
    """The report, which may neither ask for anything nor complain."""
    context = chromium.new_context(viewport={"width": 1100, "height": 800})
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(saved.as_uri())
    yield page
    context.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [saved.as_uri()]
    assert said == []


def near(page, place=0):
    """The figure there once it answers: its numbers are unpacked when it comes near."""
    figure = page.locator("figure.picture").nth(place)
    figure.scroll_into_view_if_needed()
    sync_api.expect(figure.locator("button.data")).to_be_enabled()
    return figure


def curves(page):
    drawing = near(page).locator(".plot").first
    drawing.scroll_into_view_if_needed()
    # What comes near is laid out only then, and moves what is below it.
    drawing.evaluate(
        """svg => new Promise(done => {
          let before = "", times = 0;
          const look = () => {
            const {x, y, width} = svg.getBoundingClientRect(), now = [x, y, width].join();
            times = now === before ? times + 1 : 0;
            before = now;
            if (times > 4) done(); else requestAnimationFrame(look);
          };
          look();
        })"""
    )
    return drawing


def place(drawing, x, y):
    """Where a value lies in the window, by the scales that the drawing carries."""
    return drawing.evaluate(
        """(svg, [x, y]) => {
          const along = (text, value) => {
            const [low, high, start, end] = text.split(" ").map(Number);
            return start + (value - low) / (high - low) * (end - start);
          };
          const {dataset} = svg.querySelector(".axes"), box = svg.getBoundingClientRect();
          const scale = box.width / svg.viewBox.baseVal.width;
          return [box.left + along(dataset.x, x) * scale, box.top + along(dataset.y, y) * scale];
        }""",
        [x, y],
    )


def tip(page):
    return page.locator(".tip.open").inner_text().replace("\t", " ").split("\n")


def looks(drawing):
    """Paths and texts of a drawing, the numbers of paths as both the script and the page round."""
    return drawing.evaluate(
        """svg => [...svg.querySelectorAll("path, text")].map(one =>
          one.getAttribute("d")?.replace(/-?\\d+\\.?\\d*/g, at => String(Math.round(Number(at))))
          ?? one.textContent)"""
    )


def test_the_pointer_shows_the_value_of_the_nearest_curve_and_of_the_others_there(page):
    drawing = curves(page)
    page.mouse.move(*place(drawing, 1990, 2.52))
    assert tip(page) == [
        "size, mean",
        "size, really 2.5",
        "steps 2,000",
        "rest, mean 7",
        "size, as published 0.5",
    ]
    page.mouse.move(*place(drawing, 3000, 4.02))
    assert tip(page)[0] == "size, seed 6"
    page.mouse.move(2, 2)
    assert page.locator(".tip.open").count() == 0


def test_arrow_keys_read_the_curves_and_zoom(page):
    drawing = curves(page)
    drawing.focus()
    page.keyboard.press("ArrowRight")
    assert tip(page)[:3] == ["size, mean", "size, really 0.5", "steps 0"]
    page.keyboard.press("ArrowRight")
    assert tip(page)[:3] == ["size, mean", "size, really 1.5", "steps 1,000"]
    page.keyboard.press("ArrowDown")
    assert tip(page)[:3] == ["size, seed 5", "size, really 1", "steps 1,000"]
    page.keyboard.press("Escape")
    before = looks(drawing)
    page.keyboard.press("+")
    assert looks(drawing) != before
    page.keyboard.press("0")
    assert sorted(looks(drawing)) == sorted(before), "the script draws what the page has"


def test_a_box_and_the_wheel_zoom_and_all_can_be_shown_again(page):
    drawing = curves(page)
    before = looks(drawing)
    assert "4,000" in before
    page.mouse.move(*place(drawing, 900, 8))
    page.mouse.down()
    page.mouse.move(*place(drawing, 2100, 1), steps=3)
    page.mouse.up()
    texts = [text for text in looks(drawing) if "M" not in text]
    assert "4,000" not in texts
    assert "1,500" in texts
    page.get_by_role("button", name="Show all").click()
    assert sorted(looks(drawing)) == sorted(before)
    page.mouse.move(*place(drawing, 2000, 5))
    page.mouse.wheel(0, -100)
    assert looks(drawing) != before, "a figure that was chosen takes the wheel"
    page.mouse.dblclick(*place(drawing, 2000, 5))
    assert sorted(looks(drawing)) == sorted(before)


def test_curves_and_seeds_are_switched_off_and_on(page):
    drawing = curves(page)
    figure = page.locator("figure.picture").first

    def visible():
        shown = drawing.locator(".series").evaluate_all(
            """all => all.filter(g => g.style.display !== 'none')
              .map(g => g.dataset.part.match(/\\d+$/)[0])"""
        )
        return sorted(map(int, shown))

    # The mean and both seeds of one, the same of the other, and what was published.
    assert visible() == [0, 1, 2, 3, 4, 5, 6]
    switch = figure.get_by_role("button", name="rest", exact=True)
    switch.click()
    assert (visible(), switch.get_attribute("aria-pressed")) == ([0, 1, 2, 6], "false")
    said = page.get_by_text("The mean stays that of all seeds.")
    assert not said.is_visible()
    figure.get_by_role("button", name="seed 5").press("Enter")
    assert said.is_visible()
    assert visible() == [0, 2, 6]
    figure.get_by_role("button", name="as published").click()
    assert visible() == [0, 2]
    page.mouse.move(*place(drawing, 2000, 7))
    assert tip(page)[0] == "size, seed 6", "what is off is not found"
    switch.click()
    assert visible() == [0, 2, 3, 5]
    figure.get_by_role("button", name="mean").dblclick()
    assert visible() == [0, 3], "twice fast shows it alone"


def test_bars_and_maps_answer_too(page):
    bars, cells = near(page, 1).locator(".plot").nth(0), page.locator(".plot").nth(2)
    bars.scroll_into_view_if_needed()
    bars.locator(".bar").nth(1).hover()
    assert tip(page) == ["b", "how much 4.5", "which two"]
    bars.focus()
    before = looks(bars)
    page.keyboard.press("+")
    assert looks(bars) != before
    page.keyboard.press("0")
    assert sorted(looks(bars)) == sorted(before)
    cells.focus()
    page.keyboard.press("ArrowRight")
    assert tip(page)[0].endswith(", as published")
    assert tip(page)[1:] == ["layer 1 head head 0", "layer 0 head 0"]
    page.keyboard.press("ArrowDown")
    assert tip(page)[1] == "layer 1 head head 1"


def test_the_numbers_of_a_figure_are_written_as_csv(page, tmp_path):
    rows = []
    for index in (0, 1):
        with page.expect_download() as download:
            near(page, index).get_by_role("button", name="Data (CSV, five digits)").click()
        download.value.save_as(tmp_path / "data.csv")
        text = (tmp_path / "data.csv").read_text("utf-8")
        rows.append(list(csv.DictReader(text.splitlines())))
        name = download.value.suggested_filename
        assert name == f"claim-f-c-{('curves-and-more', 'others')[index]}.csv"
    curve = rows[0][7]
    assert curve == {
        "panel": "Curves", "series": "size", "group": "size", "seed": "5", "origin": "measured",
        "x_label": "steps", "x": "2000", "y_label": "size, really", "y": "2", "low": "", "high": "",
    }  # fmt: skip
    assert [row["seed"] for row in rows[0][::5]] == ["mean", "5", "6", "mean", "5", "6", ""]
    assert rows[0][-1]["origin"] == "published"
    assert [(row["x"], row["y"]) for row in rows[1][:2]] == [("one", "2"), ("two", "4.5")]
    assert len(rows[1]) == 2 + 64


def test_a_finger_reads_values_and_two_zoom(chromium, saved):
    context = chromium.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(saved.as_uri())
    drawing = curves(page)
    page.touchscreen.tap(*place(drawing, 2000, 2.5))
    assert tip(page)[:2] == ["size, mean", "size, really 2.5"]
    before = looks(drawing)
    (x, y), cdp = place(drawing, 2000, 5), context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 30), ("touchMove", 60), ("touchEnd", 0)):
        fingers = [{"x": x - apart, "y": y}, {"x": x + apart, "y": y}] if apart else []
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    assert looks(drawing) != before
    context.close()


def test_without_the_script_the_picture_is_all_there_and_nothing_promises_more(chromium, saved):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(saved.as_uri())
    assert page.locator("figure.picture button").count() == 0
    assert page.locator(".plot").count() == 3
    assert page.locator("figure.picture .legend li").first.inner_text() == "size"
    context.close()


NOISY = [round(math.sin(step / 40) + 0.3 * math.sin(step * step), 4) for step in range(1200)]


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """A page with a curve of many points that lie close together."""
    steps = [97.0 * step for step in range(len(NOISY))]
    series = Series("noise", steps, NOISY, [y - 0.1 for y in NOISY], [y + 0.1 for y in NOISY])
    smooth = Series("smooth", steps, [step / 1e9 for step in steps])
    panels = [Panel("", "steps", "size", [series]), Panel("", "steps", "size", [smooth])]
    evidence = EvidenceRecord([at_least("a", 2.0, 1.0)], figures=[Figure("f", "c", "", panels)])
    one = claim("f.c", "It is", "Section 1", "supported", "holds", [trial("f.c", 5, evidence)])
    path = tmp_path_factory.mktemp("noisy") / "report.html"
    path.write_text(render_html(msgspec.structs.replace(rich_record(), claims=[one])), "utf-8")
    return path


def test_a_curve_is_drawn_within_half_a_pixel_of_all_its_points(chromium, noisy):
    context = chromium.new_context(viewport={"width": 1600, "height": 900})
    page = context.new_page()
    page.goto(noisy.as_uri())
    drawings = near(page).locator(".plot")
    for index, values in enumerate([NOISY, [97.0 * step / 1e9 for step in range(len(NOISY))]]):
        missed, points, pixels = drawings.nth(index).evaluate(
            """(svg, values) => {
              const scale = text => {
                const [low, high, start, end] = text.split(" ").map(Number);
                return value => start + (value - low) / (high - low) * (end - start);
              };
              const {x, y} = svg.querySelector(".axes").dataset;
              const [across, up] = [scale(x), scale(y)];
              const path = svg.querySelector(".series path:not(.spread)");
              const pixels = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
              path.style.strokeWidth = 1 / pixels;
              path.style.strokeLinecap = "round";
              const missed = values.filter((value, i) =>
                !path.isPointInStroke(new DOMPoint(across(97 * i), up(value))));
              return [missed, path.getAttribute("d").match(/[\\d.]+/g).length / 2, pixels];
            }""",
            values,
        )
        assert missed == []
        assert pixels > 1, "a unit is more than a pixel"
        assert points < len(values)
    assert points < 10, "a straight line needs no points between"
    context.close()


def test_the_packed_numbers_of_a_figure_are_those_of_the_record(chromium, noisy, tmp_path):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(noisy.as_uri())
    with page.expect_download() as download:
        near(page).locator("button.data").click()
    download.value.save_as(tmp_path / "data.csv")
    rows = list(csv.DictReader((tmp_path / "data.csv").read_text("utf-8").splitlines()))
    told = [(float(row["x"]), float(row["y"])) for row in rows if row["series"] == "noise"]
    assert told == [(97.0 * step, value) for step, value in enumerate(NOISY)]
    ends = [float(row["low"]) for row in rows if row["series"] == "noise"]
    assert ends == [float(f"{value - 0.1:.5g}") for value in NOISY]
    context.close()


def test_a_browser_that_cannot_unpack_the_numbers_says_so_and_shows_the_rest(chromium, saved):
    context = chromium.new_context()
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(saved.as_uri())
    figure = page.locator("figure.picture").first
    figure.scroll_into_view_if_needed()
    sync_api.expect(figure.locator(".asks")).to_contain_text("cannot read the numbers")
    figure.locator(".plot").hover()
    assert page.locator(".tip.open").count() == 0
    assert figure.locator(".series path").count() > 0
    assert said == []
    context.close()
