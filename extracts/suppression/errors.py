"""Errors of disclosure control: SUPPRESS-NN for making a pattern, AUDIT-NN for attacking one.

A row number is the 1-based data row of the file that was read; labels of cells never stand in a
text, since a level of somebody's table may be anything.
"""

from errors import CodedError, Exit


class TableUnreadableError(CodedError, code="SUPPRESS-01", exit=Exit.INPUT):
    cause = "The table can't be read"
    cure = "Give a UTF-8 CSV file with a header that has every named dimension and count column"


class BadNumberError(CodedError, code="SUPPRESS-02", exit=Exit.INPUT):
    cause = "A count is not a whole number from 0 to 999,999,999"
    cure = "Correct the rows; a missing inner cell is left out or given as 0"


class DuplicateCellError(CodedError, code="SUPPRESS-03", exit=Exit.INPUT):
    cause = "Several rows describe the same cell"
    cure = "Give each combination of dimensions once; name every column that sets rows apart"


class MarginMismatchError(CodedError, code="SUPPRESS-04", exit=Exit.INPUT):
    cause = "A margin is not the sum of its cells"
    cure = "Correct the rows, or rename a level that is called TOTAL (or like a parent) by accident"


class PersonsMismatchError(CodedError, code="SUPPRESS-05", exit=Exit.INPUT):
    cause = "A count of persons can't be true"
    cure = (
        "Persons are at least 1 and at most the count of their cell; a margin has at least as many "
        "as its largest cell and at most as many as all its cells together"
    )


class BadLevelError(CodedError, code="SUPPRESS-06", exit=Exit.INPUT):
    cause = "A level of a dimension is empty or can be mistaken for TOTAL"
    cure = "Name every level; margins are written exactly TOTAL"


class BadHierarchyError(CodedError, code="SUPPRESS-07", exit=Exit.INPUT):
    cause = "The hierarchy of a dimension can't be used"
    cure = "Give a CSV with the columns child and parent, one parent for each child, without loops"


class BadRequestError(CodedError, code="SUPPRESS-08", exit=Exit.USAGE):
    cause = "The request for disclosure control can't be used"
    cure = (
        "Name dimensions and columns once each, a threshold of 2 or more, zeros published or hidden"
    )


class CannotProtectError(CodedError, code="SUPPRESS-09", exit=Exit.FAILED):
    """What is already published determines a small cell, so that no pattern can hide it."""

    cause = "Small cells can't be protected beside what is already known"
    cure = "Publish fewer dimensions or coarser levels"


class RevisedError(CodedError, code="SUPPRESS-10", exit=Exit.FAILED):
    cause = "Cells that were published earlier have other values now"
    cure = "Closed years are frozen: leave them out, or publish them as they were"


class TablesDisagreeError(CodedError, code="SUPPRESS-11", exit=Exit.INPUT):
    cause = "The tables contradict each other"
    cure = "Linked tables count the same population; levels of one dimension mean the same in each"


class SolverStoppedError(CodedError, code="SUPPRESS-12", exit=Exit.FAILED):
    cause = "The solver stopped without a proven answer"
    cure = "Nothing was published; try a smaller table and report this"


class TableUnwritableError(CodedError, code="SUPPRESS-17", exit=Exit.USAGE):
    cause = "The table can't be written where it was asked for"
    cure = "Name a file in a folder that exists and that you may write to; nothing is left there"


class AuditFellError(CodedError, code="AUDIT-01", exit=Exit.FAILED):
    cause = "The audit got hidden cells back, or found small cells published"
    cure = "Do not publish the table; run suppress on it"


class AuditUnsolvedError(CodedError, code="AUDIT-02", exit=Exit.FAILED):
    cause = "The audit could not prove a bound"
    cure = "Do not publish the table; try a smaller one and report this"


class AuditInfeasibleError(CodedError, code="AUDIT-03", exit=Exit.INPUT):
    cause = "No table fits the published values"
    cure = "Check margins, levels called TOTAL, missing rows, and zeros published or hidden"
