"""Styles that a page has many times, in its drawings and tables: each is said once, as a class."""

from __future__ import annotations

import re

_STYLED = re.compile(r'<svg class="plot".*?</svg>|<table class="evidence[^>]*>', re.DOTALL)
_FALLBACK = re.compile(r"(var\(--[\w-]+), #\w+\)")
_STYLE = re.compile(r' (?:class="([^"]*)" )?style="([^"]*)"')


def with_shared_styles(page: str) -> str:
    """`page` with a class, defined in its style sheet, in place of each style of a shape in
    its drawings, or of a table of evidence.

    A few hundred styles serve the ten thousand shapes of a page.
    """
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        own, style = found[1], found[2]
        name = names.setdefault(style, f"d{len(names)}")
        return f' class="{own} {name}"' if own else f' class="{name}"'

    page = _STYLED.sub(lambda part: _STYLE.sub(named, part[0]), page)
    rules = "".join(f".{name} {{ {style} }}\n" for style, name in names.items())
    # The page has every colour that a drawing by itself falls back on.
    rules = _FALLBACK.sub(r"\1)", rules)
    return page.replace("</style>", f"{rules}</style>", 1)
