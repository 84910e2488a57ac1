"""What the custody of releases and of the escrow key refuses."""

from errors import CodedError, Exit


class PackageDiffers(CodedError, code="APPROVAL-38", exit=Exit.INTEGRITY):
    cause = "the package is not the one that was sealed to this member, so it is not handed over"
    cure = "Withdraw the release, find out who changed the outbox, and release again"


class ReceiptCodeWrong(CodedError, code="APPROVAL-39", exit=Exit.REFUSED):
    cause = "this is not the receipt code inside the package that was sealed to this member"
    cure = "The member reads it from provenance.json after opening the package with their own key"


class EscrowRefused(CodedError, code="APPROVAL-40", exit=Exit.REFUSED):
    cause = "the escrow key can't be taken, confirmed or used like this"
    cure = "`doj-release escrow show` says what is recorded; each step takes two people"


class EscrowChanged(CodedError, code="APPROVAL-41", exit=Exit.INTEGRITY):
    cause = "the escrow certificate in the keyring is not the one that two people confirmed"
    cure = "Put the confirmed certificate back, or have the new one added and confirmed"


class UnknownRelease(CodedError, code="APPROVAL-09", exit=Exit.USAGE):
    cause = "there is no release with this id"
    cure = "`doj-release release list` shows all of them"


class ReleaseMoveNotAllowed(CodedError, code="APPROVAL-10", exit=Exit.REFUSED):
    cause = "the release is in a state that does not allow this step"
    cure = "`doj-release release show` says where it stands"


class ReportDiffers(CodedError, code="APPROVAL-11", exit=Exit.INTEGRITY):
    cause = "the validation report is not the one that the ledger names for this release"
    cure = "Read the report named by `doj-release release show` and approve that one"


class NotAutomatic(CodedError, code="APPROVAL-16", exit=Exit.REFUSED):
    cause = "only a scheduled aggregated release may be approved automatically"
    cure = "Let a second person approve it: `doj-release release approve`"
