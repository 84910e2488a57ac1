"""What is due, for whom, by which section, on which day, and by which days it was counted.

Drafts of publications stand here too: nothing is published before the wait of § 964(g) is over, nor,
where the review found that an identity could be compromised, before what identifies was removed
(§ 964(g)(1)): a new draft.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from approvals.application import StandardApplication
from approvals.clocks import CLOCKS, DATED, Clock, Counting, Party
from approvals.ledger import Entry
from approvals.project import IN_FORCE, RENEWAL_NOTICE_DAYS, Projects, ProjectState, State

EXTENSION_NOTICE_DAYS = 90  # calendar days before an extension ends, § 967(b)
COMPLETION_DAYS = 30  # days after completion to notify it, § 964(l)
REFRESH_DAY = 15  # of January, when the schedule refreshes tables
EVIDENCE_NOTICE_DAYS = 90  # policy: evidence that ends is announced as early as the approval is


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing that is due.

    ``counted`` are the business days counted, empty for calendar days; ``calendar`` says on which,
    ``skipped`` which weekdays did not count, ``ended`` the day on which calendar days end before a closed
    day is moved. ``window`` marks a right that ends (an appeal, a wait)
    and not a duty that can be overdue.
    """

    name: str
    rule: str
    section: str
    what: str
    for_whom: Party
    due: date
    project: str
    started: date | None = None
    counted: tuple[date, ...] = ()
    calendar: str = "calendar days"
    window: bool = False
    member: str = ""
    about: str = ""
    days: int = 0
    skipped: tuple[tuple[date, str], ...] = ()
    ended: date | None = None

    def standing(self, on: date) -> str:
        """Where it stands on a day, in words."""
        left = (self.due - on).days
        if left < 0:
            return f"overdue by {-left} days"
        return "today" if left == 0 else f"in {left} days"

    def count(self) -> str:
        """How the day was counted, in words."""
        if not self.counted:
            if self.ended in (None, self.due):
                return ""
            return f"{self.days} calendar days end on {self.ended:%a %m-%d}, closed: to {self.due:%m-%d}"
        lost = "; ".join(f"{day:%m-%d} {name}" for day, name in self.skipped)
        first = f"{len(self.counted)} business days, {self.counted[0]:%m-%d} to {self.due:%m-%d}"
        return f"{first}, without {lost}" if lost else first

    def overdue(self, on: date) -> bool:
        """Whether a duty was not done by its last day."""
        return not self.window and on > self.due

    def as_dict(self, on: date) -> dict[str, object]:
        """For ``deadlines --json``."""
        return {
            "name": self.name,
            "rule": self.rule,
            "section": self.section,
            "what": self.what,
            "for_whom": self.for_whom,
            "due": self.due.isoformat(),
            "project_number": self.project,
            "started": self.started.isoformat() if self.started else None,
            "counted_days": [d.isoformat() for d in self.counted],
            "skipped_days": {day.isoformat(): name for day, name in self.skipped},
            "calendar": self.calendar,
            "count": self.count(),
            "standing": self.standing(on),
            "right": self.window,
            "overdue": self.overdue(on),
        }


def open_deadlines(
    projects: Projects, on: date, counting: Counting | None = None
) -> list[Deadline]:
    """All that is open on a day, over all projects, by due date.

    Rights that have ended before ``on`` (an appeal window, a publication wait) are left out; duties
    stay until they are done. Business days are counted on the cautious calendars by default.
    """
    found: list[Deadline] = []
    for state, entries in projects.lives():
        found += of_project(state, entries, on, counting or Counting())
    return sorted(found, key=lambda d: (d.due, d.project, d.name, d.about))


def of_project(
    state: ProjectState, entries: Sequence[Entry], on: date, counting: Counting
) -> Iterator[Deadline]:
    """The open deadlines of one project; a notice is owed until it was sent to the applicant."""
    sent = {
        str(e.facts["notice"])
        for e in entries
        if e.kind == "notice_sent" and e.facts["to"] == "applicant"
    }
    for deadline in (*_from_events(state, entries, counting), *_from_dates(state, on, counting)):
        if f"{deadline.name}.{deadline.due}" in sent:
            continue
        if not (deadline.window and deadline.due < on):
            yield deadline


# kind of event → the clocks that it may start
_STARTED = {one.starts: [c for c in CLOCKS if c.starts == one.starts] for one in CLOCKS}


def _from_events(
    state: ProjectState, entries: Sequence[Entry], counting: Counting
) -> Iterator[Deadline]:
    for position, entry in enumerate(entries):
        for clock in _STARTED.get(entry.kind, ()):
            if not clock.runs(counting) or (clock.rows and state.tables_only):
                continue
            later = entries[position + 1 :]
            if clock.started_by(entry) and not any(clock.stopped_by(entry, e) for e in later):
                yield _of_clock(clock, entry, state, counting)


def _of_clock(clock: Clock, entry: Entry, state: ProjectState, counting: Counting) -> Deadline:
    # a plan or an officer's question runs until the day that it names, all else from its own day
    start = date.fromisoformat(str(entry.facts.get("until") or entry.facts["on"]))
    last, counted = clock.due(start, counting)
    calendar = clock.calendar(counting)
    return Deadline(
        name=clock.name,
        rule=clock.rule,
        section=state.cite(clock.section),
        what=clock.what,
        for_whom=clock.for_whom,
        due=last,
        project=state.number,
        started=start,
        counted=counted,
        calendar=calendar.name if calendar else "calendar days",
        window=clock.right,
        about=str(entry.seq),
        days=clock.days,
        skipped=calendar.skipped(start, last) if calendar else (),
        ended=None if calendar else start + timedelta(days=clock.days),
    )


def _from_dates(state: ProjectState, on: date, counting: Counting) -> Iterator[Deadline]:
    now = state.state_on(on)
    if now in IN_FORCE and state.expires is not None:
        yield from _expiry(state, state.expires)
        yield from _years(state, state.expires, on)
        yield from _evidence(state)
    if state.tables_only:
        return  # nothing to destroy, and nothing to keep longer
    if now is State.EXTENSION and state.extension_until is not None:
        yield from _extension(state, state.extension_until)
    if now in IN_FORCE | {State.EXPIRED, State.SUSPENDED}:
        form = state.application
        if isinstance(form, StandardApplication):
            completion = form.project.anticipated_completion
            end = completion + timedelta(days=COMPLETION_DAYS)
            counted: dict[str, Any] = {"started": completion, "days": COMPLETION_DAYS, "ended": end}
            due = counting.department.on_or_after(end)
            yield _dated("completion_notice", due, state, **counted)


def _dated(
    name: str, due: date, state: ProjectState, *, member: str = "", year: int = 0, **more: Any
) -> Deadline:
    """A deadline that hangs on a date, as ``clocks.toml`` words it."""
    row = {k: v for k, v in DATED[name].items() if k != "rows"}
    row["section"] = state.cite(row["section"])
    row["what"] = row["what"].format(member=member, year=year)
    return Deadline(**row, due=due, project=state.number, member=member, **more)


def _expiry(state: ProjectState, expires: date) -> Iterator[Deadline]:
    notice = expires - timedelta(days=RENEWAL_NOTICE_DAYS)
    yield _dated("renewal_notice", notice, state, about=expires.isoformat())
    yield _dated("renewal", expires - timedelta(days=1), state, about=expires.isoformat())


def _years(state: ProjectState, expires: date, on: date) -> Iterator[Deadline]:
    """From November on: January's refresh adds the year that ends only where the application covers it.

    A year may be asked for once it has ended (§ 962(b)): the amendment is prepared before, and requested in January.
    """
    form, year = state.application, on.year if on.month >= 11 else on.year - 1
    due = date(year + 1, 1, REFRESH_DAY - 1)
    if form is None or "aggregated" not in state.kinds or state.pending_digest is not None:
        return
    if on.month in (11, 12, 1) and form.years.last == year - 1 and expires > due:
        yield _dated("years_end", due, state, year=year, started=date(year + 1, 1, 1))


def _extension(state: ProjectState, until: date) -> Iterator[Deadline]:
    notice = until - timedelta(days=EXTENSION_NOTICE_DAYS)
    yield _dated("extension_notice", notice, state, about=until.isoformat())
    yield _dated("extension_end", until, state, about=until.isoformat())


def _evidence(state: ProjectState) -> Iterator[Deadline]:
    """Evidence that ends: the gate refuses from the day after on, tables by the timeframe alone."""
    form = state.application
    if not isinstance(form, StandardApplication):
        return
    yield _dated("timeframe_end", form.timeframe.end, state, about=f"{form.timeframe.end}")
    if state.tables_only:
        return
    ends: list[tuple[str, str, date | None]] = [
        ("irb_end", "", state.irb_until()),
        ("institution_end", "", form.institution.evidence_expires),
        ("authority_end", "", form.cohort.authority_expires),
    ]
    for member in form.team:
        training, check = state.training_of(member.id), state.check_of(member.id)
        ends.append(("training_end", member.id, training.expires if training else None))
        ends.append(("check_end", member.id, check.expires if check else None))
    for name, who, end in ends:
        if end is not None:
            yield _dated(name, end, state, member=who, about=f"{who}{end}")


_WAIT = next(clock for clock in CLOCKS if clock.name == "publication_wait")


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft, by its keyed digest; ``earliest`` is the first day on which it may appear."""

    digest: str
    received: date
    earliest: date
    reviewed: date | None = None
    finding: str | None = None

    @property
    def blocked(self) -> bool:
        """Nothing of it may be published as it is."""
        return self.finding not in (None, "none")

    def as_dict(self, on: date) -> dict[str, object]:
        """For ``project show --json``."""
        return {
            "draft": self.digest,
            "received": self.received.isoformat(),
            "earliest_publication": self.earliest.isoformat(),
            "reviewed": self.reviewed.isoformat() if self.reviewed else None,
            "finding": self.finding,
            "may_be_published": not self.blocked and on >= self.earliest,
        }


def drafts_of(entries: Sequence[Entry], counting: Counting | None = None) -> tuple[Draft, ...]:
    """The drafts of a project, from its standing events, in the order of their receipt."""
    found: dict[str, Draft] = {}
    for entry in entries:
        digest = str(entry.facts.get("draft"))
        if entry.kind == "draft_received":
            received = date.fromisoformat(str(entry.facts["on"]))
            found[digest] = Draft(digest, received, _WAIT.due(received, counting or Counting())[0])
        elif entry.kind == "draft_reviewed" and digest in found:
            found[digest] = replace(
                found[digest],
                reviewed=date.fromisoformat(str(entry.facts["on"])),
                finding=str(entry.facts["finding"]),
            )
    return tuple(found.values())
