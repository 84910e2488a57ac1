"""One desk: its home, where it is reached, and who is there."""

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from approvals.custody import Memory
from approvals.errors import PersonInactive, UnknownPerson
from approvals.passkeys import Signing, Statement, in_force
from approvals.people import People, Person
from crypto.passkeys import Assertion
from errors import CodedError
from pipelines.desk.errors import VisitEnded
from pipelines.desk.standing import Standing
from pipelines.desk.visitors import OneTimeCode, SignedIn, Visitor
from pipelines.home import Home
from pipelines.session import Session, SigningAs, today


@dataclass(frozen=True)
class Desk:
    """What its requests share.

    ``hosts`` are the names by which browsers reach it, without a port: a page of another name that resolves to this machine is
    refused. ``code`` opens it, where the operating system's user runs it for themselves. ``kept`` is what its pages keep between
    requests, by the name of whoever keeps it.
    """

    home: Home
    hosts: frozenset[str]
    visitors: SignedIn
    scheme: str = "http"
    code: OneTimeCode | None = None
    kept: dict[str, object] = field(default_factory=dict[str, object])
    lock: threading.Lock = field(default_factory=threading.Lock)  # of what several requests change
    memory: Memory = field(default_factory=Memory)  # what was read of the ledger
    standing: Standing | None = None

    @property
    def cookie(self) -> str:
        """The name of the cookie: under TLS one that no other host, and no script, can set (RFC 6265bis, `__Host-`)."""
        return "__Host-desk" if self.secure else "desk"

    @property
    def secure(self) -> bool:
        """Whether it is reached by TLS."""
        return self.scheme == "https"

    def open(self, visitor: Visitor, given: tuple[Statement, Assertion] | None = None) -> Session:
        """The home, opened for what a visitor does: as the operating system's user, or as whom the visitor proved to be.

        ``given`` is what they signed: without it, what has to be signed is asked for (`StatementWanted`).
        """
        signing: SigningAs | None = None
        if self.standing is not None and visitor.person is not None:
            optional = visitor.by == "certificate"
            signing = partial(Signing, site=self.standing.site, given=given, optional=optional)
        return self.open_as(visitor.person, signing)

    def open_as(self, person: str | None = None, signing: SigningAs | None = None) -> Session:
        """The home, opened for a person; for nobody, to look."""
        acting: Callable[[People], Person] | None = None
        if person is not None:
            acting = partial(_person, person)
        return Session(self.home, acting, memory=self.memory, signing=signing)

    def read_ahead(self) -> None:
        """Read what the first page needs of the ledger and of applications in force, before somebody asks; what goes wrong, they are told."""
        with contextlib.suppress(CodedError, OSError), self.open_as() as session:
            session.releases.list()
            for state in session.projects.list():
                if state.in_force(today()):
                    _ = state.application

    def person(self, session: Session, person: str) -> Person:
        """The person of an id, who is active.

        Raises:
            UnknownPerson, PersonInactive: nobody is, or not any more.
        """
        return _person(person, session.people)

    def check(self, visitor: Visitor, session: Session, headers: Mapping[str, str]) -> None:
        """See that what a visitor came in with is in force still: their passkey, or the certificate of this very request.

        Raises:
            VisitEnded: it is not; every visit that began with it has ended.
        """
        if self.standing is None or visitor.by not in ("passkey", "certificate"):
            return
        if visitor.by == "passkey":
            known = [one.fingerprint for one in in_force(session.ledger, visitor.person)]
        else:
            known = [self.standing.proxy.key(headers)] if self.standing.proxy else []
        if visitor.key not in known:
            self.visitors.end(lambda one: one.by == visitor.by and one.key == visitor.key)
            raise VisitEnded


def _person(person: str, people: People) -> Person:
    found = next((one for one in people.persons if one.id == person), None)
    if found is None:
        raise UnknownPerson
    if not found.active:
        raise PersonInactive(person=person)
    return found
