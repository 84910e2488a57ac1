"""What can go wrong with mail and logs, and what stops a run from outside."""

from errors import CodedError, Exit


class MailUnavailable(CodedError, code="MAIL-01", exit=Exit.INTERNAL): ...


class MailRefused(CodedError, code="MAIL-02", exit=Exit.INTERNAL): ...


class MailUnsafe(CodedError, code="MAIL-03", exit=Exit.USAGE): ...


class RunInterrupted(CodedError, code="RUN-30", exit=Exit.INTERNAL): ...


class LogFormUnknown(CodedError, code="RUN-31", exit=Exit.USAGE): ...
