"""Business and calendar days, and every clock that an event starts."""

from approvals.clocks.calendars import CALENDARS, DEPARTMENT, Counting
from approvals.clocks.clocks import BREACH_LETTER_FROM, CLOCKS, Clock, Party

__all__ = ["BREACH_LETTER_FROM", "CALENDARS", "CLOCKS", "DEPARTMENT", "Clock", "Counting", "Party"]
