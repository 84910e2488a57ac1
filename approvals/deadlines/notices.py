"""The reminders that the Department owes, as ready letters in the project's folder, each once.

90 days before an approval expires (§ 966(i)), 90 days before an extension ends (§ 967(b)), and, by
policy, 90 days before the review board's approval and other evidence ends, and a week before a review
or another answer of the Department's own is due. A letter to an applicant names the researcher: it
stays in the project's folder (0600), and the ledger gets its keyed digest.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from importlib import resources
from pathlib import Path

from approvals import clocks, people
from approvals.custody import MAKING, Releases, Status
from approvals.deadlines.deadlines import EVIDENCE_NOTICE_DAYS, Deadline, of_project
from approvals.letters import SENDER, SUBJECTS, Letter, Sender, compose
from approvals.project import Projects, ProjectState

_ON_THEIR_DAY = frozenset({"renewal_notice", "extension_notice"})
_BEFORE = frozenset(
    {"irb_end", "training_end", "check_end", "institution_end", "authority_end", "timeframe_end"}
)
_AT_ONCE = frozenset({"years_end"})  # as soon as it is a deadline: from November on
# What a machine may send to an applicant; every other letter decides something, and a person signs it first.
_TO_APPLICANTS = _ON_THEIR_DAY | _BEFORE | _AT_ONCE | {"refreshed"}


# what the Department itself has to answer: a note to itself before the day
_TO_ITSELF = frozenset(c.name for c in clocks.CLOCKS if c.for_whom == "Department" and not c.right)
REVIEW_NOTICE_DAYS = 7  # policy


# what the mail of a letter is about
MAIL_SUBJECTS: Mapping[str, str] = (
    dict(SUBJECTS)
    | tomllib.loads((resources.files("approvals") / "words.toml").read_text("utf-8"))["subjects"]
    | {c.name: f"due: {c.what}" for c in clocks.CLOCKS if c.name in _TO_ITSELF}
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How early the reminders of policy go out, in calendar days, what counts the deadlines, and who writes."""

    evidence: int = EVIDENCE_NOTICE_DAYS
    review: int = REVIEW_NOTICE_DAYS
    counting: clocks.Counting = field(default_factory=clocks.Counting)
    sender: Sender = SENDER


@dataclass(frozen=True, slots=True)
class Notice:
    """A letter that was written."""

    project: str
    name: str
    due: date
    path: Path


@dataclass(frozen=True, slots=True)
class OwedNotice:
    """A letter that is to be written: its id (name, and what tells it from others), due day, and the letter."""

    state: ProjectState
    notice: str
    due: date
    composed: Callable[[], Letter]

    @property
    def letter(self) -> Letter:
        """The letter as it would be."""
        return self.composed()

    @property
    def name(self) -> str:
        """What it is about."""
        return self.notice.partition(".")[0]

    @property
    def to_applicant(self) -> bool:
        """Whether it is for the applicant; else it is a note of the Department to itself."""
        return self.name in _TO_APPLICANTS


@dataclass(frozen=True, slots=True)
class UnsentNotice:
    """A written letter that nobody was sent yet; ``address`` is empty for the Department itself."""

    project: str
    notice: str
    subject: str
    text: str
    address: str


def write_notices(
    projects: Projects, actor: people.Person, on: date, timing: Timing | None = None
) -> list[Notice]:
    """Write every letter that is to go out by a day and was not written yet.

    Safe to run daily and to run twice: a letter is known by project, name and date. ``actor`` answers
    for the reminders; how early they go out is policy where ``timing`` does not say.
    """
    return [_write(projects, one, actor, on) for one in owed_notices(projects, on, timing)]


def owed_notices(projects: Projects, on: date, timing: Timing | None = None) -> list[OwedNotice]:
    """Every letter that is to go out by a day and was not written yet; nothing is written."""
    chosen, found = timing or Timing(), list[OwedNotice]()
    written = _written(projects)
    for state, entries in projects.lives():
        for deadline in of_project(state, entries, on, chosen.counting):
            notice = (state.number, _id(deadline))
            if _goes_out(deadline, on, chosen) and notice not in written:
                compose_it = partial(letter, state, deadline, on, chosen.sender)
                found.append(OwedNotice(state, notice[1], deadline.due, compose_it))
    return sorted(found, key=lambda one: (one.due, one.state.number, one.name, one.notice))


def _written(projects: Projects) -> set[tuple[str, str]]:
    """Project and id of every letter that was written."""
    written = projects.ledger.events(kind="notice_written")
    return {(e.project or "", str(e.facts["notice"])) for e in written}


def unsent_notices(projects: Projects, *, applicants: bool) -> list[UnsentNotice]:
    """The written letters that were not sent, in order.

    Args:
        projects: of the home.
        applicants: letters to applicants go to them; otherwise to the Department, for a person to
            look at and send.

    Raises:
        DocumentChanged: a letter is gone or was changed.
    """
    sent = {(e.project, e.facts["notice"]) for e in projects.ledger.events(kind="notice_sent")}
    found: list[UnsentNotice] = []
    for entry in projects.ledger.events(kind="notice_written"):
        number, notice = entry.project or "", str(entry.facts["notice"])
        if (number, notice) in sent:
            continue
        text = projects.folder(number).get("notice", str(entry.facts["letter"])).decode()
        name = notice.partition(".")[0]
        to_applicant = applicants and name in _TO_APPLICANTS  # what decides, a person signs first
        form = projects.show(number).application if to_applicant else None
        to = form.applicant.email if form else ""
        found.append(UnsentNotice(number, notice, MAIL_SUBJECTS.get(name, "reminder"), text, to))
    return found


def letter(state: ProjectState, deadline: Deadline, on: date, sender: Sender = SENDER) -> Letter:
    """One reminder, composed."""
    facts = {"date": _matter_date(state, deadline).isoformat(), "what": deadline.what}
    if deadline.name in _TO_ITSELF:
        facts |= {
            "started": f"{deadline.started}",
            "count": deadline.count() or f"{deadline.days} calendar days",
            "calendar": deadline.calendar,
        }
        return compose("department", state, on, sender, section=deadline.section, **facts)
    name = deadline.name if deadline.name in _ON_THEIR_DAY | _AT_ONCE else "evidence"
    return compose(name, state, on, sender, section=deadline.section, **facts)


def _goes_out(deadline: Deadline, on: date, timing: Timing) -> bool:
    if deadline.name in _AT_ONCE:
        return True
    if deadline.name in _ON_THEIR_DAY:
        return deadline.due <= on
    if deadline.name in _TO_ITSELF:
        return deadline.due - timedelta(days=timing.review) <= on
    return deadline.name in _BEFORE and deadline.due - timedelta(days=timing.evidence) <= on


def _id(deadline: Deadline) -> str:
    # two drafts may be due on one day: what started the clock tells them apart
    start = deadline.about if deadline.name in _TO_ITSELF else ""
    parts = (deadline.name, deadline.member, start, deadline.due.isoformat())
    return ".".join(part for part in parts if part)


def _write(projects: Projects, owed: OwedNotice, actor: people.Person, on: date) -> Notice:
    """Write a letter and record it."""
    state = projects.show(owed.state.number)
    path = write_letter(projects, state, owed.notice, owed.letter, actor, on, due=owed.due)
    return Notice(state.number, owed.name, owed.due, path)


def write_letter(
    projects: Projects,
    state: ProjectState,
    notice: str,
    letter: Letter,
    actor: people.Person,
    on: date,
    *,
    due: date | None = None,
) -> Path:
    """Write a letter into the project's folder and record it by its id ``notice``; the place of its text."""
    folder, files = projects.folder(state.number), letter.files()
    facts = {"notice": notice, "due": (due or on).isoformat(), **folder.letter_facts(files)}
    store = partial(folder.keep_letter, notice, files)
    key = f"notice:{state.number}:{notice}"
    projects.record(state, "notice_written", actor, facts, on=on, key=key, store=store)
    return folder.letter(f"{notice}.txt")


_REFRESH_DAYS = (
    30  # what was ordered earlier is no news: a home of before tells nobody of old releases
)
_NEXT = {
    Status.WAITING_APPROVAL: "An approver reads its report: `doj-release release approve {release}`.",
    Status.RETURNED: "An approver returned it: `doj-release release show {release}` has the comment.",
    Status.RECORDED: "Hand it over: `doj-release release handover {release} --to MEMBER`.",
    Status.REFUSED: "The gate refused it: `doj-release project check {number}` says why.",
    Status.FAILED: "It stopped: `doj-release run {number} --resume {release}` says why.",
}
_STOPPED = MAKING - {
    Status.WAITING_APPROVAL,
    Status.RETURNED,
}  # on the day after: nothing works on it any more


def write_refresh_notices(
    releases: Releases, actor: people.Person, on: date, sender: Sender = SENDER
) -> list[Notice]:
    """Tell the desk where each scheduled release of late stands, and the applicant of those that lie ready, each once."""
    owed = owed_refresh_notices(releases, on, sender)
    return [_write(releases.projects, one, actor, on) for one in owed]


def owed_refresh_notices(releases: Releases, on: date, sender: Sender = SENDER) -> list[OwedNotice]:
    """The same, of those that were not written yet; nothing is written."""
    projects, found = releases.projects, list[OwedNotice]()
    written = _written(projects)
    for release in releases.list():
        said = _NEXT.get(release.status)
        if release.status in _STOPPED and release.ordered_on < on:
            said = _NEXT[Status.FAILED]
        if not release.scheduled or said is None or (on - release.ordered_on).days > _REFRESH_DAYS:
            continue
        state = projects.show(release.project)
        facts = {"release": release.release, "years": release.years}
        step = said.format(**facts, number=state.number)
        note = partial(
            compose, "refresh_note", state, on, sender, **facts, status=release.status, next=step
        )
        letters = [(f"refresh_note.{release.release}.{release.status}", note)]
        if release.status is Status.RECORDED:
            told = partial(compose, "refreshed", state, on, sender, **facts)
            letters.append((f"refreshed.{release.release}", told))
        found += [
            OwedNotice(state, notice, on, one)
            for notice, one in letters
            if (state.number, notice) not in written
        ]
    return found


def _matter_date(state: ProjectState, deadline: Deadline) -> date:
    if deadline.name == "renewal_notice":
        return state.expires or deadline.due
    if deadline.name == "extension_notice":
        return state.extension_until or deadline.due
    return deadline.due
