"""Percentages and rates come from published counts and from nothing else."""

import csv

import pytest

from extracts.suppression.commands import audit_file, suppress_file
from extracts.suppression.errors import (
    BadNumberError,
    BadRequestError,
    DuplicateCellError,
    MarginMismatchError,
    PopulationImpossibleError,
    StatusContradictsError,
    TableUnreadableError,
)
from extracts.suppression.rates import derive_file

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


# --- what can't be true is refused, with column and rows, and nothing is written

TABLES = {
    "a count that is called suppressed": ("A,GV,3,suppressed\n", StatusContradictsError, "n", [2]),
    "no count, called published": ("A,GV,,published\n", StatusContradictsError, "n", [2]),
    "another status": ("A,GV,30,final\n", StatusContradictsError, "status", [2]),
    "no status": ("A,GV,30,\n", StatusContradictsError, "status", [2]),
    "a cell twice": ("A,DV,,suppressed\n", DuplicateCellError, None, [2]),
    "a part above its whole": ("A,GV,90,published\n", MarginMismatchError, "n", [2]),
    "no number": ("A,GV,x,published\n", BadNumberError, "n", [2]),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_published_table_that_contradicts_itself_is_refused(tmp_path, case):
    row, error, column, rows = TABLES[case]
    table = tmp_path / "table.csv"
    table.write_text("county,type,n,status\nA,DV,40,published\n" + row + "A,TOTAL,80,published\n")
    with pytest.raises(error) as caught:
        rates(table, percent_of="type")
    facts = caught.value.facts
    assert list(facts["rows"]) == rows
    assert facts.get("column") == column
    assert not (tmp_path / "o.csv").exists()


def test_the_other_commands_read_it_alike(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("type,n,p,status\nDV,40,30,published\nGV,,3,suppressed\n")
    with pytest.raises(StatusContradictsError) as caught:
        audit_file(table, dims=["type"], count="n", persons="p")
    assert (caught.value.facts["column"], caught.value.facts["rows"]) == ("p", (2,))
    cells = tmp_path / "cells.csv"
    cells.write_text("type,n,p\nDV,40,30\nGV,30,30\n")
    with pytest.raises(StatusContradictsError):
        suppress_file(
            cells, dims=["type"], count="n", persons="p", earlier=[table], out=tmp_path / "o.csv"
        )
    assert not (tmp_path / "o.csv").exists()


def test_a_table_with_rates_is_an_earlier_table_like_any_other(tmp_path):
    """A·M and A·F stay hidden beside the 40 of before, whatever rates stand in its file."""
    before, cells, out = (tmp_path / f"{x}.csv" for x in ("before", "cells", "out"))
    before.write_text("county,n,status\nA,40,published\nB,60,published\nTOTAL,100,published\n")
    people = tmp_path / "people.csv"
    people.write_text("county,population\nA,1000\n")
    asked = {"dims": ["county"], "percent_of": "county", "population": people}
    derive_file(before, count="n", per=1000, out=tmp_path / "rates.csv", **asked)
    cells.write_text("county,sex,n\nA,F,4\nA,M,36\nB,F,30\nB,M,30\n")
    for earlier in (before, tmp_path / "rates.csv"):
        suppress_file(cells, dims=["county", "sex"], count="n", earlier=[earlier], out=out)
        shown = out.read_text()
        assert "A,F,,suppressed\nA,M,,suppressed\nA,TOTAL,40,published" in shown


@pytest.mark.parametrize("column", ["percent_of_county", "rate_per_1000"])
def test_a_rate_of_a_hidden_count_is_refused(tmp_path, column):
    table = tmp_path / "table.csv"
    table.write_text(f"county,n,status,{column}\nA,40,published,93.0\nB,,suppressed,7.0\n")
    with pytest.raises(StatusContradictsError) as caught:
        audit_file(table, dims=["county"], count="n")
    assert (caught.value.facts["column"], caught.value.facts["rows"]) == (column, (2,))


POPULATIONS = {
    "twice": ("A,100000\nB,500\nA,5\n", DuplicateCellError, [3]),
    "nobody": ("A,100000\nB,0\n", PopulationImpossibleError, [2]),
    "fewer than are counted": ("A,79\nB,500\n", PopulationImpossibleError, [1]),
    "a whole below its part": ("A,900\nTOTAL,899\n", PopulationImpossibleError, [2]),
    "no number": ("A,many\n", BadNumberError, [1]),
}


@pytest.mark.parametrize("case", POPULATIONS)
def test_an_impossible_population_is_refused(tmp_path, case):
    text, error, rows = POPULATIONS[case]
    table, people = tmp_path / "table.csv", tmp_path / "people.csv"
    table.write_text(
        "county,type,n,status\nA,DV,40,published\nA,GV,40,published\nA,TOTAL,80,published\n"
    )
    people.write_text("county,population\n" + text)
    with pytest.raises(error) as caught:
        rates(table, population=people)
    assert list(caught.value.facts["rows"]) == rows
    assert "population" in str(caught.value)
    assert not (tmp_path / "o.csv").exists()
    people.write_text("county,population\nA,80\nB,1\nTOTAL,81\n")
    assert rates(table, population=people)["cells"] == 3


def rates(table, **more):
    given = {"percent_of": None, "population": None, "per": 1000} | more
    return derive_file(
        table, dims=["county", "type"], count="n", out=table.with_name("o.csv"), **given
    )
