"""What is due, for whom, by which section, as a list, as letters and as a calendar file.

It reads the projects' events and records the letters that it wrote. It never sends one.
"""

from approvals.deadlines.deadlines import Deadline, drafts_of, of_project, open_deadlines
from approvals.deadlines.ical import as_ics
from approvals.deadlines.month import CalendarDay, month_of
from approvals.deadlines.notices import (
    OwedNotice,
    Timing,
    UnsentNotice,
    owed_notices,
    owed_refresh_notices,
    unsent_notices,
    write_letter,
    write_notices,
    write_refresh_notices,
)
