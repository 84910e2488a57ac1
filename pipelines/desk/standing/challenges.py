"""What passkeys are asked to sign before anybody is known: made by this desk, for one purpose, for some minutes, once.

Nothing is kept of what was only asked: whoever loads a page a million times fills no memory. What was answered is kept for as long
as it could be sent again.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable

from pipelines.desk.errors import ChallengeOver

LIVES = 300  # seconds, as long as a browser waits for an authenticator
_NONCE, _TIME = 16, 8  # bytes


class Challenges:
    """Of one desk, as long as its process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._secret = secrets.token_bytes(32)
        self._spent: dict[bytes, float] = {}

    def ask(self, purpose: str) -> bytes:
        """A new challenge, 56 bytes."""
        until = int(self._clock()) + LIVES
        head = secrets.token_bytes(_NONCE) + until.to_bytes(_TIME, "big")
        return head + self._mark(purpose, head)

    def check(self, purpose: str, challenge: bytes) -> None:
        """See that this desk asked with it, not long ago.

        Raises:
            ChallengeOver: it did not, or too long ago.
        """
        head, mark = challenge[: _NONCE + _TIME], challenge[_NONCE + _TIME :]
        known = hmac.compare_digest(self._mark(purpose, head), mark)
        if not known or self._clock() > int.from_bytes(head[_NONCE:], "big"):
            raise ChallengeOver

    def spend(self, purpose: str, challenge: bytes) -> None:
        """Take its answer; there is no second one.

        Raises:
            ChallengeOver: it was answered before, or see `check`.
        """
        self.check(purpose, challenge)
        with self._lock:
            now = self._clock()
            self._spent = {one: until for one, until in self._spent.items() if until >= now}
            if challenge in self._spent:
                raise ChallengeOver
            self._spent[challenge] = now + LIVES

    def _mark(self, purpose: str, head: bytes) -> bytes:
        return hmac.new(self._secret, purpose.encode() + b"\0" + head, hashlib.sha256).digest()
