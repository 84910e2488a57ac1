"""What can be wrong with a backup of a home."""

from errors import CodedError, Exit


class BackupDoesNotHold(CodedError, code="HOME-20", exit=Exit.INTEGRITY):
    cause = "this is no backup of a home, or it was changed or cut"
    cure = "Use another backup: nothing was restored"


class BackupIncomplete(CodedError, code="HOME-22", exit=Exit.INPUT):
    cause = "files are missing without which there is no home"
    cure = (
        "Put them back into the home and back it up again (signing.pem is keys/signing.pem), or use"
        " an earlier backup: nothing was written"
    )
