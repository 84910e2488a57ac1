"""Time by somebody else: this machine's clock against a token that an RFC 3161 authority signs, where settings name one.

Each question is bounded in time, tries and bytes; the token is checked before its time is believed. An answer that does not hold is
never let pass, whatever the settings say of one that does not come.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from approvals.ledger import Event
from crypto.cms import Timestamp, check_timestamp, timestamp_request, token_of
from pipelines.home import Time
from pipelines.safeguards.errors import AuthorityUnavailable, ClockDiffers
from pipelines.session import Session, today

_LARGEST = 64 * 1024  # bytes of an answer
_OK = 200


@dataclass(frozen=True)
class Stamped:
    """A checked token, and how far this machine's clock is ahead of it, as close as the round trip allows."""

    token: bytes
    stamp: Timestamp
    ahead: timedelta
    doubt: timedelta


def check_clock(session: Session) -> None:
    """Compare this machine's clock with the authority's, where there is one.

    Raises:
        ClockDiffers: it is off by more than the limit, ahead or behind; that is recorded (exit 5).
        AuthorityUnavailable: nobody answers, and the settings want an answer (exit 3).
        TimestampUnreadable, TimestampDoesNotHold: the answer is no token, or nobody's whom we trust (exit 5).
    """
    stamped(session, b"doj-release clock")


def stamped(session: Session, content: bytes) -> Stamped | None:
    """A token over ``content``, after its time was compared; None without an authority, or where its silence is let pass.

    Raises:
        CodedError: see `check_clock`.
    """
    chosen = session.settings.time
    if not chosen.authority_url:
        return None
    try:
        found = _ask(chosen, content)
    except AuthorityUnavailable as error:
        if chosen.unavailable == "refuse":
            raise
        session.warnings.append(str(error))
        session.note("clock_unchecked", on=today().isoformat())
        return None
    limit = timedelta(seconds=chosen.limit_seconds)
    if abs(found.ahead) > limit + found.doubt:
        seconds, way = (
            int(abs(found.ahead).total_seconds()),
            "ahead" if found.ahead > timedelta() else "behind",
        )
        facts = {"seconds": seconds, "direction": way, "limit": chosen.limit_seconds}
        session.ledger.append(Event("clock_differs", session.person.id, facts=facts))
        raise ClockDiffers(seconds=seconds, direction=way, limit=chosen.limit_seconds)
    return found


def authorities(settings: Time) -> bytes:
    """The pinned certificates.

    Raises:
        AuthorityUnavailable: the file can't be read.
    """
    try:
        return Path(settings.ca_file).read_bytes()[: _LARGEST + 1]
    except OSError:
        raise AuthorityUnavailable(what="time.ca_file") from None


def _ask(settings: Time, content: bytes) -> Stamped:
    pinned = authorities(settings)
    request, nonce = timestamp_request(content)
    answer, sent, took = _answer(settings, request)
    token = token_of(answer)
    stamp = check_timestamp(token, content, pinned, nonce=nonce)
    limit = timedelta(seconds=settings.limit_seconds)
    # It was signed at some moment of the round trip; an authority that is vaguer than our limit is no measure.
    doubt = took / 2 + min(stamp.accuracy, limit)
    return Stamped(token, stamp, sent + took / 2 - stamp.time, doubt)


def _answer(settings: Time, request: bytes) -> tuple[bytes, datetime, timedelta]:
    """The body of the answer, when its request was sent, and how long it took; each try by itself."""
    import urllib3  # slow to import, and most homes have no authority

    headers = {"Content-Type": "application/timestamp-query"}
    why = "NoAnswer"
    with urllib3.PoolManager(timeout=settings.timeout_seconds, retries=False) as pool:
        for attempt in range(settings.attempts):
            time.sleep(min(0.5 * attempt, 2))
            sent, began = datetime.now(UTC), time.monotonic()
            try:
                answer = pool.request("POST", settings.authority_url, body=request, headers=headers, preload_content=False)  # fmt: skip
                body = bytearray()
                while block := answer.read(8192):
                    body += block
                    if len(body) > _LARGEST or time.monotonic() - began > settings.timeout_seconds:
                        break
                answer.close()
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                why = type(error).__name__
                continue
            took = timedelta(seconds=time.monotonic() - began)
            if answer.status == _OK and took.total_seconds() <= settings.timeout_seconds * 2:
                return bytes(body), sent, took
            why = f"status {answer.status}"
    raise AuthorityUnavailable(what=why)
