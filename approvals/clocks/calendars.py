"""Business days and calendar days, on the two calendars that California's law gives.

The chapter does not define "business day". The Department's own duties are counted on the days on
which state offices are open (Gov. Code § 19853), which gives the earlier date; the wait that
protects review (§ 964(g)) on days that are holidays in neither list (§ 19853 or § 6700), which gives
the later date. The first day is excluded and the last included (Gov. Code § 6800, Civ. Code § 10).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

from approvals.errors import CalendarEnds

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6
_FIRST_YEAR = 2010  # § 19853 had other days before; nothing in this system is older

Law = Literal["19853", "6700"]
Text = Literal["adopted", "third_modifications"]  # of the regulation


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar: a weekday that is a holiday in none of its ``laws`` is a business day."""

    name: str
    laws: tuple[Law, ...]

    def is_business_day(self, day: date) -> bool:
        """Whether the day counts.

        Raises:
            CalendarEnds: the holiday table does not reach that year.
        """
        return day.weekday() < _SATURDAY and not any(
            day in holidays(law, day.year) for law in self.laws
        )

    def after(self, start: date, days: int) -> tuple[date, tuple[date, ...]]:
        """The day that is so many business days after ``start``, and the days counted."""
        counted: list[date] = []
        day = start
        while len(counted) < days:
            day += _DAY
            if self.is_business_day(day):
                counted.append(day)
        return day, tuple(counted)

    def skipped(self, start: date, end: date) -> tuple[tuple[date, str], ...]:
        """The weekdays after ``start`` up to ``end`` that do not count, with the holiday's name."""
        found: list[tuple[date, str]] = []
        day = start
        while day < end:
            day += _DAY
            if day.weekday() < _SATURDAY and not self.is_business_day(day):
                found.append((day, self._name(day)))
        return tuple(found)

    def _name(self, day: date) -> str:
        return next(names[day] for law in self.laws if day in (names := holidays(law, day.year)))

    def on_or_after(self, day: date) -> date:
        """The day itself if it counts, else the next that does."""
        while not self.is_business_day(day):
            day += _DAY
        return day


DEPARTMENT = Calendar("state offices open (Gov. Code § 19853)", ("19853",))
STATUTORY = Calendar("no statutory holiday (Gov. Code § 6700)", ("6700",))
CAUTIOUS = Calendar("holiday in neither list (Gov. Code §§ 6700, 19853)", ("19853", "6700"))

CALENDARS: Mapping[str, Calendar] = {"19853": DEPARTMENT, "6700": STATUTORY, "both": CAUTIOUS}


@dataclass(frozen=True, slots=True)
class Counting:
    """Which calendar counts what, and by which text: the chapter does not define "business day", so it is a setting.

    Args:
        department: the Department's own duties.
        waiting: the wait before a publication (§ 964(g)).
        text: of the regulation whose clocks run.
    """

    department: Calendar = DEPARTMENT
    waiting: Calendar = CAUTIOUS
    text: Text = "adopted"


@cache
def holidays(law: Law, year: int) -> Mapping[date, str]:
    """The holidays of a law that are kept in a year, moved where the law moves them.

    A holiday on a Saturday is not moved (save 11 November): it then falls on no business day anyway.

    Raises:
        CalendarEnds: a table of the law does not reach the year.
    """
    table = _table()
    if year < _FIRST_YEAR:
        raise CalendarEnds(year=year, first=_FIRST_YEAR)
    found: dict[date, str] = {}
    for rule in cast("list[dict[str, Any]]", table["holiday"]):
        in_force = rule.get("since", year) <= year <= rule.get("until", year)
        if law in rule["law"] and in_force:
            found[_observed(rule, year)] = rule["name"]
    return found


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files("approvals") / "holidays.toml").read_text("utf-8"))


def _observed(rule: Mapping[str, Any], year: int) -> date:
    if "date" in rule:
        return _moved(date.fromisoformat(f"{year}-{rule['date']}"), rule["moves"])
    if "nth" in rule:
        return _nth(year, *rule["nth"])
    if "after" in rule:
        return _nth(year, *rule["after"][:3]) + timedelta(days=rule["after"][3])
    if "easter" in rule:
        return _easter(year) + timedelta(days=rule["easter"])
    for text in rule["dates"]:
        if text.startswith(str(year)):
            return date.fromisoformat(text)
    raise CalendarEnds(year=year)


def _moved(day: date, moves: str) -> date:
    if day.weekday() == _SUNDAY:
        return day + _DAY
    if day.weekday() == _SATURDAY and moves == "veterans":
        return day - _DAY
    return day


def _nth(year: int, n: int, weekday: int, month: int) -> date:
    """The n-th ``weekday`` (1 = Monday) of a month; n = -1 is the last."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - 1 - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - _DAY
    return last - timedelta(days=(last.weekday() - weekday + 1) % 7)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
