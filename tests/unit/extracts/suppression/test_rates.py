"""Percentages and rates come from published counts and from nothing else."""

import csv

import pytest

from extracts.suppression.commands import derive_file
from extracts.suppression.errors import BadRequestError, TableUnreadableError

PUBLISHED = """county,sex,n,status
001,F,,suppressed
001,M,40,published
001,TOTAL,,suppressed
073,F,25,published
073,M,75,published
073,TOTAL,100,published
"""


@pytest.fixture
def derive(tmp_path):
    table = tmp_path / "published.csv"
    table.write_text(PUBLISHED)

    def run(**more):
        out = tmp_path / "rates.csv"
        given = {"percent_of": None, "population": None, "per": 1000} | more
        derive_file(table, dims=["county", "sex"], count="n", out=out, **given)
        return [list(row.values()) for row in csv.DictReader(out.open())]

    return run


def test_what_a_hidden_number_would_be_needed_for_stays_empty(derive):
    assert [row[-1] for row in derive(percent_of="sex")] == ["", "", "", "25.0", "75.0", "100.0"]


def test_rates_take_their_denominators_from_outside(derive, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("county,population\n001,8000\n073,50000\n")
    assert [row[-1] for row in derive(population=people)] == ["", "5.0", "", "0.5", "1.5", "2.0"]


def test_a_table_that_does_not_say_what_is_published_is_refused(tmp_path):
    raw = tmp_path / "cells.csv"
    raw.write_text("county,n\n001,3\nTOTAL,3\n")
    with pytest.raises(TableUnreadableError):
        derive_file(
            raw,
            dims=["county"],
            count="n",
            percent_of="county",
            population=None,
            per=1,
            out=tmp_path / "o.csv",
        )


def test_an_unknown_dimension_is_refused(derive):
    with pytest.raises(BadRequestError):
        derive(percent_of="race")
