"""The HTML report: what is in it, that it is sound, and that nothing gets out of its place."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from icl_repro.report import write_html
from icl_repro.report.page import column_names, linked, render_html
from icl_repro.report.text.verdicts import reason
from icl_repro.report.text.words import as_heading
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.coverage import CoverageRow
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
from icl_repro.verification.record import (
    Agreement,
    Equivalence,
    Profile,
    Sample,
    Seeds,
    ThresholdEntry,
    read_record,
)
from icl_repro.verification.reported import Reported
from tests.support.report_builders import at_least, claim, control, trial
from tests.support.report_fixture import known, rich_record

REPORTS = Path(__file__).parents[2] / "reports"
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
        if not {"style", "script"} & set(self.open):
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
    scripts = page.all("script")
    assert scripts
    assert all(
        one in ({}, {"type": "application/json"}, {"type": "text/plain"}) for one in scripts
    ), "none has a source"
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in page.elements}
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert "@import" not in html
    assert set(re.findall(r"url\((.)", html)) == {"#"}
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'")
    assert re.search(r"script-src ('sha256-[\w+/=]+' ?)+$", policy), "only scripts of ours may run"


def test_the_outcome_stands_at_the_top(page):
    assert page.text.index("Of 12 claims, 4 are supported") < page.text.index("Claims at a glance")
    assert "4 ✓ supported" in page.text
    assert "1 (✓) consistent" in page.text


def test_the_environment_is_told(page, record):
    for part in (
        record.environment.processor,
        record.environment.commit,
        "with uncommitted changes",
        "5, 6, 7, 8, 9",
        "1 h 11 min",
        "jax 0.10.2",
        "35 runs needed; 28 trained, 7 reused, 3 of another source or other libraries",
        "28,000,000 sequences in 1 h 6 min",
        "16 cores, 62.8 GiB",
        record.command,
        "Schema version 2",
    ):
        assert part in page.text


def test_every_claim_is_in_the_table_and_has_its_own_section(html, record):
    overview = re.search(r'<table class="overview".*?</table>', html, re.S)[0]
    for one in record.claims:
        assert f'href="#claim-{one.id}"' in overview
        own = Page(section(html, one.id)).text
        for part in (one.id, as_heading(one.statement), one.source, one.verdict, reason(one)):
            assert part in own
            assert part in Page(overview).text or part == one.id


def test_claims_stand_by_family(html):
    first, *families = re.split(r'<section class="family" id="family-', html)
    assert "<article" not in first
    assert [family.partition('"')[0] for family in families] == [
        "emergence",
        "circuits",
        "toy_saddle",
    ]
    assert [family.count("<article") for family in families] == [5, 4, 3]


def test_measured_threshold_and_the_paper_s_value_stand_together(html):
    text = Page(section(html, "emergence.plateau")).text
    assert (
        "train loss on the plateau 0.6 to 0.85 ✓ 0.742 holds ✓ 0.743 holds ✓ 0.744 holds ✓ 0.745 "
        "holds ✓ 0.746 holds ≈ 0.7395 Figure 3a = agrees" in text
    )
    assert "start of the plateau (sequences) — 23,500 24,000" in text
    assert "✓ supported Holds on 5 of 5 seeds, so on more than half of all such networks" in text


def test_claims_keep_the_order_of_the_record_within_their_family(record):
    bare = [msgspec.structs.replace(one, trials=[], controls=[]) for one in record.claims]
    for claims in (bare, bare[::-1]):
        html = render_html(msgspec.structs.replace(record, claims=claims))
        overview = re.search(r'<table class="overview".*?</table>', html, re.S)[0]
        for family in ("emergence", "toy_saddle"):
            ids = [one.id for one in claims if one.family == family]
            assert re.findall(rf'<article[^>]* id="claim-({family}[^"]*)"', html) == ids
            assert re.findall(rf'<a href="#claim-({family}[^"]*)"', overview) == ids


def test_a_table_of_the_paper_has_both_numbers_in_its_cells(html):
    own = section(html, "emergence.final_accuracy")
    assert own.count('<table class="like-paper">') == 2
    text = Page(own).text
    assert "head 0 0.2336 in the paper: 0.2408" in text
    assert "First what was measured, then what the paper has" in text
    assert "Source: Table 2." in text


def test_all_kinds_of_picture_are_drawn(html):
    own = section(html, "emergence.final_accuracy")
    assert own.count('<svg class="plot"') == 13
    for kind in ("marked-3-3", "edge-3-3", "series-0-bar-1", "arrow-1"):
        assert re.search(rf'data-part="{kind}"', own), kind


def test_beside_the_verdict_stand_its_correction_and_the_agreement_with_the_paper(html):
    text = Page(section(html, "emergence.plateau")).text
    beside = (
        "After correction (Holm, 10 comparisons): inconclusive; 9 seeds in all would do, if it "
        "holds on each further one. Agrees with 1 of 2 published numbers."
    )
    assert beside in text
    overview = Page(re.search(r'<table class="overview".*?</table>', html, re.S)[0]).text
    assert beside in overview
    assert "≈ 0.5 Section 3 ≠ does not agree" in overview


def test_each_check_tells_its_margin_its_threshold_s_origin_and_its_controls(html):
    plateau = Page(section(html, "emergence.plateau")).text
    assert (
        "margin not shown 1.9 spreads from the threshold lower tolerance bound (normal) 62,600, "
        "past the threshold" in plateau
    )
    assert plateau.count("No control fails this check.") == 2
    assert "Controls that fail it: untrained." in plateau
    own = section(html, "emergence.final_accuracy")
    details = Page(re.search(r'<details class="origin">.*?</details>', own, re.S)[0]).text
    assert details.startswith(
        "Threshold: stated in the paper; set 20 October 2026, when results had been seen; changed "
        "once 2 October 2026: ≥ 0.99, read off a figure with slack, before any result was seen; "
        "commit 1f3d5a7. 20 October 2026: ≥ 0.995, stated in the paper, when results had been "
        "seen; Appendix C gives the number itself; commit 482e768. Mean 0.99934, spread"
    )


def test_the_rows_of_a_claim_s_table_stand_under_one_heading_of_seeds(html):
    own = section(html, "circuits.table")
    table = Page(re.search(r'<table class="evidence.*?</table>', own, re.S)[0]).text
    assert table.startswith("Check Threshold Seed 5 holds Seed 6 holds Seed 7 holds Paper Agree")
    assert "accuracy, values preserved of layer 1 ≥ 0.8 ✓ 0.8975 holds" in table


def test_the_overview_of_a_claim_with_many_checks_names_a_few(html):
    overview = re.search(r'<table class="overview".*?</table>', html, re.S)[0]
    assert "3 further checks, all of which hold" in Page(overview).text
    assert "3 further" not in section(html, "circuits.table")


def test_what_makes_no_difference_tells_how_that_was_tested(html):
    text = Page(section(html, "circuits.order_of_items")).text.replace("\xa0", " ")
    assert "Shown to make no difference: on average within −0.01 to 0.01 by two one-sided" in text
    assert "difference of accuracies −0.01 to 0.01 no difference" in text


def test_how_to_read_the_verdicts_stands_at_the_top(page):
    top = page.text[: page.text.index("Claims at a glance")]
    for part in (
        "Seeds 8 and 9 were added after seeds 5, 6 and 7 had been judged on this store.",
        "3 of these verdicts rest on fewer than five seeds",
        "10 claims were tested over seeds; Holm’s correction",
        "Of 25 thresholds, 1 was set or changed when results had been seen; each says so.",
        "3 checks are known not to hold; 1 of them is no longer so; 1 more was not judged in this",
        "1 check is on the edge of its threshold; 1 of them is no longer so.",
    ):
        assert part in top


def test_what_is_known_not_to_hold_stands_in_one_place_linked_both_ways(html, page):
    known = re.search(r'<section id="known" data-folds>.*?</section>', html, re.S)[0]
    text = Page(known).text
    assert "Seed 6: 0.82, now 0.8612 ≠ another value" in text
    assert "on the control shuffled , where it must fail" in text
    assert "race.strength , not in this session" in text
    assert known.count("20 October 2026") == 4
    assert 'href="#claim-emergence.induction_strength"' in known
    own = section(html, "emergence.induction_strength")
    assert 'href="#known-emergence.induction_strength-1"' in own
    assert "Known not to hold on seed 7" in Page(own).text
    assert "Known not to fail on seed 5" in Page(section(html, "emergence.final_accuracy")).text


def test_what_lies_on_the_edge_of_its_threshold_stands_by_itself(html, page):
    edges = re.search(r'<section id="edges" data-folds>.*?</section>', html, re.S)[0]
    text = Page(edges).text
    assert "Seed 5: 1.02, now 1.02 ~ holds, on its edge" in text
    assert "Seed 6: 1.9, now 1.9 ≁ fails, off its edge" in text
    assert (
        "Its bound is 1; trainings of one seed differ by as much as 0.04 (3 pairs compared). The "
        "same up to 0.05." in text
    )
    assert (
        "half-time with both clamped"
        not in re.search(r'<section id="known" data-folds>.*?</section>', html, re.S)[0]
    )
    own = Page(section(html, "circuits.order")).text
    assert "On the edge of its threshold on seeds 5 and 6" in own
    assert "#edges" in {link.get("href") for link in page.all("a")}


def test_every_statement_stands_in_the_order_of_the_paper_linked_both_ways(html, page, record):
    section = html.partition('<section id="coverage" data-folds>')[2].partition("</section>")[0]
    text = Page(f"<section>{section}</section>").text
    assert "Of 4 statements, figures and tables of the paper, 3 are tested by claims" in text
    assert "Section 3, Emergence 2 of 3 tested" in text
    places = [text.index(row.statement[1:]) for row in record.coverage]
    assert places == sorted(places)
    assert 'inconclusive</span> <a class="mono" href="#claim-emergence.final_accuracy">' in section
    assert "</span> not selected</span> <code>wiring.previous_token</code>" in section
    assert "</span> not in this session</span> <code>of.another_file</code>" in section
    assert "Not covered Not yet." in text
    assert "Weaker One held-out set of two." in text
    claim = html.partition('id="claim-emergence.final_accuracy"')[2].partition("</header>")[0]
    assert 'href="#statement-1" title="It learns the task."' in claim
    assert re.search(r'#statement-4"[^>]*>4</a>, Appendix.B, different', claim)
    assert "#coverage" in {link.get("href") for link in page.all("a")}


def test_claims_that_stand_for_no_statement_are_named_below(html, record):
    below = html.partition("they are ours:")[2].partition("</section>")[0]
    named = set(re.findall(r"#claim-([\w.]+)", below))
    covered = {"emergence.final_accuracy", "emergence.generalisation"}
    assert named == {claim.id for claim in record.claims} - covered


def test_without_a_coverage_table_there_is_no_such_section():
    html = render_html(msgspec.structs.replace(rich_record(), coverage=[]))
    assert 'id="coverage"' not in html
    assert "#coverage" not in html
    assert "#statement-" not in html


def test_a_session_without_known_failures_has_no_such_section():
    html = render_html(msgspec.structs.replace(rich_record(), findings=[]))
    assert 'id="known"' not in html
    assert '"#known' not in html
    assert 'id="edges"' not in html
    assert '"#edges' not in html


def test_a_control_shows_what_must_fail_and_did_on_each_seed(html):
    text = Page(section(html, "emergence.plateau")).text
    assert "✓ fails as it should A network that does not learn has no plateau between" in text
    assert (
        "plateau length (sequences) misses by at least 6.9 spreads of the claim’s own values "
        "≥ 80,000 0 ✓ fails 0 ✓ fails" in text
    )
    assert "accuracy on the plateau 0.45 to 0.65 0.2051 fails 0.2051 fails" in text
    undermined = Page(section(html, "emergence.final_accuracy")).text
    assert "✗ does not fail" in undermined
    assert "0.9961 ✗ holds, but must fail" in undermined


def test_a_control_that_did_not_run_on_every_seed_is_undecided(html):
    text = Page(section(html, "emergence.induction_strength")).text
    assert "? undecided A network of one layer has no such strength. Did not run on" in text
    assert "not finite ✓ fails: never rises" in text
    assert "Seed 8: not run. Run missing from the store: 1 layer, seed 8" in text


def test_what_was_raised_and_why_nothing_ran_is_told(html):
    assert "second_derivative(loss)(origin)" in section(html, "toy_saddle.hessian")
    not_run = Page(section(html, "emergence.layer_0_output")).text
    assert "Seed 7: not run. Run missing from the store" in not_run


def test_curves_of_all_seeds_are_one_figure(html):
    own = section(html, "emergence.plateau")
    assert own.count("<figure") == 1
    assert "dashed lines: as published" in own
    assert "Thin: each of the 5 seeds; strong: their mean" in own
    assert 'data-kinds="mean|seed 5|seed 6|seed 7|seed 8|seed 9|as published"' in own


def test_what_runs_were_trained_on_is_shown_as_pictures(page):
    assert len(page.all("img")) == 8 * 5
    assert "Characters, one class a group. Source: drawn characters (seed 0)" in page.text


def test_pictures_that_are_none_are_not_shown_as_pictures():
    not_png = base64.b64encode(b"<svg onload=alert(1)>").decode()
    pictures = [[not_png, "no base64!", '"><script>alert(1)</script>']]
    record = with_claims(sample=Sample("hostile", pictures))
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
    page = Page(render_html(with_claims(sample=None)))
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
            trial("f.c", 5, evidence, outcome, text), nodeid=text, runs=[text, text], row=text
        )
        for outcome, evidence in outcomes.items()
    ]
    failing = control(text, text, "does not fail", trials, text, [text, text + "2"], text)
    told = {
        "agreement": Agreement(Interval(0, 1), False, 0.5, text),
        "equivalence": Equivalence(0.0, 1.0, 0.5, False),
        "failed_by": [text],
        "thresholds": [ThresholdEntry(text, text, seen=True, at_least=1.0, reason=text,
                                      commit=text)],
        "published_fails": text,
        "no_control": {"": text},
    }  # fmt: skip
    record = rich_record()
    one = claim(text, text, text, "inconclusive", text, trials, [failing], rests_on=text)
    checks = [msgspec.structs.replace(check, **told) for check in one.checks]
    hostile = msgspec.structs.replace(one, family=text, checks=checks)
    failures = [
        known(text, text, {"5": 1.0}, "as known", case=case, why=text, evidence=text, date=text)
        for case in ("", text)
    ]
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
        findings=failures,
        seeds=Seeds([5], [5], [5], text),
        sample=Sample(text, [[text]], text),
        not_selected=[text],
        runs={text: text},
        coverage=[CoverageRow(text, text, text, "weaker", text, [text, f"{text} of another"])],
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
    assert "until the loss is at most 0.01 at 3 evaluations in a row: seed 5 0a0a0a0a0a0a" in text


def test_an_id_in_a_sentence_is_a_link_in_words():
    places = {"toy.half_way": "claim-toy.half_way", "toy.half": "claim-toy.half", "plain": "x"}
    assert linked("<b> (see toy.half_way), not toy.half_ways; plain.", places) == (
        "&lt;b&gt; (see "
        '<a href="#claim-toy.half_way" title="toy.half_way">“half way” under Toy</a>), '
        "not toy.half_ways; plain."
    )
    assert linked("toy.half", {}) == "toy.half"


def test_the_names_of_columns_are_safe_in_a_style():
    names = ["Threshold", "Seed 5", "a\"b'c</style>\\;}", "漢字"]
    told = str(column_names(names))
    assert told == (
        "--column-2: 'Threshold'; --column-3: 'Seed 5'; "
        "--column-4: 'a\\22 b\\27 c\\3c \\2f style\\3e \\5c \\3b \\7d '; --column-5: '漢字'"
    )


def test_cells_of_evidence_carry_their_tone_or_their_row_does(html):
    own = section(html, "emergence.plateau")
    assert '<tr class="told tone-good">' in own
    assert re.search(r'<td class="tone-\w+">', section(html, "emergence.induction_strength"))


@pytest.mark.parametrize(("name", "most"), [("paper.json.gz", 5.0), ("reference.json", 3.0)])
def test_the_page_of_a_committed_record_is_small(name, most):
    """In millions of bytes: five seeds of the paper profile, and one of the standard one."""
    page = render_html(read_record(REPORTS / name))
    assert len(page.encode()) < most * 1e6
    assert page.count('<svg class="plot"') > 90
