"""An aggregate as a workbook that a person would print: what it is, cross tables by year, the list.

Every text is written as text, so that nothing in it can run as a formula, and no formula is
written: one that adds up visible cells would recompute a hidden one. Rows stand in the order of the
table, which knows nothing of hidden values. The same table gives the same bytes.

In a cross table one dimension runs down, short ones across; everything fits the width of a
landscape page, headings and the first column stand on every page.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from extracts.errors import ColumnNotAllowed
from extracts.package.code_lists import groups_of
from extracts.package.dictionary import noted
from extracts.package.facts import span
from systems.description import System
from systems.texts import in_lines, in_one_line

if TYPE_CHECKING:
    from openpyxl import Workbook

    from extracts.perturbation import Noise
    from extracts.suppression import CrossTable, Labels, Names

MARKER = "*"  # what stands in a hidden cell
_MOST = 1_000_000  # rows of one sheet; Excel's limit is 1,048,576
_MOST_CROSSED = 100_000  # cells that somebody would still print
_SHARE = "share_of_year"
_WIDTHS = (12, 30)  # characters: of the narrowest column, and of the widest
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CLOCK = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</)")


def build_workbook(
    table: pa.Table,
    system: System,
    *,
    title: str,
    threshold: int = 10,
    percentages: bool = False,
    county_exempt: bool = False,
    noise: "Noise | None" = None,
) -> bytes:
    """Return a published table as XLSX.

    Args:
        table: dimensions (with ``<name>_label`` beside), measures and ``status``.
        system: the data system that describes them.
        title: title of the project or table.
        threshold: persons below which a cell is hidden.
        percentages: whether each count stands as per cent of its year's total, too; derived from
            published counts alone.
        county_exempt: whether county totals went out whatever their size.
        noise: what every count carries, where none is hidden.

    Raises:
        ColumnNotAllowed: the table has a column that the system's file does not describe.
    """
    from openpyxl import Workbook

    columns = _columns(table.column_names, system)
    book = Workbook(write_only=True)
    marker = [] if noise else _hidden(threshold)
    notes = [("Note", note) for note in noted(system.release.aggregated.notes, noise)]
    lines = _lines(table, system, title, [*marker, *_exempt(county_exempt), *notes])
    _about(book, lines)
    hidden = f"{MARKER} hidden: fewer than {threshold} persons, or protecting such a cell"
    heading = f"{system.name} ({system.code}). {'Every count carries noise: see About.' if noise else hidden}"
    _crossed(book, table, system, title, heading)
    shown = _shares(table, system) if percentages else table
    if percentages:
        columns.insert(len(columns) - 1, (_SHARE, "Per cent of the year's orders"))
    for start in range(0, max(1, table.num_rows), _MOST):
        name = "List" if table.num_rows <= _MOST else f"List {start // _MOST + 1}"
        _sheet(book, name, shown.slice(start, _MOST), columns, title, heading)
    raw = io.BytesIO()
    book.save(raw)
    return _without_clock(raw.getvalue())


def _crossed(book: "Workbook", table: pa.Table, system: System, title: str, heading: str) -> None:
    """Cross tables, where the table has something to cross and a sheet can hold them."""
    release = system.release.aggregated
    dims, axes, labels = _cells(table, system)
    if len(dims) < 2 or not table.num_rows or table.num_rows > _MOST_CROSSED:
        return
    names = {
        dim: dict(zip(axis, map(str, table[f"{dim}_label"].to_pylist()), strict=True))
        for dim, axis in zip(dims, axes, strict=True)
        if f"{dim}_label" in table.column_names
    }
    measures = [
        Measured(one.title, dict(zip(labels, table[one.name].to_pylist(), strict=True)))
        for one in release.measures
        if one.name in table.column_names
    ]
    cross_sheets(book, dims, measures, names, title=title, heading=heading)


def _cells(table: pa.Table, system: System) -> "tuple[list[str], list[list[str]], list[Labels]]":
    """The dimensions, the values of each, and the labels of each cell."""
    dimensions = system.release.aggregated.dimension_names
    dims = [name for name in table.column_names if name in dimensions]
    axes = [[str(v) for v in table[dim].to_pylist()] for dim in dims]
    return dims, axes, list(zip(*axes, strict=True))


def _shares(table: pa.Table, system: System) -> pa.Table:
    """The table with each published count as per cent of its year's total."""
    from extracts.suppression import share_of_total  # the audit's libraries load with it

    dims, _, labels = _cells(table, system)
    counts = table[system.release.aggregated.measures[0].name].to_pylist()
    shares = share_of_total(dims, dict(zip(labels, counts, strict=True)))
    return table.append_column(_SHARE, pa.array([shares[one] for one in labels], pa.float64()))


def _columns(names: Sequence[str], system: System) -> list[tuple[str, str]]:
    """(column, heading) of what is shown: a label in place of its code."""
    release = system.release.aggregated
    measures = {one.name: one.title for one in release.measures}
    shown: list[tuple[str, str]] = []
    for position, name in enumerate(names, start=1):
        if name in release.dimension_names:
            labelled = f"{name}_label" in names
            shown.append((f"{name}_label" if labelled else name, _heading(name)))
        elif name in measures:
            shown.append((name, measures[name]))
        elif name == "status":
            shown.append((name, "Status"))
        elif name.removesuffix("_label") not in release.dimension_names:
            raise ColumnNotAllowed(position=position)
    return shown


def _hidden(threshold: int) -> list[tuple[str, str]]:
    hidden = f"hidden: fewer than {threshold} persons, or a cell that would give such a one away."
    return [(MARKER, f"{hidden} Do not try to work it out.")]


def _exempt(county_exempt: bool) -> list[tuple[str, str]]:
    exempt = "County totals are exempt from the threshold by policy"
    return [("Note", f"{exempt}; none is hidden.")] if county_exempt else []


def _lines(
    table: pa.Table,
    system: System,
    title: str,
    said: Sequence[tuple[str, str]],
) -> list[tuple[str, str]]:
    release = system.release.aggregated
    lines = [("Title", title), ("Source", f"{system.name} ({system.code}), {system.custodian}")]
    if "year" in table.column_names and table.num_rows:
        years = sorted(int(year) for year in table["year"].unique().to_pylist())
        lines.append(("Years", f"{span((years[0], years[-1]))}, full calendar years"))
    lines += [(one.title, one.description) for one in release.measures]
    for dim in (one for one in release.dimensions if one.name in table.column_names):
        grouped = release.dimension(dim.parent) if dim.parent else dim
        found = groups_of(system, grouped, release.scope)
        lines += [(_heading(grouped.name), f"{group}: {', '.join(of)}") for group, of in found]
    lines += said
    lines.append(("Conditions", "CONDITIONS.txt in this package; the data may not be sold."))
    return lines


def _about(book: "Workbook", lines: Sequence[tuple[str, str]]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet: Any = book.create_sheet("About")
    sheet.column_dimensions["A"].width = 16
    sheet.column_dimensions["B"].width = 100
    _landscape(sheet)
    sheet.row_dimensions[1].height = 21  # points; the title is larger
    for place, (label, said) in enumerate(lines):
        first = text(sheet, label, bold=True)
        second = text(sheet, said)
        second.font = Font(name="Calibri", bold=place == 0, size=14 if place == 0 else 11)
        second.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([first, second])


def _sheet(
    book: "Workbook",
    name: str,
    rows: pa.Table,
    columns: Sequence[tuple[str, str]],
    title: str,
    heading: str,
) -> None:
    from openpyxl.utils import get_column_letter

    sheet: Any = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    _landscape(sheet)
    _head_and_foot(sheet, title, heading)
    for place, (column, said) in enumerate(columns, start=1):
        longest = max((len(str(v)) for v in rows[column].unique().to_pylist()), default=0)
        width = min(_WIDTHS[1], max(_WIDTHS[0], longest + 2, len(said) + 2))
        sheet.column_dimensions[get_column_letter(place)].width = width
    counts = {column for column, _ in columns if _is_count(rows.schema.field(column), column)}
    heads = [text(sheet, said, bold=True) for _, said in columns]
    for head, (column, _) in zip(heads, columns, strict=True):
        if column in counts:
            head.alignment = aligned("right")
    sheet.append(heads)
    for batch in rows.select([name for name, _ in columns]).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            sheet.append([_value(sheet, value, counts, column) for column, value in row.items()])
    last = get_column_letter(max(1, len(columns)))
    sheet.auto_filter.ref = f"A1:{last}{rows.num_rows + 1}"


def _is_count(field: pa.Field, name: str) -> bool:
    return name != "year" and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))


def _value(sheet: Any, value: object, counts: set[str], column: str) -> Any:
    if column in counts:
        known = value if isinstance(value, int) else None
        return value if isinstance(value, float) else number(sheet, known)
    if isinstance(value, str):
        return text(sheet, value)
    if column != "year":
        return value
    cell = number(sheet, int(str(value)))
    cell.number_format = "0"
    cell.alignment = aligned("left")
    return cell


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _without_clock(raw: bytes) -> bytes:
    """The same workbook without the times of its making."""
    fixed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as source,
        zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _CLOCK.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", content)
            target.writestr(entry, content)
    return fixed.getvalue()


# --- cross tables

_GREY, _PALE = "FF6B6B6B", "FFF2F2F2"
_SIZE = 11
_FIRST, _OTHER = 30, 11  # widths in characters


@dataclass(frozen=True)
class Measured:
    """One measure of a table: its title and its values by labels, none where hidden."""

    title: str
    values: "Mapping[Labels, int | None]"


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
        _landscape(sheet)
        sheet.page_setup.fitToWidth = 1
        sheet.print_title_cols = "A:A"
        _head_and_foot(sheet, f"{title}, {year}" if year else title, heading)
        sheet.column_dimensions["A"].width = _FIRST
        sheet.print_title_rows = f"2:{1 + max(1, len(cross.across))}"
        wanted = [fixed for fixed in cross.tables() if not year or fixed["year"] == year]
        _fill(sheet, cross, wanted, measures, names)


def _landscape(sheet: Any) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 1  # Letter
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _head_and_foot(sheet: Any, title: str, heading: str) -> None:
    sheet.oddHeader.left.text = escaped(title)
    sheet.oddFooter.left.text = escaped(heading)
    sheet.oddFooter.right.text = "Page &P of &N"


def escaped(text: str) -> str:
    """A text for a page's head or foot, where & begins a code; at most what Excel takes."""
    return in_one_line(text).replace("&", "&&")[:200]


def _fill(
    sheet: Any,
    cross: "CrossTable",
    wanted: Sequence[Mapping[str, str]],
    measures: Sequence[Measured],
    names: "Names",
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
            row = _table(sheet, cross, fixed, measure, names, row)


def _table(
    sheet: Any,
    cross: "CrossTable",
    fixed: Mapping[str, str],
    measure: Measured,
    names: "Names",
    row: int,
) -> int:
    """Write one cross table below ``row`` and return its last row."""
    from extracts.suppression import name_of

    said = [name_of(names, d, v) for d, v in fixed.items()]
    sheet.append([text(sheet, " · ".join([measure.title, *said]), bold=True, size=13)])
    row += 1
    edges = _starts(cross.heads(names))
    for depth, head in enumerate(cross.heads(names)):
        line = [text(sheet, _heading(cross.down), bold=True) if depth == 0 else None]
        last = depth == len(cross.across) - 1
        for label, width in head:
            cell = text(sheet, label, bold=True, wrap=True)
            line += [cell, *[None] * (width - 1)]
        for place, cell in enumerate(line):
            if cell is not None:
                cell.border = _borders(left=place in edges, bottom=last)
        sheet.append(line)
        row += 1
        _merge(sheet, row, head)
    if not cross.across:
        heads = (_heading(cross.down), measure.title)
        sheet.append([text(sheet, head, bold=True) for head in heads])
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
            cell = number(sheet, measure.values[labels], bold=whole, shade=total)
            if place in edges:
                cell.border = _borders(left=True, bottom=False)
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

    cell: Any = WriteOnlyCell(sheet, value=in_lines(value))
    cell.data_type = "s"
    if bold or size != _SIZE:
        cell.font = _font(bold=bold, size=size)
    if wrap:
        cell.alignment = aligned("center", wrap=True)
    return _shaded(cell) if shade else cell


def number(sheet: Any, value: int | None, *, bold: bool = False, shade: bool = False) -> Any:
    """A count, or the marker in its place: at the right, as numbers are."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=MARKER if value is None else value)
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
def _borders(*, left: bool, bottom: bool) -> Any:
    from openpyxl.styles import Border, Side

    thin = Side(style="thin", color=_GREY)
    return Border(left=thin if left else None, bottom=thin if bottom else None)


@cache
def _pale() -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=_PALE)


def _shaded(cell: Any) -> Any:
    cell.fill = _pale()
    return cell
