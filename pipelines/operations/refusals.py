"""Refused commands in the ledger: who tried what, and by which code it was refused."""

from collections.abc import Callable, Mapping
from pathlib import Path

from approvals.errors import AttemptUnrecorded
from approvals.gate import UNKNOWN_ACTOR, is_refused_attempt, record_attempt
from errors import CodedError
from pipelines.session import Session, open_session, today

_PROJECT, _RELEASE = ("project", "number"), ("release", "resume")  # options and arguments by name


def note_refusal(
    home: Path | None, error: CodedError, step: str, given: Mapping[str, object]
) -> AttemptUnrecorded | None:
    """Record that a command was refused; it stays refused whatever becomes of the record.

    Args:
        home: the home that the command worked on.
        error: what refused it.
        step: the command in dots (``release.approve``).
        given: its arguments and options by name; of them the project and the release are kept.

    Returns:
        what to show besides the refusal where it could not be recorded.
    """
    if not is_refused_attempt(error):
        return None
    try:
        with open_session(home) as session:
            return record_refusal(lambda: session, error, step, given)
    except Exception:  # noqa: BLE001  # whatever it is: a refusal is never lost to it
        return AttemptUnrecorded(step=step, refusal=error.code)


def record_refusal(
    opened: Callable[[], Session],
    error: CodedError,
    step: str,
    given: Mapping[str, object],
    *,
    always: bool = False,
) -> AttemptUnrecorded | None:
    """The same by a session that is open, or is opened now: of whoever acts in it; ``always``: whatever refuses them."""
    if not (always or is_refused_attempt(error)):
        return None
    try:
        session = opened()
        record_attempt(
            session.ledger,
            error,
            actor=_who(session),
            step=step,
            on=today(),
            project=_named(given, _PROJECT),
            release=_named(given, _RELEASE),
        )
    except Exception:  # noqa: BLE001  # the same
        return AttemptUnrecorded(step=step, refusal=error.code)
    return None


def _who(session: Session) -> str:
    try:
        return session.person.id
    except CodedError:
        return UNKNOWN_ACTOR


def _named(given: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    found = [given[name] for name in names if isinstance(given.get(name), str)]
    return str(found[0]) if found else None
