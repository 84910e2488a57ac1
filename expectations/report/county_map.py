"""Counts of California's 58 counties on a map: published, nought, hidden, not in the table; by shade, pattern and sign.

A county that is hidden is hatched and starred, whether the count itself is small or hidden to protect another: the map can't tell them
apart. Where the number has room it stands in its county; each county says all of it in its title, and the table beside has every one.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from expectations.report.model import Chart, ChartRow
from systems.texts import in_html

_LETTER, _SMALLEST = (
    11,
    5.0,
)  # pixels: of letters, and the room below which a sign stands beside its county
_INK, _SOFT, _EDGE = "#16202e", "#4c5868", "#5d6979"
_SHADES = ("#cfe0ef", "#a9c4de", "#6f9cc6", "#3f6f9f", "#123a63")
_DARK = 3  # shades from which letters are white
_NOUGHT, _ABSENT = "#ffffff", "#eceff3"


@dataclass(frozen=True)
class Outline:
    """A county's outline: an SVG path in units, where a text stands, and how far the edge is from there."""

    path: str
    x: int
    y: int
    room: int


@cache
def outlines() -> tuple[tuple[int, int], Mapping[str, Outline]]:
    """Width and height of the map, and the outline of each county by its three-digit FIPS code."""
    body = json.loads(Path(__file__).with_name("outlines.json").read_text("ascii"))
    wide, tall = body["size"]
    drawn = {
        code: Outline(one["path"], one["text"][0], one["text"][1], one["room"])
        for code, one in body["counties"].items()
    }
    return (wide, tall), drawn


def county_map(chart: Chart, wide: int) -> tuple[float, list[str]]:
    """Height and body of a drawing ``wide`` pixels wide; ``key`` of a row is its county, its first value the count, None where hidden."""
    (units, tall), drawn = outlines()
    scale, rows = wide / units, {row.key: row for row in chart.rows}
    most = max((row.values[0] or 0.0 for row in chart.rows), default=0.0)
    hatch = f"{chart.id}-hidden"
    shapes, texts = list[str](), list[str]()
    for code, outline in drawn.items():
        row = rows.get(code)
        shade = _shade(row, most)
        fill = _fill(row, shade, hatch)
        said = f"<title>{in_html(_said(code, row))}</title>"
        shapes.append(f'<path d="{outline.path}" fill="{fill}">{said}</path>')
        texts += _signs(outline, row, scale, "#fff" if shade >= _DARK else _INK)
    legend = list(_legend(wide - 190, most, hatch))
    body = [
        (
            f'<defs><pattern id="{hatch}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="scale({1 / scale:.3f}) rotate(45)">'
            f'<path d="M0 0h6v6h-6z" fill="#fff"/><path d="M0 0v6" stroke="{_SOFT}" stroke-width="1.5"/></pattern></defs>'
        ),
        f'<g transform="scale({scale:.4f})" stroke="{_EDGE}" stroke-width="{0.8 / scale:.2f}" stroke-linejoin="round">{"".join(shapes)}</g>',
        *texts,
        *legend,
    ]
    return tall * scale, body


def _shade(row: ChartRow | None, most: float) -> int:
    """Which shade a published count has, the darker the larger; -1 where there is none to show."""
    value = row.values[0] if row else None
    return round((len(_SHADES) - 1) * math.sqrt(value / most)) if value else -1


def _fill(row: ChartRow | None, shade: int, hatch: str) -> str:
    if row is None:
        return _ABSENT
    if row.values[0] is None:
        return f"url(#{hatch})"
    return _SHADES[shade] if shade >= 0 else _NOUGHT


def _said(code: str, row: ChartRow | None) -> str:
    if row is None:
        return f"County {code}: not in the table"
    value = row.values[0]
    return f"{row.label}: {'hidden' if value is None else f'{value:,.0f}'}"


def _signs(outline: Outline, row: ChartRow | None, scale: float, ink: str) -> Iterator[str]:
    """The sign of a county, or its number where that has room; of the smallest, beside it in the sea."""
    x, y, room = outline.x * scale, outline.y * scale, outline.room * scale
    value = row.values[0] if row else None
    sign = "-" if row is None else "*" if value is None else f"{value:,.0f}"
    if room < _SMALLEST:
        yield f'<path d="M{x:.1f} {y:.1f}H{x - 22:.1f}" stroke="{_INK}"/>'
        yield _text(x - 25, y + 4, sign, "end", _INK)
    elif math.hypot(3.2 * len(sign), 4) <= 1.2 * room:
        yield _text(x, y + 4, sign, "middle", ink if row and value else _INK, halo=value is None)


def _legend(x: int, most: float, hatch: str) -> Iterator[str]:
    named = [
        (_SHADES[-1], f"largest: {most:,.0f}"),
        (_SHADES[0], "lighter: fewer"),
        (_NOUGHT, "0: none, published"),
        (f"url(#{hatch})", "*: hidden"),
        (_ABSENT, "-: not in the table"),
    ]
    for n, (fill, said) in enumerate(named if most else named[2:]):
        top = 24 + 22 * n
        yield f'<rect x="{x}" y="{top}" width="22" height="15" fill="{fill}" stroke="{_EDGE}"/>'
        yield _text(x + 30, top + 12, said, "start", _INK)


def _text(x: float, y: float, said: str, anchor: str, ink: str, *, halo: bool = False) -> str:
    around = ' stroke="#fff" stroke-width="3" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{_LETTER}" fill="{ink}"{around}>'
        f"{in_html(said)}</text>"
    )
