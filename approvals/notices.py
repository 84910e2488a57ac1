"""The reminders that the Department owes, as ready letters in the project's folder, each once.

90 days before an approval expires (§ 966(i)), 90 days before an extension ends (§ 967(b)), and, by
policy, 90 days before the review board's approval and other evidence ends. A letter names the
researcher: it stays in the project's folder (0600), and the ledger gets its keyed digest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from approvals.application_forms import Application, StandardApplication
from approvals.deadlines import EVIDENCE_NOTICE_DAYS, Deadline, due
from approvals.people import Person
from approvals.project_state import ProjectState
from approvals.projects import Projects

CONTACT = "datarequests@doj.ca.gov"
_ON_THEIR_DAY = frozenset({"renewal_notice", "extension_notice"})
_BEFORE = frozenset(
    {"irb_end", "training_end", "check_end", "institution_end", "authority_end", "timeframe_end"}
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A letter that was written."""

    project: str
    name: str
    due: date
    path: Path


def write_notices(projects: Projects, actor: Person, on: date) -> list[Notice]:
    """Write every letter that is to go out by a day and was not written yet.

    Safe to run daily and to run twice: a letter is known by project, name and date.

    Args:
        projects: of the home.
        actor: the person who answers for the reminders.
        on: the day.
    """
    return [
        _write(projects, deadline, actor, on)
        for deadline in due(projects, on)
        if _goes_out(deadline, on) and not _is_written(projects, deadline)
    ]


def letter(state: ProjectState, deadline: Deadline, on: date) -> str:
    """The text of one letter."""
    form = state.application
    name, address = _addressee(form)
    body = {
        "renewal_notice": _RENEWAL,
        "extension_notice": _EXTENSION,
    }.get(deadline.name, _EVIDENCE)
    return _FRAME.format(
        on=on.isoformat(),
        name=name,
        address=address,
        number=state.number,
        title=form.title if form else "",
        body=body.format(
            date=_matter_date(state, deadline).isoformat(),
            what=deadline.what,
            section=deadline.section,
        ),
        contact=CONTACT,
    )


def _goes_out(deadline: Deadline, on: date) -> bool:
    if deadline.name in _ON_THEIR_DAY:
        return deadline.due <= on
    return deadline.name in _BEFORE and deadline.due - timedelta(days=EVIDENCE_NOTICE_DAYS) <= on


def _is_written(projects: Projects, deadline: Deadline) -> bool:
    written = projects.ledger.events(project=deadline.project, kind="notice_written")
    return any(e.facts["notice"] == _id(deadline) for e in written)


def _id(deadline: Deadline) -> str:
    parts = (deadline.name, deadline.member, deadline.due.isoformat())
    return ".".join(part for part in parts if part)


def _write(projects: Projects, deadline: Deadline, actor: Person, on: date) -> Notice:
    state = projects.show(deadline.project)
    text = letter(state, deadline, on)
    folder = projects.folder(state.number)
    path = folder.write_letter(f"{_id(deadline)}.txt", text)
    facts = {
        "notice": _id(deadline),
        "due": deadline.due.isoformat(),
        "letter": folder.put("notice", text.encode()),
    }
    projects.record(
        state, "notice_written", actor, facts, on=on, key=f"notice:{state.number}:{_id(deadline)}"
    )
    return Notice(state.number, deadline.name, deadline.due, path)


def _matter_date(state: ProjectState, deadline: Deadline) -> date:
    if deadline.name == "renewal_notice":
        return state.expires or deadline.due
    if deadline.name == "extension_notice":
        return state.extension_until or deadline.due
    return deadline.due


def _addressee(form: Application | None) -> tuple[str, str]:
    if isinstance(form, StandardApplication):
        person = form.researcher
        return f"{person.name}, {person.title}", "\n".join(
            [form.institution.name, person.address,
             f"{person.city}, {person.state} {person.postal_code}", person.email]
        )  # fmt: skip
    if form is not None:
        return form.requester.name, f"{form.requester.address}\n{form.requester.email}"
    return "", ""


def notice_names() -> Iterator[str]:
    """The deadlines that a letter announces."""
    yield from sorted(_ON_THEIR_DAY | _BEFORE)


_FRAME = """\
California Department of Justice
Research Services

{on}

{name}
{address}

Project {number}: {title}

{body}

Questions and submissions: {contact}

Research Services
"""

_RENEWAL = """\
The approval of your project expires on {date}. If the project will continue, please submit a
project renewal request in writing on official letterhead, and complete the renewal before that
date ({section}). The request must include:

  1. any changes in personnel and updated contact information, including removal or addition of the
     Bona Fide Researcher or Team Members;
  2. any changes in the details of the project;
  3. any technology changes, including software or hardware changes to the computers or servers;
  4. any changes to the location where the data is stored or accessed;
  5. any changes to the security protocols used to prevent unauthorized access;
  6. if applicable, changes or updates in the approval of the institutional review board or human
     subjects committee, with all documentation, the application number and the expiration date.

If the project ends, please notify us within 30 days of its completion, together with the
certificate of data destruction (§§ 964(l), 967(a))."""

_EXTENSION = """\
The extension of time for the destruction of the data ends on {date} ({section}). Before that date
please either submit an additional request to extend the time, or the signed and dated certificate
of data destruction (§ 967(a)). Up to seven requests for a total of seven years are possible."""

_EVIDENCE = """\
Our records show a date of {date} by which you would have to {what} ({section}). Without it no
further data can be released to your project from the day after."""
