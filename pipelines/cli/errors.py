"""What can be wrong with a command, whatever it does."""

from errors import CodedError, Exit


class Unexpected(CodedError, code="CLI-01"):
    cause = "something unexpected happened"
    cure = "Nothing was released; report this line"


class CommandUnusable(CodedError, code="CLI-02", exit=Exit.USAGE):
    cause = "the command can't be used like this"
    cure = "The text on stderr says what is wrong; see the command's --help"
