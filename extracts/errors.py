"""What can go wrong while an extract or its package is made: one class per cause, never a value."""

from errors import CodedError, Exit


class ColumnNotAllowed(CodedError, code="EXTRACT-01", exit=Exit.FAILED):
    cause = "the extract has columns that this kind of release does not allow"
    cure = "Nothing was written; describe the columns in the system's file or take them out"


class ColumnMissing(CodedError, code="EXTRACT-02", exit=Exit.FAILED):
    cause = "the extract lacks columns that this kind of release promises"
    cure = "Make the extract again; if it stays so, report it"


class ColumnPlanRefused(CodedError, code="EXTRACT-03", exit=Exit.FAILED):
    cause = "the system's release section asks for a column that can't leave or can't be made"
    cure = "Correct the release section of the system's file"


class ExtractFailed(CodedError, code="EXTRACT-04", exit=Exit.INTERNAL):
    cause = "the extract could not be made from the snapshot"
    cure = "Run `doj-release doctor`, then the release again; nothing has left"


class SuppliedRowsUnsound(CodedError, code="EXTRACT-05", exit=Exit.INTEGRITY):
    cause = "the staged cohort has rows without a number or an id of their own"
    cure = "Run the release again from the intake"


class LinkOutsideRegister(CodedError, code="EXTRACT-06", exit=Exit.INTEGRITY):
    cause = "links name cohort rows or register entries that this run does not have"
    cure = "Run the match again with this cohort and this snapshot"


class IdsCollide(CodedError, code="EXTRACT-07", exit=Exit.INTERNAL):
    cause = "two different records got the same research id"
    cure = "Report it: research ids are too short for this register"


class RiskAboveLimit(CodedError, code="EXTRACT-08", exit=Exit.FAILED):
    cause = "the re-identification risk is above the limit of this project"
    cure = (
        "Nothing has left. Order the release again with one of the proposals that pass "
        "(--coarser, --suppress-locally), or have another limit approved with its reason"
    )


class PersonalContent(CodedError, code="EXTRACT-09", exit=Exit.FAILED):
    cause = "values in the extract look like identifiers (licence, telephone, e-mail, birth date)"
    cure = "Look at these columns in the register; nothing has left"


class ScopeEmpty(CodedError, code="EXTRACT-10", exit=Exit.REFUSED):
    cause = "the order scope of this release is empty or names unknown families"
    cure = "Name families that the system's code list has"


class PartTooSmall(CodedError, code="PACKAGE-01", exit=Exit.USAGE):
    cause = "one row or document is larger than a part of the package may be"
    cure = "Allow larger parts (at most 256 MiB) or drop the column"


class FormatUnknown(CodedError, code="PACKAGE-04", exit=Exit.USAGE):
    cause = "there is no such file format"
    cure = "Use stata, spss or sas; Parquet and CSV are always there"


class FormatCannotHold(CodedError, code="PACKAGE-05", exit=Exit.USAGE):
    cause = "the file format that was asked for can't hold a column's values unchanged"
    cure = "Order the release without that format: Parquet and CSV hold every value"


class ReleaseFactsRefused(CodedError, code="PACKAGE-02", exit=Exit.INTERNAL):
    cause = "a fact of the release is missing or has a form that can't stand in the package"
    cure = "Report it with the release number"


class DataChanged(CodedError, code="PACKAGE-03", exit=Exit.INTEGRITY):
    cause = "the staged rows and the data dictionary do not describe the same columns"
    cure = "Run the release again from the extract"


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
