"""What the calendars refuse."""

from errors import CodedError, Exit


class CalendarEnds(CodedError, code="APPROVAL-12", exit=Exit.FAILED):
    cause = "the holiday table does not cover this year, so no deadline can be counted"
    cure = "Add the year's movable holidays to approvals/holidays.toml with their source"
