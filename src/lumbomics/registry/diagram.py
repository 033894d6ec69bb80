"""The PRISMA 2020 flow as a picture (SVG): boxes as high as their text, text broken to the boxes' width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import pairwise

from matplotlib.font_manager import FontProperties, findfont, get_font

from lumbomics.registry.flow import Column, Counts, Flow

_SIZE = 12.0
_LINE = 16.0
_PAD = 9.0
_GAP = 26.0
_BOX = 240.0
_SIDE = 252.0
_BAR = 26.0
_MARGIN = 14.0
_INK = "#1a1a1a"
_BLUE = "#a9c7e8"
_FAMILY = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, kw_only=True)
class _Box:
    """A box with its lines of text; bold lines first."""

    x: float
    width: float
    lines: tuple[str, ...]
    bold: int = 0
    fill: str = "#ffffff"
    y: float = 0.0
    height: float = field(default=0.0)

    @property
    def needed(self) -> float:
        """Height the text needs."""
        return 2 * _PAD + _LINE * len(self.lines)

    def at(self, y: float, height: float) -> _Box:
        """Place the box at ``y`` with a height."""
        return _Box(x=self.x, width=self.width, lines=self.lines, bold=self.bold, fill=self.fill, y=y, height=height)


@cache
def text_width(text: str, *, bold: bool = False) -> float:
    """Width of a line in px, in DejaVu Sans, which is wider than the fonts asked for first."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))
    font.set_size(_SIZE, 72)
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64


def wrap(text: str, width: float, *, bold: bool = False, indent: str = "") -> list[str]:
    """Break ``text`` into lines no wider than ``width`` px; a word too long for a line is cut."""
    lines, line = [], ""
    for word in _cut(text.split(" "), width, bold=bold):
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, bold=bold) > width:
            lines.append(line)
            longer = indent + word
        line = longer
    return [*lines, line]


def _cut(words: Iterable[str], width: float, *, bold: bool) -> Iterable[str]:
    for word in words:
        rest = word
        while text_width("  " + rest, bold=bold) > width:
            keep = next(n for n in range(len(rest) - 1, 0, -1) if text_width("  " + rest[:n], bold=bold) <= width)
            yield rest[:keep]
            rest = rest[keep:]
        yield rest


def draw_flow(flow: Flow, *, title: str = "") -> str:
    """SVG of the flow; the right half is left out where nothing was found by other methods.

    Parameters
    ----------
    title
        Name of the review, read out to those who cannot see the picture.
    """
    two = flow.others.identified > 0
    left = _MARGIN + _BAR + 12
    right = left + _BOX + _SIDE + 2 * _GAP
    width = (right + _BOX + _SIDE + _GAP if two else left + _BOX + _SIDE + _GAP) + _MARGIN
    head = [_box(left, _BOX + _GAP + _SIDE, ["Identification of studies via databases and registers"], fill="#f2c94c")]
    head += (
        [_box(right, _BOX + _GAP + _SIDE, ["Identification of studies via other methods"], fill="#d9d9d9")]
        if two
        else []
    )
    rows = _left_rows(flow, left)
    if two:
        rows = [own + other for own, other in zip(rows, _right_rows(flow.others, right), strict=True)]
    placed = _place([head, *rows], _MARGIN)
    bottom = max(box.y + box.height for row in placed for box in row)
    parts = [_draw_box(box) for row in placed for box in row]
    parts += _bars(placed)
    parts += _arrows(placed, two=two)
    notes = _notes(flow, width - 2 * _MARGIN)
    parts += [_text(_MARGIN, bottom + 24 + 14 * n, line, size=10.5) for n, line in enumerate(notes)]
    return _page(width, bottom + 24 + 14 * len(notes), parts, flow, title)


def _left_rows(flow: Flow, x: float) -> list[list[_Box]]:
    one = flow.databases
    side = x + _BOX + _GAP
    awaiting = [("Not excluded, decision awaited", one.title_awaiting)] if one.title_awaiting else []
    return [
        [
            _box(x, _BOX, ["Records identified from:"], one.sources),
            _box(side, _SIDE, ["Records removed before screening:"], _removals(one, titles=False)),
        ],
        [
            _box(x, _BOX, [_counted("Records screened", one.screened)]),
            _box(side, _SIDE, [_counted("Records excluded", one.title_excluded)], awaiting),
        ],
        *_text_rows(one, x),
        [
            _box(
                x,
                _BOX,
                [
                    _counted("Studies included in review", flow.studies),
                    _counted("Reports of included studies", flow.reports),
                ],
            )
        ],
    ]


def _right_rows(one: Column, x: float) -> list[list[_Box]]:
    side = x + _BOX + _GAP
    return [
        [
            _box(x, _BOX, ["Records identified from:"], one.sources),
            _box(side, _SIDE, ["Records removed before retrieval:"], _removals(one, titles=True)),
        ],
        [],
        *_text_rows(one, x),
        [],
    ]


def _text_rows(one: Column, x: float) -> list[list[_Box]]:
    side = x + _BOX + _GAP
    awaiting = [("Not excluded, decision awaited", one.text_awaiting)] if one.text_awaiting else []
    head = ["Reports excluded:"] if one.text_excluded else [_counted("Reports excluded", 0)]
    return [
        [
            _box(x, _BOX, [_counted("Reports sought for retrieval", one.sought)]),
            _box(side, _SIDE, [_counted("Reports not retrieved", one.not_retrieved)]),
        ],
        [
            _box(x, _BOX, [_counted("Reports assessed for eligibility", one.assessed)]),
            _box(side, _SIDE, head, [*one.text_excluded, *awaiting]),
        ],
    ]


def _removals(one: Column, *, titles: bool) -> Sequence[tuple[str, int]]:
    lines = [("Duplicate records", one.duplicates)]
    lines += [] if titles else [("Marked as ineligible by automation tools", 0)]
    lines += [(f"Removed: {reason}", number) for reason, number in one.removed]
    if titles:
        lines += [("Excluded on title and abstract", one.title_excluded)]
        lines += [("Not excluded, decision awaited", one.title_awaiting)] if one.title_awaiting else []
    elif not one.removed:
        lines += [("Removed for other reasons", 0)]
    return lines


def _counted(words: str, number: int) -> str:
    """Words with their number, which a line break does not part."""
    return f"{words} (n\u00a0=\u00a0{number})"


def _box(
    x: float, width: float, heads: Sequence[str], counts: Counts | Sequence[tuple[str, int]] = (), *, fill: str = ""
) -> _Box:
    inner = width - 2 * _PAD
    lines = [line for head in heads for line in wrap(head, inner, bold=bool(fill))]
    bold = len(lines) if fill else 0
    for words, number in counts:
        lines += wrap(_counted(words, number), inner, indent="  ")
    return _Box(x=x, width=width, lines=tuple(lines), bold=bold, fill=fill or "#ffffff")


def _place(rows: Sequence[Sequence[_Box]], top: float) -> list[list[_Box]]:
    least = {1: _bar_length("Identification"), 5: _bar_length("Included")}
    placed, y = [], top
    for number, row in enumerate(rows):
        height = max([box.needed for box in row] + [least.get(number, 0.0)])
        placed.append([box.at(y, height) for box in row])
        y += height + _GAP
    return placed


def _bar_length(words: str) -> float:
    return text_width(words, bold=True) + 2 * _PAD


def _bars(rows: Sequence[Sequence[_Box]]) -> list[str]:
    stages = (("Identification", rows[1], rows[1]), ("Screening", rows[2], rows[4]), ("Included", rows[5], rows[5]))
    drawn = []
    for words, first, last in stages:
        y = first[0].y
        height = last[0].y + last[0].height - y
        middle = (_MARGIN + _BAR / 2, y + height / 2)
        drawn.append(
            f'<rect x="{_MARGIN}" y="{y:.1f}" width="{_BAR}" height="{height:.1f}" rx="6" '
            f'fill="{_BLUE}" stroke="{_INK}"/>'
            f'<text x="{middle[0]:.1f}" y="{middle[1]:.1f}" font-weight="bold" text-anchor="middle" '
            f'dominant-baseline="central" transform="rotate(-90 {middle[0]:.1f} {middle[1]:.1f})">{words}</text>'
        )
    return drawn


def _arrows(rows: Sequence[Sequence[_Box]], *, two: bool) -> list[str]:
    drawn = []
    for row in rows[1:5]:
        drawn += [_arrow(_east(a), _west(b)) for a, b in zip(row[::2], row[1::2], strict=True)]
    main = [row[0] for row in rows[1:]]
    drawn += [_arrow(_south(a), _north(b)) for a, b in pairwise(main)]
    if two:
        first, third, fourth, last = rows[1][2], rows[3][2], rows[4][2], rows[5][0]
        drawn += [_arrow(_south(first), _north(third)), _arrow(_south(third), _north(fourth))]
        corner = (_south(fourth)[0], last.y + last.height / 2)
        drawn.append(_arrow(_south(fourth), corner, (last.x + last.width, corner[1])))
    return drawn


def _east(box: _Box) -> tuple[float, float]:
    return box.x + box.width, box.y + box.height / 2


def _west(box: _Box) -> tuple[float, float]:
    return box.x, box.y + box.height / 2


def _south(box: _Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height


def _north(box: _Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y


def _arrow(*points: tuple[float, float]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{_INK}" stroke-width="1.3" marker-end="url(#head)"/>'


def _draw_box(box: _Box) -> str:
    drawn = [
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="3" fill="{box.fill}" stroke="{_INK}"/>'
    ]
    top = box.y + (box.height - _LINE * len(box.lines)) / 2 + _LINE * 0.75
    for number, line in enumerate(box.lines):
        drawn.append(_text(box.x + _PAD, top + _LINE * number, line, bold=number < box.bold))
    return "".join(drawn)


def _text(x: float, y: float, line: str, *, size: float = _SIZE, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    indent = text_width("  ") if line.startswith("  ") else 0.0
    return f'<text x="{x + indent:.1f}" y="{y:.1f}" font-size="{size}"{weight}>{escape(line.strip())}</text>'


def _notes(flow: Flow, width: float) -> list[str]:
    said = list(flow.notes)
    if flow.open_pairs:
        said.append(f"{flow.open_pairs} doubtful pairs of records await a decision and count as different.")
    if not flow.finished:
        said.append("Not finished: decisions are still awaited.")
    return [line for note in said for line in wrap(note, width)]


def _page(width: float, height: float, parts: Iterable[str], flow: Flow, title: str) -> str:
    words = (
        f"{flow.databases.identified} records from databases and registers, {flow.others.identified} by other methods; "
        f"{flow.databases.screened} screened; {flow.studies} studies in {flow.reports} reports included."
    )
    heading = escape(f"PRISMA 2020 flow diagram: {title}" if title else "PRISMA 2020 flow diagram")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-labelledby="flow-title flow-words" '
        f'font-family="{_FAMILY}" font-size="{_SIZE}" fill="{_INK}">'
        f'<title id="flow-title">{heading}</title><desc id="flow-words">{escape(words)}</desc>'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{_INK}"/></marker></defs>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )
