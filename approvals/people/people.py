"""Who acts: the operating system's user, mapped to a person by a file of the administrator's.

Nothing here reads an option or an environment variable: who you are is what the kernel says.
"""

import os
import pwd
import re
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from approvals import errors
from systems.texts import in_one_line

ROLES = ("engineer", "reviewer", "approver", "administrator", "security")

_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the Department.

    ``id`` goes into the ledger; ``name`` and ``user`` never do.
    """

    id: str
    name: str
    user: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class People:
    """All persons of a home."""

    persons: tuple[Person, ...]
    service: str | None = None

    @classmethod
    def read(cls, path: Path) -> "People":
        """Read ``people.toml``, which lies directly in the home folder.

        Raises:
            PeopleFileMissing: it can't be opened (a symbolic link is not followed).
            PeopleFileUnsafe: somebody other than root or the home's owner could write it.
            PeopleFileWrong: an entry is incomplete, or an id or user stands twice.
        """
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            raise errors.PeopleFileMissing from None
        with os.fdopen(handle, "rb") as file:
            _check_safe(os.fstat(file.fileno()), path.parent.stat())
            try:
                content = tomllib.loads(file.read().decode("utf-8"))
            except (UnicodeDecodeError, tomllib.TOMLDecodeError):
                raise errors.PeopleFileWrong(what="no TOML in UTF-8") from None
        service = content.pop("service", None)
        if service is not None and not (isinstance(service, str) and service.isprintable()):
            raise errors.PeopleFileWrong(what="service is the name of a user")
        return cls(_persons(content), service)

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
    """
    user = _name_of(os.geteuid())
    if people.service is not None and user == people.service:
        login = _login()
        user = user if login is None else _name_of(login)
    return people.by_user(user)


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
    for field in ("id", "user"):
        values = [getattr(p, field) for p in persons]
        if len(set(values)) != len(values):
            raise errors.PeopleFileWrong(what=f"{field} stands twice")
    return persons


def _person(number: int, entry: object) -> Person:
    if not isinstance(entry, dict) or set(cast("dict[str, object]", entry)) != {
        "id",
        "name",
        "user",
        "roles",
    }:
        raise errors.PeopleFileWrong(
            entry=number, what="needs id, name, user and roles, nothing else"
        )
    fields = cast("dict[str, Any]", entry)
    texts = [fields[k] for k in ("id", "name", "user")]
    if not all(
        isinstance(t, str) and t and in_one_line(t) == t for t in texts
    ) or not _ID.fullmatch(fields["id"]):
        raise errors.PeopleFileWrong(entry=number, what="id, name or user")
    roles = fields["roles"]
    if not isinstance(roles, list) or not roles or any(r not in ROLES for r in roles):
        raise errors.PeopleFileWrong(entry=number, what=f"roles are of {', '.join(ROLES)}")
    return Person(*texts, roles=frozenset(cast("list[str]", roles)))
