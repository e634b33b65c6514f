"""The page in a reader's hands: searched, stepped through, copied from, heard, without a script.

Each of these opens the page anew in a browser that may load nothing.
"""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from icl_repro.report.page import render_html
from tests.support.report_fixture import rich_record

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.base", reason="axe-core is not installed")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium is installed")

PHONE, DESKTOP = (390, 844), (1200, 900)


class Opened:
    """A page that is open, with every request that it made and every error that it met."""

    def __init__(self, page):
        self.page, self.requests, self.errors = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def shown(self, selector="article.claim"):
        """The ids of what is shown."""
        script = "all => all.filter(one => !one.hidden).map(one => one.id)"
        return self.page.eval_on_selector_all(selector, script)

    @property
    def focused(self):
        return self.page.evaluate("document.activeElement.id")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("in-use") / "report.html"
    path.write_text(render_html(rich_record()), "utf-8")
    return path


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, saved):
    @contextmanager
    def open_it(width_and_height=DESKTOP, **settings):
        width, height = width_and_height
        viewport = {"width": width, "height": height}
        context = chromium.new_context(viewport=viewport, offline=True, **settings)
        one = Opened(context.new_page())
        one.page.goto(saved.as_uri())
        yield one
        context.close()

    return open_it


def test_it_asks_for_nothing_and_meets_no_error_however_far_it_is_opened(opened, saved):
    with opened() as one:
        one.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        one.page.keyboard.press("End")
        one.page.wait_for_timeout(100)
        assert one.requests == [saved.as_uri()]
        assert one.errors == []


def test_the_search_shows_the_claims_that_have_all_its_words(opened):
    with opened() as one:
        claims = one.shown()
        one.page.fill("#find-text", "PLATEAU  train")
        found = one.shown()
        assert "claim-emergence.plateau" in found
        assert 0 < len(found) < len(claims)
        assert one.page.inner_text(".found") == f"{len(found)} of {len(claims)} claims"
        for place in ("tbody.claim", ".matrix tbody tr"):
            rows = one.page.locator(f"{place}:visible")
            assert rows.count() == len(found), "the overview shows the same"
        one.page.fill("#find-text", "")
        assert one.shown() == claims
        assert one.page.inner_text(".found") == ""


def test_a_number_belongs_to_the_word_before_it_and_is_whole(opened):
    with opened() as one:
        first, second, third, fourth, *_ = one.shown()
        tell = "([id, text]) => document.querySelector(`#${CSS.escape(id)} h3`).append(text)"
        for claim, text in (
            (first, " Figures 98a,\u00a098b to 99c"), (second, " Figure 990: 99 of 94"),
            (third, " Section 99.2 of 0.99"), (fourth, " Figure\u00a099"),
        ):  # fmt: skip
            one.page.evaluate(tell, [claim, text])
        for asked, found in (
            ("figure 99", [first, fourth]), ("figures 98", [first]), ("section 99", [third]),
            ('"99 of 94"', [second]), ('"of 9"', []), ("99", [first, second, third, fourth]),
        ):  # fmt: skip
            one.page.fill("#find-text", asked)
            assert one.shown() == found, asked


def test_a_filter_says_what_it_leaves_on_paper_too(opened):
    with opened() as one:
        sections = one.shown("[data-folds]")
        assert not one.page.locator(".filter-says:visible").count()
        one.page.fill("#find-text", "no claim says so")
        assert one.page.inner_text(".filter-says").startswith("No claim is found with")
        assert one.shown("[data-folds]") == []
        one.page.fill("#find-text", "plateau")
        one.page.emulate_media(media="print")
        assert one.page.inner_text(".filter-says").startswith("Filtered: ")
        one.page.keyboard.press("Escape")
        assert one.shown("[data-folds]") == sections
        assert not one.page.locator(".filter-says:visible").count()


def test_whoever_filters_from_far_down_sees_what_is_left_and_goes_back(opened):
    with opened(PHONE, has_touch=True, is_mobile=True) as one:
        claims = one.shown()
        top = "element => element.getBoundingClientRect().top"
        for asked in ("plateau", "no claim says so"):
            one.page.locator("#reproduce").scroll_into_view_if_needed()
            one.page.fill("#find-text", asked)
            below = one.page.locator(".find").bounding_box()
            assert below["y"] + below["height"] <= one.page.eval_on_selector(".filter-says", top)
            playwright.expect(one.page.locator(".filter-says")).to_be_in_viewport()
        one.page.get_by_role("button", name="Show all claims").tap()
        assert one.shown() == claims
        assert not one.page.locator(".filter-says:visible").count()
        one.page.select_option("#find-verdict", "refuted")
        *_, last = one.shown()
        one.page.evaluate(f"location.hash = {json.dumps(last)}")
        one.page.wait_for_timeout(100)
        one.page.select_option("#find-verdict", "")
        playwright.expect(
            one.page.locator(f"#{last.replace('.', chr(92) + '.')} h3")
        ).to_be_in_viewport()


def test_a_fingertip_hits_what_is_meant_and_no_field_makes_a_phone_zoom(opened):
    """24 pixels are what WCAG 2.2 asks of a target; below 16 a phone zooms into a field."""
    with opened(PHONE, has_touch=True, is_mobile=True) as one:
        for selector in (".matrix tbody th a", ".matrix tbody tr", "summary:visible", "nav a"):
            for target in one.page.locator(selector).all():
                assert target.bounding_box()["height"] >= 24, selector
        sizes = "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        assert min(one.page.eval_on_selector_all(".find :is(input, select)", sizes)) >= 16


def test_words_of_the_table_of_published_values_stay_whole_on_a_phone(opened):
    with opened(PHONE, has_touch=True, is_mobile=True) as one:
        one.page.tap(".named summary")
        cell = one.page.locator(".published-values td").first
        assert cell.evaluate("one => getComputedStyle(one, '::before').content") == (
            '"One more of ours"'
        )
        assert cell.bounding_box()["width"] > 300, "a line of its own"


def test_a_line_of_the_picture_of_published_values_tells_its_name(opened, tmp_path):
    with opened(PHONE, has_touch=True, is_mobile=True) as one:
        strip = one.page.locator(".strip").first
        strip.scroll_into_view_if_needed()
        box = strip.bounding_box()
        one.page.touchscreen.tap(box["x"] + 60, box["y"] + 5)
        told = one.page.locator(".lane-name a")
        assert told.inner_text() == strip.locator("a").first.get_attribute("data-name")
        assert one.page.url.endswith("report.html"), "reading is not following"
        with one.page.expect_download() as download:
            one.page.click("#published-data")
        download.value.save_as(tmp_path / "data.csv")
        lines = (tmp_path / "data.csv").read_text("utf-8").splitlines()
        assert len(lines) == 1 + one.page.locator(".strip a").count()


def test_verdict_and_section_narrow_it_and_empty_sections_go(opened):
    with opened() as one:
        sections = one.shown("section.family")
        one.page.select_option("#find-family", "family-circuits")
        of_section = one.shown()
        assert one.shown("section.family") == ["family-circuits"]
        one.page.select_option("#find-verdict", "refuted")
        assert set(one.shown()) < set(of_section)
        one.page.keyboard.press("Escape")
        assert one.shown("section.family") == sections


def test_keys_search_and_step_from_claim_to_claim(opened):
    with opened() as one:
        claims = one.shown()
        one.page.keyboard.press("j")
        one.page.keyboard.press("j")
        assert one.focused == claims[1]
        one.page.keyboard.press("k")
        assert one.focused == claims[0]
        one.page.keyboard.press("/")
        assert one.focused == "find-text"
        one.page.keyboard.type("jk/")
        assert one.page.input_value("#find-text") == "jk/", "keys are letters in a field"
        one.page.keyboard.press("Escape")
        assert one.focused == ""
        assert one.shown() == claims


def test_a_link_to_a_claim_that_is_filtered_out_shows_it(opened):
    with opened() as one:
        claims = one.shown()
        one.page.fill("#find-text", "no claim says so")
        assert one.shown() == []
        one.page.evaluate(f"location.hash = {json.dumps(claims[-1])}")
        one.page.wait_for_function("document.querySelector('.found').textContent === ''")
        assert one.shown() == claims


def test_what_is_to_be_copied_is_copied_whole(opened):
    with opened(permissions=["clipboard-read", "clipboard-write"]) as one:
        for section, ends in (("#reproduce", "--icl-store .icl-repro/runs"), ("#methods", ".")):
            button = one.page.locator(f"{section} button.copy").first
            button.click()
            playwright.expect(button).to_have_text("Copied")
            copied = one.page.evaluate("navigator.clipboard.readText()")
            assert copied.endswith(ends)
        assert len(copied.split("\n\n")) > 4, "paragraphs stay apart"


def test_without_a_script_everything_is_shown_but_what_needs_one(opened):
    with opened(java_script_enabled=False) as one:
        assert one.page.locator("article.claim").count() == len(rich_record().claims)
        assert one.page.locator("article.claim:visible").count() == len(rich_record().claims)
        for needs_it in (".find", "button.copy"):
            assert one.page.locator(needs_it).count()
            assert not one.page.locator(f"{needs_it}:visible").count()


@pytest.mark.parametrize("touch", [False, True])
def test_notes_of_the_page_can_be_read(opened, touch):
    with opened(has_touch=touch, is_mobile=touch) as one:
        seen = one.page.eval_on_selector_all(
            "p.hint",
            "all => all.map(one => [getComputedStyle(one).opacity, one.checkVisibility()])",
        )
        assert len(seen) >= 2, "of the matrix, and of the table of claims"
        assert {opacity for opacity, _ in seen} == {"1"}
        assert all(shown for _, shown in seen)


def test_a_table_that_is_too_wide_can_be_scrolled_by_keys(opened):
    with opened() as one:
        one.page.add_style_tag(content=".like-paper { min-width: 200rem; }")
        one.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        wide = one.page.locator(".scroll:has(> .like-paper)").first
        wide.evaluate("element => element.scrollIntoView()")
        playwright.expect(wide).to_have_attribute("tabindex", "0")
        narrow = one.page.locator(".scroll:has(> .published-values)")
        narrow.evaluate("element => element.scrollIntoView()")
        playwright.expect(narrow).not_to_have_attribute("tabindex", "0")


def test_what_is_closed_but_matters_is_on_paper(opened):
    with opened(java_script_enabled=False) as one:
        one.page.emulate_media(media="print")
        for inside in (".provenance pre", ".legend-of-verdicts dd", ".published-values td"):
            assert one.page.locator(inside).first.bounding_box()["height"] > 5


def test_paper_has_no_controls(opened):
    with opened() as one:
        one.page.emulate_media(media="print")
        assert not one.page.locator("button.copy:visible, .find:visible, .anchor:visible").count()


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_serious(opened, size, scheme):
    script = Path(axe.__file__).with_name("axe.min.js").read_text("utf-8")
    with opened(size, color_scheme=scheme, bypass_csp=True) as one:
        one.page.add_style_tag(content="* { content-visibility: visible !important; }")
        one.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        one.page.evaluate(script)
        found = one.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    serious = {
        violation["id"]: [node["html"][:200] for node in violation["nodes"][:3]]
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    }
    assert serious == {}


def test_a_phone_names_the_columns_in_the_cells_with_and_without_a_script(opened):
    labels = """selector => [...document.querySelectorAll(selector)]
      .map(cell => getComputedStyle(cell, "::before").content)"""
    plateau = "[id='claim-emergence.plateau'] .evidence tr.told:first-child td"
    overview = "[data-claim='claim-emergence.plateau'] tr:first-child td.value"
    named = [f'"Seed {seed}"' for seed in (5, 6, 7, 8, 9)]
    for scripted in (True, False):
        with opened(PHONE, java_script_enabled=scripted) as one:
            found = one.page.evaluate(labels, plateau)
            assert found == ['"Threshold"', *named, '"Paper"', '"Agreement"']
            assert one.page.evaluate(labels, overview) == ['"Measured"', '"Threshold"', '"Paper"']
            roles = one.page.eval_on_selector_all(
                plateau, "all => all.map(cell => cell.getAttribute('role'))"
            )
            assert set(roles) == ({"cell"} if scripted else {None})
    with opened(DESKTOP) as one:
        assert set(one.page.evaluate(labels, plateau)) == {"none"}
