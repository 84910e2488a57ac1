"""What can be wrong with a system's description, an outside table, or a register."""

from typing import Any

from errors import CodedError, Exit


class UnknownSystem(CodedError, code="SYSTEM-01", exit=Exit.USAGE): ...


class DescriptionBroken(CodedError, code="SYSTEM-02", exit=Exit.INTERNAL): ...


class NotDescribed(CodedError, code="SYSTEM-03", exit=Exit.INTERNAL): ...


class KindNotGiven(CodedError, code="SYSTEM-05", exit=Exit.REFUSED): ...


class TableMissing(CodedError, code="TABLE-01", exit=Exit.INPUT): ...


class TableIsDirectory(CodedError, code="TABLE-02", exit=Exit.INPUT): ...


class TableEmpty(CodedError, code="TABLE-03", exit=Exit.INPUT): ...


class TableWithoutRows(CodedError, code="TABLE-04", exit=Exit.INPUT): ...


class EncodingUnknown(CodedError, code="TABLE-05", exit=Exit.INPUT): ...


class RowsRagged(CodedError, code="TABLE-06", exit=Exit.INPUT): ...


class HeaderWrong(CodedError, code="TABLE-07", exit=Exit.INPUT): ...


class TableTooLarge(CodedError, code="TABLE-08", exit=Exit.INPUT): ...


class FormatUnknown(CodedError, code="TABLE-09", exit=Exit.INPUT): ...


class NulBytes(CodedError, code="TABLE-10", exit=Exit.INPUT): ...


class QuoteOpen(CodedError, code="TABLE-11", exit=Exit.INPUT): ...


class SheetUnknown(CodedError, code="TABLE-12", exit=Exit.INPUT): ...


class ColumnUnreadable(CodedError, code="TABLE-13", exit=Exit.INPUT): ...


class RegisterRefused(CodedError, code="REGISTER-01", exit=Exit.INPUT):
    problems: tuple[Any, ...] = ()  # of `systems.register.Problem`


class ForbiddenInRegister(RegisterRefused, code="REGISTER-07"): ...


class TableUnknown(CodedError, code="REGISTER-02", exit=Exit.INPUT): ...


class SnapshotUnknown(CodedError, code="REGISTER-03", exit=Exit.INPUT): ...


class SnapshotDamaged(CodedError, code="REGISTER-04", exit=Exit.INTEGRITY): ...


class RegisterUnreadable(CodedError, code="REGISTER-05", exit=Exit.INTERNAL):
    """A query on the register failed; its text is kept back because it quotes values."""


class IndexIncomplete(CodedError, code="REGISTER-06", exit=Exit.INTERNAL): ...
