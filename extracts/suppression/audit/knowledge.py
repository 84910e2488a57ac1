"""What an attacker knows: every published row of every table as equations over sets of records.

A cell stands for a set: for each dimension, the leaves beneath its level. Two rows of two tables
with the same sets are one cell, so that tables of different years and groupings hang together.
Leaves that are zero everywhere add nothing to a set and are left out of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from extracts.suppression.audit.levels import Tree, meet
from extracts.suppression.codebook import Atoms, Codebook
from extracts.suppression.errors import AuditInfeasibleError
from extracts.suppression.published import PublishedTable, Zeros

Key = tuple[Atoms, ...]
Place = tuple[int, tuple[str, ...]]


@dataclass
class Cell:
    """One set of records and what is known of it.

    Attributes:
        number: its place in ``Knowledge.cells``.
        count: orders, or None where no table shows them.
        persons: likewise.
        places: (table, labels, whether it shows the count) of each row that stands for it.
        listed: whether any table has a row for it; margins that nobody lists are unknowns, too.
        unlisted: where rows would stand for it that no table has.
        differences: of these, those that a cut made.
    """

    number: int
    count: int | None = None
    persons: int | None = None
    places: list[tuple[int, tuple[str, ...], bool]] = field(
        default_factory=list[tuple[int, tuple[str, ...], bool]]
    )
    listed: bool = False
    unlisted: list[Place] = field(default_factory=list[Place])
    differences: list[Place] = field(default_factory=list[Place])

    @property
    def names(self) -> list[Place]:
        """Every (table, labels) by which it can be named, rows first."""
        return [*((table, labels) for table, labels, _ in self.places), *self.unlisted]

    @property
    def difference(self) -> bool:
        """Whether it is what levels of several tables leave between them, and no row shows it."""
        return bool(self.differences) and not self.listed and self.count is None

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


def gather(
    tables: Sequence[PublishedTable], zeros: Zeros, book: Codebook | None = None
) -> Knowledge:
    """Collect what the tables say together; ``book`` says what their levels stand for.

    Raises:
        AuditInfeasibleError: two tables show different values for one cell, or a level stands
            beneath itself.
    """
    book = book or Codebook()
    scopes = [
        {
            book.axis(n): frozenset(a for x in s for a in book.atoms(n, x))
            for n, s in t.scope.items()
        }
        for t in tables
    ]
    named = [{*map(book.axis, t.dims), *s} for t, s in zip(tables, scopes, strict=True)]
    names = sorted(set().union(*named))
    if any(len(own) != len(t.dims) + len(t.scope) for own, t in zip(named, tables, strict=True)):
        raise AuditInfeasibleError(dimensions=len(names))
    lacking = {name for name in names if any(name not in own for own in named)}
    trees = [
        [Tree(t, i, book, summed=book.axis(d) in lacking) for i, d in enumerate(t.dims)]
        for t in tables
    ]
    empty = _empty_atoms(tables, trees, scopes)
    cut: set[str] = set()
    for name in names:
        mine = [tree for own in trees for tree in own if tree.axis == name]
        fixed = [scope[name] - empty[name] for scope in scopes if name in scope]
        if meet(mine, fixed, empty[name]):
            cut.add(name)
    known = Knowledge([], [], any(t.has_persons for t in tables), 1 if zeros == "published" else 0)
    index: dict[Key, int] = {}
    equations: set[tuple[int, tuple[int, ...]]] = set()
    everything = _everything(trees, scopes, names, empty)
    for number, table in enumerate(tables):
        parts = _key_parts(trees[number], scopes[number], names, empty, everything)
        watch = any(tree.axis in cut for tree in trees[number])
        _add(known, index, equations, (number, table), trees[number], parts, watch=watch)
    known.sums = sorted(equations)
    return known


def _add(
    known: Knowledge,
    index: dict[Key, int],
    equations: set[tuple[int, tuple[int, ...]]],
    numbered: tuple[int, PublishedTable],
    trees: Sequence[Tree],
    parts: Sequence[Atoms | tuple[int, dict[str, Atoms]]],
    *,
    watch: bool,
) -> None:
    number, table = numbered
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
        inner = all(label in tree.leaves for label, tree in zip(labels, trees, strict=True))
        if row is None and inner:
            _learn(cell, 0, 0 if table.has_persons else None, number)
        if row is not None:
            cell.listed = True
            cell.places.append((number, labels, row.count is not None))
            persons = 0 if row.count == 0 and table.has_persons else row.persons
            _learn(cell, row.count, persons, number)
        elif not inner:
            cell.unlisted.append((number, labels))
            cell.differences += [(number, labels)] if watch else []
    for axis, tree in enumerate(trees):
        for labels, cell in cells.items():
            kids = tree.kids.get(labels[axis])
            if kids:
                beneath = (cells[(*labels[:axis], kid, *labels[axis + 1 :])] for kid in kids)
                equation = (cell, tuple(sorted(beneath)))
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


def _key_parts(
    trees: Sequence[Tree],
    scope: Mapping[str, Atoms],
    names: Sequence[str],
    empty: Mapping[str, Atoms],
    everything: Mapping[str, Atoms],
) -> list[Atoms | tuple[int, dict[str, Atoms]]]:
    """For each name the set that every row of the table has, or the axis and the set of each level."""
    parts: list[Atoms | tuple[int, dict[str, Atoms]]] = []
    axes = [tree.axis for tree in trees]
    for name in names:
        if name in axes:
            axis = axes.index(name)
            beneath = {
                level: atoms if len(atoms) == 1 else atoms - empty[name]
                for level, atoms in trees[axis].beneath.items()
            }
            parts.append((axis, beneath))
        elif name in scope:
            parts.append(scope[name] - empty[name])
        else:
            parts.append(everything[name])
    return parts


def _everything(
    trees: Sequence[Sequence[Tree]],
    scopes: Sequence[Mapping[str, Atoms]],
    names: Sequence[str],
    empty: Mapping[str, Atoms],
) -> dict[str, Atoms]:
    """What a table without a dimension speaks of: all its levels in any table."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for own, scope in zip(trees, scopes, strict=True):
        for tree in own:
            found[tree.axis].update(*tree.beneath.values())
        for name, levels in scope.items():
            found[name].update(levels)
    return {name: frozenset(levels - empty[name]) for name, levels in found.items()}


def _empty_atoms(
    tables: Sequence[PublishedTable],
    trees: Sequence[Sequence[Tree]],
    scopes: Sequence[Mapping[str, Atoms]],
) -> dict[str, Atoms]:
    """What no table gives anything but zeros."""
    full: dict[str, set[str]] = {}
    seen: dict[str, set[str]] = {}
    for table, own, scope in zip(tables, trees, scopes, strict=True):
        for axis, tree in enumerate(own):
            used = {row.labels[axis] for row in table.rows if row.count != 0}
            levels = seen.setdefault(tree.axis, set())
            for leaf in tree.leaves:
                levels.update(tree.beneath[leaf])
                if leaf in used:
                    full.setdefault(tree.axis, set()).update(tree.beneath[leaf])
        for name, levels in scope.items():
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
