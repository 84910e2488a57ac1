"""What can go wrong where a release is ordered, run, reviewed or handed over."""

from errors import CodedError, Exit


class ReleaseUnknown(CodedError, code="RUN-01", exit=Exit.USAGE):
    cause = "this home has no such release"
    cure = "See `doj-release release list`"


class WaitsForReview(CodedError, code="RUN-03", exit=Exit.WAITING):
    cause = "doubtful matches wait for a reviewer"
    cure = (
        "Export the sheet with `doj-release review RELEASE --export F.xlsx`, import the decisions,"
        " then resume; or leave the doubtful out with --doubtful exclude"
    )


class WaitsForApproval(CodedError, code="RUN-04", exit=Exit.WAITING):
    cause = "the release is validated and waits for a second person's approval"
    cure = "Read the report, `doj-release release approve RELEASE`, then resume the run"


class StageChanged(CodedError, code="RUN-06", exit=Exit.INTEGRITY):
    cause = "the files of a finished stage are not the ones that it recorded"
    cure = "Withdraw the release and order a new one: somebody changed the run's folder"


class ReleaseOver(CodedError, code="RUN-07", exit=Exit.REFUSED):
    cause = "this release has ended"
    cure = "Order a new release with `doj-release run`"


class KindMissing(CodedError, code="RUN-08", exit=Exit.USAGE):
    cause = "the kind of release is not said"
    cure = "Add --kind identified, deidentified or aggregated, or --resume RELEASE"


class YearsUnreadable(CodedError, code="RUN-09", exit=Exit.USAGE):
    cause = "the years can't be read"
    cure = "Write one year (2024) or a span of full calendar years (2016-2024)"


class ApplicationMissing(CodedError, code="RUN-14", exit=Exit.REFUSED):
    cause = "the project has no approved application at hand"
    cure = "Have an application approved first"


class HistoryMoved(CodedError, code="RUN-15", exit=Exit.FAILED):
    cause = "another table of this system was published since this one was made, so its audit no longer covers what is known"
    cure = "Withdraw this release and order it again: it is then protected together with the other"


class RecipientGone(CodedError, code="RUN-16", exit=Exit.REFUSED):
    cause = "a key that the package was sealed to has expired or was revoked meanwhile (§ 964(c))"
    cure = (
        "Resume the release: the gate is asked anew, and the packages are sealed to the keys in force."
        " Where none is left, `recipient add` and `recipient confirm` one first"
    )


class NothingToReview(CodedError, code="RUN-17", exit=Exit.USAGE):
    cause = "this release has no doubtful pairs to review"
    cure = "See where it stands with `doj-release release show RELEASE`"
