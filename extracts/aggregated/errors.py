"""Errors of aggregated releases that policy causes: AGGREGATE-NN."""

from errors.coded import CodedError, Exit


class CountyExemptRefused(CodedError):
    """County totals were to be published whatever their size, beside another table of those years."""

    code = "AGGREGATE-01"
    exit = Exit.REFUSED
    cause = "county totals can't be exempt where another table of the same years has gone out"
    cure = (
        "A published county total of 3 proves that every cell beneath it is small; set county_exempt "
        "to none, or ask for years of which nothing else was published"
    )


class RolesMixed(CodedError):
    """Tables that count respondents and tables that count protected persons would stand side by side."""

    code = "AGGREGATE-02"
    exit = Exit.REFUSED
    cause = "tables of the same years that count other persons have gone out"
    cure = (
        "The audit attacks what is counted alike; keep the setting person_role as it was for "
        "these years"
    )
