"""What a home's snapshots are, for a person to look at."""

from pipelines.session import Session
from systems.register import SnapshotInfo


def list_registers(session: Session, system: str | None) -> list[dict[str, object]]:
    """The snapshots of a home, oldest first.

    Raises:
        UnknownSystem: there is no such system.
    """
    if system is not None:
        session.systems.load(system)
    return [as_row(session, info) for info in session.registers.list(system)]


def as_row(session: Session, info: SnapshotInfo) -> dict[str, object]:
    """What a person wants to know of a snapshot."""
    since = (
        {
            "base": info.base,
            "changes": {name: one.model_dump() for name, one in info.changes.items()},
            "resolved": info.resolved,
        }
        if info.base
        else {}
    )
    return {
        "snapshot": info.snapshot_id,
        "state": session.registers.standing(info).state,
        "system": info.system,
        "loaded": info.created.isoformat(),
        "entries": info.entries,
        "persons": info.persons,
        "persons_lower": info.persons_lower,
        "years": f"{info.first_year}-{info.last_year}",
        "synthetic": info.synthetic,
        "rows": info.rows,
        **since,
    }
