"""For the tests of this folder: a home with some people, a ledger on a fake clock, and an application that passes."""

import functools
import hmac
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from approvals.application.reading import example_application
from approvals.custody.releases import Releases
from approvals.ledger.database import EVENTS, writing
from approvals.ledger.events import Event
from approvals.ledger.ledger import Ledger
from approvals.people.people import Person
from approvals.project.projects import Projects
from crypto.secret import Secret
from pipelines.made_up import record_checks

ENGINEER = Person("p-engineer", "Erin Example", "erin", frozenset({"engineer"}))
OTHER_ENGINEER = Person("p-second", "Sasha Example", "sasha", frozenset({"engineer"}))
REVIEWER = Person("p-reviewer", "Rory Example", "rory", frozenset({"reviewer"}))
APPROVER = Person("p-approver", "Avery Example", "avery", frozenset({"approver"}))
SECURITY = Person("p-security", "Sid Example", "sid", frozenset({"security"}))
EVERYTHING = Person(
    "p-all", "Al Example", "al", frozenset({"engineer", "reviewer", "approver", "security"})
)

TODAY = date(2026, 11, 23)
CHECKED = date(2026, 10, 1)  # when the Department looked at the people
COHORT = "c" * 64
KEY_LEAD, KEY_ANALYST = "1" * 64, "2" * 64


def keyed(label: str, content: bytes) -> str:
    return hmac.new(b"test key", label.encode() + b"\0" + content, "sha256").hexdigest()


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 9, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Home:
    path: Path
    demo: bool
    ledger: Ledger
    projects: Projects
    releases: Releases

    def application(self, form="standard", change: Callable[[str], str] = lambda t: t, **options):
        path = self.path / "application.toml"
        path.write_text(change(example_application(form, on=TODAY, **options)), encoding="utf-8")
        return path

    def approved(self, form="standard", change: Callable[[str], str] | None = None, **options):
        """A project that the gate lets through, with two confirmed keys.

        What begins every home in the same way is made once, and copied into those to which nothing happened yet.
        """
        if change is None and not options and self.ledger.size() == 1:
            return self._like(_made(form, self.demo))
        return self._approve(form, change or (lambda t: t), **options)

    def _approve(self, form, change=lambda t: t, **options):
        state = self.projects.submit(self.application(form, change, **options), ENGINEER, TODAY)
        state = self.projects.approve(state.number, APPROVER, TODAY)
        record_checks(self.projects, state.number, ENGINEER, CHECKED, self.path)
        members = state.application.recipient_ids()
        for key, member in zip((KEY_LEAD, KEY_ANALYST), members, strict=True):
            self.projects.add_recipient(
                state.number, key, member, ENGINEER, TODAY, certificate=b"pem " + key.encode()
            )
            self.projects.confirm_recipient(key, APPROVER, TODAY, state.number)
        if "identified" in state.kinds:
            self.projects.register_cohort(
                state.number, digest=COHORT, rows=5000, actor=ENGINEER, on=TODAY
            )
            self.projects.confirm_cohort(state.number, COHORT, APPROVER, TODAY)
        return self.projects.show(state.number)

    def _like(self, other: "Home"):
        """What happened in another home that began as this one did, without doing it again."""
        shutil.copy(other.path / "application.toml", self.path)
        shutil.copytree(other.path / "projects", self.path / "projects", dirs_exist_ok=True)
        if self.ledger.engine.dialect.name == "sqlite":
            shutil.copy(other.path / "ledger.sqlite3", self.path)
        else:
            (first, *rest), (mine,) = _rows(other), _rows(self)
            assert first == mine
            with writing(self.ledger.engine) as connection:
                connection.execute(EVENTS.insert(), rest)
        return self.projects.show("2026-001")


def _rows(home: Home) -> list[dict[str, Any]]:
    with home.ledger.engine.connect() as connection:
        found = connection.execute(EVENTS.select().order_by(EVENTS.c.seq))
        return [dict(row._mapping) for row in found]


_MADE = tempfile.TemporaryDirectory(prefix="approved-")  # removed when the process ends


def _begin(url: str, demo: bool) -> Ledger:
    ledger = Ledger.open(url, create=True, clock=Clock())
    ledger.append(Event("home_created", ENGINEER.id, facts={"demo": demo}))
    return ledger


@functools.cache
def _begun(demo: bool) -> Path:
    """The file of a ledger that has begun."""
    path = Path(_MADE.name, f"begun-{demo}.sqlite3")
    _begin(f"sqlite:///{path}", demo)
    return path


@functools.cache
def _made(form: str, demo: bool) -> Home:
    folder = Path(_MADE.name, f"{form}-{demo}")
    folder.mkdir()
    home = make_home(folder, demo=demo)
    home._approve(form)
    return home


def make_home(path: Path, *, demo: bool = False, url: str | None = None) -> Home:
    url = url or f"sqlite:///{path / 'ledger.sqlite3'}"
    if url.startswith("sqlite:"):
        shutil.copy(_begun(demo), path / "ledger.sqlite3")
        ledger = Ledger.open(url, create=False, clock=Clock())
    else:
        ledger = _begin(url, demo)
    projects = Projects(
        ledger, path / "projects", digest=keyed, key=lambda *_: Secret("test", b"k" * 32)
    )
    return Home(path, demo, ledger, projects, Releases(projects))
