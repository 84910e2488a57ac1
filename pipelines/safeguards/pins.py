"""What fixes a release beside its order: settings, the system's file and its register's mapping as they stood when it was ordered.

They are copied into the order, and their keyed digest stands in the event that ordered it. Every stage compares:
a threshold that is lowered between the gate and the extract, or between the approval and the hand-over, stops the
release instead of shaping it.
"""

import json

from pydantic import BaseModel, ConfigDict

from pipelines.home import Home
from pipelines.safeguards.errors import PinsBroken, SettingsChanged
from pipelines.safeguards.switches import value_of
from pipelines.session import Session
from systems.errors import SnapshotDamaged
from systems.register import SnapshotInfo

# What shapes a release or decides on it. Where things are kept, mailed and worked may change meanwhile.
SECTIONS = ("disclosure", "drift", "linkage", "release", "approvals")


class Pins(BaseModel):
    """What is pinned.

    Attributes:
        settings: each setting of `SECTIONS` by its dotted name.
        system: digest of the system's file, with what the home adds to it.
        snapshot, mapping: the snapshot that was loaded by a mapping, and the mapping itself; empty where there was none.
        lessons: earlier releases whose reviewed pairs its linkage learns from, each with the keyed digest of what is kept of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, object]
    system: str
    snapshot: str = ""
    mapping: str = ""
    lessons: dict[str, str] = {}

    def digest(self, session: Session) -> str:
        """Keyed digest, for the event that orders a release."""
        body = json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        return session.keyring.digest("pins", body.encode())


def pins_of(session: Session, system: str, snapshot: SnapshotInfo | None = None) -> Pins:
    """What a release of a system, from a snapshot of it, is pinned to when it is ordered now."""
    names = [
        f"{section}.{name}"
        for section in SECTIONS
        for name in type(getattr(session.settings, section)).model_fields
    ]
    plain = json.loads(json.dumps({n: value_of(session.settings, n) for n in names}))
    loaded, mapping = (
        (snapshot.snapshot_id, snapshot.mapping) if snapshot and snapshot.mapping else ("", "")
    )
    described = session.systems.load(system).digest
    return Pins(settings=plain, system=described, snapshot=loaded, mapping=mapping)


def recorded_pins(home: Home, release: str) -> Pins | None:
    """The pins of an order as its file has them; None where it has none, or there is no file."""
    try:
        order = json.loads((home.runs / release / "order.json").read_text("utf-8"))
        return Pins.model_validate(order["pins"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_pins(
    session: Session,
    system: str,
    pinned: Pins | None,
    recorded: str | None,
    free: frozenset[str] = frozenset(),
) -> None:
    """Refuse to go on with other settings, or another description of the system, than were ordered.

    Args:
        session: the opened home.
        system: code of the release's system.
        pinned: what the order says; None, as ``recorded``, where it was made before orders were pinned.
        recorded: its digest in the event that ordered the release.
        free: names of settings that may be others at this step.

    Raises:
        PinsBroken: the order's pins are not those of the event (exit 5).
        SettingsChanged: names of the settings that are others now (exit 5).
        SnapshotDamaged: its snapshot says another mapping than the order (exit 5).
    """
    if pinned is None and recorded is None:
        return
    if pinned is None or pinned.digest(session) != recorded:
        raise PinsBroken
    now = pins_of(session, system)
    names = pinned.settings.keys() | now.settings.keys()
    changed = sorted(n for n in names - free if pinned.settings.get(n) != now.settings.get(n))
    if changed or pinned.system != now.system:
        raise SettingsChanged(settings=changed, system_file=pinned.system != now.system)
    if pinned.mapping and session.registers.open(pinned.snapshot).info.mapping != pinned.mapping:
        raise SnapshotDamaged(part="mapping")
