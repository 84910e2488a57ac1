"""A code that opens the desk once, as Jupyter's token does; printed where the desk was started."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable

from pipelines.desk.errors import CodeWrong

_LIVES = 600.0  # seconds from being printed to being used
_TRIES = (
    20  # wrong ones after which it is void: 128 bits are not guessed, and whoever tries is heard of
)


class OneTimeCode:
    """The newest code of a desk; the one before it is void."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._digest, self._until, self._tries = b"", 0.0, 0

    def renew(self) -> str:
        """A new code: 22 letters and figures, 128 bits."""
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._digest, self._tries = digest_of(code), _TRIES
            self._until = self._clock() + _LIVES
        return code

    def use(self, code: str) -> None:
        """Take the code; nobody can use it again.

        Raises:
            CodeWrong: it is another one, was used, or is too old.
        """
        with self._lock:
            right = hmac.compare_digest(digest_of(code), self._digest)
            if not right or self._clock() > self._until:
                self._tries -= 1
                if self._tries <= 0:
                    self._digest = b""
                raise CodeWrong
            self._digest = b""


def digest_of(secret: str) -> bytes:
    """What is kept of a code or a token."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
