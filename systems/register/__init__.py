"""Register snapshots: validated, resolved to persons, encrypted, pinned, and opened again.

store = RegisterStore(home / "register", keyring_key)
snapshot = store.load(system, files, resolve=..., on=today)
con = snapshot.connect()          # one view per table, person_index, linkage_records
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from systems.register.manifest import SnapshotInfo
    from systems.register.marks import is_synthetic
    from systems.register.problems import Problem
    from systems.register.snapshot import Snapshot
    from systems.register.store import RegisterStore

_PLACES = {
    "RegisterStore": "systems.register.store",
    "Snapshot": "systems.register.snapshot",
    "SnapshotInfo": "systems.register.manifest",
    "Problem": "systems.register.problems",
    "is_synthetic": "systems.register.marks",
}

__all__ = ["Problem", "RegisterStore", "Snapshot", "SnapshotInfo", "is_synthetic"]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(_PLACES[name]), name)
