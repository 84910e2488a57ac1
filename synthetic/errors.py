"""What can't be made up."""

from errors import CodedError, Exit


class SizeImpossible(CodedError, code="SYNTH-01", exit=Exit.USAGE):
    cause = "Made-up data of this size can't be made"
    cure = "Ask for at least one row, a share from 0 to 1, and years in order."


class TooFewPeople(CodedError, code="SYNTH-02", exit=Exit.USAGE):
    cause = "The made-up register does not have enough such people for this cohort"
    cure = "Ask for a smaller cohort, a smaller share, or a larger register."


class SystemNotMade(CodedError, code="SYNTH-03", exit=Exit.USAGE):
    cause = "There is no made-up register of this data system"
    cure = "Use one of the systems listed."
