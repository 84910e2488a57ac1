"""A month of deadlines as a calendar: weeks of days, what is due on each, which weekdays don't count."""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from approvals.clocks import Counting
from approvals.deadlines.deadlines import Deadline
from approvals.errors import CalendarEnds

_WEEKS = calendar.Calendar(calendar.SUNDAY)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day: whether it is of the month, what is due, and why the Department does not count it, where it does not."""

    day: date
    inside: bool
    due: tuple[Deadline, ...]
    closed: str


def month_of(
    deadlines: Iterable[Deadline], year: int, month: int, counting: Counting
) -> list[list[CalendarDay]]:
    """The weeks of a month, Sunday first, each of seven days.

    Args:
        deadlines: as `open_deadlines` gives them; those of other months stand on the days of other months that are shown.
        year: 1 to 9999.
        month: 1 to 12.
        counting: the Department's calendar.
    """
    by_day = dict[date, list[Deadline]]()
    for one in deadlines:
        by_day.setdefault(one.due, []).append(one)
    weeks = _WEEKS.monthdatescalendar(year, month)
    names = _holidays(weeks[0][0], weeks[-1][-1], counting)
    return [
        [
            CalendarDay(day, day.month == month, tuple(by_day.get(day, ())), names.get(day, ""))
            for day in week
        ]
        for week in weeks
    ]


def _holidays(first: date, last: date, counting: Counting) -> Mapping[date, str]:
    """Weekdays that don't count, by name; none beyond the years whose holidays are known."""
    try:
        return dict(counting.department.skipped(first - timedelta(days=1), last))
    except CalendarEnds:
        return {}
