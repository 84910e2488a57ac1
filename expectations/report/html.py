"""Draw a report as one static HTML file: no script, no network, inline style and SVG.

The same model gives the same bytes; what differs between runs stands in the one section that is
marked ``run-facts``.
"""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.errors import ReportBroken
from expectations.report import model as models
from expectations.report.editions import MARKER, recipient_view
from expectations.report.items import WORDS
from expectations.report.plots import drawn, written
from systems.figures import percent
from systems.texts import page_template

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent
_WIDE = 7  # columns above which a grid lies across a sheet of its own, after the others
_TALL = 24  # rows above which a map is drawn in two halves, side by side


def render(model: models.ReportModel, edition: models.Edition = "recipient") -> str:
    """Return the report as HTML text.

    Args:
        model: The Department's model; the recipient's edition is cut from it here.
        edition: ``recipient`` travels in the package, ``department`` is attached to the approval.

    Raises:
        ReportBroken: The Department's edition is asked of a model that was cut already.
    """
    if edition == "department" and model.edition != "department":
        raise ReportBroken(what="edition")
    shown = recipient_view(model) if edition == "recipient" else model
    page = _template().render(
        m=shown,
        kind=WORDS["kinds"][shown.kind],
        safes=[(s, *WORDS["safes"][s.name]) for s in shown.safes],
        suites=_by_suite(shown.checks),
        words=WORDS["statuses"],
        marker=MARKER,
        scale=_scale,
        whisker=_whisker,
        estimate=_estimate,
        tiles=_tiles,
        grids=sorted(shown.grids, key=lambda grid: len(grid.heads) > _WIDE),
        wide=_WIDE,
        drawn=drawn,
        written=written,
        number=_number,
        style=(_HERE / "style.css").read_text("utf-8"),
    )
    return page.rstrip() + "\n"


def prepare() -> None:
    """Read the page's template, while something else is waited for: it takes as long as a suite of thousands of rows."""
    _template()


@cache
def _template() -> "Template":
    from jinja2 import FileSystemLoader

    return page_template(FileSystemLoader(_HERE), "report.html.j2")


def _by_suite(checks: Iterable[models.CheckLine]) -> list[tuple[str, list[models.CheckLine]]]:
    return [
        (WORDS["suites"].get(suite, suite), list(lines))
        for suite, lines in groupby(checks, key=lambda c: c.suite)
    ]


def _number(value: float | str | None, marker: str) -> str:
    if value is None:
        return marker
    return f"{value:,}" if isinstance(value, int) else str(value)


def _scale(plot: models.Plot) -> list[float]:
    """Length of each bar, 0 to 100; a masked one gets a fixed length that says nothing."""
    longest = max((b.value for b in plot.bars if b.value), default=0)
    return [
        6.0 if b.value is None else round(100 * b.value / longest, 2) if longest else 0.0
        for b in plot.bars
    ]


def _estimate(interval: models.Interval) -> tuple[str, str, str]:
    """Value, low and high as they are read."""
    numbers = (interval.value, interval.low, interval.high)
    if interval.unit == "%":
        value, low, high = (percent(n / 100) for n in numbers)
        return value, low, high
    value, low, high = (f"{n:g} {interval.unit}".rstrip() for n in numbers)
    return value, low, high


def _whisker(
    interval: models.Interval, intervals: Iterable[models.Interval]
) -> tuple[float, float, float]:
    """Low, value, high on a scale from 0 to 100 that all intervals of one unit share."""
    top = max((i.high for i in intervals if i.unit == interval.unit), default=0) or 1
    low, value, high = interval.low, interval.value, interval.high
    return round(100 * low / top, 2), round(100 * value / top, 2), round(100 * high / top, 2)


def _tiles(shown: models.HiddenMap) -> dict[str, Any]:
    """Geometry and totals of a map of hidden cells."""
    flat = "".join(shown.cells)
    above = max((len(label) for label in shown.column_labels), default=0)
    half = -(-len(shown.cells) // (2 if len(shown.cells) > _TALL else 1))
    starts = range(0, len(shown.cells), half)
    return {
        "halves": [(start, shown.row_labels[start : start + half]) for start in starts],
        "half": half,
        "left": 6 * max((len(label) for label in shown.row_labels), default=0) + 8,
        "top": 6 * above + 12,
        "right": 4 * above + 8,
        "cells": [
            [
                (x, y, c)
                for y, row in enumerate(shown.cells[start : start + half])
                for x, c in enumerate(row)
                if c != "."
            ]
            for start in starts
        ],
        "published": flat.count("p") + flat.count("0"),
        "hidden": sum(flat.count(c) for c in "h12"),
        "primary": flat.count("1"),
        "secondary": flat.count("2"),
        "all": sum(c != "." for c in flat),
    }
