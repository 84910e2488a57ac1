"""Deadlines as iCalendar (RFC 5545): the one place where a text becomes a property of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from approvals.deadlines.deadlines import Deadline
from systems.texts import in_lines

_ALARM_BEFORE = timedelta(days=7)


def as_ics(deadlines: Iterable[Deadline], *, at: datetime | None = None) -> bytes:
    """Write deadlines as iCalendar.

    The same deadline keeps its UID, so that a calendar that reads the file again updates its entry.
    No name of a person is in it: projects go by number. What the format can't say stands as its escape.

    Args:
        deadlines: what ``open_deadlines`` gives.
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
        uid = in_lines(digest.replace(" ", "-").replace(":", "-"))
        event.add("uid", f"{uid}@doj-release")
        event.add("dtstamp", stamp)
        event.add("dtstart", deadline.due)
        event.add("summary", in_lines(f"{deadline.project}: {deadline.what}"))
        event.add("description", in_lines(_description(deadline)))
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", in_lines(deadline.what))
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
