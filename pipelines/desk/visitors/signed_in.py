"""Who is signed in: kept in this process alone, by digests of what their browsers hold."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from approvals.passkeys import Statement
from pipelines.desk.errors import ForeignRequest, NotSignedIn
from pipelines.desk.visitors.codes import digest_of

_UNSIGNED = 8  # steps of a visitor that wait for a signature at a time
_MOST = 1000  # visitors at a time; the one who was idle longest goes


@dataclass(frozen=True)
class Unsigned:
    """A step that waits for its signature: of which path, with which form, what is signed, and until when."""

    path: str
    form: Mapping[str, Sequence[str]]
    statement: Statement
    until: float


@dataclass
class Visitor:
    """Somebody who is signed in.

    ``person`` is the id of whom they proved to be; None is the operating system's user who runs the desk. ``by`` says how they
    came in (``code``, ``passkey``, ``proxy``) and ``key`` which passkey or certificate it was, so that a revoked one ends it.
    """

    person: str | None
    by: str
    key: str
    began: float
    last: float
    secret: bytes = field(repr=False)
    said: list[str] = field(default_factory=list[str])  # to be shown on the next page
    unsigned: dict[str, Unsigned] = field(default_factory=dict[str, Unsigned])  # by number

    def keep(self, unsigned: Unsigned) -> str:
        """Keep a step until it is signed, its visitor's newest few; its number."""
        for number in list(self.unsigned)[: -_UNSIGNED + 1]:
            self.unsigned.pop(number, None)
        number = unsigned.statement.nonce
        self.unsigned[number] = unsigned
        return number

    @property
    def form_token(self) -> str:
        """What every form of this visitor carries."""
        return hmac.new(self.secret, b"form", hashlib.sha256).hexdigest()

    def check_form(self, token: str) -> None:
        """Refuse a form that is not of this visitor's own pages.

        Raises:
            ForeignRequest: its token is another.
        """
        if not hmac.compare_digest(self.form_token.encode(), token.encode("utf-8", "replace")):
            raise ForeignRequest


class SignedIn:
    """All visitors of a desk."""

    def __init__(
        self, idle: float, longest: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.idle, self._longest, self._clock = idle, longest, clock  # seconds
        self._visitors: dict[bytes, Visitor] = {}
        self._lock = threading.Lock()

    def enter(self, person: str | None, by: str, key: str = "") -> tuple[str, Visitor]:
        """Sign somebody in; what their browser is to hold, 256 bits."""
        token, now = secrets.token_urlsafe(32), self._clock()
        visitor = Visitor(person, by, key, now, now, secrets.token_bytes(32))
        with self._lock:
            if len(self._visitors) >= _MOST:
                oldest = min(self._visitors, key=lambda one: self._visitors[one].last)
                del self._visitors[oldest]
            self._visitors[digest_of(token)] = visitor
        return token, visitor

    def find(self, token: str, *, step: bool = True) -> Visitor:
        """The visitor whose browser holds a token; a ``step`` of theirs begins the idle time again.

        Raises:
            NotSignedIn: nobody is, was idle for too long, or came too long ago.
        """
        with self._lock:
            digest, now = digest_of(token), self._clock()
            visitor = self._visitors.get(digest)
            if visitor is None:
                raise NotSignedIn
            if now - visitor.last > self.idle or now - visitor.began > self._longest:
                del self._visitors[digest]
                raise NotSignedIn
            if step:
                visitor.last = now
            return visitor

    def leave(self, token: str) -> None:
        """Sign a visitor out."""
        with self._lock:
            self._visitors.pop(digest_of(token), None)

    def end(self, which: Callable[[Visitor], bool]) -> None:
        """Sign out whoever it is true of: their passkey was revoked."""
        with self._lock:
            self._visitors = {d: v for d, v in self._visitors.items() if not which(v)}
