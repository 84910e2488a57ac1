"""Values that are nobody's are found by how many people have them, and count as missing."""

import numpy as np
import pytest

from matching.normalise import encode
from matching.normalise.names import first_name, last_name
from tests.two_tables import link
from tests.unit.matching.comparison.test_levels import level
from tests.unit.matching.tables import cohort, linked, people, records


def _sides(change, count=400):
    rows = [row | {"driver_license": f"D{i:07}"} for i, row in enumerate(people(count, 4))]
    return rows, [row | change if i % 5 < 2 else row for i, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("column", "value", "field", "missing"),
    [
        ("driver_license", "PENDING", "licence", -1),
        ("driver_license", "A0000000", "licence", -1),
        ("ssn", "111-22-3333", "ssn", -1),
        ("phone", "(415) 555-0100", "phone", -1),
        ("birth_date", "01/01/1900", "birth", 0),
        ("first_name", "FNU", "first", -1),
        ("last_name", "Xyzname", "last", -1),
    ],
)
def test_a_value_of_two_fifths_of_all_people_is_missing(column, value, field, missing):
    rows, spoilt = _sides({column: value})
    encoded = encode(cohort(*rows), records(*spoilt))
    codes = getattr(encoded.records, field)
    hit = np.arange(400) % 5 < 2
    assert (codes[hit] == missing).all()
    assert (codes[~hit] != missing).all()
    assert encoded.nobodys["cohort"] == {}


def test_a_number_of_one_person_stays_however_often_it_comes():
    rows = people(50, 2)
    entries = [rows[0] | {"street": f"{i} oak st"} for i in range(30)]
    encoded = encode(cohort(*rows), records(*rows, *entries))
    assert (encoded.records.ssn >= 0).all()
    assert encoded.nobodys["records"] == {}


@pytest.mark.long
def test_the_same_placeholder_links_nobody():
    rows, spoilt = _sides({"driver_license": "PENDING"})
    mine = [{k: row[k] for k in ("first_name", "last_name", "driver_license")} for row in spoilt]
    other = [row | {"driver_license": "PENDING"} for row in mine[::-1]]
    assert linked(link(cohort(*mine), records(*other))) == set()
    assert rows


@pytest.mark.parametrize(
    "text",
    [
        "FNU",
        "LNU",
        "Baby Boy",
        "BABY GIRL",
        "Sin Nombre",
        "no name",
        "NO NAME GIVEN",
        "Infant",
        "infant girl",
        "Unknown Male",
        "not known",
        "Desconocido",
    ],
)
def test_what_registers_write_for_no_name_is_missing(text):
    assert first_name(text) == ""
    assert last_name(text) == ""


@pytest.mark.parametrize("text", ["Baby", "Boy", "Infant Son", "Male", "Doe"])
def test_a_surname_that_people_bear_stays_where_it_stands_as_a_surname(text):
    assert last_name(text) == text.lower()


@pytest.mark.parametrize("text", ["BABY BOY", "Infant", "SIN NOMBRE", "No Name Given", "FNU"])
def test_a_placeholder_is_missing_in_any_box_and_in_conflict_with_nothing(text):
    for box, field in (("first_name", "first"), ("middle_name", "middle"), ("last_name", "last")):
        assert level({box: text}, {box: "Guillermo"}, field) == "missing"
        assert level({box: "Guillermo"}, {box: text}, field) == "missing"


@pytest.mark.parametrize("first", ["John", "JANE"])
def test_john_doe_is_nobody_but_john_and_doe_are_somebody(first):
    doe = {"first_name": first, "last_name": "Doe"}
    for field in ("first", "last"):
        assert level(doe, doe, field) == "missing"
    ann = {"first_name": "Ann", "last_name": "Doe"}
    assert level(ann, ann, "last") == "same"
    assert level(doe | {"last_name": "Roe"}, doe | {"last_name": "Roe"}, "first") == "same"
    encoded = encode(cohort(doe, ann), records(doe, ann))
    assert encoded.unparsable["records"] == {"first_name": 1, "last_name": 1}
