"""Every signature in the ledger, checked again from its event alone: for ``ledger verify``.

Whoever owns the database can write any event. They can't sign one: a signature is by a passkey that was in force at that place of
this ledger, over what the event says and over the hash of an event before it, with a counter that grew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from approvals.errors import LedgerBroken, LedgerProblem
from approvals.ledger import CLOCK_TOLERANCE, KINDS, Entry, Ledger
from approvals.passkeys.keys import EVENTS, Book, RegisteredPasskey, counted
from approvals.passkeys.signing import CALIFORNIA, is_automatic, required_at
from approvals.passkeys.statements import challenge_of, statement_text
from crypto.passkeys import Assertion, Site, check_nothing_else, from_base64url, verify_assertion
from errors import CodedError

_READ = (*EVENTS, "desk_entered", "release_ordered", *(k for k, s in KINDS.items() if s.signed))


@dataclass(frozen=True, slots=True)
class SignedEvents:
    """How many decisions are signed, and how many are not, of the kinds that may be; ``automatic``: by policy, which signs nothing."""

    signed: int
    unsigned: int
    automatic: int


def check_signatures(ledger: Ledger, since: date | None, *, demo: bool) -> SignedEvents:
    """Check every passkey and every signature.

    Args:
        ledger: whose chain holds.
        since: the first day on which decisions that have to be signed are; None: no day.
        demo: a demo home's people may confirm themselves.

    Raises:
        LedgerBroken: with each event whose signature does not hold or is missing (exit 5).
    """
    entries = ledger.events(kind=_READ)
    after = {int(str(e.facts["signed_after"])) for e in entries if "signed_after" in e.facts}
    walk = _Walk(ledger.hashes(after), _first_bound(ledger, since), since, demo=demo)
    for entry in entries:
        problem = walk.take(entry)
        if problem:
            walk.problems.append(LedgerProblem(entry.seq, problem))
    if walk.problems:
        raise LedgerBroken(tuple(walk.problems))
    return SignedEvents(walk.signed, walk.unsigned, walk.automatic)


class _Walk:
    def __init__(
        self, heads: Mapping[int, str], bound: int | None, since: date | None, *, demo: bool
    ) -> None:
        self._heads = heads
        self._bound = bound
        self._since = since
        self._demo = demo
        self._book = Book()
        self._counters: dict[str, int] = {}
        self._scheduled: set[str | None] = set()  # releases that policy may approve
        self.problems: list[LedgerProblem] = []
        self.signed = self.unsigned = self.automatic = 0

    def take(self, entry: Entry) -> str:
        """The next event; what is wrong with it, or nothing."""
        if entry.kind == "release_ordered":
            tables = entry.facts["kind"] == "aggregated" and entry.facts.get("scheduled") is True
            self._scheduled.update({entry.release} if tables else ())
        waiting = self._book.passkeys.get(str(entry.facts.get("passkey")))
        signer = self._signer(entry)
        if not self._book.take(entry):
            return "passkey: it is not one that was invited, registered or waits for this"
        own = waiting is not None and entry.actor in (waiting.person, waiting.invited_by)
        if entry.kind == "passkey_confirmed" and own and not self._demo:
            return "passkey: confirmed by its owner, or by who invited them"
        if entry.kind == "passkey_registered":  # signs for itself
            signer = self._book.passkeys[str(entry.facts["passkey"])]
        if not KINDS[entry.kind].signed:
            return self._count(entry)
        if is_automatic(entry):
            self.automatic += 1
            scheduled = entry.release in self._scheduled
            return "" if scheduled else "approved by policy, which approves scheduled tables alone"
        if "signed_by" in entry.facts:
            self.signed += 1
            return self._wrong(entry, signer) or self._count(entry)
        self.unsigned += 1
        return "not signed with a passkey" if self._has_to_be(entry) else ""

    def _has_to_be(self, entry: Entry) -> bool:
        if entry.kind == "passkey_registered":  # always signs for itself
            return True
        late = self._bound is not None and entry.seq > self._bound
        return KINDS[entry.kind].signed == "must" and (late or required_at(entry.at, self._since))

    def _count(self, entry: Entry) -> str:
        """Counters grow along the ledger: an answer that is used again, or an earlier one, does not stand.

        Sign-ins count, and are recorded a moment after they were checked: another gesture may come between.
        """
        found = counted(entry)
        if found is None:
            return ""
        fingerprint, counter = found
        known = self._book.passkeys.get(fingerprint)
        before = self._counters.get(fingerprint, known.counter if known else 0)
        self._counters[fingerprint] = max(before, counter)
        grew = counter > before or not (counter or before) or entry.kind == "desk_entered"
        return "" if grew else "a passkey's counter stood still"

    def _wrong(self, entry: Entry, key: RegisteredPasskey | None) -> str:
        facts = entry.facts
        if key is None or key.fingerprint != facts["signed_by"]:
            return "signed with no passkey that was in force"
        after = int(str(facts["signed_after"]))
        head = self._heads.get(after)
        if not 0 < after < entry.seq or head is None:
            return "signed after an event that was not before it"
        site = Site.of(f"https://{key.site}")
        if site is None:
            return "signed at no site"
        asked = challenge_of(statement_text(entry, after, head, str(facts["signed_nonce"])))
        try:
            answer = Assertion(
                key.credential,
                *(from_base64url(facts[n]) for n in ("authenticator", "client_data", "signature")),
            )
            check_nothing_else(answer.client)
            verify_assertion(site, key.public_key, asked, answer, 0)
        except CodedError:
            return "its signature does not hold: it says, or what stands before it says, something else"
        return ""

    def _signer(self, entry: Entry) -> RegisteredPasskey | None:
        """The passkey of whoever acts that an event names, where it is in force right before."""
        found = self._book.passkeys.get(str(entry.facts.get("signed_by")))
        return found if found and found.in_force and found.person == entry.actor else None


def _first_bound(ledger: Ledger, since: date | None) -> int | None:
    """The number of the first event after which all are of that day or later, whatever time they tell."""
    if since is None:
        return None
    begins = datetime.combine(since, time(), CALIFORNIA)
    return ledger.first_since(begins + CLOCK_TOLERANCE)
