"""When the ledger was last verified, up to which event and with what result.

It stands in a file of the home under a keyed digest, as the ledger's head does, and not in the ledger: verifying adds no event, and
what was found of a ledger that does not hold is not appended to it. An older copy of the home says an earlier day, never a later one.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from approvals.errors import RoleMissing, UnknownPerson
from approvals.ledger import canonical_json
from errors import CodedError, Exit
from pipelines.home import write_private
from pipelines.safeguards.witness import verify_everything
from pipelines.session import Session

FILE = "ledger.verified"
_LABEL = "ledger verified"


@dataclass(frozen=True, slots=True)
class Verified:
    """One verification.

    Attributes:
        at: when it ended, UTC, ISO 8601.
        by: the person's id.
        size: events that were there.
        code: of the error by which it did not hold; empty where it holds.
        held_at: when it last held, empty where it never did.
        held_size: events that were there then.
    """

    at: str
    by: str
    size: int
    code: str
    held_at: str
    held_size: int

    @property
    def holds(self) -> bool:
        """Whether it held."""
        return not self.code

    def in_words(self, size: int) -> str:
        """A sentence, beside how many events there are now."""
        day = f"{self.at[:16].replace('T', ' ')} UTC by {self.by}"
        if not self.holds:
            before = f"; it last held on {self.held_at[:10]}" if self.held_at else ""
            return f"{day}: did not hold ({self.code}){before}"
        since = size - self.size
        return f"{day}: {self.size} events, whole; {since} since then"


def verify_and_note(session: Session, checkpoints: Sequence[Path] = ()) -> dict[str, object]:
    """Verify all of the ledger, and keep when, by whom and with what result.

    Raises:
        CodedError: see `verify_everything`; what says that the ledger does not hold is kept.
    """
    size = session.ledger.size()
    try:
        facts = verify_everything(session, checkpoints)
    except CodedError as error:
        if error.exit is Exit.INTEGRITY:
            _keep(session, size, error.code)
        raise
    _keep(session, int(str(facts["size"])), "")
    return facts


def last_verified(session: Session) -> Verified | None:
    """The last verification; None where there was none, or where what stands there was not written by this home."""
    try:
        content = json.loads((session.home.root / FILE).read_text("ascii"))
        mark = str(content.pop("mark"))
        found = Verified(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if hmac.compare_digest(mark, _mark(session, found)) else None


def verified_in_words(session: Session) -> str:
    """The same in a sentence."""
    found = last_verified(session)
    return found.in_words(session.ledger.size()) if found else "never: `doj-release ledger verify`"


def _keep(session: Session, size: int, code: str) -> None:
    at, was = datetime.now(UTC).isoformat(timespec="seconds"), last_verified(session)
    try:
        by = session.person.id
    except (UnknownPerson, RoleMissing):
        by = "unknown"
    held = (at, size) if not code else (was.held_at, was.held_size) if was else ("", 0)
    made = Verified(at, by, size, code, *held)
    body = asdict(made) | {"mark": _mark(session, made)}
    write_private(session.home.root / FILE, json.dumps(body))


def _mark(session: Session, found: Verified) -> str:
    return session.keyring.digest(_LABEL, canonical_json(asdict(found)).encode())
