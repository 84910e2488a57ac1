"""What the calendars refuse."""

from errors.coded import CodedError, Exit


class CalendarEnds(CodedError):
    """The holiday table does not reach this year."""

    code = "APPROVAL-12"
    exit = Exit.FAILED
    cause = "the holiday table does not cover this year, so no deadline can be counted"
    cure = "Add the year's movable holidays to approvals/holidays.toml with their source"
