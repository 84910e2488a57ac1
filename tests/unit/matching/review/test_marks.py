"""Two values next to each other: the sign, and the letters that differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.review import compare, marks_of


@pytest.mark.parametrize(
    ("mine", "theirs", "sign"),
    [
        ("O'Brien", "OBRIEN", "same"),
        ("1980-01-02", "19800102", "same"),
        ("Jonson", "Johnson", "close"),
        ("1980-01-02", "1980-02-01", "close"),
        ("Tapia Garcia", "TAPIA", "close"),
        ("Maria-Luz", "luz", "close"),
        ("Ann", "Roberta", "different"),
        ("Ann", None, "missing"),
        ("", "Ann", "missing"),
        ("李", "李", "same"),
        ("-", "-", "same"),
    ],
)
def test_signs(mine, theirs, sign):
    assert compare(mine, theirs)[0] == sign


def test_the_letter_that_differs_is_marked_on_its_side():
    sign, mine, theirs = compare("Jonson", "Johnson")
    assert (sign, mine) == ("close", (("Jo", False), ("nson", False)))
    assert theirs == (("Jo", False), ("h", True), ("nson", False))


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_letter_is_lost_or_added(mine, theirs):
    _, left, right = compare(mine, theirs)
    assert "".join(piece for piece, _ in left) == mine
    assert "".join(piece for piece, _ in right) == theirs


def test_fields_stand_in_their_order_and_empty_ones_are_left_out():
    marks = marks_of(
        {"birth_date": "1980-01-02", "last_name": "Doe"}, {"last_name": "Doe", "zip": None}
    )
    assert [(m.field, m.sign) for m in marks] == [("last_name", "same"), ("birth_date", "missing")]
