"""Who acts: the operating system's user, mapped to a person by a file of the administrator's.

Nothing here reads an option or an environment variable: who you are is what the kernel says, a number. People are told apart by names,
which an administrator gives to other numbers, and numbers to other names; so the number of each is kept, where `people.toml` does
not say it, from the first time that they act (``people.uids`` beside it), and a name with another number is refused.
"""

import contextlib
import json
import os
import pwd
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from approvals import errors
from crypto.errors import FileUnusable
from crypto.files import write_small
from systems import bounded
from systems.texts import in_one_line

_BIGGEST = 1 << 20  # bytes; what is cut off there is no TOML any more, or some thousand people

ROLES = ("engineer", "reviewer", "approver", "administrator", "security")

_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the Department.

    ``id`` goes into the ledger; ``name`` and ``user`` never do. ``uid`` is the user's number where the file says it.
    """

    id: str
    name: str
    user: str
    roles: frozenset[str]
    uid: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class People:
    """All persons of a home."""

    persons: tuple[Person, ...]
    service: str | None = None
    seen: Mapping[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    @classmethod
    def read(cls, path: Path) -> "People":
        """Read ``people.toml``, which lies directly in the home folder, and the numbers beside it.

        Raises:
            PeopleFileMissing: it can't be opened (a symbolic link is not followed).
            PeopleFileUnsafe: somebody other than root or the home's owner could write it.
            PeopleFileWrong: an entry is incomplete, or an id or user stands twice.
        """
        try:
            content = bounded.toml(_read_safe(path))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise errors.PeopleFileWrong(what="no TOML in UTF-8") from None
        service = content.pop("service", None)
        if service is not None and not (isinstance(service, str) and service.isprintable()):
            raise errors.PeopleFileWrong(what="service is the name of a user")
        return cls(_persons(content), service, _read_seen(path.with_name(_SEEN)))

    def active(self, person: str) -> Person | None:
        """The person of an id, where there is one and nobody has deactivated them."""
        return next((p for p in self.persons if p.id == person and p.active), None)

    def uid_of(self, person: Person) -> int | None:
        """The number that a person's user has: as the file says, else as it was when they first acted under this name."""
        user, uid = self.seen.get(person.id, ("", -1))
        return person.uid if person.uid is not None else uid if user == person.user else None

    def remember(self, person: Person, path: Path) -> None:
        """Keep the number of a person who acts for the first time, beside ``people.toml`` at ``path``.

        A home that can't be written at the moment keeps it the next time.
        """
        try:
            uid = pwd.getpwnam(person.user).pw_uid
        except KeyError:
            return
        if person.uid is None and self.uid_of(person) is None:
            seen = {**self.seen, person.id: (person.user, uid)}
            with contextlib.suppress(FileUnusable):
                write_small(path.with_name(_SEEN), json.dumps(seen, sort_keys=True).encode())

    def by_user(self, user: str) -> Person:
        """The person behind an operating-system user.

        Raises:
            UnknownPerson: nobody is.
        """
        for person in self.persons:
            if person.user == user:
                return person
        raise errors.UnknownPerson


def acting_person(people: People) -> Person:
    """The person who acts: whom the kernel names.

    The effective user of this process; where that is the service's account, which owns the home and
    which people reach through sudo, the user who logged in. The kernel keeps that one from the login
    on (``loginuid``) and lets nobody change it, ``su`` and ``sudo`` included. Nobody logged in: a
    scheduled process, which acts as the person whose user is the service's own, if there is one.

    Raises:
        UnknownPerson: the user has no name here, or is not in the file.
        PersonInactive: the file says ``active = false``.
        UserAmbiguous: the number has another name, too, or the name another number.
        UserChanged: it is not the number that this person's user had, or it was another person's.
    """
    uid = os.geteuid()
    if people.service is not None and _name_of(uid) == people.service:
        login = _login()
        uid = uid if login is None else login
    person = people.by_user(_name_of(uid))
    if not person.active:
        raise errors.PersonInactive(person=person.id)
    if _names_of(uid) - {person.user} or pwd.getpwnam(person.user).pw_uid != uid:
        raise errors.UserAmbiguous(person=person.id, uid=uid)
    others = (other for other in people.persons if other is not person)
    if people.uid_of(person) not in (None, uid) or uid in map(people.uid_of, others):
        raise errors.UserChanged(person=person.id, uid=uid)
    return person


_LOGIN = Path("/proc/self/loginuid")
_NOBODY = 2**32 - 1  # what the kernel says where nobody logged in


def _login() -> int | None:
    try:
        login = int(_LOGIN.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if login == _NOBODY else login


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise errors.UnknownPerson from None


_USERS = Path(
    "/etc/passwd"
)  # where a second name of a number is made; a directory is not listed, it may have thousands


def _names_of(uid: int) -> set[str]:
    try:
        lines = _USERS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return {parts[0] for line in lines if (parts := line.split(":"))[2:3] == [str(uid)]}


def check_role(person: Person, roles: Iterable[str]) -> None:
    """Refuse who has none of ``roles``.

    Raises:
        RoleMissing: with the roles that would do.
    """
    allowed = sorted(roles)
    if person.roles.isdisjoint(allowed):
        raise errors.RoleMissing(roles=allowed)


def two_people_required(first: str, second: str, *, demo: bool) -> None:
    """Refuse a second step by the person who did the first; a demo home may confirm itself.

    Raises:
        SamePerson: they are one.
    """
    if first == second and not demo:
        raise errors.SamePerson


_SEEN = "people.uids"


def _read_safe(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise errors.PeopleFileMissing from None
    with os.fdopen(handle, "rb") as file:
        _check_safe(os.fstat(file.fileno()), path.parent.stat())
        return file.read(_BIGGEST).decode("utf-8")


def _read_seen(path: Path) -> dict[str, tuple[str, int]]:
    if not os.path.lexists(path):
        return {}
    try:
        found = bounded.json_of(_read_safe(path))
        return {str(person): (str(user), int(uid)) for person, (user, uid) in found.items()}
    except (AttributeError, TypeError, ValueError):
        raise errors.PeopleFileWrong(what=_SEEN) from None


def _check_safe(file: os.stat_result, folder: os.stat_result) -> None:
    owners = {0, folder.st_uid}
    if not stat.S_ISREG(file.st_mode) or file.st_mode & _WRITABLE or file.st_uid not in owners:
        raise errors.PeopleFileUnsafe
    if folder.st_mode & _WRITABLE:  # who can rename in the folder can replace the file
        raise errors.PeopleFileUnsafe


def _persons(content: dict[str, Any]) -> tuple[Person, ...]:
    entries = content.get("person")
    if set(content) != {"person"} or not isinstance(entries, list) or not entries:
        raise errors.PeopleFileWrong(what="only [[person]] entries, at least one")
    persons = tuple(_person(n, e) for n, e in enumerate(cast("list[object]", entries), start=1))
    for name in ("id", "user", "uid"):
        values = [value for p in persons if (value := getattr(p, name)) is not None]
        if len(set(values)) != len(values):
            raise errors.PeopleFileWrong(what=f"{name} stands twice")
    return persons


_NEEDED, _MAY = frozenset({"id", "name", "user", "roles"}), frozenset({"uid", "active"})


def _person(number: int, entry: object) -> Person:
    given = set(cast("dict[str, object]", entry)) if isinstance(entry, dict) else set[str]()
    if not _NEEDED <= given <= _NEEDED | _MAY:
        what = "needs id, name, user and roles, and may have uid and active"
        raise errors.PeopleFileWrong(entry=number, what=what)
    fields = cast("dict[str, Any]", entry)
    texts = [fields[k] for k in ("id", "name", "user")]
    if not all(
        isinstance(t, str) and t and in_one_line(t) == t for t in texts
    ) or not _ID.fullmatch(fields["id"]):
        raise errors.PeopleFileWrong(entry=number, what="id, name or user")
    roles, uid, active = fields["roles"], fields.get("uid"), fields.get("active", True)
    if not isinstance(roles, list) or not roles or any(r not in ROLES for r in roles):
        raise errors.PeopleFileWrong(entry=number, what=f"roles are of {', '.join(ROLES)}")
    if not (uid is None or (type(uid) is int and 0 <= uid < _NOBODY)) or type(active) is not bool:
        raise errors.PeopleFileWrong(entry=number, what="uid is a number, active true or false")
    granted = frozenset(cast("list[str]", roles))
    return Person(*texts, roles=granted, uid=uid, active=active)
