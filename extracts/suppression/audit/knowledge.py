"""What an attacker knows: every published row of every table as equations over sets of records.

A cell stands for a set: for each dimension, the leaves beneath its level. Two rows of two tables
with the same sets are one cell, so that tables of different years and groupings hang together.
Leaves that are zero everywhere add nothing to a set and are left out of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from extracts.suppression.errors import AuditInfeasibleError
from extracts.suppression.published import PublishedTable, Zeros

Key = tuple[frozenset[str], ...]
_TOP = "TOTAL"


@dataclass
class Cell:
    """One set of records and what is known of it.

    Attributes:
        number: its place in ``Knowledge.cells``.
        count: orders, or None where no table shows them.
        persons: likewise.
        places: (table, labels, whether it shows the count) of each row that stands for it.
        listed: whether any table has a row for it; margins that nobody lists are unknowns, too.
    """

    number: int
    count: int | None = None
    persons: int | None = None
    places: list[tuple[int, tuple[str, ...], bool]] = field(
        default_factory=list[tuple[int, tuple[str, ...], bool]]
    )
    listed: bool = False

    @property
    def hidden(self) -> bool:
        """Whether a row for it exists and none shows the count."""
        return self.listed and self.count is None


@dataclass
class Knowledge:
    """Cells and, for each margin, (margin, its cells).

    Attributes:
        cells: every set that some table speaks of.
        sums: each margin with the cells that it is the sum of.
        has_persons: whether any table publishes persons.
        floor: the least value of a hidden cell.
    """

    cells: list[Cell]
    sums: list[tuple[int, tuple[int, ...]]]
    has_persons: bool
    floor: int


def gather(tables: Sequence[PublishedTable], zeros: Zeros) -> Knowledge:
    """Collect what the tables say together.

    Raises:
        AuditInfeasibleError: two tables show different values for one cell, or a level stands
            beneath itself.
    """
    names = sorted({d for t in tables for d in t.dims} | {d for t in tables for d in t.scope})
    empty = _empty_levels(tables)
    known = Knowledge([], [], any(t.has_persons for t in tables), 1 if zeros == "published" else 0)
    index: dict[Key, int] = {}
    equations: set[tuple[int, tuple[int, ...]]] = set()
    everything = _everything(tables, names, empty)
    for number, table in enumerate(tables):
        _add(known, index, equations, number, table, names, empty, everything)
    known.sums = sorted(equations)
    return known


def _add(
    known: Knowledge,
    index: dict[Key, int],
    equations: set[tuple[int, tuple[int, ...]]],
    number: int,
    table: PublishedTable,
    names: Sequence[str],
    empty: dict[str, frozenset[str]],
    everything: dict[str, frozenset[str]],
) -> None:
    trees = [_Tree(table, i) for i in range(len(table.dims))]
    parts = _key_parts(table, trees, names, empty, everything)
    rows = {row.labels: row for row in table.rows}
    if len(rows) != len(table.rows):
        raise AuditInfeasibleError(duplicate_rows=len(table.rows) - len(rows), table=number)
    cells: dict[tuple[str, ...], int] = {}
    for labels in product(*(tree.nodes for tree in trees)):
        key = tuple(p if isinstance(p, frozenset) else p[1][labels[p[0]]] for p in parts)
        if key not in index:
            index[key] = len(known.cells)
            known.cells.append(Cell(len(known.cells)))
        cell = known.cells[index[key]]
        cells[labels] = cell.number
        row = rows.get(labels)
        inner = all(label not in tree.kids for label, tree in zip(labels, trees, strict=True))
        if row is None and inner:
            _learn(cell, 0, 0 if table.has_persons else None, number)
        if row is not None:
            cell.listed = True
            cell.places.append((number, labels, row.count is not None))
            persons = 0 if row.count == 0 and table.has_persons else row.persons
            _learn(cell, row.count, persons, number)
    for axis, tree in enumerate(trees):
        for labels, cell in cells.items():
            kids = tree.kids.get(labels[axis])
            if kids:
                parts = (cells[(*labels[:axis], kid, *labels[axis + 1 :])] for kid in kids)
                equation = (cell, tuple(sorted(parts)))
                if equation != (cell, (cell,)):
                    equations.add(equation)


def _learn(cell: Cell, count: int | None, persons: int | None, table: int) -> None:
    """Add what one row says; persons of a margin may be a lower bound, so that the larger holds."""
    if count is not None:
        if cell.count is not None and cell.count != count:
            raise AuditInfeasibleError(table=table, differing_cells=1)
        cell.count = count
    if persons is not None:
        cell.persons = max(persons, cell.persons or 0)


class _Tree:
    """The levels of one dimension of one table, read from its rows and its parents."""

    def __init__(self, table: PublishedTable, axis: int) -> None:
        parents = table.parents.get(table.dims[axis], {})
        seen = dict.fromkeys(row.labels[axis] for row in table.rows)
        groups = {_TOP, *parents.values()}
        self.kids: dict[str, list[str]] = {}
        self.nodes: dict[str, None] = {}
        for label in [*(s for s in seen if s not in groups), *seen]:
            if label not in self.nodes and label != _TOP:
                self._climb(label, parents, total=_TOP in seen)
        self.beneath = {node: frozenset(self._leaves(node)) for node in self.nodes}

    def _climb(self, label: str, parents: Mapping[str, str], *, total: bool) -> None:
        """Put a level under its parents; a loop is no hierarchy."""
        self.nodes[label] = None
        passed = {label}
        while label != _TOP:
            above = parents.get(label, _TOP)
            if above == _TOP and not total:
                return
            if above in passed:
                raise AuditInfeasibleError(hierarchy_loops=1)
            passed.add(above)
            kids = self.kids.setdefault(above, [])
            self.nodes[above] = None
            if label in kids:
                return
            kids.append(label)
            label = above

    def _leaves(self, label: str) -> list[str]:
        kids = self.kids.get(label)
        return [leaf for kid in kids for leaf in self._leaves(kid)] if kids else [label]


def _key_parts(
    table: PublishedTable,
    trees: Sequence[_Tree],
    names: Sequence[str],
    empty: dict[str, frozenset[str]],
    everything: dict[str, frozenset[str]],
) -> list[frozenset[str] | tuple[int, dict[str, frozenset[str]]]]:
    """For each name the set that every row of the table has, or the axis and the set of each level."""
    parts: list[frozenset[str] | tuple[int, dict[str, frozenset[str]]]] = []
    for name in names:
        if name in table.dims:
            axis = table.dims.index(name)
            beneath = {
                level: leaves if len(leaves) == 1 else leaves - empty[name]
                for level, leaves in trees[axis].beneath.items()
            }
            parts.append((axis, beneath))
        elif name in table.scope:
            parts.append(frozenset(table.scope[name]) - empty[name])
        else:
            parts.append(everything[name])
    return parts


def _everything(
    tables: Sequence[PublishedTable], names: Sequence[str], empty: dict[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """What a table without a dimension speaks of: all its levels in any table."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for table in tables:
        for axis, name in enumerate(table.dims):
            found[name].update(*_Tree(table, axis).beneath.values())
        for name, levels in table.scope.items():
            found[name].update(levels)
    return {name: frozenset(levels - empty[name]) for name, levels in found.items()}


def _empty_levels(tables: Sequence[PublishedTable]) -> dict[str, frozenset[str]]:
    """Leaves that no table gives anything but zeros."""
    full: dict[str, set[str]] = {}
    seen: dict[str, set[str]] = {}
    for table in tables:
        for axis, name in enumerate(table.dims):
            labels = seen.setdefault(name, set())
            for row in table.rows:
                labels.add(row.labels[axis])
                if row.count != 0:
                    full.setdefault(name, set()).add(row.labels[axis])
        for name, levels in table.scope.items():
            seen.setdefault(name, set()).update(levels)
            full.setdefault(name, set()).update(levels)
    return {name: frozenset(labels - full.get(name, set())) for name, labels in seen.items()}


# --- connected parts


def check_constants(known: Knowledge) -> None:
    """Margins whose cells are all published must add up.

    Raises:
        AuditInfeasibleError: some don't.
    """
    wrong = 0
    for margin, parts in known.sums:
        total = known.cells[margin].count
        shown = [known.cells[p].count for p in parts]
        if total is not None and None not in shown:
            wrong += total != sum(c or 0 for c in shown)
    if wrong:
        raise AuditInfeasibleError(margins=wrong)


def connected(known: Knowledge) -> list[list[int]]:
    """Unknown cells in groups that no equation connects; published cells connect nothing."""
    parent = list(range(len(known.cells)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for margin, parts in known.sums:
        unknown = [i for i in (margin, *parts) if is_unknown(known, i)]
        for other in unknown[1:]:
            parent[root(other)] = root(unknown[0])
    groups: dict[int, list[int]] = {}
    for cell in known.cells:
        if is_unknown(known, cell.number):
            groups.setdefault(root(cell.number), []).append(cell.number)
    return list(groups.values())


def is_unknown(known: Knowledge, number: int) -> bool:
    """Whether a count or, where persons are published, a number of persons is unknown."""
    cell = known.cells[number]
    return cell.count is None or (known.has_persons and cell.persons is None)
