"""What the Department keeps about a table: reasons and intervals, never what a hidden cell holds."""

import csv
import io
import re

import pyarrow as pa
import pytest

from extracts.aggregated.explanation import explain
from extracts.suppression.heat_map import MapCell, heat_map_page

TABLE = pa.table(
    {
        "year": [2024] * 6,
        "county": ["001", "073", "TOTAL"] * 2,
        "county_label": ["Alameda", "San Diego", "Total"] * 2,
        "sex": ["F"] * 3 + ["M"] * 3,
        "orders": [None, None, 7777, 0, 1234, 1234],
        "persons": [None, None, 6000, 0, 1000, 1000],
        "status": ["suppressed"] * 2 + ["published"] * 4,
    }
)
REASONS = pa.table(
    {
        "year": ["2024", "2024"],
        "county": ["001", "073"],
        "sex": ["F", "F"],
        "orders": [3, 7774],  # true values: staging alone has them
        "persons": [2, 5000],
        "reason": ["primary", "secondary"],
        "low": [1, 7700],
        "high": [32, None],
    }
)


@pytest.fixture(scope="module")
def made():
    facts = {"Cells": 6, "Threshold": "10 persons"}
    return explain(
        TABLE, REASONS, ("year", "county", "sex"), title="<Orders>", facts=facts, exact=False
    )


def test_each_cell_shows_what_it_is(made):
    cells = re.findall(r'<td class="(\w+)" title="([^"]*)">([^<]*)</td>', made.page)
    assert cells == [
        ("primary", "primary; the attacker is left with 1 to 32", "P 1 to 32"),
        ("zero", "published: nobody", "0"),
        ("secondary", "secondary; the attacker is left with 7,700 or more", "S 7,700 or more"),
        ("p4", "published", "1,234"),
        ("p5", "published", "7,777"),
        ("p4", "published", "1,234"),
    ]


def test_no_true_value_of_a_hidden_cell_is_in_it(made):
    assert "7,774" not in made.page
    assert "7774" not in made.page + made.cells
    assert "5000" not in made.page + made.cells


def test_the_hidden_cells_as_a_list(made):
    assert list(csv.DictReader(io.StringIO(made.cells))) == [
        {
            "year": "2024",
            "county": "001",
            "sex": "F",
            "reason": "primary",
            "low": "1",
            "high": "32",
        },
        {
            "year": "2024",
            "county": "073",
            "sex": "F",
            "reason": "secondary",
            "low": "7700",
            "high": "",
        },
    ]


def test_the_page_needs_no_script_and_escapes_what_it_is_given(made):
    assert "<script" not in made.page
    assert "&lt;Orders&gt;" in made.page
    assert "http" not in made.page
    assert "For the Department alone" in made.page


def test_long_tables_are_cut_into_maps_that_fit():
    levels = [("A", f"c{c}", f"d{d}") for c in range(50) for d in range(45)]
    page = heat_map_page(
        ("a", "c", "d"),
        dict.fromkeys(levels, MapCell("published", 12)),
        title="t",
        facts={},
        exact=True,
    )
    assert page.count("<h2>") == 45  # one map for each d, counties down
    assert page.count("<td class=") == 50 * 45
