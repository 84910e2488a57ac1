"""The mapping of a home: which tables of a source are which of ours, and whether two people stand by it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipelines.home import write_private
from pipelines.safeguards import check_mapping
from pipelines.session import Session
from systems.description import MAPPING, System, path_beside
from systems.errors import BaseDiffers, MappingThere
from systems.mapping import MappedSupply, Proposal, propose, read_mapping
from systems.outputs import written_together
from systems.register import AsNamed, Base, Source, Supply


def supply_of(
    session: Session, system: System, source: Source, base: Base | None
) -> tuple[Supply, Base | None, Callable[[], None]]:
    """Our tables as the home finds them in a source, what they are loaded against, and what must be asked before they are pinned.

    Rows are read, and told of, by a mapping that nobody confirmed yet, so that it can be tried; pinned they are not.

    Raises:
        MappingWrong: the home's mapping does not fit the system.
        TableUnknown: the home has none, and a table is not called like ours.
        BaseDiffers: a delta, against a snapshot that was loaded by another mapping.
    """
    path = path_beside(session.home.systems, system.code, MAPPING)
    delta = base if base is not None and base.delta else None
    if not path.is_file():
        supply, confirmed = AsNamed(system, source), lambda: None
    else:
        mapping = read_mapping(path, system)
        supply = MappedSupply(system, mapping, source, partial=delta is not None)
        confirmed = partial(check_mapping, session, system.code, mapping.text.encode())
        if delta is not None:
            keys = {name: supply.keys(name, part.source) for name, part in delta.deleted.items() if name in mapping.tables}  # fmt: skip
            base = replace(delta, deleted={**delta.deleted, **keys})
    if delta is not None and delta.snapshot.info.mapping != supply.mapping:
        raise BaseDiffers(base=delta.snapshot.info.snapshot_id, system=system.code)
    return supply, base, confirmed


def write_proposal(
    session: Session, code: str, source: Source, out: Path | None
) -> tuple[Proposal, Path]:
    """Write a first mapping of a source for a person to go on with: into the home, or elsewhere.

    Raises:
        UnknownSystem: there is no such system.
        MappingThere: the home has one, and no other place is named.
        OutputUnwritable, CodedError: it can't be written; a table can't be read.
    """
    system = session.systems.load(code)
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
