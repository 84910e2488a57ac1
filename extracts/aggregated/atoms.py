"""What the levels of a system's tables stand for, old tables included: counties, single years of age, codes.

The system's TOML says it: a region is its counties, a band the ages from ``lowest`` to ``highest``, a dimension had
other names (``formerly``). Tables that went out under other bands, or by another dimension over the same
source, are so attacked together with those of today.
"""

from collections.abc import Iterable, Mapping

from extracts.errors import HistoryUnreadableError
from extracts.suppression import TOTAL, Codebook, PublishedTable, span
from systems.description import BETWEEN, Dimension, System

_OLDEST = 150  # years; the end of an open band in the code lists
Atoms = frozenset[str]


def codebook_of(system: System, tables: Iterable[PublishedTable]) -> Codebook:
    """The codebook of a system, with whatever levels its published tables have.

    Raises:
        HistoryUnreadableError: a published table has a dimension, or a level, that nothing describes.
    """
    described = {d.name: d for d in system.release.aggregated.dimensions}
    shared: dict[str, str] = {}
    levels: dict[str, dict[str, Atoms]] = {}
    for name, one in described.items():
        shared |= dict.fromkeys(one.formerly, name)
        single = one.single.codes
        if one.parent in described and single:
            shared[one.parent] = name
            levels[one.parent] = _groups(system.code_list(single).attribute(one.parent))
        if one.apart and one.codes:
            whole = (v for v in system.code_list(one.codes).values if BETWEEN in v)
            levels.setdefault(name, {}).update((v, frozenset(v.split(BETWEEN))) for v in whole)
        if one.generalise == "band":
            first = next(
                d.name for d in described.values() if d.generalise == "band" and _same(d, one)
            )
            shared |= {name: first} if first != name else {}
            levels[name] = _bands(system, one.codes)
    banded = [n for n, d in described.items() if d.generalise == "band" and n not in shared]
    for table in tables:
        for axis, name in enumerate(table.dims):
            if name not in described and name not in shared:
                if len(banded) != 1 or not _bands(system, name):
                    raise HistoryUnreadableError(undescribed_dimension=name)
                shared[name] = banded[0]  # bands of ages that a table of today no longer has
                levels[name] = _bands(system, name)
            seen = {row.labels[axis] for row in table.rows if row.count != 0}
            seen -= {TOTAL, *table.parents.get(name, {}).values()}
            one = described.get(name) or described[shared[name]]
            _add_old(system, one, levels.setdefault(name, {}), seen)
    return Codebook({n: its for n, its in levels.items() if its}, shared)


def _same(one: Dimension, other: Dimension) -> bool:
    return (one.source, one.role) == (other.source, other.role)


def _groups(parents: Mapping[str, str]) -> dict[str, Atoms]:
    groups: dict[str, set[str]] = {}
    for child, parent in parents.items():
        groups.setdefault(parent, set()).add(child)
    return {parent: frozenset(children) for parent, children in groups.items()}


def _bands(system: System, codes: str | None) -> dict[str, Atoms]:
    if codes is None or codes not in system.code_lists_by_name:
        return {}
    lowest, highest = map(system.code_list(codes).attribute, ("lowest", "highest"))
    return {code: _ages(int(low), int(highest[code])) for code, low in lowest.items()}


def _ages(first: int, last: int) -> Atoms:
    return frozenset(map(str, range(first, min(last, _OLDEST) + 1)))


def _add_old(system: System, one: Dimension, known: dict[str, Atoms], seen: set[str]) -> None:
    """Levels of a published table that the list of today does not have: bands say what they are."""
    if one.codes is None:
        return
    single = system.code_list(one.single.codes or one.codes).values
    listed = {*known, *single, one.unknown}
    for level in sorted(seen - listed):
        if BETWEEN in level and set(level.split(BETWEEN)) <= set(single):
            known[level] = frozenset(level.split(BETWEEN))
            continue
        reads = span(level)
        if reads is None or reads[0] != "age" or one.generalise != "band":
            raise HistoryUnreadableError(dimension=one.name, undescribed_levels=1)
        known[level] = _ages(reads[1] // 12, reads[2] // 12)
