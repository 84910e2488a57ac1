"""What can be wrong with a home: its folder, its settings, its locks."""

from errors import CodedError, Exit


class HomeMissing(CodedError, code="HOME-01", exit=Exit.USAGE): ...


class HomeExists(CodedError, code="HOME-02", exit=Exit.USAGE): ...


class SettingsUnusable(CodedError, code="HOME-03", exit=Exit.INPUT): ...


class HomeTooOpen(CodedError, code="HOME-04", exit=Exit.INTEGRITY): ...


class ReleaseHeld(CodedError, code="RUN-02", exit=Exit.HELD): ...


class HomeNewer(CodedError, code="HOME-21", exit=Exit.USAGE): ...
