"""Several tables as one system of equations: the suppressor's view of all that is or was published.

The system is a table, other groupings published together with it, and what was published before. A
variable stands for each distinct set of records. A value that was published is a constant; one that
was hidden then and is not part of the new tables is unknown to us, too, so that any value that fits
stands for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
from scipy import sparse

from extracts.suppression.codebook import Atoms, Codebook
from extracts.suppression.errors import RevisedError, TablesDisagreeError
from extracts.suppression.model.overlaps import (
    classes_of,
    cut,
    differences,
    joined_above,
    overlap,
)
from extracts.suppression.model.programmes import fit
from extracts.suppression.model.relations import (
    Floats,
    Relations,
    equations,
    is_grand,
    parts,
    relations_of,
)
from extracts.suppression.model.tables import (
    TOTAL,
    CellTable,
    Dimension,
    Flags,
    Ints,
    leaves_of,
    spread,
)
from extracts.suppression.published import PublishedTable

# --- one table of a system as arrays


class TableArrays:
    """One table as arrays: NaN where a value is not known to us."""

    def __init__(
        self,
        dims: Sequence[Dimension],
        counts: Floats,
        people: Floats,
        scope: Mapping[str, tuple[str, ...]],
        *,
        own: bool,
        book: Codebook,
    ) -> None:
        self.dims, self.counts, self.people = tuple(dims), counts, people
        self.scope = {book.axis(n): _union(book.atoms(n, x) for x in s) for n, s in scope.items()}
        self.own = own
        self.axes = [book.axis(d.name) for d in dims]
        self.names = [*self.axes, *self.scope]
        if len(set(self.names)) != len(self.names):
            raise TablesDisagreeError(dimensions=len(self.names))
        self.atoms: list[dict[str, Atoms]] = [
            {leaf: book.atoms(d.name, leaf) for leaf in d.leaves} for d in dims
        ]
        # which nodes of each axis the table itself has, and how many inner cells hold somebody
        self.own_nodes = [list(range(len(d.nodes))) for d in dims]
        self.beneath = np.zeros(counts.shape)

    @classmethod
    def of_table(
        cls, table: CellTable, scope: Mapping[str, tuple[str, ...]], book: Codebook
    ) -> "TableArrays":
        """A table of ours, all of it known."""
        counts, people = table.counts.astype(float), table.people.astype(float)
        return cls(table.dims, counts, people, scope, own=True, book=book)

    @classmethod
    def of_published(
        cls, table: PublishedTable, book: Codebook, summed: frozenset[str]
    ) -> "TableArrays":
        """A table that went out: what was hidden in it is unknown.

        ``summed`` are dimensions that another table lacks: their sums are there though no row is.
        """
        dims: list[Dimension] = []
        for axis, name in enumerate(table.dims):
            labels = {row.labels[axis] for row in table.rows}
            leaves, up = leaves_of(labels, table.parents.get(name, {}))
            total = TOTAL in labels or book.axis(name) in summed
            flat = Dimension.flat(name, leaves, total=total)
            dims.append(Dimension.tree(name, leaves, up) if up else flat)
        shape = tuple(len(d.nodes) for d in dims)
        counts = np.full(shape, np.nan)
        inner = tuple(slice(len(d.leaves)) for d in dims)
        counts[inner] = 0.0  # an inner cell without a row is a zero
        people = np.full(shape, np.nan)
        people[inner] = 0.0
        for row in table.rows:
            at = tuple(d.position[x] for d, x in zip(dims, row.labels, strict=True))
            counts[at] = np.nan if row.count is None else float(row.count)
            people[at] = np.nan if row.persons is None else float(row.persons)
        made = cls(dims, counts, people, table.scope, own=False, book=book)
        for axis, dim in enumerate(dims):
            # a group that no row names was not hidden: it was not there
            named = {row.labels[axis] for row in table.rows}
            made.own_nodes[axis] = [i for i, node in enumerate(dim.nodes) if node in named]
        return made

    @property
    def listed(self) -> Flags:
        """Cells that the table has; the others are what it was cut into, or sums that it leaves out."""
        listed = np.zeros(self.counts.shape, dtype=bool)
        listed[np.ix_(*self.own_nodes)] = True
        return listed

    def fill_groups(self, empty: Mapping[str, Atoms]) -> None:
        """Say of every level which atoms it means, without those that are zero everywhere."""
        for dim, name, atoms in zip(self.dims, self.axes, self.atoms, strict=True):
            every = [atoms[leaf] for leaf in dim.leaves]
            for leaf, its in zip(dim.leaves, every, strict=True):
                atoms[leaf] = its - empty[name] or its
            for node, (group, _) in enumerate(dim.groups, start=len(dim.leaves)):
                beneath = (every[i] for i in np.flatnonzero(dim.spans[node]))
                atoms[group] = _union(beneath) - empty[name]

    def recut(self, axis: int, dim: Dimension, atoms: dict[str, Atoms]) -> None:
        """Put other levels in place of a dimension's; what the table does not list is unknown."""
        old, at = self.dims[axis], [dim.position[node] for node in self.dims[axis].nodes]
        shape = (*self.counts.shape[:axis], len(dim.nodes), *self.counts.shape[axis + 1 :])
        place = (*(slice(None),) * axis, at)
        arrays = self.counts, self.people, self.beneath
        self.counts, self.people, self.beneath = (np.full(shape, x) for x in (np.nan, 0.0, 0.0))
        self.counts[place], self.people[place], self.beneath[place] = arrays
        if dim.leaves == old.leaves:  # a group of cells that hold somebody holds as many at least
            for node in set(range(len(dim.nodes))) - set(at):
                inside = np.compress(dim.spans[node] > 0, self.beneath, axis)
                self.beneath[(*(slice(None),) * axis, node)] = inside.sum(axis=axis)
        self.own_nodes[axis] = [at[i] for i in self.own_nodes[axis]]
        self.dims = (*self.dims[:axis], dim, *self.dims[axis + 1 :])
        self.atoms[axis] = {**atoms, **{n: self.atoms[axis][n] for n in old.nodes}}

    def floor(self, least: int) -> Floats:
        """How many inner cells of each cell hold somebody: the least that an attacker reckons with."""
        if not least:
            return np.zeros(self.counts.shape)
        inner = self.counts[tuple(slice(len(d.leaves)) for d in self.dims)]
        somebody = np.nan_to_num(inner, nan=1.0) > 0  # what was hidden before holds somebody, too
        return spread(self.dims, somebody.astype(np.int64)).astype(float)

    def labels(self) -> list[tuple[str, ...]]:
        """Each cell's labels, in the order of the flat arrays."""
        return list(product(*(d.nodes for d in self.dims)))


# --- the system

Sets = tuple[Atoms, ...]
Place = tuple[int, tuple[str, ...]]  # number of the table, as the audit counts them; labels


@dataclass(eq=False)
class TableSystem:
    """Several tables as one system, and where each table's cells are in it.

    Attributes:
        relations: equations over all variables.
        tables: the table and the linked ones, with true values.
        variables: for each of ``tables``, the variable of each of its cells.
        known: variables whose true value we know (all, but for cells that were hidden earlier).
        hidden_before: variables that earlier tables hide and none shows.
        proven_small: variables that no table lists, and that are small whatever they are.
        unlisted: where rows would stand for variables that no table lists.
        book: what levels stand for.
        earlier: for each earlier table, labels to variable.
        scope: fixed levels of dimensions that ``tables`` don't have.
    """

    relations: Relations
    tables: tuple[CellTable, ...]
    variables: tuple[Ints, ...]
    known: Flags
    hidden_before: Flags
    earlier: tuple[dict[tuple[str, ...], int], ...]
    scope: Mapping[str, tuple[str, ...]]
    proven_small: Flags | None = None
    unlisted: Mapping[Place, int] = field(default_factory=dict[Place, int])
    book: Codebook | None = None

    @cached_property
    def places(self) -> dict[int, Place]:
        """For each variable one row that stands for it."""
        found: dict[int, Place] = {}
        for number, (table, at) in enumerate(zip(self.tables, self.variables, strict=True)):
            for labels, cell in zip(table.labels(), at.tolist(), strict=True):
                found.setdefault(cell, (number, labels))
        for number, rows in enumerate(self.earlier, start=len(self.tables)):
            for labels, cell in rows.items():
                found.setdefault(cell, (number, labels))
        for place, cell in self.unlisted.items():
            found.setdefault(cell, place)
        return found

    def variable_of(self, table: int, labels: tuple[str, ...]) -> int:
        """The variable of a row of one table; tables are numbered as the audit does."""
        if (table, labels) in self.unlisted:
            return self.unlisted[table, labels]
        if table >= len(self.tables):
            return self.earlier[table - len(self.tables)][labels]
        own = self.tables[table]
        at = tuple(d.position[label] for d, label in zip(own.dims, labels, strict=True))
        return int(self.variables[table].reshape(own.shape)[at])


def join_tables(
    table: CellTable,
    linked: Sequence[CellTable],
    earlier: Sequence[PublishedTable],
    least: int,
    scope: Mapping[str, tuple[str, ...]],
    book: Codebook | None = None,
    threshold: int = 0,
) -> TableSystem:
    """Join a table, those published with it, and those published before.

    ``book`` says what levels stand for; ``threshold``, which sets that nobody lists are small.

    Raises:
        RevisedError: an earlier published value differs from the true value now.
        TablesDisagreeError: true values of one set differ, or nothing fits the earlier tables.
    """
    if not linked and not earlier:
        relations = relations_of(table, least)
        known = np.ones(table.size, dtype=bool)
        return TableSystem(relations, (table,), (np.arange(table.size),), known, ~known, (), scope)
    return _SystemBuilder(table, linked, earlier, least, scope, book or Codebook()).build(threshold)


class _SystemBuilder:
    """Collects variables and equations, table by table."""

    def __init__(
        self,
        table: CellTable,
        linked: Sequence[CellTable],
        earlier: Sequence[PublishedTable],
        least: int,
        scope: Mapping[str, tuple[str, ...]],
        book: Codebook,
    ) -> None:
        self.scope, self.book = scope, book
        self.tables = (table, *linked)
        self.least = least
        self.frames = [TableArrays.of_table(t, scope, book) for t in self.tables]
        named = [frozenset(f.names) for f in self.frames]
        named += [frozenset(map(book.axis, (*t.dims, *t.scope))) for t in earlier]
        summed = frozenset().union(*named) - frozenset.intersection(*named)
        self.frames += [TableArrays.of_published(t, book, summed) for t in earlier]
        self.names = sorted({n for f in self.frames for n in f.names})
        self.index: dict[Sets, int] = {}
        self.values: list[float] = []
        self.people: list[float] = []
        self.floor: list[float] = []
        self.margin: list[int] = []
        self.grand: set[int] = set()
        self.listed: set[int] = set()
        self.public: set[int] = set()
        self.hidden_before: set[int] = set()
        self.revised = 0

    def build(self, threshold: int) -> TableSystem:
        """Place every table and return the system."""
        everything, empty = self._leaves()
        for frame in self.frames:
            frame.beneath = frame.floor(self.least)
        self._cut(empty)
        variables = [self._place(frame, everything) for frame in self.frames]
        if self.revised:
            raise RevisedError(cells=self.revised)
        size = len(self.values)
        blocks = [
            _renumber(equations(frame.dims, frame.counts.shape), at, size)
            for frame, at in zip(self.frames, variables, strict=True)
        ]
        matrix = sparse.csc_array(sparse.vstack(blocks, format="csc"))
        values = np.array(self.values)
        known, listed = ~np.isnan(values), _flags(size, self.listed)
        least = np.where(listed, float(self.least), 0.0)
        values, small = fit(matrix, values, known, least, np.flatnonzero(~listed), threshold)
        public = _flags(size, self.public)
        free = (values > 0) & ~public if self.least else ~public
        free |= ~listed
        people = np.array(self.people)
        people = np.where(np.isnan(people), values, people)
        floor = np.where(listed, np.maximum(np.array(self.floor), self.least), values)
        relations = Relations(
            values,
            people,
            least,
            free,
            matrix,
            np.array(self.margin, dtype=np.int64),
            _flags(size, self.grand),
            floor,
            parts(matrix, free),
            None,
            (),
        )
        count = len(self.tables)
        own = tuple(
            at.reshape(f.counts.shape)[np.ix_(*f.own_nodes)].ravel()
            for f, at in zip(self.frames[:count], variables[:count], strict=True)
        )
        named = [
            dict(zip(f.labels(), (int(i) for i in at), strict=True))
            for f, at in zip(self.frames, variables, strict=True)
        ]
        before = _flags(size, self.hidden_before - self.public)
        unlisted = {
            (number, labels): cell
            for number, rows in enumerate(named)
            for labels, cell in rows.items()
            if not listed[cell]
        }
        return TableSystem(
            relations,
            self.tables,
            own,
            known,
            before,
            tuple(named[count:]),
            self.scope,
            _flags(size, set(small)),
            unlisted,
            self.book,
        )

    def _cut(self, empty: dict[str, Atoms]) -> None:
        """Cut dimensions whose levels overlap; where they nest, list the coarser ones beside the finer."""
        for frame in self.frames:
            frame.fill_groups(empty)
        for name in self.names:
            found = [(f, f.axes.index(name)) for f in self.frames if name in f.axes]
            families = [
                [
                    its
                    for leaf in f.dims[axis].leaves
                    if not (its := f.atoms[axis][leaf]) <= empty[name]
                ]
                for f, axis in found
            ]
            fixed = [f.scope[name] - empty[name] for f in self.frames if name in f.scope]
            if all(len(its) == 1 for family in (*families, fixed) for its in family):
                continue
            classes: list[Atoms] = []
            further = [its for family in (*families, fixed) for its in family]
            if cuts := overlap(families):
                classes = classes_of(further)
                further = differences([f.atoms[axis] for f, axis in found], families, classes)
            for frame, axis in found:
                dim, atoms = frame.dims[axis], frame.atoms[axis]
                changed = (
                    cut(dim, atoms, classes, further) if cuts else joined_above(dim, atoms, further)
                )
                if changed[0] != dim:
                    frame.recut(axis, *changed)

    def _leaves(self) -> tuple[dict[str, Atoms], dict[str, Atoms]]:
        """All atoms of each dimension, and those that are zero in every table that has them."""
        all_of: dict[str, set[str]] = {n: set() for n in self.names}
        full: dict[str, set[str]] = {n: set() for n in self.names}
        for frame in self.frames:
            for axis, (dim, name) in enumerate(zip(frame.dims, frame.axes, strict=True)):
                other = tuple(i for i in range(len(frame.dims)) if i != axis)
                used = np.atleast_1d((np.nan_to_num(frame.counts, nan=1.0) > 0).any(axis=other))
                for leaf, u in zip(dim.leaves, used, strict=False):
                    all_of[name].update(frame.atoms[axis][leaf])
                    full[name].update(frame.atoms[axis][leaf] if u else ())
            for name, levels in frame.scope.items():
                all_of[name].update(levels)
                full[name].update(levels)
        empty = {n: frozenset(all_of[n] - full[n]) for n in self.names}
        return {n: frozenset(full[n]) for n in self.names}, empty

    def _place(self, frame: TableArrays, everything: dict[str, Atoms]) -> Ints:
        spans = [
            [atoms[node] for node in dim.nodes]
            for dim, atoms in zip(frame.dims, frame.atoms, strict=True)
        ]
        axis_of = {name: i for i, name in enumerate(frame.axes)}
        at = np.empty(frame.counts.size, dtype=np.int64)
        listed = frame.listed
        for i, place in enumerate(np.ndindex(frame.counts.shape)):
            key = tuple(
                spans[axis_of[n]][place[axis_of[n]]]
                if n in axis_of
                else frame.scope.get(n, everything[n])
                for n in self.names
            )
            margins = sum(p >= len(d.leaves) for p, d in zip(place, frame.dims, strict=True))
            at[i] = self._variable(key, frame, place, int(margins), listed=bool(listed[place]))
        places = np.array(list(np.ndindex(frame.counts.shape)), dtype=np.int64)
        self.grand.update(at[is_grand(frame.dims, places)].tolist())
        return at

    def _variable(
        self, key: Sets, frame: TableArrays, place: tuple[int, ...], margins: int, *, listed: bool
    ) -> int:
        value = float(frame.counts[place])
        people = float(frame.people[place])
        found = self.index.get(key)
        if found is None:
            found = self.index[key] = len(self.values)
            self.values.append(value)
            self.people.append(people)
            self.floor.append(0.0)
            self.margin.append(margins)
        elif not np.isnan(value):
            before = self.values[found]
            if not np.isnan(before) and before != value:
                if frame.own:
                    raise TablesDisagreeError(cells=1)
                self.revised += 1
            self.values[found] = value
        # the finest says most: it knows which parts of a cell hold somebody, also where it does not list their sum
        self.floor[found] = max(self.floor[found], float(frame.beneath[place]))
        if not listed:
            return found
        if found not in self.listed:  # a cut of another table may have come first
            self.listed.add(found)
            self.people[found], self.margin[found] = people, margins
        if not frame.own:
            (self.hidden_before if np.isnan(value) else self.public).add(found)
        return found


def _union(sets: Iterable[Atoms]) -> Atoms:
    return frozenset().union(*sets)


def _flags(size: int, which: set[int]) -> Flags:
    found = np.zeros(size, dtype=bool)
    found[sorted(which)] = True
    return found


def equations_of(matrix: sparse.csc_array) -> int:
    """How many equations a matrix holds."""
    assert matrix.shape is not None
    return int(matrix.shape[0])


def _renumber(matrix: sparse.csc_array, at: Ints, size: int) -> sparse.csc_array:
    """A table's equations over the variables of the system; what cancels out drops away."""
    margins, cells, signs = sparse.find(matrix)
    shape = (equations_of(matrix), size)
    joined = sparse.csc_array((signs, (margins, at[cells])), shape=shape)
    joined.sum_duplicates()
    joined.eliminate_zeros()
    return joined
