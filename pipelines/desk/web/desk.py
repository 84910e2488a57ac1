"""One desk: its home, where it is reached, and who is there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from approvals.custody import Memory
from approvals.errors import PersonInactive, UnknownPerson
from approvals.people import People, Person
from pipelines.desk.visitors import OneTimeCode, SignedIn, Visitor
from pipelines.home import Home
from pipelines.session import Session


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
    memory: Memory = field(default_factory=Memory)  # what was read of the ledger

    @property
    def cookie(self) -> str:
        """The name of the cookie: under TLS one that no other host, and no script, can set (RFC 6265bis, `__Host-`)."""
        return "__Host-desk" if self.secure else "desk"

    @property
    def secure(self) -> bool:
        """Whether it is reached by TLS."""
        return self.scheme == "https"

    def open(self, visitor: Visitor) -> Session:
        """The home, opened for what a visitor does: as the operating system's user, or as whom the visitor proved to be."""
        acting: Callable[[People], Person] | None = None
        if visitor.person is not None:
            acting = partial(_person, visitor.person)
        return Session(self.home, acting, memory=self.memory)


def _person(person: str, people: People) -> Person:
    found = next((one for one in people.persons if one.id == person), None)
    if found is None:
        raise UnknownPerson
    if not found.active:
        raise PersonInactive(person=person)
    return found
