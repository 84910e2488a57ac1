"""A table as a map of what is published and what is hidden, for the Department alone.

A hidden cell shows why it is hidden and what an attacker is left with, never what it holds: whoever
looks over a shoulder learns no more than a reader of the published table could prove. The page has
no script, and letters say what the colours say.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

State = Literal["published", "zero", "primary", "secondary", "hidden"]
Labels = tuple[str, ...]

_WIDEST = 40  # columns that a screen or a landscape sheet still shows
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
class Shown:
    """One cell of a block, ready for the page."""

    css: str
    text: str
    tip: str


@dataclass(frozen=True)
class Block:
    """One cross table: ``heads`` are rows of column headings, ``lines`` have a heading first."""

    title: str
    down: str
    heads: tuple[tuple[tuple[str, int], ...], ...]
    lines: tuple[tuple[str, tuple[Shown, ...]], ...]


def heat_map(
    dims: Sequence[str],
    cells: Mapping[Labels, MapCell],
    *,
    title: str,
    facts: Mapping[str, object],
    names: Mapping[str, Mapping[str, str]] | None = None,
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
    from jinja2 import Environment, PackageLoader, StrictUndefined

    page = Environment(
        loader=PackageLoader("extracts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("heat_map.html.j2")
    told = names or {}
    return page.render(
        title=title, facts=facts, blocks=_blocks(dims, cells, told), exact=exact, dims=dims
    )


def _blocks(
    dims: Sequence[str], cells: Mapping[Labels, MapCell], names: Mapping[str, Mapping[str, str]]
) -> list[Block]:
    levels = {
        dim: tuple(dict.fromkeys(labels[axis] for labels in cells)) for axis, dim in enumerate(dims)
    }
    down, across, sliced = _layout(dims, levels)
    most = max((c.value or 0 for c in cells.values()), default=0)
    blocks: list[Block] = []
    for chosen in product(*(levels[d] for d in sliced)):
        fixed = dict(zip(sliced, chosen, strict=True))
        columns = list(product(*(levels[d] for d in across)))
        lines = tuple(
            (
                _name(names, down, row),
                tuple(
                    _shown(cells.get(_labels(dims, fixed, down, row, across, column)), most)
                    for column in columns
                ),
            )
            for row in levels[down]
        )
        heads = tuple(_heads(names, across, columns, depth) for depth in range(len(across)))
        said = " · ".join(f"{d} {_name(names, d, v)}" for d, v in fixed.items())
        blocks.append(Block(said, down, heads, lines))
    return blocks


def _layout(
    dims: Sequence[str], levels: Mapping[str, Sequence[str]]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The longest dimension down, short ones across while the page is wide enough, one map for the rest."""
    rest = [d for d in dims if d != "year"] or list(dims)
    down = max(rest, key=lambda d: len(levels[d]))
    across: list[str] = []
    width = 1
    for dim in sorted((d for d in rest if d != down), key=lambda d: len(levels[d])):
        if width * len(levels[dim]) <= _WIDEST:
            width *= len(levels[dim])
            across.append(dim)
    if not across and len(dims) > 1 and down != "year" and "year" in dims:
        across = ["year"]
    across = [d for d in dims if d in across]
    return down, tuple(across), tuple(d for d in dims if d != down and d not in across)


def _labels(
    dims: Sequence[str],
    fixed: Mapping[str, str],
    down: str,
    row: str,
    across: Sequence[str],
    column: Sequence[str],
) -> Labels:
    at = {**fixed, down: row, **dict(zip(across, column, strict=True))}
    return tuple(at[dim] for dim in dims)


def _heads(
    names: Mapping[str, Mapping[str, str]],
    across: Sequence[str],
    columns: Sequence[Sequence[str]],
    depth: int,
) -> tuple[tuple[str, int], ...]:
    """Headings of one row with their widths: neighbours that agree so far share one."""
    runs: list[tuple[Sequence[str], int]] = []
    for column in columns:
        if runs and runs[-1][0] == column[: depth + 1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((column[: depth + 1], 1))
    return tuple((_name(names, across[depth], start[depth]), width) for start, width in runs)


def _name(names: Mapping[str, Mapping[str, str]], dim: str, code: str) -> str:
    return names.get(dim, {}).get(code, "Total" if code == "TOTAL" else code)


def _shown(cell: MapCell | None, most: int) -> Shown:
    if cell is None:
        return Shown("none", "", "no such cell")
    if cell.state == "zero":
        return Shown("zero", "0", "published: nobody")
    if cell.state == "published":
        value = cell.value or 0
        depth = math.log1p(value) / math.log1p(most) if most else 0.0
        shade = min(_SHADES - 1, int(depth * _SHADES))
        return Shown(f"p{shade}", f"{value:,}", "published")
    between = _between(cell)
    tip = f"{cell.state}; the attacker is left with {between}" if between else cell.state
    return Shown(cell.state, f"{_MARKS[cell.state]} {between}".strip(), tip)


def _between(cell: MapCell) -> str:
    if cell.low is None:
        return ""
    return f"{cell.low:,} or more" if cell.high is None else f"{cell.low:,} to {cell.high:,}"
