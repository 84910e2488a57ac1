"""What can go wrong while an extract or its package is made: one class per cause, never a value."""

from errors import CodedError, Exit


class ColumnNotAllowed(CodedError, code="EXTRACT-01", exit=Exit.FAILED): ...


class ColumnMissing(CodedError, code="EXTRACT-02", exit=Exit.FAILED): ...


class ColumnPlanRefused(CodedError, code="EXTRACT-03", exit=Exit.FAILED): ...


class ExtractFailed(CodedError, code="EXTRACT-04", exit=Exit.INTERNAL): ...


class SuppliedRowsUnsound(CodedError, code="EXTRACT-05", exit=Exit.INTEGRITY): ...


class LinkOutsideRegister(CodedError, code="EXTRACT-06", exit=Exit.INTEGRITY): ...


class IdsCollide(CodedError, code="EXTRACT-07", exit=Exit.INTERNAL): ...


class RiskAboveLimit(CodedError, code="EXTRACT-08", exit=Exit.FAILED): ...


class PersonalContent(CodedError, code="EXTRACT-09", exit=Exit.FAILED): ...


class ScopeEmpty(CodedError, code="EXTRACT-10", exit=Exit.REFUSED): ...


class PartTooSmall(CodedError, code="PACKAGE-01", exit=Exit.USAGE): ...


class FormatUnknown(CodedError, code="PACKAGE-04", exit=Exit.USAGE): ...


class FormatCannotHold(CodedError, code="PACKAGE-05", exit=Exit.USAGE): ...


class ReleaseFactsRefused(CodedError, code="PACKAGE-02", exit=Exit.INTERNAL): ...


class DataChanged(CodedError, code="PACKAGE-03", exit=Exit.INTEGRITY): ...


class CountyExemptRefused(CodedError, code="AGGREGATE-01", exit=Exit.REFUSED): ...


class RolesMixed(CodedError, code="AGGREGATE-02", exit=Exit.REFUSED):
    """Tables that count respondents and tables that count protected persons would stand side by side."""


class YearNotFullError(CodedError, code="SUPPRESS-13", exit=Exit.REFUSED): ...


class UnknownDimensionError(CodedError, code="SUPPRESS-14", exit=Exit.USAGE): ...


class TabulationError(CodedError, code="SUPPRESS-15", exit=Exit.INTERNAL): ...


class HistoryUnreadableError(CodedError, code="SUPPRESS-16", exit=Exit.INTEGRITY): ...
