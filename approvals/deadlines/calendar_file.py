"""Deadlines as an iCalendar file (RFC 5545): one all-day event each, with an alarm a week before."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from approvals.deadlines.deadlines import Deadline

_ALARM_BEFORE = timedelta(days=7)


def as_ics(deadlines: Iterable[Deadline], *, at: datetime | None = None) -> bytes:
    """Write deadlines as iCalendar.

    The same deadline keeps its UID, so that a calendar that reads the file again updates its entry.
    No name of a person is in it: projects go by number.

    Args:
        deadlines: what ``due`` gives.
        at: time of writing, UTC.
    """
    from icalendar import Alarm, Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//doj-release//deadlines//EN")
    calendar.add("version", "2.0")
    stamp = at or datetime.now(UTC)
    for deadline in deadlines:
        event = Event()
        digest = f"{deadline.project}-{deadline.name}-{deadline.about or deadline.due}"
        event.add("uid", f"{digest.replace(' ', '-').replace(':', '-')}@doj-release")
        event.add("dtstamp", stamp)
        event.add("dtstart", deadline.due)
        event.add("summary", f"{deadline.project}: {deadline.what}")
        event.add("description", _description(deadline))
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", deadline.what)
        alarm.add("trigger", -_ALARM_BEFORE)
        event.add_component(alarm)
        calendar.add_component(event)
    return calendar.to_ical()


def _description(deadline: Deadline) -> str:
    counted = ", ".join(day.isoformat() for day in deadline.counted)
    lines = [
        f"For: {deadline.for_whom}",
        f"Section: {deadline.section} ({deadline.rule})",
        f"Counted: {deadline.calendar}" + (f": {counted}" if counted else ""),
    ]
    return "\n".join(lines)
