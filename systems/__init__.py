"""What the Department's data systems hold, and the snapshots of their registers.

    system = load_system("CARPOS")
    system.table("order_entry").column("issue_date").identifier_class

`systems.database` opens the embedded database, `systems.tabular` reads outside files,
`systems.register` keeps the snapshots. What a TOML can state is in no code.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from systems.loading import load_system, system_codes
    from systems.model import Code, CodeList, Column, System, Table
    from systems.releases import Dimension, OutputColumn

_PLACES = {
    "load_system": "systems.loading",
    "system_codes": "systems.loading",
    "System": "systems.model",
    "Table": "systems.model",
    "Column": "systems.model",
    "Code": "systems.model",
    "CodeList": "systems.model",
    "OutputColumn": "systems.releases",
    "Dimension": "systems.releases",
}

__all__ = [
    "Code",
    "CodeList",
    "Column",
    "Dimension",
    "OutputColumn",
    "System",
    "Table",
    "load_system",
    "system_codes",
]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for, so that the command line starts quickly."""
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(_PLACES[name]), name)
