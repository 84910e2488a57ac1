"""What is due, for whom, by which section, as a list, as letters and as a calendar file.

It reads the projects' events and records the letters that it wrote. It never sends one.
"""

from approvals.deadlines.deadlines import as_ics, drafts_of, due
from approvals.deadlines.notices import Timing, Unsent, unsent, write_notices

__all__ = ["Timing", "Unsent", "as_ics", "drafts_of", "due", "unsent", "write_notices"]
