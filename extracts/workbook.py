"""An aggregate as a workbook that a person would print: title, legend, notes, then the table.

Every text is written as text, so that nothing in it can run as a formula, and no formula is
written: one that adds up visible cells would recompute a hidden one. Rows stand in the order of the
table, which knows nothing of hidden values. The same table gives the same bytes.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from extracts.errors import ColumnNotAllowed
from extracts.facts import span
from systems.model import System

if TYPE_CHECKING:
    from openpyxl import Workbook

MARKER = "*"  # what stands in a hidden cell
_MOST = 1_000_000  # rows of one sheet; Excel's limit is 1,048,576
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CLOCK = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</)")


def workbook(table: pa.Table, system: System, *, title: str, threshold: int = 10) -> bytes:
    """Return a published table as XLSX.

    Args:
        table: dimensions (with ``<name>_label`` beside), measures and ``status``.
        system: the data system that describes them.
        title: title of the project or table.
        threshold: persons below which a cell is hidden.

    Raises:
        ColumnNotAllowed: the table has a column that the system's file does not describe.
    """
    from openpyxl import Workbook

    columns = _columns(table.column_names, system)
    book = Workbook(write_only=True)
    _about(book, _lines(table, system, title, threshold))
    for number, start in enumerate(range(0, max(1, table.num_rows), _MOST), start=1):
        name = "Table" if table.num_rows <= _MOST else f"Table {number}"
        _sheet(book, name, table.slice(start, _MOST), columns)
    raw = io.BytesIO()
    book.save(raw)
    return _without_clock(raw.getvalue())


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


def _lines(table: pa.Table, system: System, title: str, threshold: int) -> list[tuple[str, str]]:
    release = system.release.aggregated
    lines = [("Title", title), ("Source", f"{system.name} ({system.code}), {system.custodian}")]
    if "year" in table.column_names and table.num_rows:
        years = sorted(int(year) for year in table["year"].unique().to_pylist())
        lines.append(("Years", f"{span((years[0], years[-1]))}, full calendar years"))
    lines += [(one.title, one.description) for one in release.measures]
    hidden = (
        f"hidden: fewer than {threshold} persons, or a cell that would give such a one away. "
        "Do not try to work it out."
    )
    lines.append((MARKER, hidden))
    lines += [("Note", note) for note in release.notes]
    lines.append(("Conditions", "CONDITIONS.txt in this package; the data may not be sold."))
    return lines


def _about(book: "Workbook", lines: Sequence[tuple[str, str]]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet: Any = book.create_sheet("About")
    sheet.column_dimensions["A"].width = 16
    sheet.column_dimensions["B"].width = 92
    sheet.page_setup.orientation = "landscape"
    for number, (label, text) in enumerate(lines):
        bold = Font(bold=True, size=14 if number == 0 else 11)
        first = _text(sheet, label, font=Font(bold=True))
        second = _text(sheet, text, font=bold if number == 0 else None)
        second.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([first, second])


def _sheet(book: "Workbook", name: str, rows: pa.Table, columns: Sequence[tuple[str, str]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet: Any = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "Page &P of &N"
    for place in range(1, len(columns) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 22 if place > 1 else 10
    sheet.append([_text(sheet, heading, font=Font(bold=True)) for _, heading in columns])
    for row in _rows(rows, columns):
        sheet.append([_text(sheet, v) if isinstance(v, str) else v for v in row])
    last = get_column_letter(max(1, len(columns)))
    sheet.auto_filter.ref = f"A1:{last}{rows.num_rows + 1}"


def _rows(rows: pa.Table, columns: Sequence[tuple[str, str]]) -> Iterator[list[object]]:
    """Values as shown: a hidden number is the marker."""
    for batch in rows.select([name for name, _ in columns]).to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            yield [MARKER if value is None else value for value in row.values()]


def _text(sheet: Any, text: str, font: Any = None) -> Any:
    """A cell that holds text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    if font is not None:
        cell.font = font
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
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _CLOCK.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", content)
            target.writestr(entry, content)
    return fixed.getvalue()
