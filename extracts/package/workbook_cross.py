"""The sheets of a workbook that a person prints: a cross table for each year, orders above persons.

One dimension runs down, short ones across, everything fits the width of a landscape page, headings and
the first column stand on every page. Numbers are values: no formula adds up what is visible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from extracts.suppression import Cross, Labels, Names, name_of

_GREY, _PALE = "FF6B6B6B", "FFF2F2F2"
_SIZE = 11
_FIRST, _OTHER = 30, 11  # widths in characters


@dataclass(frozen=True)
class Measured:
    """One measure of a table: its title and its values by labels, none where hidden."""

    title: str
    values: Mapping[Labels, int | None]


def cross_sheets(
    book: Any,
    dims: Sequence[str],
    measures: Sequence[Measured],
    names: Names,
    *,
    title: str,
    marker: str,
    heading: str,
) -> None:
    """Append one sheet a year (or one for all years, where a table has but one more dimension)."""
    cross = Cross.of(dims, measures[0].values)
    years = cross.levels["year"] if "year" in cross.cut else ("",)
    for year in years:
        sheet = book.create_sheet(year or "All years")
        _set_up(sheet, f"{title}, {year}" if year else title, heading)
        sheet.print_title_rows = f"2:{1 + max(1, len(cross.across))}"
        wanted = [fixed for fixed in cross.tables() if not year or fixed["year"] == year]
        _fill(sheet, cross, wanted, measures, names, marker)


def _set_up(sheet: Any, title: str, heading: str) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 1  # Letter
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_cols = "A:A"
    sheet.oddHeader.left.text = escaped(title)
    sheet.oddFooter.left.text = escaped(heading)
    sheet.oddFooter.right.text = "Page &P of &N"
    sheet.column_dimensions["A"].width = _FIRST


def escaped(text: str) -> str:
    """A text for a page's head or foot, where & begins a code; at most what Excel takes."""
    return text.replace("&", "&&")[:200]


def _fill(
    sheet: Any,
    cross: Cross,
    wanted: Sequence[Mapping[str, str]],
    measures: Sequence[Measured],
    names: Names,
    marker: str,
) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.pagebreak import Break

    for place in range(2, len(cross.columns) + 2):
        sheet.column_dimensions[get_column_letter(place)].width = _OTHER
    row = 0
    for measure in measures:
        for fixed in wanted:
            if row:
                sheet.append([])
                sheet.row_breaks.append(Break(id=row + 1))
                row += 1
            row = _table(sheet, cross, fixed, measure, names, marker, row)


def _table(
    sheet: Any,
    cross: Cross,
    fixed: Mapping[str, str],
    measure: Measured,
    names: Names,
    marker: str,
    row: int,
) -> int:
    """Write one cross table below ``row`` and return its last row."""
    said = [name_of(names, d, v) for d, v in fixed.items()]
    sheet.append([text(sheet, " · ".join([measure.title, *said]), bold=True, size=13)])
    row += 1
    edges = _starts(cross.heads(names))
    for depth, head in enumerate(cross.heads(names)):
        line = [text(sheet, _named(cross.down), bold=True) if depth == 0 else None]
        last = depth == len(cross.across) - 1
        for label, width in head:
            cell = text(sheet, label, bold=True, wrap=True)
            line += [cell, *[None] * (width - 1)]
        for place, cell in enumerate(line):
            if cell is not None:
                cell.border = _lines(left=place in edges, bottom=last)
        sheet.append(line)
        row += 1
        _merge(sheet, row, head)
    if not cross.across:
        sheet.append(
            [text(sheet, _named(cross.down), bold=True), text(sheet, measure.title, bold=True)]
        )
        row += 1
    for level in cross.levels[cross.down]:
        total = level == "TOTAL"
        line = [text(sheet, name_of(names, cross.down, level), bold=total, shade=total)]
        for place, column in enumerate(cross.columns, start=1):
            labels = cross.labels(fixed, level, column)
            whole = total or "TOTAL" in column
            if labels not in measure.values:
                line.append(None)
                continue
            cell = number(sheet, measure.values[labels], marker, bold=whole, shade=total)
            if place in edges:
                cell.border = _lines(left=True, bottom=False)
            line.append(cell)
        sheet.append(line)
        row += 1
    return row


def _starts(heads: Sequence[Sequence[tuple[str, int]]]) -> frozenset[int]:
    """Columns at which a group of the first heading begins: a line stands before them."""
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


def _named(dim: str) -> str:
    return dim.replace("_", " ").capitalize()


def text(
    sheet: Any,
    value: str,
    *,
    bold: bool = False,
    size: int = 11,
    wrap: bool = False,
    shade: bool = False,
) -> Any:
    """A cell that holds text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    if bold or size != _SIZE:
        cell.font = _font(bold=bold, size=size)
    if wrap:
        cell.alignment = aligned("center", wrap=True)
    return _shaded(cell) if shade else cell


def number(
    sheet: Any, value: int | None, marker: str, *, bold: bool = False, shade: bool = False
) -> Any:
    """A count, or the marker in its place: at the right, as numbers are."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=marker if value is None else value)
    if value is None:
        cell.data_type = "s"
        cell.alignment = aligned("right")
        cell.font = _font(bold=bold, grey=True)
    else:
        cell.number_format = "#,##0"
        if bold:
            cell.font = _font(bold=True)
    return _shaded(cell) if shade else cell


@cache
def aligned(horizontal: str, *, wrap: bool = False) -> Any:
    """One alignment, made once: a workbook has some hundred thousand cells."""
    from openpyxl.styles import Alignment

    return Alignment(horizontal=horizontal, vertical="top", wrap_text=wrap)


@cache
def _font(*, bold: bool, size: int = _SIZE, grey: bool = False) -> Any:
    from openpyxl.styles import Font

    return Font(name="Calibri", bold=bold, size=size, color=_GREY if grey else None)


@cache
def _lines(*, left: bool, bottom: bool) -> Any:
    from openpyxl.styles import Border, Side

    thin = Side(style="thin", color=_GREY)
    return Border(left=thin if left else None, bottom=thin if bottom else None)


@cache
def _fill_of(colour: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=colour)


def _shaded(cell: Any) -> Any:
    cell.fill = _fill_of(_PALE)
    return cell
