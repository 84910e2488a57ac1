"""One list of date forms: what the linkage reads, a cohort's intake and its suite read alike, two figures of a year by one rule."""

import datetime as dt

import duckdb
import openpyxl
import pyarrow as pa
import pytest

from matching.normalise.dates import birth_dates
from pipelines.cohort.reading import unusable_rows
from systems.dates import birth_date_sql
from systems.tabular.reading import read_table

DAY = "1984-07-12"
TODAY = dt.date(2026, 11, 29)


def three(texts):
    """Dates as the linkage, the intake (None: impossible) and the suite read them."""
    linkage = [f"{n // 10_000}-{n // 100 % 100:02}-{n % 100:02}" for n in birth_dates(texts)]
    table = pa.table(
        {"row_number": range(1, len(texts) + 1), "birth_date": texts, "ssn": ["1"] * len(texts)}
    )
    refused = unusable_rows(lambda names: [table.select(names)], table.column_names, TODAY)
    bad = set(refused["row_number"].to_pylist())
    rows = duckdb.execute(
        f"SELECT {birth_date_sql('t')} FROM (SELECT unnest(?) AS t)", [texts]
    ).fetchall()
    intake = [None if i in bad else day for i, day in enumerate(linkage, 1)]
    return linkage, intake, [str(day) for (day,) in rows]


@pytest.mark.parametrize(
    "text",
    [
        "1984-07-12", "7/12/1984", "07/12/84", "12JUL1984", "12jul84", "12-Jul-1984", "Jul 12 1984 12:00AM", "July 12, 1984",
        "7121984", "07121984", "7121984.0", "19840712", "19840712.0", "1984-07-12 00:00:00", "1984-07-12T00:00:00.000Z",
        "7/12/1984 12:00:00 AM", "7/12/1984 0:00", "30875", "30875.0", " 1984/07/12 ",
    ],
)  # fmt: skip
def test_a_form_is_read_by_all_three(text):
    assert three([text]) == ([DAY], [DAY], [DAY])


@pytest.mark.parametrize(
    ("two", "year"), [("25", 2025), ("26", 1926), ("45", 1945), ("68", 1968), ("69", 1969), ("00", 2000)]
)  # fmt: skip
@pytest.mark.parametrize("form", ["7/12/{}", "7-12-{}", "12JUL{}", "12-Jul-{}"])
def test_years_of_two_figures_have_one_rule(form, two, year):
    day = f"{year}-07-12"
    assert three([form.format(two)]) == ([day], [day], [day])


def test_a_day_that_can_be_no_month_stands_first():
    assert three(["25/12/1980"]) == (["1980-12-25"],) * 3


def test_cells_of_a_workbook_are_read_whatever_their_format(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["cell", "general", "text"])
    book.active.append([dt.datetime(1984, 7, 12), 30875, "12JUL1984"])
    book.active.append([dt.date(1984, 7, 12), 30875.0, "7/12/84"])
    book.save(tmp_path / "b.xlsx")
    table = read_table(tmp_path / "b.xlsx", role="cohort").table
    for column in table.columns:
        assert three(column.to_pylist()) == ([DAY] * 2,) * 3
