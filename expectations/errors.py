"""The errors of this room. A check that fails is not an error: it is data in a ``Validation``."""

from errors import CodedError, Exit


class SuiteUnknown(CodedError, code="VALID-01", exit=Exit.USAGE): ...


class ContextWrong(CodedError, code="VALID-02", exit=Exit.INTERNAL): ...


class SuiteFileBroken(CodedError, code="VALID-03", exit=Exit.INTERNAL):
    """A suite file does not read as a suite of Great Expectations with our meta fields."""


class CountingBroke(CodedError, code="VALID-04", exit=Exit.INTERNAL):
    """DuckDB could not count a check: the relation or the data has a shape nobody foresaw."""


class ValidationBroke(CodedError, code="VALID-05", exit=Exit.INTERNAL):
    """Great Expectations raised, left a check out, or disagrees with the counts it was given."""


class ValidationFailed(CodedError, code="VALID-06", exit=Exit.FAILED): ...


class ReportBroken(CodedError, code="VALID-07", exit=Exit.INTERNAL):
    """A stored report model does not read against its schema."""
