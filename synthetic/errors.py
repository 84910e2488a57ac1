"""What can't be made up."""

from errors.coded import CodedError, Exit


class SizeImpossible(CodedError):
    """A size that no register or cohort can have."""

    code = "SYNTH-01"
    exit = Exit.USAGE
    cause = "Made-up data of this size can't be made"
    cure = "Ask for at least one row, a share from 0 to 1, and years in order."


class TooFewPeople(CodedError):
    """A cohort that needs more people than the register's world has."""

    code = "SYNTH-02"
    exit = Exit.USAGE
    cause = "The made-up register does not have enough such people for this cohort"
    cure = "Ask for a smaller cohort, a smaller share, or a larger register."


class SystemNotMade(CodedError):
    """A made-up register of a system that there is no maker for."""

    code = "SYNTH-03"
    exit = Exit.USAGE
    cause = "There is no made-up register of this data system"
    cure = "Use one of the systems listed."
