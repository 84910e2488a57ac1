"""What can't be made up."""

from errors import CodedError, Exit


class SizeImpossible(CodedError, code="SYNTH-01", exit=Exit.USAGE): ...


class TooFewPeople(CodedError, code="SYNTH-02", exit=Exit.USAGE): ...


class SystemNotMade(CodedError, code="SYNTH-03", exit=Exit.USAGE): ...
