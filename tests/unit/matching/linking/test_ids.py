"""Ids: damage by a spreadsheet or a float, and different people under one id, are told with counts or refused."""

import pyarrow as pa
import pytest

from matching.errors import DamagedIds, SharedIds
from matching.tables import check_ids
from tests.two_tables import link
from tests.unit.matching.tables import cohort, people, records

PEOPLE = people(60, 3)


def warned(ids, name="record_id"):
    table = pa.table({name: pa.array(ids, pa.string())})
    return [(f.code, f.side, f.count, f.of) for f in check_ids(table, name, unique=False)]


def linked(ids, rows=PEOPLE):
    """What is told of a linkage with records of these ids."""
    theirs = records(*rows).set_column(0, "record_id", pa.array(ids))
    found = link(cohort(*PEOPLE[:5]), theirs).report.warnings
    return [(f.code, f.count, f.of) for f in found]


@pytest.mark.parametrize("written", ["1.00000E+17", "1e+17", "1.2E+12"])
def test_an_id_in_floating_point_in_several_rows_is_refused(written):
    with pytest.raises(DamagedIds) as caught:
        warned([written, "7", written])
    assert caught.value.facts == {"file": "records", "count": 2}
    with pytest.raises(DamagedIds):  # before its being used twice is
        check_ids(pa.table({"cohort_id": [written] * 2}), "cohort_id", unique=True)


def test_ids_in_floating_point_that_differ_are_told():
    assert warned(["1.00001E+17", "1.00002E+17", "x"]) == [("ids_damaged", "records", 2, 3)]


@pytest.mark.parametrize("fine", ["1E5", "A+1", "12E45", "1+1", "+17"])
def test_ids_that_only_resemble_a_number_are_fine(fine):
    assert warned([fine, fine, "x"]) == []


def test_long_ids_that_were_rounded_are_told():
    exact = [100_000_000_000_000_003 + 1_234_567 * i for i in range(50)]
    assert warned(map(str, exact)) == []
    for rounded in ([n // 1000 * 1000 for n in exact], [int(float(n)) for n in exact]):
        assert warned(map(str, rounded)) == [("ids_damaged", "records", 50, 50)]
    assert warned([str(10**14 + i) for i in range(50)]) == []


def test_most_records_of_several_rows_hold_different_people():
    with pytest.raises(SharedIds) as caught:
        linked([1] * 30 + list(range(2, 32)))
    assert caught.value.facts["ids"] == 1


def test_a_few_such_records_are_told_with_counts():
    variants = [row | {"first_name": "Bob", "birth_date": "1999-01-31"} for row in PEOPLE[:30]]
    found = linked([*range(60), *range(30), 59], [*PEOPLE, *variants, PEOPLE[2]])
    assert found == [("ids_shared", 1, 31)]


@pytest.mark.parametrize(
    "change",
    [
        {"last_name": "Quirk", "first_name": "Zoe"},  # an alias, the same birth date
        {"birth_date": "1901-01-31"},  # a lie about the age
        {"birth_date": "1901-01-31", "last_name": "Quirk"},
        {"birth_date": None, "last_name": "Quirk", "first_name": "Zoe"},
    ],
)
def test_variants_of_one_person_are_no_different_people(change):
    rows = [row | {"ssn": None} for row in PEOPLE]
    assert linked([*range(60)] * 2, [*rows, *(row | change for row in rows)]) == []


def test_rows_of_one_number_are_one_person_whatever_else_differs():
    other = {"birth_date": "1901-01-31", "last_name": "Quirk", "first_name": "Zoe"}
    assert linked([*range(60)] * 2, [*PEOPLE, *(row | other for row in PEOPLE)]) == []
