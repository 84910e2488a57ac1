"""The workbook of an aggregate: nothing runs, nothing hidden shows, the same bytes every time."""

import io
import time
import zipfile

import openpyxl
import pyarrow as pa
import pytest

from extracts.errors import ColumnNotAllowed
from extracts.package.workbook import MARKER, build_workbook
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
        ["Orders · 2024"],
        ["County", "F", "M", "Total"],
        ["001", MARKER, MARKER, 1041],
        ["073", 20, 30, 50],
        ["Total", MARKER, MARKER, 1091],
        [],
        ["Persons · 2024"],
        ["County", "F", "M", "Total"],
        ["001", MARKER, MARKER, 40],
        ["073", 20, 30, 50],
        ["Total", MARKER, MARKER, 90],
    ]


def test_it_is_set_up_for_the_printer(crossed):
    book = opened(crossed)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in {(None, 0), (1, 0)}
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
    for name in ("2024", "2025", "List"):
        assert book[name].oddFooter.right.text == "Page &P of &N"
        assert book[name].oddHeader.left.text.startswith("Orders && persons")
    assert book["List"].print_title_rows == "$1:$1"
    assert (book["2024"].print_title_cols, book["2024"].print_title_rows) == ("$A:$A", "$2:$2")
    assert [b.id for b in book["2024"].row_breaks.brk] == [6]  # persons begin a page


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
