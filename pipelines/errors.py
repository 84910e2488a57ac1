"""What can go wrong in a home, a run or a command, a backup of a home or its demonstration."""

from errors import CodedError, Exit


class DemoRefusesRealData(CodedError, code="HOME-05", exit=Exit.REFUSED):
    cause = (
        "a demo home takes synthetic registers only, since one person may confirm everything in it"
    )
    cure = "Load real records into a home made by `doj-release init`"


class StageBroken(CodedError, code="RUN-05", exit=Exit.INTERNAL):
    cause = "a stage broke; nothing was released"
    cure = "The local log of the home has the details; resume the release when the cause is gone"


class OptionsDisagree(CodedError, code="RUN-11", exit=Exit.USAGE):
    cause = "the options don't fit together"
    cure = "See the command's --help"


class FileMissing(CodedError, code="RUN-12", exit=Exit.INPUT):
    cause = "a file that the command names can't be read"
    cure = "Check the name and the permissions; a folder is not taken for a file"


class FileExists(CodedError, code="RUN-13", exit=Exit.USAGE):
    cause = "the file to write is there already"
    cure = "Name a new file: nothing was overwritten"


class BackupDoesNotHold(CodedError, code="HOME-20", exit=Exit.INTEGRITY):
    cause = "this is no backup of a home, or it was changed or cut"
    cure = "Use another backup: nothing was restored"


class BackupIncomplete(CodedError, code="HOME-22", exit=Exit.INPUT):
    cause = "files are missing without which there is no home"
    cure = (
        "Put them back into the home and back it up again (signing.pem is keys/signing.pem), or use"
        " an earlier backup: nothing was written"
    )


class BackupDisturbed(CodedError, code="HOME-23", exit=Exit.HELD):
    cause = "files of the home went away or were cut while it was backed up"
    cure = "Back it up again: nothing was written. `remind`, `withdraw` and `destroy` remove files, so not at their time"


class Unexpected(CodedError, code="CLI-01"):
    cause = "something unexpected happened"
    cure = "Nothing was released; report this line"


class CommandUnusable(CodedError, code="CLI-02", exit=Exit.USAGE):
    cause = "the command can't be used like this"
    cure = "The text on stderr says what is wrong; see the command's --help"


class OpensslMissing(CodedError, code="DEMO-01", exit=Exit.INTERNAL):
    cause = "the openssl program is missing, or refused to open the package"
    cure = "Install OpenSSL 3.0 or newer; recipients need it too"


class DemoStopped(CodedError, code="DEMO-02", exit=Exit.INTERNAL):
    cause = "a release of the demonstration stopped early"
    cure = "See `doj-release release list` on the demo home, and its logs"
