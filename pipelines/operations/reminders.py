"""The daily reminders: letters written, each once; sent where mail is set up; a calendar file."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.home import Home, sweep_home, write_private
from pipelines.operations.errors import MailRefused
from pipelines.session import Session, today

if TYPE_CHECKING:
    from approvals.deadlines import UnsentNotice
    from pipelines.operations.mail import Letter

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
        MailUnavailable, MailRefused, MailUnsafe: after everything else was done.
    """
    sweep_home(home)
    with Session(home) as session:
        day = on or today()
        written = write_letters(session, day)
        write_calendar(session, day)
        sent = send_letters(session, day)
        return Reminded(written, sent, len(_unsent(session)))


def write_letters(session: Session, on: date) -> int:
    """Write what is due on a day and return how many letters were new."""
    from approvals.deadlines import Timing, write_notices, write_refresh_notices

    chosen = session.settings.approvals
    timing = Timing(chosen.evidence_notice_days, chosen.review_notice_days, session.counting)
    owed = write_notices(session.projects, session.person, on, timing)
    return len(owed) + len(write_refresh_notices(session.releases, session.person, on))


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
    from pipelines.operations.mail import post_office

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
    from pipelines.operations.mail import Letter

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
