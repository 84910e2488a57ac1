"""A table as a map of what is published and what is hidden, for the Department alone.

A hidden cell shows why it is hidden and what an attacker is left with, never what it holds: whoever
looks over a shoulder learns no more than a reader of the published table could prove. The page has
no script, and letters say what the colours say. A table of any number of dimensions lies on a page
as cross tables: one dimension down, some across, the rest cut. Levels stand in the order of the
table, which knows nothing of hidden values.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, product
from operator import itemgetter
from typing import Literal, get_args

from systems.texts import page_template

# --- layout

Labels = tuple[str, ...]
Names = Mapping[str, Mapping[str, str]]

WIDEST = 40  # columns that a screen or a landscape sheet still shows


@dataclass(frozen=True)
class CrossTable:
    """A layout.

    Attributes:
        dims: the dimensions, in the order of each cell's labels.
        levels: of each dimension, in the order of the table.
        down: the dimension whose levels are rows.
        across: those whose combinations are columns.
        cut: those of which each combination is a table of its own.
    """

    dims: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    down: str
    across: tuple[str, ...]
    cut: tuple[str, ...]

    @classmethod
    def of(cls, dims: Sequence[str], cells: Iterable[Labels]) -> "CrossTable":
        """The longest dimension down, short ones across while the page is wide enough.

        A year is cut, where there is anything else to put across.
        """
        listed = list(cells)
        levels = {
            dim: tuple(dict.fromkeys(labels[axis] for labels in listed))
            for axis, dim in enumerate(dims)
        }
        rest = [d for d in dims if d != "year"] or list(dims)
        down = max(rest, key=lambda d: len(levels[d]))
        across: list[str] = []
        width = 1
        for dim in sorted((d for d in rest if d != down), key=lambda d: len(levels[d])):
            if width * len(levels[dim]) <= WIDEST:
                width *= len(levels[dim])
                across.append(dim)
        if not across and down != "year" and "year" in dims:
            across = ["year"]
        ordered = tuple(d for d in dims if d in across)
        cut = tuple(d for d in dims if d != down and d not in ordered)
        return cls(tuple(dims), levels, down, ordered, cut)

    def tables(self) -> list[dict[str, str]]:
        """The levels of the cut dimensions, one set for each table."""
        sets = product(*(self.levels[d] for d in self.cut))
        return [dict(zip(self.cut, chosen, strict=True)) for chosen in sets]

    @property
    def columns(self) -> list[Labels]:
        """The levels of the dimensions across, one set for each column."""
        return list(product(*(self.levels[d] for d in self.across)))

    def labels(self, fixed: Mapping[str, str], row: str, column: Labels) -> Labels:
        """The labels of a cell."""
        at = {**fixed, self.down: row, **dict(zip(self.across, column, strict=True))}
        return tuple(at[dim] for dim in self.dims)

    def heads(self, names: Names) -> tuple[tuple[tuple[str, int], ...], ...]:
        """Rows of headings with their widths: neighbours that agree so far share one."""
        found: list[tuple[tuple[str, int], ...]] = []
        for depth, dim in enumerate(self.across):
            runs = groupby(self.columns, key=itemgetter(slice(depth + 1)))
            found.append(tuple((name_of(names, dim, s[depth]), len([*run])) for s, run in runs))
        return tuple(found)


def name_of(names: Names, dim: str, code: str) -> str:
    """A level as a person reads it."""
    return names.get(dim, {}).get(code, "Total" if code == "TOTAL" else code)


# --- page

State = Literal["published", "zero", "primary", "secondary", "hidden"]
_SHADES = 6
_MARKS = {"primary": "P", "secondary": "S", "hidden": "H"}


@dataclass(frozen=True)
class MapCell:
    """One cell as it is shown: its value where it is published, else the attacker's interval.

    ``high`` is None where there is no bound, ``low`` where no interval is known.
    """

    state: State
    value: int | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class PageCell:
    """One cell of a table, ready for the page."""

    css: str
    text: str
    tip: str


@dataclass(frozen=True)
class PagePart:
    """Columns of a cross table that fit a sheet: ``heads`` are rows of column headings, ``lines`` have a heading first."""

    heads: tuple[tuple[tuple[str, int], ...], ...]
    lines: tuple[tuple[str, tuple[PageCell, ...]], ...]

    @property
    def said(self) -> str:
        """Its first and last group of columns."""
        groups = [label for label, _ in self.heads[0]] if self.heads else []
        return " to ".join(dict.fromkeys((groups[0], groups[-1]))) if groups else ""


@dataclass(frozen=True)
class PageTable:
    """One cross table in parts, whether its sheets lie, and how many of its cells are published, hidden and why."""

    title: str
    down: str
    lying: bool
    parts: tuple[PagePart, ...]
    counts: tuple[tuple[str, int], ...]


def heat_map_page(
    dims: Sequence[str],
    cells: Mapping[Labels, MapCell],
    *,
    title: str,
    facts: Mapping[str, object],
    names: Names | None = None,
    exact: bool,
) -> str:
    """Return the page.

    Args:
        dims: the dimensions, in the order of each cell's labels.
        cells: by labels, in the order of the table.
        title: of project or table.
        facts: what stands above the map, label to value.
        names: for each dimension, code to label.
        exact: whether the intervals are exact; otherwise they are ranges that are proven possible.
    """
    from jinja2 import PackageLoader

    return page_template(PackageLoader("extracts"), "heat_map.html.j2").render(
        title=title, facts=facts, blocks=_tables(dims, cells, names or {}), exact=exact, dims=dims
    )


def _tables(dims: Sequence[str], cells: Mapping[Labels, MapCell], names: Names) -> list[PageTable]:
    cross = CrossTable.of(dims, cells)
    most = max((c.value or 0 for c in cells.values()), default=0)
    tables: list[PageTable] = []
    for fixed in cross.tables():
        found = [
            [cells.get(cross.labels(fixed, row, column)) for column in cross.columns]
            for row in cross.levels[cross.down]
        ]
        drawn = [[_page_cell(cell, most) for cell in line] for line in found]
        rows = [name_of(names, cross.down, row) for row in cross.levels[cross.down]]
        lying, cuts = _sheets(rows, cross.heads(names), drawn)
        parts = tuple(
            PagePart(
                _heads_between(cross.heads(names), begin, end),
                tuple((row, tuple(line[begin:end])) for row, line in zip(rows, drawn, strict=True)),
            )
            for begin, end in pairwise(cuts)
        )
        said = " · ".join(f"{d} {name_of(names, d, v)}" for d, v in fixed.items())
        states = Counter(cell.state for line in found for cell in line if cell is not None)
        counts = tuple((state, states[state]) for state in get_args(State))
        tables.append(PageTable(said, cross.down, lying, parts, counts))
    return tables


# --- sheets of paper: what fits Letter, which is the narrower where it lies, and A4, which is where it stands

_ACROSS = {True: 734.0, False: 537.0}  # points inside the margins: lying, standing
_DOWN = {True: 530.0, False: 725.0}
# points of a letter of 8 pt on average, of a bold one, beside them, and of a row; as in DejaVu, which is wide
_LETTER, _BOLD, _BESIDE, _ROW = 3.7, 4.6, 3.5, 10.8


def _sheets(
    rows: Sequence[str],
    heads: Sequence[Sequence[tuple[str, int]]],
    drawn: Sequence[Sequence[PageCell]],
) -> tuple[bool, list[int]]:
    """Whether sheets lie or stand, whichever are fewer, and the columns at which they are cut: between groups where these fit."""
    left = _BOLD * max((len(row) for row in rows), default=0) + _BESIDE
    widest = [
        max([*(len(line[i].text) for line in drawn), 4])
        for i in range(len(drawn[0]) if drawn else 0)
    ]
    lowest = [label for label, _ in heads[-1]] if heads else ["count"]
    wide = [
        max(_LETTER * cell, _BOLD * max(len(word) for word in [*label.split(), ""])) + _BESIDE
        for cell, label in zip(widest, lowest, strict=False)
    ]
    groups, place = [0], 0
    for _, width in heads[0] if heads else ():
        place += width
        groups.append(place)
    tall = _ROW * (len(rows) + len(heads) + 2)
    options = [
        (math.ceil(tall / _DOWN[lying]) * (len(cuts) - 1), lying, cuts)
        for lying in (False, True)
        for cuts in [_cuts(wide, groups, _ACROSS[lying] - left)]
    ]
    _, lying, cuts = min(options, key=lambda option: option[0])
    return lying, cuts


def _cuts(wide: Sequence[float], groups: Sequence[int], room: float) -> list[int]:
    """Whole groups while they fit; a group that is wider than a sheet is cut where the sheet ends."""
    cuts, used = [0], 0.0
    edges = [edge for edge in groups if edge < len(wide)]
    for begin, end in pairwise([*edges, len(wide)]):
        if used and used + sum(wide[begin:end]) > room:
            cuts.append(begin)
            used = 0.0
        for column in range(begin, end):
            if used and used + wide[column] > room:
                cuts.append(column)
                used = 0.0
            used += wide[column]
    return [*cuts, len(wide)]


def _heads_between(
    heads: Sequence[Sequence[tuple[str, int]]], begin: int, end: int
) -> tuple[tuple[tuple[str, int], ...], ...]:
    """The rows of headings of some columns; a group that goes on is named again."""
    found: list[tuple[tuple[str, int], ...]] = []
    for head in heads:
        line: list[tuple[str, int]] = []
        place = 0
        for label, width in head:
            inside = min(place + width, end) - max(place, begin)
            if inside > 0:
                line.append((label, inside))
            place += width
        found.append(tuple(line))
    return tuple(found)


def _page_cell(cell: MapCell | None, most: int) -> PageCell:
    if cell is None:
        return PageCell("none", "", "no such cell")
    if cell.state == "zero":
        return PageCell("zero", "0", "published: nobody")
    if cell.state == "published":
        value = cell.value or 0
        depth = math.log1p(value) / math.log1p(most) if most else 0.0
        shade = min(_SHADES - 1, int(depth * _SHADES))
        return PageCell(f"p{shade}", f"{value:,}", "published")
    between = _between(cell)
    tip = f"{cell.state}; the attacker is left with {between}" if between else cell.state
    return PageCell(cell.state, f"{_MARKS[cell.state]} {between}".strip(), tip)


def _between(cell: MapCell) -> str:
    if cell.low is None:
        return ""
    return f"{cell.low:,} or more" if cell.high is None else f"{cell.low:,} to {cell.high:,}"
