"""What stops an order, an approval or a hand-over before any rule is asked."""

from errors import CodedError, Exit


# fmt: off
class PinsBroken(CodedError, code="RUN-18", exit=Exit.INTEGRITY): ...
class SettingsChanged(CodedError, code="RUN-19", exit=Exit.INTEGRITY): ...
class SettingsNotConfirmed(CodedError, code="HOME-24", exit=Exit.REFUSED): ...
# fmt: on
