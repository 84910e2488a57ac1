"""What is due, for whom, by which section; the letters and the calendar file of it."""

from approvals.deadlines.calendar_file import as_ics
from approvals.deadlines.deadlines import due
from approvals.deadlines.notices import Timing, Unsent, unsent, write_notices

__all__ = ["Timing", "Unsent", "as_ics", "due", "unsent", "write_notices"]
