"""A proxy in front of the desk that verified a client's certificate, such as a smart card's, and says whose it is."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

_SAYS = "x-desk-proxy"
_LONGEST = 1024  # characters of a subject


@dataclass(frozen=True)
class Proxy:
    """``header`` has the subject of the certificate; ``people`` says whose it is, letter by letter."""

    secret: str = field(repr=False)
    header: str
    people: Mapping[str, str]

    def subject(self, headers: Mapping[str, str]) -> str | None:
        """The subject that the proxy says; None where it says none, or somebody else sent this."""
        given = headers.get(_SAYS, "").encode("utf-8", "replace")
        subject = headers.get(self.header, "")
        known = hmac.compare_digest(
            hashlib.sha256(given).digest(), hashlib.sha256(self.secret.encode()).digest()
        )
        return subject if known and 0 < len(subject) <= _LONGEST else None

    def key(self, headers: Mapping[str, str]) -> str:
        """The digest of the subject: what a visit is bound to; empty without one."""
        subject = self.subject(headers)
        return hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest() if subject else ""
