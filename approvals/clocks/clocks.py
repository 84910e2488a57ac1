"""Every clock that an event starts, read from ``approvals/clocks.toml``: §§ 964, 966, 967 and 968 in rows.

A clock starts with an event, runs so many business or calendar days, and stops with one of the
events that answer it. What hangs on a date instead (expirations) is worded
there, too (``DATED``); ``deadlines`` says when it is due.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from typing import Any, Literal

from approvals.clocks.calendars import Calendar, Counting
from approvals.ledger import Entry

Party = Literal["Department", "researcher", "institution", "appeal officer's addressee"]
Days = Literal["department", "waiting"]  # business days, on the calendar of ``Counting``


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock.

    Args:
        name: short id, also of the notices.
        rule: C-number.
        section: of the regulation.
        what: what must be done, in words.
        for_whom: whose duty or right it is.
        starts: kind of the event that starts it.
        days: how many.
        business: business days on this calendar; None means calendar days.
        stops: kinds of events that answer it.
        same: facts by which start and stop belong together, as far as the stop has them.
        when: fact → values that the start must have.
        at_least: fact → smallest number that the start must have.
        stop_when: fact → values that the answer must have.
        struck: struck out by the third modifications.
        right: a right or a wait that ends, no duty that can be overdue.
        rows: not of a project that has aggregated data alone.
    """

    name: str
    rule: str
    section: str
    what: str
    for_whom: Party
    starts: str
    days: int
    business: Days | None = None
    stops: Sequence[str] = ()
    same: Sequence[str] = ()
    when: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    at_least: Mapping[str, int] = field(default_factory=dict[str, int])
    stop_when: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    right: bool = False
    struck: bool = False
    rows: bool = False

    def started_by(self, entry: Entry) -> bool:
        """Whether this event starts the clock."""
        facts: Mapping[str, Any] = entry.facts
        return (
            entry.kind == self.starts
            and all(facts.get(name) in values for name, values in self.when.items())
            and all(facts.get(name, 0) >= least for name, least in self.at_least.items())
        )

    def stopped_by(self, start: Entry, entry: Entry) -> bool:
        """Whether a later event answers the one that started it."""
        facts = entry.facts
        return (
            entry.kind in self.stops
            and all(facts.get(name) in values for name, values in self.stop_when.items())
            and all(start.facts.get(n) == facts[n] for n in self.same if n in facts)
        )

    def runs(self, counting: Counting) -> bool:
        """Whether the text of the regulation that is followed has it."""
        return not (self.struck and counting.text == "third_modifications")

    @property
    def moves(self) -> bool:
        """Whether a last day that is closed moves to the next open one: calendar days counted for a party (Gov. Code § 6800)."""
        return self.for_whom != "Department" and self.days > 0 and self.business is None

    def calendar(self, counting: Counting) -> Calendar | None:
        """The calendar of its business days; None for calendar days."""
        if self.business is None:
            return None
        return counting.department if self.business == "department" else counting.waiting

    def due(self, start: date, counting: Counting) -> tuple[date, tuple[date, ...]]:
        """The last day, and the business days counted (none for calendar days)."""
        calendar = self.calendar(counting)
        if calendar is not None:
            return calendar.after(start, self.days)
        day = start + timedelta(days=self.days)
        return (counting.department.on_or_after(day) if self.moves else day), ()


_TABLE = tomllib.loads((resources.files("approvals") / "clocks.toml").read_text("utf-8"))
CLOCKS: tuple[Clock, ...] = tuple(Clock(**row) for row in _TABLE["clock"])
DATED: Mapping[str, dict[str, Any]] = {row["name"]: row for row in _TABLE["dated"]}
