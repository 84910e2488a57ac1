"""Charts of a report as SVG: no script, a title and a description, letters that read on paper, colour never alone.

Each is drawn from the rows that the table beside it shows, so that nothing is in a picture that is not in words.
"""

import math
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from expectations.report.county_map import county_map
from expectations.report.model import Chart, ChartRow
from systems.figures import percent
from systems.texts import in_html

_WIDE, _LETTER = 620, 11  # pixels: of a drawing, and of its letters (8.25 pt on paper)
_ROW = 20
_INK, _SOFT, _LINE = "#16202e", "#4c5868", "#d5dbe3"
_BLUE, _AMBER = "#3f6f9f", "#c98512"
_SHADES = ("#eef4fa", "#cfe0ef", "#a9c4de", "#6f9cc6", "#3f6f9f", "#123a63")
_TILE = 38


def drawn(chart: Chart) -> str:
    """The chart as one SVG element; every text in it is escaped."""
    return _framed(
        chart, 8 * _TILE if chart.kind == "tiles" else _WIDE, *_DRAWERS[chart.kind](chart)
    )


def mapped(chart: Chart) -> str:
    """A chart of ``tiles`` by the counties' own outlines, as one SVG element."""
    return _framed(chart, _WIDE, *county_map(chart, _WIDE))


def _framed(chart: Chart, wide: int, height: float, body: Sequence[str]) -> str:
    title, said = f"{chart.id}-title", f"{chart.id}-said"
    return (
        f'<svg class="drawn" viewBox="0 0 {wide} {height:.0f}" width="{wide}" height="{height:.0f}" role="img"'
        f' aria-labelledby="{title} {said}"><title id="{title}">{in_html(chart.title)}</title>'
        f'<desc id="{said}">{in_html(described(chart))}</desc>{"".join(body)}</svg>'
    )


def described(chart: Chart) -> str:
    """A chart in a sentence: what is drawn, and its largest value."""
    column = chart.heads[1]
    known = [row for row in chart.rows if row.values[0] is not None]
    if not known:
        return f"{len(chart.rows)} rows, none with a value."
    hidden = len(chart.rows) - len(known)
    most = max(known, key=lambda row: row.values[0] or 0.0)
    value = written(most.values[0], chart.units[0])
    said = f"{len(chart.rows)} rows{f', {hidden} of them hidden' if hidden else ''}. Largest"
    return f"{said} {column}: {most.label}, {value}. {chart.note}".strip()


def written(value: float | None, unit: str) -> str:
    """A value as the table beside a chart writes it."""
    if value is None:
        return "hidden"
    return percent(value) if unit == "share" else f"{value:,.0f}"


# --- rows down, values across


def _paired(chart: Chart) -> tuple[float, list[str]]:
    """Two bars a row: before and after."""
    left, right = _margin(chart.rows), 56
    top = _top(chart.units[0], (v for row in chart.rows for v in row.values))
    body = _legend([(_SOFT, chart.heads[1]), (_BLUE, chart.heads[2])], 0)
    y = 24.0
    for row in chart.rows:
        body.append(_text(left - 6, y + 13, row.label, "end"))
        for place, (value, colour) in enumerate(zip(row.values, (_SOFT, _BLUE), strict=True)):
            long = (_WIDE - left - right) * (value or 0.0) / top
            body.append(_rect(left, y + 2 + 8 * place, max(long, 0.5), 7, colour))
        body.append(_text(_WIDE, y + 13, written(row.values[1], chart.units[1]), "end"))
        y += _ROW + 2
    return y + 4, [*body, _rule(left, 22, left, y)]


def _rates(chart: Chart) -> tuple[float, list[str]]:
    """A point with its interval a row; the first row is all together and draws the line to compare with."""
    left, right = _margin(chart.rows), 56
    top = _top("share", (row.values[2] for row in chart.rows))

    def x(value: float | None) -> float:
        return left + (_WIDE - left - right) * (value or 0.0) / top

    whole = x(chart.rows[0].values[0])
    y, body = 4.0, list[str]()
    for row in chart.rows:
        rate, low, high = row.values[:3]
        body.append(_text(left - 6, y + 13, row.label, "end"))
        body.append(
            f'<path d="M{x(low):.1f} {y + 9:.1f}H{x(high):.1f}" stroke="{_BLUE}" stroke-width="5"/>'
        )
        body.append(f'<circle cx="{x(rate):.1f}" cy="{y + 9:.1f}" r="4.5" fill="{_INK}"/>')
        body.append(_text(_WIDE, y + 13, written(rate, "share"), "end"))
        y += _ROW
    compared = f'<path d="M{whole:.1f} 0V{y:.1f}" stroke="{_SOFT}" stroke-dasharray="4 3"/>'
    return y + 2, [_rule(left, 0, left, y), compared, *body]


# --- lines


def _lines(chart: Chart) -> tuple[float, list[str]]:
    """One panel for each unit, one line a column; the rows are the axis, equally spaced."""
    body, y = list[str](), 0.0
    for unit in dict.fromkeys(chart.units):
        columns = [i for i, of in enumerate(chart.units) if of == unit]
        named = [(_COLOURS[n % 2], chart.heads[i + 1]) for n, i in enumerate(columns)]
        top = _top(unit, (row.values[i] for row in chart.rows for i in columns))
        body += _legend(named, y)
        panel = _panel(chart, columns, y + 24, top)
        body += [
            *panel,
            _text(54, y + 35, written(top, unit), "end"),
            _text(54, y + 134, "0", "end"),
        ]
        y += 168
    return y, body


_COLOURS = (_BLUE, _AMBER)
_APART = 10  # pixels: nearer than that, points of a line would hide it
_TALL = 110


def _panel(chart: Chart, columns: Sequence[int], y: float, top: float) -> list[str]:
    step = (_WIDE - 60) / max(len(chart.rows), 1)
    floor, middle = y + _TALL, [60 + (i + 0.5) * step for i in range(len(chart.rows))]
    body = [_rule(60, floor, _WIDE, floor), _rule(60, y, 60, floor)]
    long = 6.3 * max(len(row.label) for row in chart.rows)
    every = max(math.ceil(len(chart.rows) / 14), math.ceil((long + 8) / step))
    body += [
        _text(x, floor + 15, row.label, "middle" if x + long / 2 <= _WIDE else "end")
        for i, (x, row) in enumerate(zip(middle, chart.rows, strict=True))
        if i % every == 0
    ]
    for n, column in enumerate(columns):
        colour, path, down = _COLOURS[n % 2], "", False
        values = [row.values[column] for row in chart.rows]
        for i, (x, value) in enumerate(zip(middle, values, strict=True)):
            if value is None:  # a gap: nobody may draw a line through what is hidden
                down = False
                continue
            at = floor - _TALL * value / top
            path += f"{'L' if down else 'M'}{x:.1f} {at:.1f}"
            alone = not down and (i + 1 == len(values) or values[i + 1] is None)
            if step >= _APART or alone:
                body.append(_mark(n, x, at, colour))
            down = True
        body.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
    return body


def _mark(place: int, x: float, y: float, colour: str) -> str:
    """Round for the first line, square for the second: colour never alone."""
    if place % 2:
        return _rect(x - 4, y - 4, 8, 8, colour)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


# --- counties


@cache
def county_tiles() -> dict[str, tuple[str, int, int]]:
    """What stands on the tile of each county, its column and row, by FIPS code."""
    raw = Path(__file__).with_name("california.toml").read_text("utf-8")
    return {code: (short, x, y) for code, short, x, y in tomllib.loads(raw)["tiles"]}


def _tiles(chart: Chart) -> tuple[float, list[str]]:
    """A tile a county, the darker the larger; hidden ones are empty with a dashed edge."""
    values = {row.key: row.values[0] for row in chart.rows}
    most = max((v for v in values.values() if v is not None), default=0.0)
    body: list[str] = []
    for code, (short, column, row) in county_tiles().items():
        x, y, value = column * _TILE, row * _TILE, values.get(code)
        shade = 0 if not value else 1 + round(4 * math.sqrt(value / most))
        dashed = ' stroke-dasharray="3 2"' if value is None else ""
        fill = "#fff" if value is None else _SHADES[shade]
        body.append(
            f'<rect x="{x + 1}" y="{y + 1}" width="{_TILE - 2}" height="{_TILE - 2}" fill="{fill}"'
            f' stroke="{_SOFT}"{dashed}/>'
        )
        said = "-" if code not in values else "*" if value is None else _short(value)
        ink = "#fff" if shade > 3 else _INK
        body.append(_text(x + _TILE / 2, y + 16, short, "middle", ink))
        body.append(_text(x + _TILE / 2, y + 30, said, "middle", ink))
    return 12 * _TILE + 2, body


def _short(value: float) -> str:
    return f"{value:,.0f}" if value < 10_000 else f"{value / 1000:,.0f}k"


_DRAWERS: dict[str, Callable[[Chart], tuple[float, list[str]]]] = {
    "paired": _paired,
    "rates": _rates,
    "lines": _lines,
    "tiles": _tiles,
}

# --- parts


def _margin(rows: Sequence[ChartRow]) -> float:
    """Room for the longest label."""
    return min(260.0, 12 + 6.3 * max(len(row.label) for row in rows))


def _top(unit: str, values: Iterable[float | None]) -> float:
    """The end of an axis: the next round number."""
    most = max((v for v in values if v is not None), default=0.0)
    if most <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(most))
    found = next(size * n for n in (1, 2, 2.5, 5, 10) if size * n >= most)
    return min(found, 1.0) if unit == "share" else found


def _legend(named: Sequence[tuple[str, str]], y: float) -> list[str]:
    body, x = list[str](), 0.0
    for place, (colour, name) in enumerate(named):
        body += [_mark(place, x + 6, y + 9, colour), _text(x + 16, y + 13, name, "start")]
        x += 32 + 6.6 * len(name)
    return body


def _text(x: float, y: float, said: str, anchor: str, ink: str = _INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{_LETTER}" fill="{ink}">'
        f"{in_html(said)}</text>"
    )


def _rect(x: float, y: float, wide: float, tall: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"/>'


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{_LINE}"/>'
