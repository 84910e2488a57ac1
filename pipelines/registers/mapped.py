"""The mapping of a home: which tables of a source are which of ours, and whether two people stand by it."""

from collections.abc import Callable
from pathlib import Path

from pipelines.home import write_private
from pipelines.safeguards import check_mapping
from pipelines.session import Session
from systems.description import MAPPING, System, load_system, path_beside
from systems.errors import MappingThere
from systems.mapping import MappedSupply, Proposal, propose, read_mapping
from systems.outputs import written_together
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


def write_proposal(
    session: Session, code: str, source: Source, out: Path | None
) -> tuple[Proposal, Path]:
    """Write a first mapping of a source for a person to go on with: into the home, or elsewhere.

    Raises:
        UnknownSystem: there is no such system.
        MappingThere: the home has one, and no other place is named.
        OutputUnwritable, CodedError: it can't be written; a table can't be read.
    """
    system = load_system(code)
    path = path_beside(session.home.systems, code, MAPPING)
    if out is None and path.exists():
        raise MappingThere(system=code)
    made = propose(system, source)
    if out is None:
        session.home.systems.mkdir(mode=0o700, exist_ok=True)
        write_private(path, made.text)
        return made, path
    with written_together([out]) as (part,):
        part.write_text(made.text, "utf-8")
    return made, out
