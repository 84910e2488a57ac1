"""An aggregate as a workbook that a person would print: what it is, cross tables by year, the list.

Every text is written as text, so that nothing in it can run as a formula, and no formula is
written: one that adds up visible cells would recompute a hidden one. Rows stand in the order of the
table, which knows nothing of hidden values. The same table gives the same bytes.

In a cross table one dimension runs down, short ones across. On paper letters are 8 pt or larger, heads and the first column
stand on every page; where a table is wider, the next page goes on with the next group of columns.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from extracts.errors import ColumnNotAllowed
from extracts.package.code_lists import groups_of
from extracts.package.cross_sheets import Measured, cross_sheets, head_and_foot, title_of
from extracts.package.dictionary import noted
from extracts.package.facts import span
from extracts.package.print_layout import lay_out
from extracts.package.sheet_cells import MARKER, aligned, number, text
from systems.description import System
from systems.texts import in_lines, in_one_line

if TYPE_CHECKING:
    from openpyxl import Workbook

    from extracts.perturbation import Noise
    from extracts.suppression import Labels

_MOST = 1_000_000  # rows of one sheet; Excel's limit is 1,048,576
_MOST_CROSSED = 100_000  # cells that somebody would still print
_LANGUAGE = "en-US"  # so that a screen reader reads it as English
_SHARE = "share_of_year"
_ABOUT_LABEL, _ABOUT_TEXT = 16, 84  # characters
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
    properties: Any = book.properties
    properties.title, properties.creator = in_one_line(title), system.custodian
    properties.language = _LANGUAGE
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
            shown.append((f"{name}_label" if labelled else name, title_of(name)))
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
        lines += [(title_of(grouped.name), f"{group}: {', '.join(of)}") for group, of in found]
    lines += said
    lines.append(("Conditions", "CONDITIONS.txt in this package; the data may not be sold."))
    return lines


def _about(book: "Workbook", lines: Sequence[tuple[str, str]]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet: Any = book.create_sheet("About")
    lay_out(sheet, (_ABOUT_LABEL, _ABOUT_TEXT), first=0, joints=())
    for place, (_, said) in enumerate(lines, start=1):
        rows = 1 + len(in_lines(said)) // (_ABOUT_TEXT - 8)
        sheet.row_dimensions[place].height = 15 * rows + (
            6 if place == 1 else 0
        )  # points; the title is larger
    for place, (label, said) in enumerate(lines):
        first = text(sheet, label, bold=True)
        first.alignment = aligned("left")
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
    sheet: Any = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    head_and_foot(sheet, title, heading)
    widths: list[float] = []
    for column, said in columns:
        longest = max((len(str(v)) for v in rows[column].unique().to_pylist()), default=0)
        widths.append(min(_WIDTHS[1], max(_WIDTHS[0], longest + 2, len(said) + 2)))
    lay_out(sheet, widths, first=1, joints=range(1, len(columns)))
    counts = {column for column, _ in columns if _is_count(rows.schema.field(column), column)}
    heads = [text(sheet, said, bold=True) for _, said in columns]
    for head, (column, _) in zip(heads, columns, strict=True):
        if column in counts:
            head.alignment = aligned("right")
    sheet.append(heads)
    for batch in rows.select([name for name, _ in columns]).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            sheet.append([_value(sheet, value, counts, column) for column, value in row.items()])
    _define(sheet, name, [said for _, said in columns], rows.num_rows, title)


def _define(sheet: Any, name: str, heads: Sequence[str], rows: int, title: str) -> None:
    """A table in Excel's sense: it can be filtered, and a screen reader says the head of each cell."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.filters import AutoFilter
    from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

    area = f"A1:{get_column_letter(max(1, len(heads)))}{rows + 1}"
    if not rows or len({*heads}) < len(heads):  # Excel wants a row, and no head twice
        sheet.auto_filter.ref = area
        return
    table: Any = Table(displayName=name.replace(" ", "_"), ref=area)
    table.comment = in_one_line(title)[:200]
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    table.autoFilter = AutoFilter(ref=area)
    table.tableColumns = [
        TableColumn(id=place, name=in_lines(head)) for place, head in enumerate(heads, start=1)
    ]
    sheet.tables.add(table)


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
