"""Markdown: text that shows what it says, and tables."""

import pytest

from icl_repro.report.markdown import escape, table


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a | b", r"a \| b"),
        ("two\nlines\n\n# three", "two lines # three"),
        ("*bold* _it_ `code`", r"\*bold\* \_it\_ \`code\`"),
        ("[link](x)", r"\[link\](x)"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("cost $x$ ~~gone~~", r"cost \$x\$ \~\~gone\~\~"),
        ("back\\slash", "back\\\\slash"),
        ("\x1b[31mred\x1b[0m\x00", "red�"),
    ],
)
def test_text_shows_as_it_is(text, escaped):
    assert escape(text) == escaped


def test_addresses_and_names_do_not_become_links():
    for text in ("https://example.org", "www.example.org", "@everyone"):
        assert text not in escape(text)
        assert escape(text).replace("<!-- -->", "") == text


def test_a_table_has_a_head_and_a_row_of_cells_for_each():
    assert table(["", "a"], [["x", "1"], ["y", "<br>"]]) == [
        "| | a |",
        "| --- | --- |",
        "| x | 1 |",
        "| y | <br> |",
    ]
