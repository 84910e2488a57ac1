"""How a sheet is laid on paper: as large as fits, never under 8 pt, columns and rows broken where the table has a joint.

What fits is reckoned for the narrower side of Letter and the shorter of A4, so that both may be put into the printer.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from extracts.package.sheet_cells import SIZE

_LEAST = 8.0  # points of a letter on paper
_MARGIN = 0.4  # inches at the left and the right
_TOP = 0.75  # inches above and below, with head and foot inside
_SPARE = 0.94  # of a width that is filled: where Calibri is missing, another font is wider
_WIDE = _SPARE * (11 - 2 * _MARGIN) * 72  # points across a Letter sheet that lies
_TALL = (8.27 - 2 * _TOP) * 72  # points down an A4 sheet that lies
_ROW = 15.0  # points of a row of 11 pt letters
_SMALLEST = -(-100 * _LEAST // SIZE)  # per cent
_EDGE = 5  # pixels beside a column's letters; a letter of 11 pt is 7 wide


def points(width: float) -> float:
    """How wide a column of so many characters is, in points."""
    return (7 * width + _EDGE) * 0.75


def lay_out(
    sheet: Any, widths: Sequence[float], *, first: int, joints: Sequence[int]
) -> tuple[int, ...]:
    """Set scale, margins, columns and their breaks; before the first row is written.

    Args:
        sheet: of a workbook that is being written.
        widths: of each column, in characters.
        first: how many columns at the left stand on every page.
        joints: columns (from 0) before which a page may begin with sense; elsewhere it does where a part is wider than a page.

    Returns:
        The columns (from 0) with which a page begins, without the first page.
    """
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.pagebreak import Break, ColBreak

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 1  # Letter
    sheet.page_setup.pageOrder = "overThenDown"
    for side in ("left", "right"):
        setattr(sheet.page_margins, side, _MARGIN)
    for side in ("top", "bottom"):
        setattr(sheet.page_margins, side, _TOP)
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    whole = sum(map(points, widths))
    scale = int(min(100, max(_SMALLEST, 100 * _WIDE // whole)))
    sheet.page_setup.scale = scale
    room = 100 * _WIDE / scale
    starts = _starts(list(map(points, widths)), room, first, joints) if whole > room else ()
    if starts:
        sheet.col_breaks = ColBreak()
        for start in starts:
            sheet.col_breaks.append(Break(id=start))
    return starts


def _starts(
    wide: Sequence[float], room: float, first: int, joints: Sequence[int]
) -> tuple[int, ...]:
    """Pages are filled with whole parts; a part that is wider than a page is cut where the page ends."""
    left = sum(wide[:first])
    edges = [*sorted({*joints, first} - set(range(first))), len(wide)]
    starts: list[int] = []
    used = left
    for begin, end in pairwise(edges):
        if used > left and used + sum(wide[begin:end]) > room:
            starts.append(begin)
            used = left
        for column in range(begin, end):
            if used > left and used + wide[column] > room:
                starts.append(column)
                used = left
            used += wide[column]
    return tuple(starts)


def rows_of_a_page(sheet: Any, heads: int) -> int:
    """How many rows a page holds below its repeated heads."""
    return int(100 * _TALL / sheet.page_setup.scale / _ROW) - heads


def break_before(sheet: Any, row: int) -> None:
    """A page begins with this row (from 1)."""
    from openpyxl.worksheet.pagebreak import Break

    sheet.row_breaks.append(Break(id=row - 1))
