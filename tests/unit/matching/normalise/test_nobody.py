"""Values that are nobody's are found by how many people have them, and count as missing."""

import numpy as np
import pytest

from matching.normalise import encode
from matching.normalise.names import first_name, last_name
from tests.two_tables import link
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


def test_the_same_placeholder_links_nobody():
    rows, spoilt = _sides({"driver_license": "PENDING"})
    mine = [{k: row[k] for k in ("first_name", "last_name", "driver_license")} for row in spoilt]
    other = [row | {"driver_license": "PENDING"} for row in mine[::-1]]
    assert linked(link(cohort(*mine), records(*other))) == set()
    assert rows


@pytest.mark.parametrize("text", ["FNU", "LNU", "Baby Boy", "BABY GIRL", "Sin Nombre", "no name"])
def test_what_registers_write_for_no_name_is_missing(text):
    assert first_name(text) == ""
    assert last_name(text) == ""
