"""The daily reminders: letters written, each once; sent where mail is set up; a calendar file."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from approvals.people import check_role
from approvals.project import roles_for
from errors import nearest
from pipelines.errors import MailRefused, OptionsDisagree
from pipelines.home import Home, sweep_home, write_private
from pipelines.operations.errors import LetterNotDue
from pipelines.operations.logs import without_consequence
from pipelines.operations.notices import hand_over_notices
from pipelines.safeguards import notify_witness
from pipelines.session import Session, today

if TYPE_CHECKING:
    from approvals.deadlines import OwedNotice, Timing, UnsentNotice
    from pipelines.mail import Letter

CALENDAR = "deadlines.ics"


@dataclass(frozen=True)
class Reminded:
    """What a day's reminders did: letters that are new, letters sent, letters that wait unsent."""

    written: int
    sent: int
    unsent: int


def remind(home: Home, on: date | None = None) -> Reminded:
    """Write what is due, send what was not sent, write the calendar; sweep up what is unfinished.

    Safe to run daily and to run twice. Letters are written before anything is sent, so that a mail
    server that is down loses none.

    Args:
        home: whose.
        on: the day; today where it is not given.

    Raises:
        OptionsDisagree: a day to come: what is written and mailed would be dated in the future.
        MailUnavailable, MailRefused, MailUnsafe: after everything else was done.
        WitnessDisagrees, WitnessUnavailable: of the daily checkpoint, see `keep_checkpoint`; the rest was done.
    """
    day = on or today()
    if day > today():
        raise OptionsDisagree(option="letters are written for today or a day that has passed")
    sweep_home(home)
    with Session(home) as session:
        written = write_letters(session, day)
        write_calendar(session, day)
        with without_consequence(home, "", "notices"):
            hand_over_notices(home)
        try:
            notify_witness(session)
        finally:
            sent = send_letters(session, day)
        return Reminded(written, sent, len(_unsent(session)))


def owed_letters(session: Session, on: date) -> "list[OwedNotice]":
    """The letters that would be written on a day and were not, in order, each as it would be; nothing is written or sent."""
    from approvals.deadlines import owed_notices, owed_refresh_notices

    owed = owed_notices(session.projects, on, _timing(session))
    owed += owed_refresh_notices(session.releases, on, session.sender)
    return sorted(owed, key=lambda one: (one.due, one.state.number, one.name))


def letters_due(session: Session, on: date) -> list[dict[str, object]]:
    """The same as rows; ``id`` is what `letter_to_read` knows one by."""
    return [
        {
            "project_number": one.state.number,
            "letter": one.name,
            "due": one.due.isoformat(),
            "for_whom": "applicant" if one.to_applicant else "Department",
            "id": letter_id(one),
        }
        for one in owed_letters(session, on)
    ]


def letter_id(owed: "OwedNotice") -> str:
    """What tells a letter that is due from every other: the project and the notice."""
    return f"{owed.state.number}:{owed.notice}"


def letter_to_read(session: Session, on: date, known_by: str) -> "OwedNotice":
    """One letter that is due, to be read before it is written and goes; by its id.

    Raises:
        RoleMissing: who acts may not write it either.
        LetterNotDue: no such letter is due by that day.
    """
    check_role(session.person, roles_for("notice_written"))
    owed = {letter_id(one): one for one in owed_letters(session, on)}
    if known_by not in owed:
        raise LetterNotDue(**nearest(known_by, owed))
    return owed[known_by]


def _timing(session: Session) -> "Timing":
    from approvals.deadlines import Timing

    chosen = session.settings.approvals
    return Timing(
        chosen.evidence_notice_days, chosen.review_notice_days, session.counting, session.sender
    )


def write_letters(session: Session, on: date) -> int:
    """Write what is due on a day and return how many letters were new."""
    from approvals.deadlines import write_notices, write_refresh_notices

    owed = write_notices(session.projects, session.person, on, _timing(session))
    return len(owed) + len(
        write_refresh_notices(session.releases, session.person, on, session.sender)
    )


def write_calendar(session: Session, on: date) -> None:
    """Write every open deadline as iCalendar into the home, whole or not at all (0600)."""
    write_private(session.home.root / CALENDAR, session.deadlines_ics(on))


def send_letters(session: Session, on: date) -> int:
    """Send what was written and not sent, each once; nothing where no server is set up.

    Returns:
        how many went out.

    Raises:
        MailUnavailable, MailUnsafe: nothing more can be sent; what went out is recorded.
        MailRefused: some letters were refused, with how many; the others went out.
    """
    from pipelines.mail import post_office

    settings = session.settings.mail
    waiting = _unsent(session) if settings.host else []
    if not waiting:
        return 0
    sent = refused = 0
    with post_office(settings) as send:
        for item in waiting:
            try:
                send(_letter(session, item))
            except (MailRefused, ValueError):
                refused += 1
                continue
            _record(session, item, on)
            sent += 1
    if refused:
        raise MailRefused(refused=refused, sent=sent)
    return sent


def _unsent(session: Session) -> "list[UnsentNotice]":
    from approvals.deadlines import unsent_notices

    return unsent_notices(session.projects, applicants=session.settings.mail.to_applicants)


def _letter(session: Session, item: "UnsentNotice") -> "Letter":
    from pipelines.mail import Letter

    own = session.settings.mail.department or session.settings.department.contact
    return Letter(
        to=item.address or own,
        subject=f"Project {item.project}: {item.subject}",
        text=item.text,
        mark=f"doj-release.{item.project}.{item.notice}",
    )


def _record(session: Session, item: "UnsentNotice", on: date) -> None:
    session.projects.record(
        session.projects.show(item.project),
        "notice_sent",
        session.person,
        {"notice": item.notice, "to": "applicant" if item.address else "department"},
        on=on,
        key=f"notice-sent:{item.project}:{item.notice}",
    )
