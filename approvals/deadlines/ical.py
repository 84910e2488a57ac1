r"""Deadlines as iCalendar (RFC 5545): the one place where a text becomes a property of it.

Written by hand, since it is five kinds of lines: whatever a text holds, it stays in its property. Line ends become ``\n``; control
characters, which the format can't say, are told.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from approvals.deadlines.deadlines import Deadline
from systems.texts import in_lines

_ALARM_BEFORE = timedelta(days=7)
_LONGEST = 75  # bytes of a line, RFC 5545 § 3.1
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def as_ics(deadlines: Iterable[Deadline], *, at: datetime | None = None) -> bytes:
    """Write deadlines as iCalendar.

    The same deadline keeps its UID, so that a calendar that reads the file again updates its entry.
    No name of a person is in it: projects go by number.

    Args:
        deadlines: what ``open_deadlines`` gives.
        at: time of writing, UTC.
    """
    stamp = f"{at or datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//doj-release//deadlines//EN"]
    lines += [line for one in deadlines for line in _event(one, stamp)]
    return b"".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _event(deadline: Deadline, stamp: str) -> Iterator[str]:
    digest = f"{deadline.project}-{deadline.name}-{deadline.about or deadline.due}"
    yield "BEGIN:VEVENT"
    yield f"SUMMARY:{text_value(f'{deadline.project}: {deadline.what}')}"
    yield f"DTSTART;VALUE=DATE:{deadline.due:%Y%m%d}"
    yield f"DTSTAMP:{stamp}"
    yield f"UID:{text_value(digest.replace(' ', '-').replace(':', '-'))}@doj-release"
    yield f"DESCRIPTION:{text_value(_description(deadline))}"
    yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{text_value(deadline.what)}")
    yield from (f"TRIGGER:-P{_ALARM_BEFORE.days}D", "END:VALARM", "END:VEVENT")


def _description(deadline: Deadline) -> str:
    counted = ", ".join(day.isoformat() for day in deadline.counted)
    lines = [
        f"For: {deadline.for_whom}",
        f"Section: {deadline.section} ({deadline.rule})",
        f"Counted: {deadline.calendar}" + (f": {counted}" if counted else ""),
    ]
    return "\n".join(lines)


def text_value(text: str) -> str:
    """A text as the value of a property."""
    return in_lines(text).translate(_ESCAPES)


def _folded(line: str) -> bytes:
    """A line in pieces that fit, the later ones after a blank; no character and no escape is cut."""
    pieces, size = [""], 0
    for character in line:
        size += len(character.encode())
        if size >= _LONGEST and pieces[-1]:
            escape = pieces[-1][-1] if pieces[-1][1:].endswith(("\\", "^")) else ""
            pieces[-1] = pieces[-1].removesuffix(escape)
            pieces.append(escape)
            size = len((escape + character).encode())
        pieces[-1] += character
    return "\r\n ".join(pieces).encode() + b"\r\n"
