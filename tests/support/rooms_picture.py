"""The picture of the rooms in docs/architecture.md, drawn from the imports as they are.

`python -m tests.support.rooms_picture` draws it again; tests/test_architecture.py tells when it has
to be.
"""

from __future__ import annotations

from pathlib import Path

from tests.test_rooms import (
    GROUND,
    ROOT,
    SCIENCE,
    imported_modules,
    in_package,
    parsed,
    room_of,
)

PICTURE = ROOT / "docs" / "images" / "rooms.svg"

PLACES = {
    "cli": (1.5, 0),
    "plugin": (1.5, 1),
    "history": (0, 2),
    "report": (1, 2),
    "planning": (2, 2),
    "comparison": (3, 2),
    "ingredients": (4, 2),
    "verification": (1.5, 4),
    "storage": (1.5, 8),
    "measures": (5.4, 2),
    "training": (5.4, 3),
    "optogenetics": (4.9, 4),
    "streams": (5.9, 4),
    "network": (5.4, 5),
    "episodes": (5.4, 6),
    "exemplars": (4.9, 7),
    "toy": (5.9, 8),
}
"""Column and row of each room. Those of the ground, which every other may import, stand below, and
the package itself, which gathers the public names, is left out.
"""

_WIDTH, _HEIGHT, _COLUMN, _ROW, _LEFT, _TOP = 112, 30, 126, 58, 16, 44


def edges() -> set[tuple[str, str]]:
    """Which room imports which, without those of the ground and what follows from other edges."""
    direct: dict[str, set[str]] = {room: set() for room in PLACES}
    for module, file in in_package().items():
        for target in imported_modules(parsed(file)):
            room, other = room_of(module), room_of(target)
            if {room, other} <= direct.keys() and room != other:
                direct[room].add(other)

    def reached(room: str) -> set[str]:
        return direct[room].union(*(reached(other) for other in direct[room]))

    return {
        (room, other)
        for room, others in direct.items()
        for other in others
        if not any(other in reached(between) for between in others - {other})
    }


def drawn() -> str:
    """The picture as SVG, which needs nothing but itself."""
    right, bottom = _x(5.9) + _WIDTH // 2 + 16, _y(9)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right} {bottom + 52}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>Which room imports which</title>",
        "<defs><marker id='tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' "
        "markerHeight='7' orient='auto'><path d='M0 0 8 4 0 8z' fill='#5b6673'/></marker></defs>",
        f'<rect width="{right}" height="{bottom + 52}" fill="#fff"/>',
        _panel("the tool: knows no paper and imports no JAX", 0, 3, "#eef4fb"),
        _panel("the science: knows no pytest", 4.9, 5.9, "#f1f8ee"),
    ]
    parts += [_arrow(*edge) for edge in sorted(edges())]
    parts += [_box(room) for room in PLACES]
    parts += [
        f'<rect x="8" y="{bottom}" width="{right - 16}" height="40" rx="6" fill="#f3f1ea"/>',
        f'<text x="{right // 2}" y="{bottom + 25}" text-anchor="middle">'
        f"the ground, which every room may import: {', '.join(sorted(GROUND))}</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(column: float) -> int:
    return round(_LEFT + _WIDTH / 2 + column * _COLUMN)


def _y(row: float) -> int:
    return round(_TOP + row * _ROW)


def _panel(title: str, first: float, last: float, colour: str) -> str:
    left, right = _x(first) - _WIDTH // 2 - 8, _x(last) + _WIDTH // 2 + 8
    return (
        f'<rect x="{left}" y="8" width="{right - left}" height="{_y(9) - 20}" rx="8" '
        f'fill="{colour}"/><text x="{left + 10}" y="28" fill="#444">{title}</text>'
    )


def _box(room: str) -> str:
    column, row = PLACES[room]
    left, top = _x(column) - _WIDTH // 2, _y(row)
    stroke = "#4c8a3f" if room in (*SCIENCE, "toy") else "#2f6fae"
    return (
        f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="#fff" '
        f'stroke="{stroke}"/>'
        f'<text x="{_x(column)}" y="{top + 20}" text-anchor="middle">{room}</text>'
    )


def _arrow(room: str, other: str) -> str:
    (from_column, from_row), (to_column, to_row) = PLACES[room], PLACES[other]
    return (
        f'<line x1="{_x(from_column)}" y1="{_y(from_row) + _HEIGHT}" x2="{_x(to_column)}" '
        f'y2="{_y(to_row)}" stroke="#5b6673" marker-end="url(#tip)"/>'
    )


def main(picture: Path = PICTURE) -> None:
    """Draw it again."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(drawn(), encoding="utf-8")


if __name__ == "__main__":
    main()
