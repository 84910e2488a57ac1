"""Attempts that were refused: who tried which step on what, when, and by which code it was refused.

A refusal that leaves no trace invites the next try. What the gate refuses a release has an event of
its own (``gate_refused``, with its rules) and is not recorded twice; asking whether something would be
allowed is no attempt.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from approvals.errors import GateRefused
from approvals.ledger import ID, Entry, Event, Ledger
from errors import CodedError, Exit

UNKNOWN_ACTOR = (
    "UNKNOWN"  # the actor whom people.toml does not name; no id of a person is in capitals
)


def is_refused_attempt(error: CodedError) -> bool:
    """Whether this error refuses somebody something that nothing else records."""
    return error.exit is Exit.REFUSED and not isinstance(error, GateRefused)


def record_attempt(
    ledger: Ledger,
    error: CodedError,
    *,
    actor: str,
    step: str,
    on: date,
    project: str | None = None,
    release: str | None = None,
    passkey: str | None = None,
) -> Entry:
    """Record that a step was refused.

    Args:
        ledger: the home's.
        error: the refusal; its code alone is recorded.
        actor: person id, or ``UNKNOWN_ACTOR``.
        step: what was tried, such as ``release.approve``.
        on: day.
        project: what was named as a project's number; one that the ledger does not know may be
            anything that a person typed, and is left out.
        release: likewise a release's id.
        passkey: fingerprint of the one that was used, whoever used it.

    Raises:
        LedgerUnavailable: it could not be recorded; the step stays refused.
    """
    about = _about(ledger, project, release)
    facts = {"step": step, "code": error.code, "on": on.isoformat()}
    facts |= {"passkey": passkey} if passkey else {}
    return ledger.append(Event("attempt_refused", actor, *about, facts=facts))


def refused_attempts(ledger: Ledger, project: str) -> list[Mapping[str, Any]]:
    """The refused attempts on a project and its releases, in order, for ``project show``."""
    return [
        {
            "event": entry.seq,
            "on": entry.facts["on"],
            "step": entry.facts["step"],
            "who": entry.actor,
            "release": entry.release,
            "code": entry.facts["code"],
        }
        for entry in ledger.events(project=project, kind="attempt_refused")
    ]


def _about(
    ledger: Ledger, project: str | None, release: str | None
) -> tuple[str | None, str | None]:
    """The project and release that these names stand for in the ledger."""
    if release is not None and ID.holds(release):
        for entry in ledger.events(release=release, kind="release_ordered"):
            return entry.project, release
    if project is not None and ID.holds(project):
        for entry in ledger.events(project=project, kind="project_submitted"):
            return entry.project, None
    return None, None
