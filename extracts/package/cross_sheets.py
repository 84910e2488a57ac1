"""Cross tables of an aggregate, one sheet a year: heads once, frozen and on every page, families kept whole where they fit.

A sheet begins with its heads; each table follows under a line that names it, the first measure before the second. On paper a page
begins where a group of columns or a table does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from extracts.package.print_layout import break_before, lay_out, rows_of_a_page
from extracts.package.sheet_cells import borders, number, text
from systems.texts import in_one_line

if TYPE_CHECKING:
    from extracts.suppression import CrossTable, Labels, Names

_DOWN = (12, 30)  # characters of the first column: the narrowest, the widest
_ACROSS = (9, 16)  # the same of the others; longer heads are wrapped


@dataclass(frozen=True)
class Measured:
    """One measure of a table: its title and its values by labels, none where hidden."""

    title: str
    values: "Mapping[Labels, int | None]"


@dataclass(frozen=True)
class _Sheet:
    """A sheet being written, its layout, names, and the columns with which a group or a page begins."""

    sheet: Any
    cross: "CrossTable"
    names: "Names"
    starts: frozenset[int]
    pages: tuple[int, ...]


def cross_sheets(
    book: Any,
    dims: Sequence[str],
    measures: Sequence[Measured],
    names: "Names",
    *,
    title: str,
    heading: str,
) -> None:
    """Append one sheet a year (or one for all years, where a table has but one more dimension)."""
    from extracts.suppression import CrossTable

    cross = CrossTable.of(dims, measures[0].values)
    years = cross.levels["year"] if "year" in cross.cut else ("",)
    for year in years:
        sheet = book.create_sheet(year or "All years")
        head_and_foot(sheet, f"{title}, {year}" if year else title, heading)
        heads = cross.heads(names)
        joints = _starts(heads)
        pages = lay_out(sheet, _widths(cross, measures, names), first=1, joints=sorted(joints))
        depth = max(1, len(cross.across))
        sheet.print_title_cols = "A:A"
        sheet.print_title_rows = f"1:{depth}"
        sheet.freeze_panes = f"B{depth + 1}"
        wanted = [fixed for fixed in cross.tables() if not year or fixed["year"] == year]
        _fill(_Sheet(sheet, cross, names, joints, pages), wanted, measures)


def head_and_foot(sheet: Any, title: str, heading: str) -> None:
    """What stands above and below every printed page."""
    sheet.oddHeader.left.text = escaped(title)
    sheet.oddFooter.left.text = escaped(heading)
    sheet.oddFooter.right.text = "Page &P of &N"


def escaped(said: str) -> str:
    """A text for a page's head or foot, where & begins a code; at most what Excel takes."""
    return in_one_line(said).replace("&", "&&")[:200]


def _widths(cross: "CrossTable", measures: Sequence[Measured], names: "Names") -> list[float]:
    """Of the first column by its longest name, of the others by the largest count that is shown."""
    from extracts.suppression import name_of

    longest = max((len(name_of(names, cross.down, v)) for v in cross.levels[cross.down]), default=0)
    largest = max((v or 0 for one in measures for v in one.values.values()), default=0)
    lowest = [label for label, _ in cross.heads(names)[-1]] if cross.across else []
    word = max((len(word) for label in lowest for word in label.split()), default=0)
    across = min(_ACROSS[1], max(_ACROSS[0], len(f"{largest:,}") + 2, word + 1.5))
    return [min(_DOWN[1], max(_DOWN[0], longest + 3)), *[across] * max(1, len(cross.columns))]


def _fill(at: _Sheet, wanted: Sequence[Mapping[str, str]], measures: Sequence[Measured]) -> None:
    depth = _heads(at, measures)
    tall = len(at.cross.levels[at.cross.down]) + 1  # with the line that names the table
    room = rows_of_a_page(at.sheet, depth)
    row, used = depth, 0
    for measure in measures:
        for fixed in wanted:
            if used and used + tall > room:
                break_before(at.sheet, row + 1)
                used = 0
            _table(at, fixed, measure)
            row += tall
            used = (used + tall) % room if used + tall > room else used + tall


def _heads(at: _Sheet, measures: Sequence[Measured]) -> int:
    """Write the heads and return how many rows they are."""
    cross, sheet = at.cross, at.sheet
    if not cross.across:
        titles = " / ".join(measure.title for measure in measures)
        sheet.append([text(sheet, said, bold=True) for said in (title_of(cross.down), titles)])
        return 1
    heads = cross.heads(at.names)
    for depth, head in enumerate(heads):
        line = [text(sheet, title_of(cross.down), bold=True) if depth == 0 else None]
        parts = list(_parts(head, at.pages))
        for label, width in parts:
            line += [text(sheet, label, bold=True, wrap=True), *[None] * (width - 1)]
        for place, cell in enumerate(line):
            if cell is not None:
                cell.border = borders(left=place in at.starts, bottom=depth == len(heads) - 1)
        sheet.append(line)
        _merge(sheet, depth + 1, parts)
    return len(heads)


def _parts(head: Sequence[tuple[str, int]], pages: Sequence[int]) -> "list[tuple[str, int]]":
    """A row of heads in which none reaches over the end of a page: it is said again on the next."""
    parts: list[tuple[str, int]] = []
    place = 1
    for label, width in head:
        cuts = [place, *(p for p in pages if place < p < place + width), place + width]
        parts += [(label, end - begin) for begin, end in pairwise(cuts)]
        place += width
    return parts


def _table(at: _Sheet, fixed: Mapping[str, str], measure: Measured) -> None:
    """Write the line that names a cross table, and its rows."""
    from extracts.suppression import name_of

    sheet, cross = at.sheet, at.cross
    said = [name_of(at.names, d, v) for d, v in fixed.items()]
    sheet.append([text(sheet, " · ".join([measure.title, *said]), bold=True)])
    for level in cross.levels[cross.down]:
        total = level == "TOTAL"
        line = [text(sheet, name_of(at.names, cross.down, level), bold=total, shade=total)]
        for place, column in enumerate(cross.columns, start=1):
            labels = cross.labels(fixed, level, column)
            whole = total or "TOTAL" in column
            if labels not in measure.values:
                line.append(None)
                continue
            cell = number(sheet, measure.values[labels], bold=whole, shade=total)
            if place in at.starts:
                cell.border = borders(left=True, bottom=False)
            line.append(cell)
        sheet.append(line)


def _starts(heads: Sequence[Sequence[tuple[str, int]]]) -> frozenset[int]:
    """Columns at which a group of the first heading begins: a line stands before them, and a page may begin."""
    starts, place = set[int](), 1
    for _, width in heads[0] if heads else ():
        if width > 1:
            starts.add(place)
        place += width
    return frozenset(starts)


def _merge(sheet: Any, row: int, head: Sequence[tuple[str, int]]) -> None:
    from openpyxl.utils import get_column_letter

    start = 2
    for _, width in head:
        if width > 1:
            left, right = get_column_letter(start), get_column_letter(start + width - 1)
            sheet.merged_cells.add(f"{left}{row}:{right}{row}")
        start += width


def title_of(name: str) -> str:
    """The name of a column as a head."""
    return name.replace("_", " ").capitalize()
