"""Business and calendar days, and the table of every clock that an event starts.

It knows holidays and sections. It never knows a project: which clocks run is found by ``deadlines``.
"""

from approvals.clocks.calendars import CALENDARS, DEPARTMENT, Counting
from approvals.clocks.clocks import CLOCKS, DATED, Clock, Party
