"""What a refused load says: each problem by place, count and the form that was expected, never a value."""

import csv
import re

import pytest

from systems.description import load_system
from systems.errors import RegisterRefused
from systems.register.checks import Problem
from systems.register.problems import (
    COLUMNS,
    example,
    expected,
    is_report,
    refused,
    write_report,
)

SYSTEMS = ("CARPOS", "ACHS", "JCPSS", "CURES", "RIPA")


@pytest.mark.parametrize("code", SYSTEMS)
def test_every_column_has_a_form_and_its_example_fits_its_pattern(code):
    system = load_system(code)
    for table in system.tables:
        for column in table.columns:
            form = expected(system, Problem(table.name, "wrong_shape", column.name))
            assert form
            if column.pattern:
                assert re.fullmatch(column.pattern, example(column.pattern)), column.pattern
                assert example(column.pattern) in form


@pytest.mark.parametrize("code", SYSTEMS)
def test_each_problem_that_a_table_can_have_says_what_was_expected(code):
    system = load_system(code)
    for table in system.tables:
        column = table.file_columns[0].name
        found = [
            Problem(table.name, one, "column 3") for one in ("unknown_column", "forbidden_column")
        ]
        found += [
            Problem(table.name, one, column)
            for one in ("missing_column", "wrong_type", "missing_value")
        ]
        found += [Problem(table.name, one) for one in ("missing_table", "duplicate_key")]
        found += [
            Problem(table.name, "orphan", ", ".join(key.columns)) for key in table.foreign_keys
        ]
        found += [Problem(table.name, "date_order", order.after) for order in table.date_orders]
        for one in found:
            assert expected(system, one), one


def test_forms_are_what_a_person_can_follow():
    system = load_system("CARPOS")
    said = [expected(system, Problem("order_entry", *what)) for what in (
        ("missing_table",), ("wrong_type", "issue_date"), ("unknown_code", "order_code"),
    )]  # fmt: skip
    assert said[0] == "a file order_entry.csv, .parquet or .xlsx"
    assert said[1].startswith("a day, as 2026-03-31")
    assert said[2].startswith("a code of order_code: ")


def test_all_stand_in_the_error_and_in_the_file_the_worst_first(tmp_path):
    system = load_system("CARPOS")
    found = [
        Problem("order_entry", "wrong_type", "issue_date", 2, (3, 9)),
        Problem("order_entry", "unknown_code", "order_code", 40, (1, 2, 3)),
    ]
    error = refused(system, found)
    assert isinstance(error, RegisterRefused)
    rows = error.as_dict()["problems"]
    assert [row["count"] for row in rows] == [40, 2]
    write_report(rows, tmp_path / "problems.csv")
    with (tmp_path / "problems.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == COLUMNS
    assert [(r["column"], r["count"], r["first_rows"]) for r in read] == [
        ("order_code", "40", "1 2 3"),
        ("issue_date", "2", "3 9"),
    ]
    assert is_report(tmp_path / "problems.csv")
    assert not is_report(tmp_path / "none")
    (tmp_path / "other.csv").write_text("table,column\n")
    assert not is_report(tmp_path / "other.csv")
