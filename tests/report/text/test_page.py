"""The HTML report: what is in it, that it is sound, and that nothing gets out of its place."""

import base64
import re
from html.parser import HTMLParser

import msgspec
import pytest

from icl_repro.report import write_html
from icl_repro.report.text.page import render_html
from icl_repro.report.text.words import as_heading
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import EvidenceRecord, Quantity
from icl_repro.verification.pictures import (
    Bars,
    Cell,
    Figure,
    Heatmap,
    Panel,
    ReferenceLine,
    Series,
    Table,
    Wiring,
)
from icl_repro.verification.record import ControlRecord, ExemplarSample, Profile
from icl_repro.verification.reported import Reported
from tests.support.report_fixture import at_least, claim, rich_record, trial

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """A strict reading of a page: its elements, its text, and whether every tag is closed."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), f"an attribute twice in {tag}"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def record():
    return rich_record()


@pytest.fixture(scope="module")
def html(record):
    return render_html(record)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def section(html, claim_id):
    return re.search(rf'<article[^>]* id="claim-{re.escape(claim_id)}">.*?</article>', html, re.S)[
        0
    ]


def with_claims(*claims, **more):
    return msgspec.structs.replace(rich_record(), claims=list(claims), **more)


def test_every_tag_is_closed_and_every_anchor_is_unique(page):
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(set(ids)) == len(ids)


def test_every_link_leads_to_a_place_in_the_page(page):
    ids = {attributes.get("id") for _, attributes in page.elements}
    links = [attributes["href"] for attributes in page.all("a")]
    assert len(links) > 10
    assert {link for link in links if link.removeprefix("#") not in ids} == set()


def test_nothing_is_loaded_from_anywhere(html, page):
    assert "http" not in re.sub(r"http-equiv", "", html)
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in page.elements}
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert "@import" not in html
    assert set(re.findall(r"url\((.)", html)) == {"#"}
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'")


def test_the_outcome_stands_at_the_top(page):
    assert page.text.index("Of 8 claims, 3 are supported") < page.text.index("Claims at a glance")
    assert "3 ✓ supported" in page.text


def test_the_environment_is_told(page, record):
    for part in (
        record.environment.processor,
        record.environment.commit,
        "with uncommitted changes",
        "5, 6, 7, 8, 9",
        "1 h 11 min",
        "jax 0.10.2",
        "35 runs needed; 28 trained, 7 reused",
        "28,000,000 sequences in 1 h 6 min",
        "16 cores, 62.8 GiB",
        record.command,
        "Schema version 1",
    ):
        assert part in page.text


def test_every_claim_is_in_the_table_and_has_its_own_section(html, record):
    overview = re.search(r'<table class="overview".*?</table>', html, re.S)[0]
    for one in record.claims:
        assert f'href="#claim-{one.id}"' in overview
        own = Page(section(html, one.id)).text
        for part in (one.id, as_heading(one.statement), one.source, one.verdict):
            assert part in own
            assert part in Page(overview).text or part == one.id


def test_claims_stand_by_family(html):
    first, emergence, toy = re.split(r'<section class="family" id="family-', html)
    assert "<article" not in first
    assert emergence.startswith('emergence">')
    assert toy.startswith('toy_saddle">')
    assert (emergence.count("<article"), toy.count("<article")) == (5, 3)


def test_measured_threshold_and_the_paper_s_value_stand_together(html):
    text = Page(section(html, "emergence.plateau")).text
    assert "train loss on the plateau 0.6 to 0.85 ≈ 0.7395 Figure 3a ✓ 0.742 holds" in text
    assert "start of the plateau (sequences) — — 23,500 24,000" in text
    assert "Holds on 5 of 5 seeds (95 % interval of the share 0.48 to 1.00)" in text


def test_claims_keep_the_order_of_the_record_within_their_family(record):
    bare = [msgspec.structs.replace(one, trials=[], controls=[]) for one in record.claims]
    for claims in (bare, bare[::-1]):
        html = render_html(msgspec.structs.replace(record, claims=claims))
        for family in ("emergence", "toy_saddle"):
            ids = [one.id for one in claims if one.family == family]
            assert re.findall(rf'<article[^>]* id="claim-({family}[^"]*)"', html) == ids
            assert re.findall(rf'<a href="#claim-({family}[^"]*)"', html) == ids


def test_a_table_of_the_paper_has_both_numbers_in_its_cells(html):
    own = section(html, "emergence.final_accuracy")
    assert own.count('<table class="like-paper">') == 2
    text = Page(own).text
    assert "head 0 0.2336 in the paper: 0.2408" in text
    assert "First what was measured, then what the paper has" in text
    assert "In the paper: Table 2." in text


def test_all_kinds_of_picture_are_drawn(html):
    own = section(html, "emergence.final_accuracy")
    assert own.count('<svg class="plot"') == 13
    for kind in ("cell-3-2", "marked-3-2", "edge-2-3", "series-0-bar-1", "arrow-1"):
        assert re.search(rf'id="[\w.-]+-{kind}"', own), kind


def test_one_seed_alone_is_called_that(record):
    one = record.claims[0]
    alone = msgspec.structs.replace(
        one,
        trials=one.trials[:1],
        reason="holds on 1 of 1 seed",
        seeds_held=1,
        seeds_judged=1,
        share=Interval(0.025, 1.0, method="Clopper-Pearson"),
    )
    text = Page(render_html(msgspec.structs.replace(record, claims=[alone, record.claims[5]]))).text
    assert "Holds on seed 5, the only one judged" in text
    assert "1 of these verdicts rests on networks of one seed; other seeds may differ." in text
    assert "0.025" not in text, "the interval of a share of one tells nothing"
    assert "of 1 seed" not in text
    missed = msgspec.structs.replace(
        alone, seeds_held=0, verdict="refuted", reason="holds on 0 of 1 seed"
    )
    text = Page(render_html(msgspec.structs.replace(record, claims=[missed]))).text
    assert "Does not hold on seed 5, the only one judged" in text
    assert "The verdict rests on networks of one seed" in text


def test_a_control_shows_what_must_fail_and_did(html):
    text = Page(section(html, "emergence.plateau")).text
    assert "fails as it should An untrained model has no plateau" in text
    assert "plateau length (sequences) ≥ 80,000 0 ✓ fails" in text
    assert "0 ✓ fails" in text
    undermined = Page(section(html, "emergence.final_accuracy")).text
    assert "✗ does not fail" in undermined
    assert "0.9961 ✗ holds, but must fail" in undermined


def test_a_shared_control_is_shown_once_and_linked_from_then_on(html):
    assert html.count('id="control-emergence.untrained"') == 1
    assert 'href="#control-emergence.untrained"' in section(html, "emergence.generalisation")


def test_what_was_raised_and_why_nothing_ran_is_told(html):
    assert "second_derivative(loss)(origin)" in section(html, "toy_saddle.hessian")
    not_run = Page(section(html, "emergence.layer_0_output")).text
    assert "Seed 7: not run. run missing from the store" in not_run


def test_the_figures_of_the_first_seed_are_open_and_the_others_a_click_away(html):
    own = section(html, "emergence.plateau")
    before, _, after = own.partition("<summary>The same for 4 other seeds</summary>")
    assert (before.count("<figure"), after.count("<figure")) == (1, 4)
    assert "dashed lines: as published" in before
    assert "dashed lines" not in after, "only seed 5 is drawn over the published curve"


def test_exemplars_are_shown_as_pictures(page):
    assert len(page.all("img")) == 8 * 5


def test_pictures_that_are_none_are_not_shown_as_pictures():
    not_png = base64.b64encode(b"<svg onload=alert(1)>").decode()
    pictures = [[not_png, "no base64!", '"><script>alert(1)</script>']]
    record = with_claims(exemplars=ExemplarSample("hostile", pictures))
    page = Page(render_html(record))
    assert not page.all("img")
    assert page.text.count("no picture") == 3


def test_a_smoke_run_is_marked_at_the_top():
    profile = Profile("smoke", [5], meaningful=False)
    page = Page(render_html(with_claims(profile=profile)))
    assert page.text.index("say nothing about the paper") < page.text.index("Claims at a glance")
    assert "(verdicts not meaningful)" in page.text
    assert any(attributes.get("class") == "warning" for _, attributes in page.elements)


def test_a_meaningful_run_has_no_warning(page):
    assert not any(attributes.get("class") == "warning" for _, attributes in page.elements)


def test_a_session_without_claims_still_gives_a_report():
    page = Page(render_html(with_claims(exemplars=None)))
    assert "No claim was selected, so nothing was verified." in page.text


def test_claims_that_were_left_out_are_named(page):
    assert (
        "2 further claims were not selected: wiring.previous_token, wiring.many_to_many."
        in page.text
    )


def test_the_same_record_gives_the_same_bytes(tmp_path, record, html):
    for name in ("a.html", "b.html"):
        write_html(record, tmp_path / "deep" / name)
    first, second = ((tmp_path / "deep" / n).read_bytes() for n in ("a.html", "b.html"))
    assert first == second == html.encode()
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == ["a.html", "b.html"]


def test_a_failed_write_leaves_the_old_report(tmp_path, record, monkeypatch):
    path = tmp_path / "verification.html"
    path.write_text("old")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_html(msgspec.structs.replace(record, claims=[]), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["verification.html"]


HOSTILE = [
    "<script>alert('x')</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raise %}",
    "</style></svg></title><b>bold</b>",
    "javascript:alert(1)",
    "\x00\x07\x1b[31mred\ud800",
    "漢字 \u202e 🙂",
]


def hostile_record(text):
    """A record with `text` in every field that holds text of its own."""
    series = Series(text, [0.0, 1.0], [0.0, 1.0], group=text)
    line = ReferenceLine(text, 0.5)
    panels = [
        Panel(text, text, text, [series], [line]),
        Heatmap(text, text, text, [text, text], [text], [[0.5, None]], unit=text, marked=[(0, 0)]),
        Wiring(text, [text, text], [text], [(0, 0, 0.5)]),
        Bars(text, text, text, [text, text], [series], [line]),
    ]
    figure = Figure(text, text, text, panels)
    reported = Reported(1.0, text)
    table = Table(text, text, text, [text], [(text, [Cell(1.0, reported)])], unit=text)
    check = at_least(
        text,
        1.0,
        0.5,
        unit=text,
        note=text,
        published=reported,
        interval=Interval(0, 1, method=text),
    )
    quantity = Quantity(text, 1.0, unit=text, note=text, published=reported)
    drawn = EvidenceRecord([check], [quantity], [figure], [table])
    plain = EvidenceRecord([check], [quantity])
    outcomes = {"passed": drawn, "failed": plain, "error": plain, "not run": plain}
    trials = [
        msgspec.structs.replace(
            trial("f.c", 5, evidence, outcome, text), nodeid=text, runs=[text, text]
        )
        for outcome, evidence in outcomes.items()
    ]
    control = ControlRecord(text, text, [text, text + "2"], "does not fail", trials)
    record = rich_record()
    hostile = msgspec.structs.replace(
        claim(text, text, text, "inconclusive", text, trials, [control]), family=text
    )
    environment = msgspec.structs.replace(
        record.environment,
        python=text,
        platform=text,
        processor=text,
        packages={text: text},
        commit=text,
    )
    return msgspec.structs.replace(
        record,
        title=text,
        paper=text,
        started=text,
        command=text,
        profile=Profile(text, [5], meaningful=False),
        environment=environment,
        claims=[hostile, hostile],
        exemplars=ExemplarSample(text, [[text]]),
        not_selected=[text],
        runs={text: text},
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.filterwarnings("error")
def test_hostile_text_stays_text_everywhere(text, tmp_path):
    # As long, with its spaces in the same places: labels wrap as they do.
    harmless = Page(render_html(hostile_record(re.sub(r"\S", "h", text))))
    html = render_html(hostile_record(text))
    page = Page(html)
    write_html(hostile_record(text), tmp_path / "report.html")
    # The same elements with the same attributes as with harmless text: nothing got out.
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert [set(a) for _, a in page.elements] == [set(a) for _, a in harmless.elements]
    for _, attributes in page.elements:
        assert attributes.get("href", "#").startswith("#")
        assert text not in attributes.get("style", "")
        assert not re.search(r"\s", attributes.get("id", ""))
    if text.isprintable():
        assert page.text.count(" ".join(text.split())) >= 30, "and it is shown as it is"


def test_every_training_run_is_told_with_its_rule_for_ending_early():
    page = Page(render_html(rich_record()))
    text = " ".join(" ".join(page.texts).split())
    assert "What each of the 2 training runs is" in text
    assert "until the loss is at most 0.01 at 3 evaluations in a row 0a0a0a0a0a0a" in text
