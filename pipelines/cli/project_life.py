"""``project history`` and ``project kinds``: what happened, and what can be recorded."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from pipelines.cli.console import CONSOLE, command, show

if TYPE_CHECKING:
    from approvals.project import ProjectState
    from pipelines.session import Session


_DIGEST = 64  # figures of a SHA-256


@command
def history(
    number: Annotated[str, typer.Argument(metavar="NO", help="The project's number.")],
) -> None:
    """List what was recorded of a project, or taken back."""
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        session.projects.show(number)
        events = session.projects.history(number)
    rows = [
        {
            "event": entry.seq,
            "on": entry.facts.get("on"),
            "kind": entry.kind,
            "who": entry.actor,
            "facts": {k: v for k, v in entry.facts.items() if k != "on"},
            "taken_back_by": taken,
        }
        for entry, taken in events
    ]
    names = ("event", "on", "kind", "who", "facts", "taken_back_by")
    show(f"Project {number}", names, [[_short(row[n]) for n in names] for row in rows], rows)


def _short(value: object) -> object:
    """Digests by their first figures: a person compares, a machine has ``--json``."""
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return ", ".join(f"{name} {_short(item)}" for name, item in items)
    if isinstance(value, tuple):
        return " ".join(map(str, cast("tuple[object, ...]", value)))
    text = str(value) if value is not None else ""
    return f"{text[:8]}…" if len(text) == _DIGEST else text


@command
def kinds(
    kind: Annotated[str | None, typer.Argument(help="One kind; all by default.")] = None,
) -> None:
    """List what `project event` records, and what it needs."""
    from approvals.ledger import KINDS, EventRefused
    from approvals.project import roles_for, words_of
    from approvals.projects import project_event_kinds

    known = project_event_kinds()
    if kind is not None and kind not in known:
        raise EventRefused(what="no kind of project event", kinds=len(known))
    rows = [
        {
            "kind": name,
            "facts": [f"{fact}={KINDS[name].must[fact].name}" for fact in KINDS[name].must],
            "may": [f"{fact}={KINDS[name].may[fact].name}" for fact in KINDS[name].may],
            "who": sorted(roles_for(name)),
            "needs": list(words_of(name)),
        }
        for name in ((kind,) if kind else known)
    ]
    names = ("kind", "facts", "may", "who", "needs")
    show("Events of a project", names, [[row[n] for n in names] for row in rows], rows)


def next_steps(session: "Session", state: "ProjectState") -> list[str]:
    """The moves that are open today, with who may make them."""
    from pipelines.session import today

    return [
        f"{move.event} ({' or '.join(sorted(move.roles))})"
        for move in session.projects.next_moves(state, today())
    ]
