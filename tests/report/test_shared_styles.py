"""Styles of a page that are said once."""

from icl_repro.report.shared_styles import with_shared_styles

HEAD = "<style>\np { }\n</style>"


def test_a_style_is_said_once_and_used_by_class():
    drawing = (
        '<svg class="plot"><path d="M0 0" class="bar" style="fill: var(--ink, #000000)"/>'
        '<rect style="fill: var(--ink, #000000)"/><rect style="fill: none"/></svg>'
    )
    assert with_shared_styles(HEAD + drawing) == (
        "<style>\np { }\n.d0 { fill: var(--ink) }\n.d1 { fill: none }\n</style>"
        '<svg class="plot"><path d="M0 0" class="bar d0"/><rect class="d0"/>'
        '<rect class="d1"/></svg>'
    )


def test_what_is_no_drawing_and_no_table_stays():
    page = HEAD + '<p style="color: red">style="a: b"</p><svg class="swatch" style="color: red"/>'
    assert with_shared_styles(page) == page


def test_a_table_of_evidence_shares_the_names_of_its_columns():
    table = '<table class="evidence wide" style="--column-2: \'Seed 5\'">'
    page = with_shared_styles(HEAD + table + table)
    assert page.count("--column-2") == 1
    assert page.count('<table class="evidence wide d0">') == 2
