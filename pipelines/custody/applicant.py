"""A project as its applicant may be told: by telephone, by whoever answers it.

What the applicant wrote, what was decided and sent, what they owe and until when. Never why the Department decides
as it does, who does it, what it found of a person, what the gate said, or a release that has not gone out.
"""

import tomllib
from importlib import resources

from approvals import custody, deadlines
from approvals.project import ProjectState
from pipelines.session import Session, today

_GONE_OUT = frozenset(
    {
        custody.Status.HANDED_OVER,
        custody.Status.RECEIVED,
        custody.Status.WITHDRAWN,
        custody.Status.DESTROYED,
    }
)


def applicant_view(session: Session, number: str) -> dict[str, object]:
    """What may be told, as ``project show --applicant`` prints it.

    Raises:
        UnknownProject: there is no such project.
    """
    state, on = session.projects.show(number), today()
    shown = state.as_dict(on)
    told = {name: shown[name] for name in _TOLD} | {"state": _states()[str(state.state_on(on))]}
    if state.pending_digest is not None:
        told["amendment"] = _states()["pending"]
    due = [
        {"due": d.due.isoformat(), "what": d.what, "section": d.section}
        for d in deadlines.open_deadlines(session.projects, on, session.counting)
        if d.project == number and d.for_whom != "Department" and d.name not in _OF_A_PERSON
    ]
    given = [
        {
            "release": release.release,
            "kind": release.kind,
            "to": package.member,
            "on": day.isoformat(),
        }
        for release in session.releases.list(number)
        if release.status in _GONE_OUT
        for package in release.packages.values()
        for day in package.handed_over
    ]
    return told | {
        "purposes": state.purposes(),
        "keys": _keys(state),
        "packages": given,
        "due": due,
    }


_OF_A_PERSON = frozenset({"check_appeal", "check_end"})  # a letter tells that person
_TOLD = ("project_number", "system", "kinds", "submitted_on", "approved_on", "expires")


def _states() -> dict[str, str]:
    words = tomllib.loads((resources.files("approvals") / "words.toml").read_text("utf-8"))
    return words["applicant"]


def _keys(state: ProjectState) -> list[dict[str, object]]:
    """Whether the key of each recipient is there; not which: a caller who reads it to us proves something."""
    if state.application is None:
        return []
    on = today()
    usable = {r.member for r in state.usable_recipients(on)}
    waits = {r.member for r in state.recipients if not r.revoked} - usable
    return [
        {"member": m, "key": "confirmed" if m in usable else "waits" if m in waits else "none"}
        for m in state.application.recipient_ids()
    ]
