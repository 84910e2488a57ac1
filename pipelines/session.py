"""One command's or one stage's opened home: keyring, ledger, people, projects and registers.

It knows where each of them is, opens it when it is first asked for, and says which settings two people confirmed. It holds no rule
of its own, and no release.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Self, cast
from zoneinfo import ZoneInfo

from approvals import people as staff
from approvals.application import SystemTerms, individual_level_for, terms_of
from approvals.clocks import CALENDARS, Counting
from approvals.custody import ACCEPTERS, Memory, Releases, snapshot_states
from approvals.gate import GatePolicy
from approvals.ledger import Event, FactValue, HeadFile, Ledger
from approvals.letters import Sender
from approvals.passkeys import SignedEvents, Signing, check_signatures
from approvals.people import acting_person
from approvals.project import Projects
from crypto.keyring import Keyring
from crypto.process import harden_process, lock_memory, require_fips
from crypto.secret import StagingKey
from pipelines.home import Home, Settings, open_home
from pipelines.storage import Bucket, ObjectStore, location_of
from systems.description import Systems, description_digests
from systems.register import RegisterStore, SnapshotInfo, Standing
from systems.tabular import Limits

CALIFORNIA = ZoneInfo("America/Los_Angeles")


def today() -> date:
    """The calendar day in California, where the Department's clocks run."""
    return datetime.now(CALIFORNIA).date()


def span_of(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """The moments between which days in California are: when the first begins, and when the last has ended."""
    return (
        datetime.combine(first, time(), CALIFORNIA) if first else None,
        datetime.combine(last + timedelta(days=1), time(), CALIFORNIA) if last else None,
    )


SigningAs = Callable[[Callable[[], date | None]], Signing]


class Session:
    """One home, open. Expensive parts are made when they are first asked for.

    ``acting`` says who acts where that is not the operating system's user: whom a visitor of a standing desk proved to be;
    ``memory`` is what a process that lives long read of this home before; ``signing`` with which passkey decisions are signed.
    """

    def __init__(
        self,
        home: Home,
        acting: Callable[[staff.People], staff.Person] | None = None,
        *,
        memory: Memory | None = None,
        signing: SigningAs | None = None,
    ) -> None:
        self.home, self._acting = home, acting
        self._memory = memory or Memory()
        self._signing = (signing or Signing)(self.signed_since)
        self.settings: Settings = home.settings()
        self.systems = Systems.of(home.systems)
        self.warnings: list[str] = []  # what was let pass, for whoever gave the command
        harden_process()
        if self.settings.operations.lock_memory:
            lock_memory()
        if self.settings.release.require_fips:
            require_fips()

    @functools.cached_property
    def keyring(self) -> Keyring:
        """Keys of this home."""
        return Keyring.open(self.home.keys)

    @functools.cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened for appending."""
        url, head = self.home.ledger_url(self.settings), self._head
        return Ledger.open(
            url,
            witness=self._note_head,
            guard=lambda: head.check(self.ledger),
            prove=lambda event, at: self._signing.prove(self.ledger, event, at),
        )

    @functools.cached_property
    def _head(self) -> HeadFile:
        return HeadFile(self.home.ledger_head, self._digest)

    def _digest(self, label: str, data: bytes) -> str:
        return self.keyring.digest(label, data)  # the keys are opened when one is made

    def _note_head(self, size: int, digest: str) -> None:
        self._head.advance(size, digest)

    @functools.cached_property
    def people(self) -> staff.People:
        """Who is who at the Department: with the rights that they have by the file and by what two people confirmed, both.

        A demo home's file is enough, as that of a home whose people nobody has confirmed yet.
        """
        people = staff.People.read(self.home.people_file)
        if self.demo:
            return people
        known = self._confirmed(people)
        if known is None:
            return replace(people, persons=())  # nobody can say any more who was confirmed
        return staff.stricter(people, known)

    def _confirmed(self, people: staff.People | None = None) -> staff.Values | None:
        """The settings that two people confirmed, none in a home of before; None where nothing says any more what they were."""
        state = staff.settings_state(self.ledger)
        now = values_of(self.settings, people, self.home.systems)
        copy = self.home.settings_confirmed
        known = staff.confirmed_values(state, copy, now, self.keyring.digest)
        return {} if known is None and state.confirmed is None else known

    def signed_since(self) -> date | None:
        """The first day on which decisions have to be signed, by the file or by what two people confirmed, whichever is earlier."""
        known = self._confirmed() or {}  # where no copy tells it, the file's own day counts
        said = (self.settings.desk.passkeys_from, str(known.get("desk.passkeys_from", "")))
        return min((date.fromisoformat(one) for one in said if one), default=None)

    def check_signatures(self) -> SignedEvents:
        """Check every passkey's signature in the ledger again.

        Raises:
            LedgerBroken: with each that does not hold, or is missing (exit 5).
        """
        return check_signatures(self.ledger, self.signed_since(), demo=self.demo)

    @functools.cached_property
    def person(self) -> staff.Person:
        """Who acts: the operating system's user, or who a visitor of the desk is."""
        if self._acting is not None:
            return self._acting(self.people)
        found = acting_person(self.people)
        self.people.remember(found, self.home.people_file)
        return found

    @functools.cached_property
    def projects(self) -> Projects:
        """All projects of the home."""
        return Projects(
            self.ledger,
            self.home.projects,
            digest=self.keyring.digest,
            terms=self._terms,
            review_required=self.settings.approvals.review_required,
            key=lambda number, create: self.keyring.document_key(number, create=create),
            memory=self._memory.projects,
        )

    @property
    def sender(self) -> Sender:
        """Who writes the letters of this home."""
        chosen = self.settings.department
        return Sender(chosen.name, chosen.contact)

    @functools.cached_property
    def releases(self) -> Releases:
        """All releases of the home."""
        return Releases(self.projects, policy=self.gate_policy, memory=self._memory)

    @functools.cached_property
    def limits(self) -> Limits:
        """What tables from outside may be, and what reading them may take."""
        files = self.settings.files
        return Limits(
            size=files.table_mebibytes << 20,
            columns=files.columns,
            memory=files.memory_mebibytes << 20,
            seconds=files.seconds,
        )

    @functools.cached_property
    def registers(self) -> RegisterStore:
        """The snapshots of the registers."""
        fetch = self._fetch_snapshot if self.settings.bucket.register_url else None
        forget = self.keyring.forget_snapshot_key
        return RegisterStore(
            self.home.register, self._snapshot_key, forget, self.systems, fetch, self._standing
        )

    def _standing(self, info: SnapshotInfo) -> Standing:
        """Whether a snapshot is in use, by the ledger and by its own manifest, and who may accept it otherwise."""
        state = snapshot_states(self.ledger).get(info.snapshot_id)
        if state is not None and state.retired_by is not None:
            return Standing("retired")
        accepted = state is not None and state.accepted_by is not None
        if accepted or not (info.held or (state is not None and state.held)):
            return Standing()
        if state is None or state.loaded is None:  # nobody knows who loaded it: it can be retired
            return Standing("waiting")
        loader = None if self.demo else state.loaded.actor
        may = [p.id for p in self.people.persons if p.active and p.roles & ACCEPTERS]
        return Standing("waiting", tuple(one for one in may if one != loader))

    def _fetch_snapshot(self, snapshot: str, file: str, target: Path) -> None:
        store = self.object_store("register")
        assert store is not None  # the settings name one
        store.fetch(set_of(snapshot), file, target)

    def object_store(self, purpose: str) -> ObjectStore | None:
        """The bucket's store of ``register`` or ``staging``; None where they lie in the home.

        Raises:
            BucketUnsafe: the settings can't be used.
        """
        where = location_of(self.settings.bucket, purpose)
        if where is None:
            return None
        return ObjectStore(Bucket(self.settings.bucket, where), purpose, self.keyring.digest)

    def upload_snapshot(self, snapshot: str) -> int:
        """Send a snapshot's files, those that are not there; for the holder of the register's lock. How many."""
        store, files = self.object_store("register"), self.registers.files(snapshot)
        dropped_here = not all(path.is_file() for path in files)
        if store is None or (dropped_here and store.holds(set_of(snapshot))):
            return 0
        return store.keep(set_of(snapshot), files)

    @functools.cached_property
    def demo(self) -> bool:
        """Whether this is a demo home, which may confirm itself and takes synthetic data only.

        Raises:
            HeadWrong, LedgerBroken: the ledger is another home's, or was cut: it is not believed.
        """
        if demo := self.ledger.is_demo():
            self._head.check(self.ledger)
        return demo

    @property
    def gate_policy(self) -> GatePolicy:
        """The gate's switches from the settings."""
        chosen = self.settings.approvals
        return GatePolicy(
            deidentified_checks=self.settings.release.background_check_deidentified,
            team_affiliation=chosen.team_affiliation == "all",
            affiliation_letter=chosen.affiliation_letter,
            member_acknowledgments=chosen.member_acknowledgments,
            soft_papers=chosen.soft_papers,
            checks_by_two=chosen.checks_by_two,
            check_valid_days=chosen.check_valid_days,
        )

    @property
    def counting(self) -> Counting:
        """The calendars that business days are counted by, and the text that is followed, from the settings."""
        chosen = self.settings.approvals
        days = CALENDARS[chosen.department_days], CALENDARS[chosen.waiting_days]
        return Counting(*days, chosen.regulation_text)

    def _terms(self, code: str) -> SystemTerms | None:
        """A system's terms, with what the settings open in them."""
        terms, chosen = terms_of(code, self.systems), self.settings.approvals
        if terms is None:
            return None
        opened = {kind for kind in terms.withheld if f"{code}.{kind}" in chosen.opened_kinds}
        held = {kind: why for kind, why in terms.withheld.items() if kind not in opened}
        terms = replace(terms, withheld=held, timeframe_years=chosen.timeframe_years)
        if chosen.public_agency_individual_level:
            terms = individual_level_for(terms, "public_agency")
        return terms

    def _snapshot_key(self, snapshot: str, create: bool = False) -> StagingKey:
        return self.keyring.snapshot_key(snapshot, create=create)

    def note(self, kind: str, *, key: str | None = None, **facts: FactValue) -> None:
        """Record what was done by the person who acts."""
        self.ledger.append(Event(kind, self.person.id, facts=facts, key=key))

    def deadlines(self, on: date, within: int | None = None) -> list[dict[str, object]]:
        """What is due on a day, as rows; ``within`` so many days where it is given."""
        from approvals.deadlines import open_deadlines

        found = open_deadlines(self.projects, on, self.counting)
        return [d.as_dict(on) for d in found if within is None or (d.due - on).days <= within]

    def deadlines_ics(self, on: date) -> str:
        """The same as iCalendar."""
        from approvals.deadlines import as_ics, open_deadlines

        return as_ics(open_deadlines(self.projects, on, self.counting)).decode("utf-8")

    def configuration_digest(self) -> str:
        """Keyed digest of the settings that fix a release."""
        body = json.dumps(self.settings.model_dump(mode="json"), sort_keys=True)
        return self.keyring.digest("configuration", body.encode())

    def close(self) -> None:
        """Give the ledger's connections back."""
        opened = self.__dict__.get("ledger")
        if isinstance(opened, Ledger):
            opened.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()


def open_session(root: Path | None) -> Session:
    """Open a home, named by the caller or by ``DOJ_RELEASE_HOME``, for a ``with`` block or until it is closed.

    Raises:
        HomeMissing, HomeTooOpen, SettingsUnusable: see there.
    """
    return Session(open_home(root))


def values_of(
    settings: Settings, people: staff.People | None = None, systems: Path | None = None
) -> staff.Values:
    """Every setting by its dotted name, as JSON has it, the digest of each system's file, and who may do what.

    Args:
        settings: of the home.
        people: of the home.
        systems: the home's folder of what its systems have besides.
    """
    sections = cast("dict[str, dict[str, object]]", settings.model_dump(mode="json"))
    flat = {
        f"{name}.{key}": value for name, body in sections.items() for key, value in body.items()
    }
    flat |= {f"systems.{name}": digest for name, digest in description_digests(systems).items()}
    return {**flat, **(staff.rights_of(people) if people is not None else {})}


def set_of(snapshot: str) -> str:
    """The set of a snapshot: ``CARPOS/CARPOS-20261126-001``."""
    return f"{snapshot.split('-', 1)[0]}/{snapshot}"
