"""What can go wrong with mail and logs, and what stops a run from outside."""

from errors import CodedError, Exit


class MailUnavailable(CodedError, code="MAIL-01", exit=Exit.INTERNAL):
    cause = "the mail server can't be used"
    cure = (
        "The letters are written and wait; see [mail] in settings.toml, then `doj-release remind`"
    )


class MailRefused(CodedError, code="MAIL-02", exit=Exit.INTERNAL):
    cause = "the mail server refused letters"
    cure = (
        "The letters are written and wait; look at the address in the application, then try again"
    )


class MailUnsafe(CodedError, code="MAIL-03", exit=Exit.USAGE):
    cause = "these settings would send letters or a password in the clear"
    cure = "Set security to starttls or tls, and close password_file to others (chmod 600)"


class RunInterrupted(CodedError, code="RUN-30", exit=Exit.INTERNAL):
    cause = "the machine could not go on"
    cure = "Make room (disk, memory) or bring the database back, then run the command or --resume again: finished stages stay finished"


class LogFormUnknown(CodedError, code="RUN-31", exit=Exit.USAGE):
    cause = "DOJ_RELEASE_LOG is none of off, text, json"
    cure = "Set it to one of them, or leave it out: settings.toml says it then (operations.log)"
