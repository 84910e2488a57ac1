"""What was on the screen when somebody decides: a page that lay open while others went on decides nothing."""

from collections.abc import Iterable

from approvals.ledger import Entry
from pipelines.desk.errors import PageMoved
from pipelines.desk.web import Visit

_SHORT = 20  # figures of a number
# Questions and refusals that leave things as they are: nobody has to look again for them.
_NOTHING = frozenset({"attempt_refused", "gate_allowed", "gate_refused"})


def seen_of(entries: Iterable[Entry]) -> str:
    """What a form says of the events that its page was made from: the number of the newest that changed something."""
    return str(max((one.seq for one in entries if one.kind not in _NOTHING), default=0))


def check_seen(visit: Visit, entries: Iterable[Entry]) -> None:
    """Refuse a step where something was recorded since its page was drawn.

    Raises:
        PageMoved: something was.
    """
    if visit.value("seen", longest=_SHORT) != seen_of(entries):
        raise PageMoved
