"""What is signed: one canonical text of the event, of the ledger before it, and of a number used once.

The challenge that a passkey signs is the SHA-256 of the statement. It names the hash of the ledger's newest event, so that a
signature holds in that ledger alone: whoever rewrites anything before it loses every signature after.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from approvals.ledger import SIGNATURE, Entry, Event, canonical_json

FORMAT = "doj-release statement 1"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that is to be signed: ``event`` as it will be recorded, after event number ``after`` of hash ``head``."""

    event: Event
    after: int
    head: str
    nonce: str

    def text(self) -> str:
        """Canonical JSON, the same at any time."""
        return statement_text(self.event, self.after, self.head, self.nonce)

    @property
    def challenge(self) -> bytes:
        """What the passkey signs: 32 bytes."""
        return challenge_of(self.text())


class StatementWanted(Exception):
    """Nothing was recorded: the statement is to be signed first, and the step taken again with the signature.

    ``allowed`` are the credentials of the passkeys that may sign it.
    """

    def __init__(self, statement: Statement, allowed: Sequence[bytes]) -> None:
        self.statement = statement
        self.allowed = tuple(allowed)
        super().__init__("a signature is wanted")


def statement_text(event: Event | Entry, after: int, head: str, nonce: str) -> str:
    """The statement of an event, whether it carries its signature already or not."""
    return canonical_json(
        {
            "format": FORMAT,
            "kind": event.kind,
            "actor": event.actor,
            "project": event.project,
            "release": event.release,
            "facts": {n: value for n, value in event.facts.items() if n not in SIGNATURE},
            "after": after,
            "head": head,
            "nonce": nonce,
        }
    )


def challenge_of(text: str) -> bytes:
    """SHA-256 of a statement."""
    return hashlib.sha256(text.encode("ascii")).digest()
