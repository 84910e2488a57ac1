"""Letters by mail: through one SMTP server that the settings name, or not at all.

A letter names its researcher, so it travels under TLS: a server that offers none is refused, save one
on this very machine. The server's certificate is checked against its name; the password stands in a
file that nobody else can read, and never in the settings.
"""

import functools
import smtplib
import ssl
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

from pipelines.errors import MailRefused, MailUnavailable, MailUnsafe
from pipelines.home import Mail
from systems.texts import in_lines

_CLOSED = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Letter:
    """One letter: ``mark`` makes its Message-ID, so that a letter sent twice is seen to be one."""

    to: str
    subject: str
    text: str
    mark: str


@contextmanager
def post_office(settings: Mail) -> Generator[Callable[[Letter], None], None, None]:
    """Connect, encrypt, log in; yields what hands one letter to the server.

    Raises:
        MailUnsafe: no TLS to another machine, or a password file that others can read.
        MailUnavailable: no connection, no valid certificate, no login.
        MailRefused: by what is yielded; the server does not take this letter, others may go.
    """
    _check_safe(settings)
    password = _password(settings)
    try:
        with _connect(settings) as server:
            if settings.user:
                server.login(settings.user, password)
            yield functools.partial(_send, server, settings.sender)
    except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
        raise MailUnavailable(kind=type(error).__name__) from None


def _send(server: smtplib.SMTP, sender: str, letter: Letter) -> None:
    try:
        server.send_message(as_message(letter, sender))
    except (
        smtplib.SMTPRecipientsRefused,
        smtplib.SMTPSenderRefused,
        smtplib.SMTPDataError,
    ) as error:
        raise MailRefused(kind=type(error).__name__) from None


def as_message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as a message of plain text in UTF-8.

    Raises:
        ValueError: what is no single address, or a subject with a line break (no header can be slipped in).
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _address(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{letter.mark}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    message.set_content(in_lines(letter.text))
    return message


def _address(text: str) -> Address:
    """One address, whatever is written."""
    try:
        return Address(addr_spec=text)
    except MessageError:  # which is no ValueError
        raise ValueError("no address") from None


def _connect(settings: Mail) -> smtplib.SMTP:
    wait = settings.timeout_seconds
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=wait, context=_tls(settings))
    server = smtplib.SMTP(settings.host, settings.port, timeout=wait)
    if settings.security == "starttls":
        try:
            server.starttls(context=_tls(settings))  # raises where the server offers none
        except BaseException:
            server.close()
            raise
    return server


def _tls(settings: Mail) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _check_safe(settings: Mail) -> None:
    if settings.security == "none" and (settings.user or not is_here(settings.host)):
        raise MailUnsafe(what="a login or another machine needs TLS", security="none")


def is_here(host: str) -> bool:
    """Whether a host is this very machine, by its name or number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _password(settings: Mail) -> str:
    if not settings.user:
        return ""
    if (found := read_secret(Path(settings.password_file))) is None:
        raise MailUnsafe(what="password_file can be read by others, or not at all")
    return found


def read_secret(path: Path) -> str | None:
    """A secret of one line; None where others can read its file, or nobody."""
    try:
        if path.stat().st_mode & _CLOSED:
            return None
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None
