"""The hard cases, field by field: what two spellings of one person are taken for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler

from matching.comparison.fields import FIELDS, NAMES
from matching.comparison.levels import CLOSE, SIMILAR, Comparer
from matching.normalise.encoding import encode
from tests.examples import examples
from tests.unit.matching.sound import sound
from tests.unit.matching.tables import cohort, records

# (what is on the cohort's side, what is on the record's side, field, level)
CASES = [
    ({"first_name": "Robert"}, {"first_name": "Bob"}, "first", "nickname"),
    ({"first_name": "José"}, {"first_name": "JOSE"}, "first", "same"),
    ({"first_name": "Robert"}, {"first_name": "R."}, "first", "initial"),
    ({"first_name": "Robert"}, {"first_name": "S"}, "first", "different"),
    ({"first_name": "Katherine"}, {"first_name": "Katherime"}, "first", "close"),
    ({"first_name": "Mary Ann"}, {"first_name": "Mary"}, "first", "part"),
    ({"first_name": "Robert"}, {"first_name": "Linda"}, "first", "different"),
    ({"first_name": "Robert"}, {"first_name": None}, "first", "missing"),
    ({"last_name": "Peña"}, {"last_name": "PENA"}, "last", "same"),
    ({"last_name": "García-López"}, {"last_name": "Garcia"}, "last", "part"),
    ({"last_name": "García López"}, {"last_name": "Lopez"}, "last", "part"),
    ({"last_name": "Johnson"}, {"last_name": "Jonhson"}, "last", "close"),
    ({"last_name": "Philips"}, {"last_name": "Fillips"}, "last", "similar"),
    (
        {"last_name": "Smith", "sex": "F"},
        {"last_name": "Garcia", "sex": "F"},
        "last",
        "different, female",
    ),
    ({"last_name": "Smith", "sex": "M"}, {"last_name": "Garcia", "sex": "M"}, "last", "different"),
    ({"last_name": "Smith Jr"}, {"last_name": "Smith", "name_suffix": "Sr"}, "suffix", "different"),
    (
        {"last_name": "A", "name_suffix": "Jr."},
        {"last_name": "A", "name_suffix": "junior"},
        "suffix",
        "same",
    ),
    ({"birth_date": "1980-03-04"}, {"birth_date": "03/04/1980"}, "birth", "same"),
    ({"birth_date": "1980-03-04"}, {"birth_date": "1980-04-03"}, "birth", "day and month swapped"),
    ({"birth_date": "1980-03-04"}, {"birth_date": "1980-03-05"}, "birth", "one digit"),
    ({"birth_date": "1980-03-04"}, {"birth_date": "1908-03-04"}, "birth", "one digit"),
    ({"birth_date": "1980-03-24"}, {"birth_date": "1980-01-01"}, "birth", "default day"),
    ({"birth_date": "1980-03-24"}, {"birth_date": "1980-03-17"}, "birth", "two parts"),
    ({"birth_date": "1980-03-24"}, {"birth_date": "1981-07-12"}, "birth", "near year"),
    ({"birth_date": "1980-03-24"}, {"birth_date": "1955-07-12"}, "birth", "different"),
    ({"birth_date": "1980-03-24"}, {"birth_date": "unknown"}, "birth", "missing"),
    ({"ssn": "123-45-6780"}, {"ssn": "123456780"}, "ssn", "same"),
    ({"ssn": "123-45-6780"}, {"ssn": "123456870"}, "ssn", "one digit"),
    ({"ssn": "123-45-6780"}, {"ssn": "6780"}, "ssn", "last four"),
    ({"ssn": "123-45-6780"}, {"ssn": "987654320"}, "ssn", "different"),
    ({"ssn": "123-45-6780"}, {"ssn": "999999999"}, "ssn", "missing"),
    ({"driver_license": "D1234567"}, {"driver_license": "d123-4567"}, "licence", "same"),
    ({"driver_license": "D1234567"}, {"driver_license": "E1234567"}, "licence", "one character"),
    ({"street": "12 Main Street"}, {"street": "12 MAIN ST APT 3"}, "street", "same"),
    ({"street": "12 Main Street"}, {"street": "419 Main St"}, "street", "same street"),
    ({"street": "12 Main Street"}, {"street": "14 Main St"}, "street", "near"),
    ({"street": "12 Main Street"}, {"street": "12 Oak Av"}, "street", "same number"),
    ({"first_name": "Ann", "middle_name": "Lee"}, {"first_name": "Lee"}, "first", "part"),
    ({"first_name": "Maddhe"}, {"first_name": "Matthew"}, "first", "similar"),
    ({"first_name": "Husband"}, {"first_name": "Robert"}, "first", "missing"),
    ({"first_name": "Female child"}, {"first_name": "Robert"}, "first", "missing"),
    ({"last_name": "Don't know"}, {"last_name": "Smith"}, "last", "missing"),
    ({"last_name": "Child"}, {"last_name": "CHILD"}, "last", "same"),
    ({"birth_date": "O7/l2/1984"}, {"birth_date": "1984-07-12"}, "birth", "same"),
    ({"birth_date": "1984-42-12"}, {"birth_date": "1984-12-12"}, "birth", "one digit"),
    ({"birth_date": "07/12/4984"}, {"birth_date": "1984-07-12"}, "birth", "one digit"),
    ({"birth_date": "07/12/19844"}, {"birth_date": "1984-07-12"}, "birth", "two parts"),
    ({"street": "12 Mission Street"}, {"street": "12 Misson St"}, "street", "near"),
    ({"street": "12 Main St"}, {"street": "99 Oak Av"}, "street", "different"),
    ({"zip": "94110"}, {"zip": "94110-1234"}, "place", "same ZIP"),
    ({"zip": "94110"}, {"zip": "94101"}, "place", "same city"),
    ({"zip": "94110"}, {"zip": "94199"}, "place", "same county"),
    ({"sex": "M"}, {"sex": "Male"}, "sex", "same"),
]


def level(mine, theirs, field):
    mine = {"last_name": None, **dict.fromkeys(theirs), **mine}
    theirs = {"last_name": None, **dict.fromkeys(mine), **theirs}
    encoded = encode(cohort(mine), records(theirs))
    zero = np.zeros(1, np.int32)
    levels = Comparer(encoded).levels(zero, zero)
    f = NAMES.index(field)
    return FIELDS[f].levels[int(levels[f][0])]


@pytest.mark.parametrize(("mine", "theirs", "field", "want"), CASES)
def test_hard_cases(mine, theirs, field, want):
    assert level(mine, theirs, field) == want


def test_swapped_names_count_once():
    mine, theirs = (
        {"first_name": "Lee", "last_name": "James"},
        {"first_name": "James", "last_name": "Lee"},
    )
    assert level(mine, theirs, "first") == "swapped"
    assert level(mine, theirs, "last") == "missing"


@examples(40)
@given(
    st.lists(
        st.tuples(st.text("abce", max_size=6), st.text("abce", max_size=6)), min_size=1, max_size=6
    )
)
def test_first_names_agree_with_a_plain_comparison_of_every_pair(rows):
    mine = cohort(*({"first_name": a, "last_name": "x" + a} for a, _ in rows))
    theirs = records(*({"first_name": b, "last_name": "y" + b} for _, b in rows))
    n = len(rows)
    a, b = (
        np.array(x, np.int32)
        for x in zip(*((i, j) for i in range(n) for j in range(n)), strict=True)
    )
    fast = Comparer(encode(mine, theirs)).levels(a, b)[0].tolist()

    def plain(x, y):
        if not x or not y:
            return "missing"
        if x == y:
            return "same"
        if len(x) == 1 or len(y) == 1:
            return "initial" if x[0] == y[0] else "different"
        score = JaroWinkler.similarity(x, y)
        if score < SIMILAR and sound(x) == sound(y):
            return "similar"
        return "close" if score >= CLOSE else "similar" if score >= SIMILAR else "different"

    assert [FIELDS[0].levels[k] for k in fast] == [
        plain(rows[i][0], rows[j][1]) for i, j in zip(a.tolist(), b.tolist(), strict=True)
    ]
