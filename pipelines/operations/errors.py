"""What can go wrong with mail."""

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
