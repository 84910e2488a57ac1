"""The workbook of an aggregate: nothing runs, nothing hidden shows, the same bytes every time."""

import io
import itertools
import time
import zipfile

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.utils import get_column_letter

from extracts.errors import ColumnNotAllowed
from extracts.package.cross_sheets import _parts
from extracts.package.print_layout import lay_out
from extracts.package.sheet_cells import MARKER
from extracts.package.workbook import build_workbook
from extracts.perturbation import Noise

TABLE = pa.table(
    {
        "year": [2024, 2024, 2025],
        "county": ["001", "TOTAL", "073"],
        "county_label": ["=HYPERLINK(1)", "Total", "San Diego"],
        "orders": [40, 52, None],
        "persons": [31, 38, None],
        "status": ["published", "published", "suppressed"],
    }
)
_CELLS = [(c, s) for c in ("001", "073", "TOTAL") for s in ("F", "M", "TOTAL")]
CROSSED = pa.table(
    {
        "year": [y for y in (2024, 2025) for _ in _CELLS],
        "county": [c for _ in range(2) for c, _ in _CELLS],
        "sex": [s for _ in range(2) for _, s in _CELLS],
        "orders": [None, None, 1041, 20, 30, 50, None, None, 1091] * 2,
        "persons": [None, None, 40, 20, 30, 50, None, None, 90] * 2,
        "status": ["suppressed", "suppressed", *["published"] * 4, *["suppressed"] * 2, "published"]
        * 2,
    }
)


def opened(raw):
    return openpyxl.load_workbook(io.BytesIO(raw))


@pytest.fixture
def book(carpos):
    return opened(build_workbook(TABLE, carpos, title="+Title", threshold=10))


@pytest.fixture(scope="module")
def crossed(carpos):
    return build_workbook(CROSSED, carpos, title="Orders & persons")


def test_the_table_as_a_person_reads_it(book):
    assert list(book["List"].iter_rows(values_only=True)) == [
        ("Year", "County", "Orders", "Persons", "Status"),
        (2024, "=HYPERLINK(1)", 40, 31, "published"),
        (2024, "Total", 52, 38, "published"),
        (2025, "San Diego", MARKER, MARKER, "suppressed"),
    ]


def test_nothing_is_a_formula(book, crossed):
    for one in (book, opened(crossed)):
        kinds = {cell.data_type for sheet in one for row in sheet.iter_rows() for cell in row}
        assert kinds <= {"s", "n", "inlineStr"}


def test_what_is_said_about_it(book):
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert about["Title"] == "+Title"
    assert about["Years"] == "2024-2025, full calendar years"
    assert "fewer than 10 persons" in about[MARKER]
    assert about["Source"].startswith("California Restraining and Protective Order System")


def test_each_year_is_a_cross_table_orders_above_persons(crossed):
    book = opened(crossed)
    assert book.sheetnames == ["About", "2024", "2025", "List"]
    rows = [[v for v in row if v is not None] for row in book["2024"].iter_rows(values_only=True)]
    assert rows == [
        ["County", "F", "M", "Total"],
        ["Orders · 2024"],
        ["001", MARKER, MARKER, 1041],
        ["073", 20, 30, 50],
        ["Total", MARKER, MARKER, 1091],
        ["Persons · 2024"],
        ["001", MARKER, MARKER, 40],
        ["073", 20, 30, 50],
        ["Total", MARKER, MARKER, 90],
    ]


# --- on paper, and for whoever does not see it

LETTER, A4 = (792, 612), (842, 595)  # points, lying


def wide(carpos, counties=58, families=7, sexes=4):
    """A table as wide as real ones: every county, family and sex of two years."""

    def all_of(name, most):
        return [
            *list(carpos.code_list(carpos.release.aggregated.dimension(name).codes).values)[:most],
            "TOTAL",
        ]

    cells = [(y, c, f, s) for y in (2024, 2025) for c in all_of("county", counties)
             for f in all_of("family", families) for s in all_of("sex", sexes)]  # fmt: skip
    columns = list(zip(*cells, strict=True))
    counts = [123_456 + n for n in range(len(cells))]
    names = ("year", "county", "family", "sex")
    labels = {
        f"{name}_label": [("Total" if v == "TOTAL" else f"{v}: what it is called") for v in column]
        for name, column in zip(names[1:], columns[1:], strict=True)
    }
    table = dict(zip(names, map(list, columns), strict=True)) | labels
    return pa.table(
        table | {"orders": counts, "persons": counts, "status": ["published"] * len(cells)}
    )


@pytest.fixture(scope="module")
def large(carpos):
    return opened(build_workbook(wide(carpos), carpos, title="Orders & persons"))


def pages(sheet):
    """What comes out of the printer: the width of each page across in points, heads counted, and its columns."""
    scale = sheet.page_setup.scale / 100
    widths = [
        (7 * sheet.column_dimensions[get_column_letter(n)].width + 5) * 0.75 * scale
        for n in range(1, sheet.max_column + 1)
    ]
    first = widths[0] if sheet.print_title_cols else 0
    starts = [0, *(b.id for b in sheet.col_breaks.brk), len(widths)]
    return [
        (sum(widths[a:b]) + (first if a else 0), range(a, b)) for a, b in itertools.pairwise(starts)
    ]


def test_letters_are_eight_points_and_no_page_is_wider_than_paper(large, book, crossed):
    for one in (large, book, opened(crossed)):
        for sheet in one:
            scale = sheet.page_setup.scale / 100
            sizes = {c.font.sz for row in sheet.iter_rows() for c in row if c.value is not None}
            assert min(sizes) * scale >= 8, sheet.title
            assert not (sheet.sheet_properties.pageSetUpPr or None) or not sheet.sheet_properties.pageSetUpPr.fitToPage  # fmt: skip
            margins = 72 * (sheet.page_margins.left + sheet.page_margins.right)
            for across, _ in pages(sheet):
                assert across <= min(LETTER[0], A4[0]) - margins, sheet.title
            assert sheet.page_setup.orientation == "landscape"
            assert sheet.page_setup.paperSize in ("1", 1)


def test_pages_begin_with_a_family_and_every_one_has_its_heads(large):
    sheet = large["2024"]
    assert (sheet.print_title_cols, sheet.print_title_rows) == ("$A:$A", "$1:$2")
    assert sheet.freeze_panes == "B3"
    assert sheet.page_setup.pageOrder == "overThenDown"
    parts = pages(sheet)
    assert 1 < len(parts) <= 4
    assert [n for _, columns in parts for n in columns] == list(range(sheet.max_column))
    heads = [cell.value for cell in sheet[1]]
    assert all(heads[columns[0]] for _, columns in parts)  # none begins inside a family
    assert sum(head is not None for head in heads) == 1 + 8


def test_a_family_that_is_wider_than_a_page_is_named_on_each(carpos):
    """Four sexes and nine bands of age under each family: cut where the page ends, and said again."""
    sheet, heads = openpyxl.Workbook(write_only=True).create_sheet("x"), [("Domestic violence", 40)]
    starts = lay_out(sheet, [20, *[9] * 40], first=1, joints=[1])
    assert starts
    assert [label for label, _ in _parts(heads, starts)] == ["Domestic violence"] * (
        1 + len(starts)
    )
    assert sum(width for _, width in _parts(heads, starts)) == 40


def test_a_table_begins_a_page_where_it_does_not_fit_below_the_last(large, crossed):
    breaks = [b.id for b in large["2024"].row_breaks.brk]
    assert breaks == [2 + 60]  # persons, after two heads and 60 lines of orders
    assert [b.id for b in opened(crossed)["2024"].row_breaks.brk] == []  # both fit one page


def test_head_foot_and_repeated_rows(crossed):
    book = opened(crossed)
    for name in ("2024", "2025", "List"):
        assert book[name].oddFooter.right.text == "Page &P of &N"
        assert book[name].oddHeader.left.text.startswith("Orders && persons")
    assert book["List"].print_title_rows == "$1:$1"
    assert book["List"].freeze_panes == "A2"


def test_the_workbook_says_its_title_and_language_and_its_list_is_a_table(book, large):
    assert (book.properties.title, book.properties.language) == ("+Title", "en-US")
    assert book.properties.creator == "Department of Justice, Research Services"
    for one in (book, large):
        sheet = one["List"]
        table = sheet.tables["List"]
        assert table.ref == sheet.dimensions
        assert [c.name for c in table.tableColumns] == [cell.value for cell in sheet[1]]
        assert table.autoFilter.ref == table.ref
        assert all(sheet.cell(1, 1).value for sheet in one)  # a reader begins at A1


def test_percentages_are_those_of_published_counts(carpos):
    rows = opened(build_workbook(CROSSED, carpos, title="T", percentages=True))["List"]
    heads, *lines = rows.iter_rows(values_only=True)
    at = heads.index("Per cent of the year's orders")
    assert [line[at] for line in lines[:9]] == [
        MARKER, MARKER, 95.4, 1.8, 2.7, 4.6, MARKER, MARKER, 100,
    ]  # fmt: skip


def test_noise_is_said_and_nothing_of_hidden_cells(carpos):
    book = opened(build_workbook(TABLE, carpos, title="T", noise=Noise("cell_key")))
    said = [row[1].value for row in book["About"].iter_rows()]
    assert any(
        "at most 15 persons; variance 10, standard deviation 3.2 persons" in str(one)
        for one in said
    )
    assert any("are not the sums of their parts" in str(one) for one in said)
    assert MARKER not in [row[0].value for row in book["About"].iter_rows()]


def test_county_exemption_is_said(carpos):
    book = opened(build_workbook(TABLE, carpos, title="T", county_exempt=True))
    said = " ".join(str(row[1]) for row in book["About"].iter_rows(values_only=True))
    assert "exempt from the threshold by policy;" in said


@pytest.mark.long
def test_the_same_table_gives_the_same_bytes(carpos):
    first = build_workbook(TABLE, carpos, title="T")
    time.sleep(1.1)
    assert build_workbook(TABLE, carpos, title="T") == first
    with zipfile.ZipFile(io.BytesIO(first)) as raw:
        sheets = [name for name in raw.namelist() if name.startswith("xl/worksheets/sheet")]
        assert all(b"<f>" not in raw.read(name) for name in sheets)


def test_rows_stand_where_they_stand_whatever_is_hidden(carpos):
    """The same codes with other values hidden: the order of the rows says nothing."""
    other = CROSSED.set_column(3, "orders", pa.array([11, *[None] * 17], pa.int64()))
    first, second = (
        [
            row[:3]
            for row in opened(build_workbook(t, carpos, title="T"))["List"].iter_rows(
                values_only=True
            )
        ]
        for t in (CROSSED, other)
    )
    assert first == second


def test_an_empty_table_is_a_heading(carpos):
    book = opened(build_workbook(TABLE.slice(0, 0), carpos, title="T"))
    assert book["List"].max_row == 1


def test_a_column_that_nobody_described_is_refused(carpos):
    with pytest.raises(ColumnNotAllowed):
        build_workbook(TABLE.append_column("low", pa.array([1, 1, 1])), carpos, title="T")
