"""The workbook of an aggregate: nothing runs, nothing hidden shows, the same bytes every time."""

import io
import time
import zipfile

import openpyxl
import pyarrow as pa
import pytest

from extracts.errors import ColumnNotAllowed
from extracts.workbook import MARKER, workbook

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


@pytest.fixture
def book(carpos):
    return openpyxl.load_workbook(io.BytesIO(workbook(TABLE, carpos, title="+Title", threshold=10)))


def test_the_table_as_a_person_reads_it(book):
    assert list(book["Table"].iter_rows(values_only=True)) == [
        ("Year", "County", "Orders", "Persons", "Status"),
        (2024, "=HYPERLINK(1)", 40, 31, "published"),
        (2024, "Total", 52, 38, "published"),
        (2025, "San Diego", MARKER, MARKER, "suppressed"),
    ]


def test_nothing_is_a_formula(book):
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "inlineStr"}


def test_what_is_said_about_it(book):
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert about["Title"] == "+Title"
    assert about["Years"] == "2024-2025, full calendar years"
    assert "fewer than 10 persons" in about[MARKER]


def test_the_same_table_gives_the_same_bytes(carpos):
    first = workbook(TABLE, carpos, title="T")
    time.sleep(1.1)
    assert workbook(TABLE, carpos, title="T") == first
    with zipfile.ZipFile(io.BytesIO(first)) as raw:
        assert b"<f>" not in raw.read("xl/worksheets/sheet2.xml")


def test_an_empty_table_is_a_heading(carpos):
    book = openpyxl.load_workbook(io.BytesIO(workbook(TABLE.slice(0, 0), carpos, title="T")))
    assert book["Table"].max_row == 1


def test_a_column_that_nobody_described_is_refused(carpos):
    with pytest.raises(ColumnNotAllowed):
        workbook(TABLE.append_column("low", pa.array([1, 1, 1])), carpos, title="T")
