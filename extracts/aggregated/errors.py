"""Errors of aggregated releases that policy causes: AGGREGATE-NN."""

from errors import CodedError, Exit


class CountyExemptRefused(CodedError, code="AGGREGATE-01", exit=Exit.REFUSED):
    cause = "county totals can't be exempt where another table of the same years has gone out"
    cure = (
        "A published county total of 3 proves that every cell beneath it is small; set county_exempt "
        "to none, or ask for years of which nothing else was published"
    )


class RolesMixed(CodedError, code="AGGREGATE-02", exit=Exit.REFUSED):
    """Tables that count respondents and tables that count protected persons would stand side by side."""

    cause = "tables of the same years that count other persons have gone out"
    cure = (
        "The audit attacks what is counted alike; keep the setting person_role as it was for "
        "these years"
    )


class YearNotFullError(CodedError, code="SUPPRESS-13", exit=Exit.REFUSED):
    cause = "Aggregated data comes in full calendar years only (11 CCR 962(b), 965(b))"
    cure = "Ask for years that have ended and that the snapshot covers"


class UnknownDimensionError(CodedError, code="SUPPRESS-14", exit=Exit.USAGE):
    cause = "The data system does not allow this dimension in aggregated data"
    cure = "Choose among the dimensions of its dictionary; 'year' is always one of them"


class TabulationError(CodedError, code="SUPPRESS-15", exit=Exit.INTERNAL):
    cause = "The snapshot could not be counted"
    cure = "Load the register again; report this if it stays"


class HistoryUnreadableError(CodedError, code="SUPPRESS-16", exit=Exit.INTEGRITY):
    cause = "A table of the publication history can't be read"
    cure = "Restore the history from a backup; nothing is published without it"
