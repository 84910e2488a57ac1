"""The mapping of a home: which tables of a source are which of ours, and whether two people stand by it."""

from collections.abc import Callable

from pipelines.safeguards import check_mapping
from pipelines.session import Session
from systems.description import MAPPING, System, path_beside
from systems.mapping import MappedSupply, read_mapping
from systems.register import AsNamed, Source, Supply


def supply_of(
    session: Session, system: System, source: Source
) -> tuple[Supply, Callable[[], None]]:
    """Our tables as the home finds them in a source, and what must be asked before they are pinned.

    Rows are read, and told of, by a mapping that nobody confirmed yet, so that it can be tried; pinned they are not.

    Raises:
        MappingWrong: the home's mapping does not fit the system.
        TableUnknown: the home has none, and a table is not called like ours.
    """
    path = path_beside(session.home.systems, system.code, MAPPING)
    if not path.is_file():
        return AsNamed(system, source), lambda: None
    mapping = read_mapping(path, system)
    supply = MappedSupply(system, mapping, source)
    return supply, lambda: check_mapping(session, system.code, mapping.text.encode())
