"""Errors of disclosure control: SUPPRESS-NN for making a pattern, AUDIT-NN for attacking one.

A row number is the 1-based data row of the file that was read; labels of cells never stand in a
text, since a level of somebody's table may be anything.
"""

from errors import CodedError, Exit


class TableUnreadableError(CodedError, code="SUPPRESS-01", exit=Exit.INPUT): ...


class BadNumberError(CodedError, code="SUPPRESS-02", exit=Exit.INPUT): ...


class DuplicateCellError(CodedError, code="SUPPRESS-03", exit=Exit.INPUT): ...


class MarginMismatchError(CodedError, code="SUPPRESS-04", exit=Exit.INPUT): ...


class PersonsMismatchError(CodedError, code="SUPPRESS-05", exit=Exit.INPUT): ...


class BadLevelError(CodedError, code="SUPPRESS-06", exit=Exit.INPUT): ...


class BadHierarchyError(CodedError, code="SUPPRESS-07", exit=Exit.INPUT): ...


class BadRequestError(CodedError, code="SUPPRESS-08", exit=Exit.USAGE): ...


class CannotProtectError(CodedError, code="SUPPRESS-09", exit=Exit.FAILED):
    """What is already published determines a small cell, so that no pattern can hide it."""


class RevisedError(CodedError, code="SUPPRESS-10", exit=Exit.FAILED): ...


class TablesDisagreeError(CodedError, code="SUPPRESS-11", exit=Exit.INPUT): ...


class SolverStoppedError(CodedError, code="SUPPRESS-12", exit=Exit.FAILED): ...


class TableUnwritableError(CodedError, code="SUPPRESS-17", exit=Exit.USAGE): ...


class AuditFellError(CodedError, code="AUDIT-01", exit=Exit.FAILED): ...


class AuditUnsolvedError(CodedError, code="AUDIT-02", exit=Exit.FAILED): ...


class AuditInfeasibleError(CodedError, code="AUDIT-03", exit=Exit.INPUT): ...
