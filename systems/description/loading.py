"""Reading a system's TOML and checking that its parts fit together.

The files lie beside this module, one for each data system, named after its code.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from errors import nearest
from systems.description.local import LOCAL, MAPPING, read_beside, with_local
from systems.description.model import Column, System
from systems.description.releases import NUMBERS, OutputColumn, RowRelease
from systems.description.terms import KINDS
from systems.errors import DescriptionBroken, LocalWrong, UnknownSystem

_FOLDER = Path(__file__).parents[1]
_SHARED = _FOLDER / "shared" / "code_lists.toml"
_NAMED = ("code_lists", "tables")  # written as TOML tables, whose key is the part's name


def system_codes() -> tuple[str, ...]:
    """Return the codes of the systems that are described, sorted."""
    return tuple(sorted(path.stem.upper() for path in _FOLDER.glob("*.toml")))


def description_digests(folder: Path | None = None) -> dict[str, str]:
    """The SHA-256 of each system's file by its code, of what they share, and of a home's files beside them.

    Args:
        folder: the home's, with what it adds (``CARPOS.local``) and how its registers are mapped (``CARPOS.mapping``).
    """
    contents = {code: (_FOLDER / f"{code.lower()}.toml").read_bytes() for code in system_codes()}
    contents["shared"] = _SHARED.read_bytes()
    if folder is not None:
        for code in system_codes():
            for kind in (LOCAL, MAPPING):
                if content := read_beside(folder, code, kind):
                    contents[f"{code}.{kind}"] = content
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


@dataclass(frozen=True)
class Systems:
    """The described systems as one home has them: each as installed, with what the home adds (`systems.description.local`).

    Attributes:
        added: what the home adds, by the system's code.
    """

    added: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The systems of a home, by its folder of what it adds.

        Raises:
            LocalWrong: a file of it can't be read.
        """
        read = ((code, read_beside(folder, code, LOCAL)) for code in system_codes())
        return cls(tuple((code, content) for code, content in read if content))

    def load(self, code: str) -> System:
        """The description of a system by its code, such as ``CARPOS``.

        Raises:
            UnknownSystem: no system has this code.
            DescriptionBroken: its TOML is not valid, or its parts don't fit together.
            LocalWrong: the same of what the home adds.
        """
        return _loaded(code, dict(self.added).get(code, b""))

    def text(self, code: str) -> str:
        """What a system is described by, of which `System.digest` is the digest: its file, the shared lists, what the home adds.

        Raises:
            UnknownSystem, DescriptionBroken, LocalWrong: see `load`.
        """
        shared = _SHARED.read_bytes() if self.load(code).shared else b""
        installed = (_FOLDER / f"{code.lower()}.toml").read_bytes()
        return (installed + shared + dict(self.added).get(code, b"")).decode()


def load_system(code: str) -> System:
    """A system as installed: what the law says of it, to which no home adds; its codes, columns and digest are those of `Systems`.

    Raises:
        UnknownSystem, DescriptionBroken: see `Systems.load`.
    """
    return _loaded(code, b"")


@cache
def _loaded(code: str, local: bytes) -> System:
    if code not in system_codes():
        raise UnknownSystem(known=list(system_codes()), **nearest(code, system_codes()))
    installed = (_FOLDER / f"{code.lower()}.toml").read_bytes()
    try:
        return read_system(installed, local)
    except DescriptionBroken as broken:
        if not local:
            raise
        found = broken.facts["problems"]
        problems = [str(one) for one in found] if isinstance(found, tuple) else []
        raise LocalWrong(system=code, problems=problems) from None


def read_system(toml: bytes, local: bytes = b"") -> System:
    """Build a system from the bytes of its TOML, and of what a home adds; see `load_system`."""
    try:
        raw: dict[str, Any] = tomllib.loads(toml.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise DescriptionBroken(problems=["not TOML"]) from None
    try:
        taken = _with_shared(raw)
    except (KeyError, TypeError):
        raise DescriptionBroken(problems=["shared: no such code list"]) from None
    with_local(raw, local)
    for part in _NAMED:
        raw[part] = [{"name": name, **body} for name, body in raw.get(part, {}).items()]
    raw["digest"] = hashlib.sha256(toml + taken + local).hexdigest()
    try:
        system = System.model_validate(raw)
    except ValidationError as broken:
        raise DescriptionBroken(
            problems=[".".join(str(step) for step in e["loc"]) for e in broken.errors()]
        ) from None
    # releases lean on tables, so they are looked at only where the tables hold
    if problems := list(_table_misfits(system)) or list(_release_misfits(system)):
        raise DescriptionBroken(problems=problems)
    return system


def _with_shared(raw: dict[str, Any]) -> bytes:
    """Take in the shared code lists that a description names; return the bytes they came from."""
    if not raw.get("shared"):
        return b""
    content = _SHARED.read_bytes()
    listed = tomllib.loads(content.decode())["code_lists"]
    own = raw.setdefault("code_lists", {})
    raw["code_lists"] = {name: listed[name] for name in raw["shared"]} | own
    return content


def _release_misfits(system: System) -> Iterator[str]:
    """Yield each source that leads nowhere and each output that contradicts its source."""
    yield from _linkage_misfits(system)
    yield from _counted_misfits(system)
    yield from _law_misfits(system)
    for kind in KINDS:
        release = getattr(system.release, kind)
        if release is None:
            continue
        yield from _source_misfits(system, release.key, f"release.{kind}.key")
        yield from _source_misfits(system, release.year_source, f"release.{kind}.year_source")
        for exclusion in release.exclusions:
            yield from _source_misfits(system, exclusion.source, f"{kind}.{exclusion.name}")
        columns = release.dimensions if kind == "aggregated" else release.columns
        names = [column.name for column in columns]
        if len(names) != len(set(names)):
            yield f"{kind}: a name twice"
        for column in columns:
            yield from _output_misfits(system, column, f"{kind}.{column.name}")
        if kind != "aggregated":
            yield from _detail_misfits(release, kind)


def _detail_misfits(release: RowRelease, kind: str) -> Iterator[str]:
    """A coarser column is made of what the finer one is made of, and there is one for each."""
    by_name = {column.name: column for column in release.columns}
    finer = [c.coarser_of for c in release.columns if c.coarser_of is not None and not c.step]
    if len(finer) != len(set(finer)):
        yield f"{kind}: two columns that are coarser than one"
    for column in release.columns:
        fine = by_name.get(column.coarser_of or "")
        if column.coarser_of is not None and (fine is None or fine.source != column.source):
            yield f"{kind}.{column.name}: coarser than a column of another source"
    if not set(release.gives_way) <= set(by_name):
        yield f"{kind}: unknown columns give way"
    if not {n for one in release.depends for n in (one.column, *one.tells)} <= set(by_name):
        yield f"{kind}: unknown columns depend on one another"


def _linked_misfits(system: System, known: set[str] | None) -> Iterator[str]:
    """To whom else a cohort may be matched has roles that there are, and conditions name nobody else."""
    rows = system.release.identified
    linked = rows.linked if rows is not None else ()
    for one in linked:
        if known is None or not set(one.roles) <= known:
            yield f"identified.{one.name}: unknown roles"
        if one.unless and _column(system, f"{system.linkage.party_table}.{one.unless}") is None:
            yield f"identified.{one.name}: unless leads nowhere"
        held = {e.source.partition(".")[0] for e in rows.exclusions} if rows else set()
        if not held <= {rows.key.partition(".")[0] if rows else ""}:
            yield f"identified.{one.name}: what is confidential stands on the record itself"
    named = {one.linked for one in system.conditions if one.linked}
    if not named <= {one.name for one in linked}:
        yield "conditions: of persons to whom nothing is matched"


def _counted_misfits(system: System) -> Iterator[str]:
    """Who is counted instead has roles that the code list of roles knows."""
    aggregated = system.release.aggregated
    role = _column(system, system.linkage.role or "")
    known = set(system.code_list(role.codes).values) if role and role.codes else None
    yield from _linked_misfits(system, known)
    for counted in aggregated.counted:
        if known is not None and not set(counted.roles) <= known:
            yield f"aggregated.{counted.name}: unknown roles"
        if not set(counted.measures) <= {m.name for m in aggregated.measures}:
            yield f"aggregated.{counted.name}: unknown measures"
        if not set(counted.dimensions) <= set(aggregated.dimension_names):
            yield f"aggregated.{counted.name}: unknown dimensions"


def _law_misfits(system: System) -> Iterator[str]:
    """Kinds that nobody may ask for or nothing is described for; what never leaves and would."""
    given = set(system.given_kinds)
    described = {kind for kind in KINDS if getattr(system.release, kind) is not None}
    if given != described:
        yield "kinds: not those that the releases describe"
    for named in (*system.requesters, *system.documents, *system.conditions):
        if not set(named.kinds) <= given:
            yield "kinds: somebody or something names a kind that is not given"
    for kind in sorted(given):
        if not any(kind in condition.kinds for condition in system.conditions):
            yield f"conditions: none for {kind}"
        release = getattr(system.release, kind)
        outputs = release.dimensions if kind == "aggregated" else release.columns
        for never in system.never:
            if {output.source for output in outputs} & set(never.columns):
                yield f"{kind}: what never leaves would leave"
    for never in system.never:
        for source in never.columns:
            yield from _source_misfits(system, source, "never")
    for forbidden in system.forbidden:
        for source in forbidden.spared:
            yield from _source_misfits(system, source, f"forbidden.{forbidden.name}")
        for pattern in (forbidden.header, forbidden.content):
            if not _is_pattern(pattern):
                yield f"forbidden.{forbidden.name}: not a regular expression"


def _is_pattern(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _table_misfits(system: System) -> Iterator[str]:
    for table in system.tables:
        known = set(table.column_names)
        if len(known) != len(table.columns):
            yield f"{table.name}: a column twice"
        for column in table.columns:
            if column.codes is not None and column.codes not in system.code_lists_by_name:
                yield f"{table.name}.{column.name}: unknown code list"
            if not set(column.joined_from) <= known:
                yield f"{table.name}.{column.name}: joined from unknown columns"
        if not set(table.primary_key) <= known:
            yield f"{table.name}: unknown key column"
        for order in table.date_orders:
            if not {order.before, order.after} <= known:
                yield f"{table.name}: unknown date column"
        for key in table.foreign_keys:
            target = system.tables_by_name.get(key.table)
            if not set(key.columns) <= known or target is None:
                yield f"{table.name}: foreign key leads nowhere"
            elif not set(key.references) <= set(target.column_names):
                yield f"{table.name}: foreign key to an unknown column"


def _linkage_misfits(system: System) -> Iterator[str]:
    linkage = system.linkage
    for source in (linkage.record, linkage.role, linkage.group):
        if source is not None:
            yield from _source_misfits(system, source, "linkage")
    if linkage.party_table not in system.tables_by_name:
        yield "linkage: no table ties entries to records"
    for column in linkage.columns:
        yield from _source_misfits(system, column.source, f"linkage.{column.name}")
    for name in (*linkage.same, *linkage.maybe_same):
        yield from _source_misfits(system, f"{linkage.person_table}.{name}", "linkage")
    if bool(linkage.columns) != (linkage.persons == "linked"):
        yield "linkage: standard columns are for linked persons, and only for them"
    if bool(linkage.same) != (linkage.persons == "declared"):
        yield "linkage: declared persons need the columns that declare them, and only they"
    if system.release.identified is not None and not linkage.columns:
        yield "linkage: a cohort can't be linked to this system"


def _source_misfits(system: System, source: str, place: str) -> Iterator[str]:
    if _column(system, source) is None:
        yield f"{place}: source leads nowhere"


def _output_misfits(system: System, output: OutputColumn, place: str) -> Iterator[str]:
    source = _column(system, output.source)
    if source is None:
        yield f"{place}: source leads nowhere"
        return
    if output.codes is not None and output.codes not in system.code_lists_by_name:
        yield f"{place}: unknown code list"
        return
    safe = output.generalise in {"reference", "present"} or output.combine in NUMBERS
    if source.identifier_class in "DK" and not safe:
        yield f"{place}: a direct identifier or key would leave"
    table = system.table(output.table)
    if not set(output.where) <= set(table.column_names):
        yield f"{place}: condition on an unknown column"
    if output.combine in {"first", "last"} and output.combine_by not in table.by_name:
        yield f"{place}: no column to order by"
    yield from _beside_misfits(system, output, source, place)
    yield from _code_misfits(system, output, source, place)


def _beside_misfits(
    system: System, output: OutputColumn, source: Column, place: str
) -> Iterator[str]:
    """What else of the record's own row makes the value: a date to count from, or what another code stands for."""
    if output.since is not None:
        begin = _column(system, output.since)
        if begin is None or {begin.type, source.type} != {"date"}:
            yield f"{place}: days are counted between two dates"
    if output.instead is not None and (
        _column(system, output.instead.source) is None
        or output.table != output.instead.source.partition(".")[0]
    ):
        yield f"{place}: another code for a column of another table"


def _code_misfits(
    system: System, output: OutputColumn, source: Column, place: str
) -> Iterator[str]:
    """Every value that can come out must stand in the code list of the output."""
    if output.generalise == "band":
        if output.codes is None or any(
            not {"lowest", "highest"} <= set(code.attributes)
            for code in system.code_list(output.codes).codes
            if code.value != output.unknown
        ):
            yield f"{place}: bands without bounds"
        return
    if output.attribute is None:
        possible = set(system.code_list(source.codes).values) if source.codes else None
    elif source.codes is None:
        yield f"{place}: attribute of a column without codes"
        return
    else:
        possible = set(system.code_list(source.codes).attribute(output.attribute).values())
    if output.instead is not None and possible is not None:
        possible = {*possible, output.instead.code}
    if output.then is not None:
        name, _, attribute = output.then.partition(".")
        known = system.code_lists_by_name.get(name)
        mapped = known.attribute(attribute) if known else {}
        if possible is None or not possible <= mapped.keys():
            yield f"{place}: not every value has one that then stands for it"
        possible = set(mapped.values())
    if output.codes is None or possible is None or output.generalise != "none":
        return
    listed = set(system.code_list(output.codes).values)
    if not possible <= listed or (output.unknown is not None and output.unknown not in listed):
        yield f"{place}: values outside its code list"


def _column(system: System, source: str) -> Column | None:
    table, _, column = source.partition(".")
    found = system.tables_by_name.get(table)
    return found.by_name.get(column) if found else None
