"""The errors of this room. A check that fails is not an error: it is data in a ``Validation``."""

from errors import CodedError, Exit


class SuiteUnknown(CodedError, code="VALID-01", exit=Exit.USAGE):
    cause = "there is no such suite of checks"
    cure = "Use register, intake, links, identified, deidentified or aggregated"


class ContextWrong(CodedError, code="VALID-02", exit=Exit.INTERNAL):
    cause = "the suite was not told what it needs to know"
    cure = "Give exactly the facts that the suite's context lists; nothing was validated"


class SuiteFileBroken(CodedError, code="VALID-03", exit=Exit.INTERNAL):
    """A suite file does not read as a suite of Great Expectations with our meta fields."""

    cause = "a suite file can't be used"
    cure = "Restore the file from the release of this software; nothing was validated"


class CountingBroke(CodedError, code="VALID-04", exit=Exit.INTERNAL):
    """DuckDB could not count a check: the relation or the data has a shape nobody foresaw."""

    cause = "the violations of a check could not be counted"
    cure = "This is a fault of the software or of its input's shape, not a verdict on the data; report the check's name"


class ValidationBroke(CodedError, code="VALID-05", exit=Exit.INTERNAL):
    """Great Expectations raised, left a check out, or disagrees with the counts it was given."""

    cause = "the validation itself broke, so nothing is known about the data"
    cure = "Run `doj-release doctor`; report the check's name. A broken check is never a pass"


class ValidationFailed(CodedError, code="VALID-06", exit=Exit.FAILED):
    cause = "the data does not meet what must hold before it leaves"
    cure = "Read the report: it says for each check how many rows break it; nothing left"


class ReportBroken(CodedError, code="VALID-07", exit=Exit.INTERNAL):
    """A stored report model does not read against its schema."""

    cause = "the report could not be made from what was recorded"
    cure = "Run the validation stage again"
