"""What can be wrong with a command, whatever it does."""

from errors.coded import CodedError, Exit


class Unexpected(CodedError):
    """An exception that no command expects; its own text may quote a value and is dropped."""

    code = "CLI-01"
    cause = "something unexpected happened"
    cure = "Nothing was released; report this line"


class CommandUnusable(CodedError):
    """Options or arguments are missing, unknown or out of range."""

    code = "CLI-02"
    exit = Exit.USAGE
    cause = "the command can't be used like this"
    cure = "The text on stderr says what is wrong; see the command's --help"
