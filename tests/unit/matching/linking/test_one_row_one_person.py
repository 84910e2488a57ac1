"""Two records that both belong to one row are one person; two that contradict each other are a near-tie.

People have several orders, and one order has the licence where another has the birth date: the two agree on
nothing but the name, yet the row knows both.
"""

import random

import pytest

from tests.two_tables import link
from tests.unit.matching.tables import cohort, noisy, people, records

WANTED = {
    "first_name": "odalys", "last_name": "quintanar", "birth_date": "1971-08-09", "sex": "F",
    "street": "4417 halyard st", "zip": "90017", "ssn": "571448822", "phone": "3105550148",
}  # fmt: skip


def record(*shown, **written):
    """A record of the wanted person that shows only some fields, or others than hers."""
    name = {"first_name": "odalys", "last_name": "quintanar"}
    return name | {field: WANTED[field] for field in shown} | written


def decided(*theirs, row=WANTED):
    """What becomes of the wanted row's pairs, by record, among people who have nothing to do with her."""
    rng = random.Random(8)
    others = people(120, 8)
    rows = cohort(row, *others)
    entries = records(*theirs, *(noisy(row, rng) for row in others))
    found = link(rows, entries).links.to_pylist()
    return {p["record_id"]: p["decision"] for p in found if p["cohort_id"] == "c1"}


@pytest.mark.parametrize(
    "theirs",
    [
        [record("ssn"), record("birth_date", "street", "zip")],
        [record("phone", "zip", "sex"), record("birth_date", "sex"), record("ssn")],
        [record("ssn", "birth_date"), record("ssn", street="12 other st", zip="94105")],
    ],
    ids=["number here, date there", "one fact each", "moved"],
)
def test_records_that_are_all_hers_are_all_linked(theirs):
    assert decided(*theirs) == dict.fromkeys(range(1, len(theirs) + 1), "link")


UNDATED = {k: WANTED[k] for k in ("first_name", "last_name", "sex", "phone")}


@pytest.mark.parametrize(
    ("theirs", "want"),
    [
        (record("sex", "birth_date"), "link"),
        (record("sex", birth_date="1975-11-03"), "review"),
        (record("sex"), "review"),
    ],
    ids=["the other record's birth date", "another one", "none"],
)
def test_what_agrees_with_the_row_in_her_name_alone_is_linked_through_a_record_that_is_hers(
    theirs, want
):
    """The row has no birth date: her telephone leads to a record that has, and that one to the other."""
    found = decided(record("phone", "birth_date"), theirs, row=UNDATED)
    assert found.get(2) == want
    assert found[1] == "link"


def test_a_namesake_at_her_address_is_not_drawn_in():
    found = decided(
        record("ssn", "birth_date"),
        record("street", "zip", birth_date="1998-02-27", ssn="398117205"),
    )
    assert found == {1: "link"}


def test_two_who_contradict_each_other_go_to_review_where_the_row_can_not_tell():
    row = {field: WANTED[field] for field in ("first_name", "last_name", "street", "zip", "sex")}
    found = decided(
        record("street", "zip", "sex", birth_date="1948-01-20", ssn="340118877"),
        record("street", "zip", "sex", birth_date="1975-11-03", ssn="611902234"),
        row=row,
    )
    assert found == {1: "review", 2: "review"}
