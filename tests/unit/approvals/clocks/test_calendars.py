"""Holidays and business days, against the published calendars and the `holidays` library."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.clocks.calendars import CAUTIOUS, DEPARTMENT, holidays
from approvals.errors import CalendarEnds

# State-office closures computed by hand from Gov. Code § 19853; a Saturday holiday is not moved.
CLOSURES = """
2025  01-01 01-20 02-17 03-31 05-26 07-04 09-01 11-11 11-27 11-28 12-25
2026  01-01 01-19 02-16 03-31 05-25 07-04 09-07 11-11 11-26 11-27 12-25
2027  01-01 01-18 02-15 03-31 05-31 07-05 09-06 11-11 11-25 11-26 12-25
2028  01-01 01-17 02-21 03-31 05-29 07-04 09-04 11-10 11-23 11-24 12-25
2029  01-01 01-15 02-19 03-31 05-28 07-04 09-03 11-12 11-22 11-23 12-25
2030  01-01 01-21 02-18 04-01 05-27 07-04 09-02 11-11 11-28 11-29 12-25
"""


@pytest.mark.parametrize("line", CLOSURES.split("\n")[1:-1])
def test_state_office_closures(line):
    year, *days = line.split()
    expected = {date.fromisoformat(f"{year}-{day}") for day in days}
    assert set(holidays("19853", int(year))) == expected


@pytest.mark.parametrize(
    ("day", "name", "kept"),
    [
        ("2013-04-01", "Cesar Chavez Day", True),  # 31 March was a Sunday
        ("2017-11-10", "Veterans Day", True),  # 11 November was a Saturday
        ("2017-01-02", "New Year's Day", True),  # 1 January was a Sunday
        ("2021-07-05", "Independence Day", True),  # 4 July was a Sunday
        ("2021-12-24", "Christmas Day", False),  # 25 December was a Saturday: not moved
    ],
)
def test_moved_holidays_of_published_calendars(day, name, kept):
    found = holidays("19853", int(day[:4])).get(date.fromisoformat(day))
    assert (found == name) is kept


@pytest.mark.long
@pytest.mark.parametrize("year", range(2013, 2041))
def test_against_the_holidays_library(year):
    """Every closure of ours is a holiday there; what it has besides is explained."""
    import holidays as library

    theirs = {d: n for d, n in library.country_holidays("US", subdiv="CA", years=year).items()
              if d.year == year}  # fmt: skip
    ours = set(holidays("19853", year))
    assert ours <= set(theirs)
    unexplained = [
        name
        for day, name in theirs.items()
        if day not in ours
        and day.weekday() != 6  # a Sunday that moved to Monday
        and not name.startswith(("Susan B. Anthony", "Juneteenth", "Diwali"))  # § 6700 or neither
        and "(observed)" not in name  # the federal rule: Saturday moves to Friday
        and not (name == "Veterans Day" and day.weekday() == 5)
    ]
    assert unexplained == []


def test_the_two_lists_differ_where_the_law_does():
    closed, statutory = set(holidays("19853", 2026)), set(holidays("6700", 2026))
    assert closed - statutory == {date(2026, 11, 27)}
    names = {holidays("6700", 2026)[d] for d in statutory - closed}
    assert names == {
        "Lunar New Year", "Lincoln Day", "Good Friday, noon to 3 p.m.", "Genocide Remembrance Day",
        "Juneteenth", "Admission Day", "Native American Day", "Columbus Day", "Diwali",
    }  # fmt: skip


def test_a_holiday_counts_from_the_year_of_its_law():
    assert "Diwali" not in holidays("6700", 2025).values()
    assert "Juneteenth" not in holidays("6700", 2022).values()


@pytest.mark.parametrize("year", [2016, 2024, 2027, 2038])
def test_good_friday(year):
    """Easter of four years from the published tables: 27 March, 31 March, 28 March, 25 April."""
    easter = {2016: (3, 27), 2024: (3, 31), 2027: (3, 28), 2038: (4, 25)}[year]
    if year > 2032:
        with pytest.raises(CalendarEnds):
            holidays("6700", year)
        return
    good_friday = date(year, *easter) - timedelta(days=2)
    assert "Good Friday" in holidays("6700", year)[good_friday]


def test_the_end_of_a_table_is_an_error_not_a_day_without_holiday():
    assert DEPARTMENT.after(date(2034, 1, 2), 10)
    with pytest.raises(CalendarEnds):
        CAUTIOUS.after(date(2033, 1, 3), 10)
    with pytest.raises(CalendarEnds):
        holidays("19853", 1999)


# ------------------------------------------------------------------ counting


@pytest.mark.parametrize(
    ("calendar", "start", "due"),
    [
        # over Thanksgiving 2026: 26 and 27 November are closed
        (DEPARTMENT, "2026-11-23", "2026-12-09"),
        (CAUTIOUS, "2026-11-23", "2026-12-09"),
        # over Columbus Day, which is in § 6700 only
        (DEPARTMENT, "2026-10-05", "2026-10-19"),
        (CAUTIOUS, "2026-10-05", "2026-10-20"),
        # over the turn of the year
        (DEPARTMENT, "2026-12-21", "2027-01-06"),
        # over Lunar New Year (Tue 17 Feb), Lincoln Day (Thu 12 Feb) and Presidents' Day (16 Feb)
        (DEPARTMENT, "2026-02-09", "2026-02-24"),
        (CAUTIOUS, "2026-02-09", "2026-02-26"),
        # begun on a Saturday: the first day is excluded anyway
        (DEPARTMENT, "2026-08-01", "2026-08-14"),
    ],
)
def test_ten_business_days(calendar, start, due):
    last, counted = calendar.after(date.fromisoformat(start), 10)
    assert last == date.fromisoformat(due)
    assert len(counted) == 10


DAYS = st.dates(date(2010, 1, 1), date(2031, 12, 31))


@given(DAYS, st.integers(1, 40))
def test_counted_days_are_exactly_the_business_days_between(start, days):
    for calendar in (DEPARTMENT, CAUTIOUS):
        last, counted = calendar.after(start, days)
        between = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
        assert list(counted) == [d for d in between if calendar.is_business_day(d)]
        assert counted[-1] == last


@given(DAYS, st.integers(1, 40))
def test_the_cautious_date_is_never_earlier(start, days):
    assert CAUTIOUS.after(start, days)[0] >= DEPARTMENT.after(start, days)[0]


@given(DAYS)
def test_a_party_files_on_the_next_open_day(day):
    moved = DEPARTMENT.on_or_after(day)
    assert DEPARTMENT.is_business_day(moved)
    assert 0 <= (moved - day).days <= 5
