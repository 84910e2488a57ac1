"""What can go wrong in a home, a run or a command."""

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
