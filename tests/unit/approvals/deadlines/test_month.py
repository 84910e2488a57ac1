"""A month as a calendar: every deadline on its day, in whole weeks, holidays by name."""

from dataclasses import replace
from datetime import date

import pytest

from approvals.clocks import Counting
from approvals.deadlines import Deadline, month_of

ONE = Deadline(name="review", rule="C-01", section="§ 962", what="answer", for_whom="Department",
               due=date(2026, 11, 26), project="2026-001")  # fmt: skip


def test_what_is_due_stands_on_its_day_and_nowhere_else():
    other = replace(ONE, due=date(2026, 12, 1), project="2026-002")
    weeks = month_of([ONE, other, replace(ONE, due=date(2027, 1, 1))], 2026, 11, Counting())
    assert all(len(week) == 7 and week[0].day.weekday() == 6 for week in weeks)
    found = {day.day: [d.project for d in day.due] for week in weeks for day in week if day.due}
    assert found == {date(2026, 11, 26): ["2026-001"], date(2026, 12, 1): ["2026-002"]}
    inside = [day.day.day for week in weeks for day in week if day.inside]
    assert inside == list(range(1, 31))


def test_a_day_that_does_not_count_says_why():
    days = {d.day: d.closed for week in month_of([], 2026, 11, Counting()) for d in week}
    assert "Thanksgiving" in days[date(2026, 11, 26)]
    assert not days[date(2026, 11, 25)]
    assert not days[date(2026, 11, 28)]  # a Saturday needs no reason


@pytest.mark.parametrize("year", [2009, 2150])
def test_years_whose_holidays_nobody_knows_have_none(year):
    weeks = month_of([], year, 2, Counting())
    assert sum(day.inside for week in weeks for day in week) == 28
