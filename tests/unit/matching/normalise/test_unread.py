"""A column of which more than a slip here and there is not read is told with counts; "unknown" and blanks are not."""

import pyarrow as pa
import pytest

from matching.normalise import numbers
from matching.reports.page import quality_page
from tests.two_tables import link
from tests.unit.matching.tables import cohort, people, records

PEOPLE = people(60, 3)


def report(**columns):
    """A linkage whose cohort has other values in some columns: each made of a row's number and its value."""
    mine = [
        row | {c: make(i, row[c]) for c, make in columns.items()} for i, row in enumerate(PEOPLE)
    ]
    return link(cohort(*mine), records(*PEOPLE)).report


def told(found):
    return {(w.code, w.side, w.column): (w.count, w.of) for w in found.warnings}


def test_dates_that_are_no_dates_are_told_with_the_forms_that_are_read():
    found = report(birth_date=lambda i, value: "soon" if i % 3 == 0 else value)
    assert told(found) == {("column_unread", "cohort", "birth_date"): (20, 60)}
    assert "12JUL1984" in found.warnings[0].what
    assert "soon" not in found.warnings[0].text()


@pytest.mark.parametrize("slips", [0, 3])
def test_a_slip_here_and_there_is_counted_and_not_told(slips):
    found = report(birth_date=lambda i, value: "soon" if i < slips else value)
    assert told(found) == {}
    assert found.unparsable["cohort"] == ({"birth_date": slips} if slips else {})


@pytest.mark.parametrize("nothing", ["unknown", "N/A", "?", " ", None, "none"])
@pytest.mark.parametrize("column", ["birth_date", "phone", "ssn"])
def test_a_word_for_unknown_is_no_value_that_was_lost(nothing, column):
    assert told(report(**{column: lambda i, value: nothing if i % 2 else value})) == {}


def test_a_column_of_which_nothing_is_read_is_told_whatever_it_says():
    found = report(sex=lambda i, value: "U")
    assert told(found) == {("column_unread", "cohort", "sex"): (60, 60)}


def test_last_fours_that_lost_their_zeros_get_them_back():
    found = report(ssn=lambda i, value: str(1000 + int(value) % 9000 if i % 5 else i + 1))
    assert told(found) == {("zeros_lost", "cohort", "ssn"): (12, 60)}
    assert found.unparsable["cohort"] == {}


def test_one_to_three_figures_among_whole_numbers_are_no_last_fours():
    found = report(ssn=lambda i, value: value if i % 5 else "7")
    assert told(found) == {("column_unread", "cohort", "ssn"): (12, 60)}


def test_0007_and_7_are_one_last_four():
    column = pa.chunked_array([["0007", "7", "1234", "77", "5678", "12"]])
    whole, last = numbers.social_security(column)
    four, padded = numbers.settled(whole, last)
    assert (four.tolist(), padded) == ([7, 7, 1234, 77, 5678, 12], 3)


def test_numbers_that_became_decimals_are_read_as_they_were():
    """pandas writes 93318.0 where a column of numbers has gaps."""
    found = report(**{c: lambda i, value: f"{value}.0" for c in ("ssn", "zip", "phone")})
    assert told(found) == {}
    assert found.linked_rows == 60
    assert numbers.whole_numbers(pa.chunked_array([["93318.0", "415.555.0123", "A1.0"]])).to_pylist() == [
        "93318", "415.555.0123", "A1.0",
    ]  # fmt: skip


def test_the_page_tells_the_same_without_small_counts():
    page = quality_page(report(birth_date=lambda i, value: "soon" if i < 9 else value))
    assert "cohort, birth_date: fewer than 10 of 60 values are not read" in page
