"""Several tables as one system of equations: the suppressor's view of all that is or was published.

A *movement* y is a change of all cells at once that the attacker can't tell from none: A y = 0,
y = 0 on everything that is published, and no cell below its least value. `Relations` holds A and
the bounds, of one table or of a `TableSystem`: other groupings published together with it, and
what was published before. There a variable stands for each distinct set of records. A value that
was published is a constant; one that was hidden then and is not part of the new tables is unknown
to us, too, so that any value that fits stands for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from extracts.suppression.errors import RevisedError, TablesDisagreeError
from extracts.suppression.model.tables import TOTAL, CellTable, Dimension, Flags, Ints, spread
from extracts.suppression.published import PublishedTable

# --- relations of one table

Floats = npt.NDArray[np.float64]


@dataclass(eq=False)
class Relations:
    """Equations over the cells of one table, or of several tables that are joined.

    Attributes:
        values: what each cell holds.
        people: persons of each cell (the values themselves where they are persons).
        least: the least value that the attacker must reckon with.
        free: cells that may move at all (a published zero and what is public already may not).
        matrix: one row per margin: +1 its cells, -1 itself; one column per cell.
        margin: in how many dimensions the cell is a margin.
        floor: how far down a small cell must be able to go.
        component: number of the connected part of the table that the cell belongs to.
        shape: axes of the table where all cells are those of one table, else None.
        dims: its dimensions.
    """

    values: Floats
    people: Floats
    least: Floats
    free: Flags
    matrix: sparse.csc_array
    margin: Ints
    floor: Floats
    component: npt.NDArray[np.int32]
    shape: tuple[int, ...] | None
    dims: tuple[Dimension, ...]


def relations_of(table: CellTable, least: int) -> Relations:
    """The equations of one table; ``least`` is 1 where a hidden cell can't be zero, else 0."""
    values = table.counts.ravel().astype(np.float64)
    leaves = table.leaf_mask().ravel() & (values > 0)
    free = values > 0 if least else np.ones(values.size, dtype=bool)
    matrix = equations(table.dims, table.shape)
    margin = sum(
        (np.indices(table.shape)[axis].ravel() >= len(d.leaves)).astype(np.int64)
        for axis, d in enumerate(table.dims)
    )
    floor = _beneath(table, leaves) if least else np.zeros(values.size)
    return Relations(
        values,
        table.people.ravel().astype(np.float64),
        np.full(values.size, float(least)),
        free,
        matrix,
        np.asarray(margin),
        np.maximum(floor, least),
        parts(matrix, free),
        table.shape,
        table.dims,
    )


def equations(dims: Sequence[Dimension], shape: tuple[int, ...]) -> sparse.csc_array:
    """One row for each margin node of each dimension, at each combination of the others."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    rows: list[npt.NDArray[np.int64]] = []
    cols: list[npt.NDArray[np.int64]] = []
    signs: list[Floats] = []
    height = 0
    for axis, dim in enumerate(dims):
        along = np.moveaxis(index, axis, 0).reshape(shape[axis], -1)
        for group, kids in dim.children:
            width = along.shape[1]
            numbers = height + np.arange(width)
            for node, sign in ((group, -1.0), *((k, 1.0) for k in kids)):
                rows.append(numbers)
                cols.append(along[node])
                signs.append(np.full(width, sign))
            height += width
    if not rows:
        return sparse.csc_array((0, index.size))
    entries = (np.concatenate(signs), (np.concatenate(rows), np.concatenate(cols)))
    return sparse.csc_array(entries, shape=(height, index.size))


def parts(matrix: sparse.csc_array, free: Flags) -> npt.NDArray[np.int32]:
    """Number the parts of the table that no equation over movable cells connects."""
    moving = abs(matrix) @ sparse.diags_array(free.astype(float))
    _, labels = connected_components(moving.T @ moving, directed=False)
    return np.asarray(labels, dtype=np.int32)


def _beneath(table: CellTable, leaves: Flags) -> Floats:
    """Non-zero inner cells beneath each cell: no margin can be less than them."""
    inner = leaves.reshape(table.shape)[tuple(slice(len(d.leaves)) for d in table.dims)]
    return spread(table.dims, inner.astype(np.int64)).ravel().astype(np.float64)


# --- one table of a system as arrays


class TableArrays:
    """One table as arrays: NaN where a value is not known to us."""

    def __init__(
        self,
        dims: Sequence[Dimension],
        counts: Floats,
        people: Floats,
        scope: dict[str, frozenset[str]],
        *,
        own: bool,
    ) -> None:
        self.dims, self.counts, self.people, self.scope = tuple(dims), counts, people, scope
        self.own = own
        self.names = [*(d.name for d in dims), *scope]

    @classmethod
    def of_table(cls, table: CellTable, scope: Mapping[str, tuple[str, ...]]) -> "TableArrays":
        """A table of ours, all of it known."""
        fixed = {n: frozenset(levels) for n, levels in scope.items()}
        counts, people = table.counts.astype(float), table.people.astype(float)
        return cls(table.dims, counts, people, fixed, own=True)

    @classmethod
    def of_published(cls, table: PublishedTable) -> "TableArrays":
        """A table that went out: what was hidden in it is unknown."""
        dims: list[Dimension] = []
        for axis, name in enumerate(table.dims):
            labels = sorted({row.labels[axis] for row in table.rows} - {TOTAL})
            parent = dict(table.parents.get(name, {}))
            leaves = [x for x in labels if x not in set(parent.values())]
            total = any(row.labels[axis] == TOTAL for row in table.rows)
            up = {k: v for k, v in parent.items() if v != TOTAL}
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
        scope = {n: frozenset(levels) for n, levels in table.scope.items()}
        return cls(dims, counts, people, scope, own=False)

    def floor(self, least: int) -> Floats:
        """How many inner cells of each cell hold somebody: the least that an attacker reckons with."""
        if not least:
            return np.zeros(self.counts.shape)
        inner = self.counts[tuple(slice(len(d.leaves)) for d in self.dims)]
        somebody = np.nan_to_num(inner, nan=1.0) > 0  # what was hidden before holds somebody, too
        return spread(self.dims, somebody.astype(np.int64)).astype(float)

    def labels(self) -> list[tuple[str, ...]]:
        """Each cell's labels, in the order of the flat arrays."""
        return [
            tuple(d.nodes[p] for d, p in zip(self.dims, place, strict=True))
            for place in np.ndindex(self.counts.shape)
        ]


# --- the system

Sets = tuple[frozenset[str], ...]
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
        return found

    def variable_of(self, table: int, labels: tuple[str, ...]) -> int:
        """The variable of a row of one table; tables are numbered as the audit does."""
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
) -> TableSystem:
    """Join a table, those published with it, and those published before.

    Raises:
        RevisedError: an earlier published value differs from the true value now.
        TablesDisagreeError: true values of one set differ, or nothing fits the earlier tables.
    """
    if not linked and not earlier:
        relations = relations_of(table, least)
        known = np.ones(table.size, dtype=bool)
        return TableSystem(relations, (table,), (np.arange(table.size),), known, ~known, (), scope)
    return _SystemBuilder(table, linked, earlier, least, scope).build()


class _SystemBuilder:
    """Collects variables and equations, table by table."""

    def __init__(
        self,
        table: CellTable,
        linked: Sequence[CellTable],
        earlier: Sequence[PublishedTable],
        least: int,
        scope: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.scope = scope
        self.tables = (table, *linked)
        self.least = least
        self.frames = [TableArrays.of_table(t, scope) for t in self.tables]
        self.frames += [TableArrays.of_published(t) for t in earlier]
        self.names = sorted({n for f in self.frames for n in f.names})
        self.index: dict[Sets, int] = {}
        self.values: list[float] = []
        self.people: list[float] = []
        self.floor: list[float] = []
        self.margin: list[int] = []
        self.public: set[int] = set()
        self.hidden_before: set[int] = set()
        self.revised = 0

    def build(self) -> TableSystem:
        """Place every table and return the system."""
        everything, empty = self._leaves()
        variables = [self._place(frame, everything, empty) for frame in self.frames]
        if self.revised:
            raise RevisedError(cells=self.revised)
        size = len(self.values)
        blocks = [
            _renumber(equations(frame.dims, frame.counts.shape), at, size)
            for frame, at in zip(self.frames, variables, strict=True)
        ]
        matrix = sparse.csc_array(sparse.vstack(blocks, format="csc"))
        values = np.array(self.values)
        known = ~np.isnan(values)
        values = _fit(matrix, values, known, float(self.least))
        public = _flags(size, self.public)
        free = (values > 0) & ~public if self.least else ~public
        people = np.array(self.people)
        people = np.where(np.isnan(people), values, people)
        floor = np.maximum(np.array(self.floor), self.least)
        relations = Relations(
            values,
            people,
            np.full(size, float(self.least)),
            free,
            matrix,
            np.array(self.margin, dtype=np.int64),
            floor,
            parts(matrix, free),
            None,
            (),
        )
        count = len(self.tables)
        earlier = tuple(
            dict(zip(f.labels(), (int(i) for i in at), strict=True))
            for f, at in zip(self.frames[count:], variables[count:], strict=True)
        )
        before = _flags(size, self.hidden_before - self.public)
        own = tuple(variables[:count])
        return TableSystem(relations, self.tables, own, known, before, earlier, self.scope)

    def _leaves(self) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
        """All leaves of each dimension, and those that are zero in every table that has them."""
        all_of: dict[str, set[str]] = {n: set() for n in self.names}
        full: dict[str, set[str]] = {n: set() for n in self.names}
        for frame in self.frames:
            for axis, dim in enumerate(frame.dims):
                other = tuple(i for i in range(len(frame.dims)) if i != axis)
                used = np.atleast_1d((np.nan_to_num(frame.counts, nan=1.0) > 0).any(axis=other))
                all_of[dim.name].update(dim.leaves)
                full[dim.name].update(leaf for leaf, u in zip(dim.leaves, used, strict=False) if u)
            for name, levels in frame.scope.items():
                all_of[name].update(levels)
                full[name].update(levels)
        empty = {n: frozenset(all_of[n] - full[n]) for n in self.names}
        return {n: frozenset(full[n]) for n in self.names}, empty

    def _place(
        self,
        frame: TableArrays,
        everything: dict[str, frozenset[str]],
        empty: dict[str, frozenset[str]],
    ) -> Ints:
        spans = [
            [_set(dim, node, empty[dim.name]) for node in range(len(dim.nodes))]
            for dim in frame.dims
        ]
        axis_of = {d.name: i for i, d in enumerate(frame.dims)}
        at = np.empty(frame.counts.size, dtype=np.int64)
        beneath = frame.floor(self.least).ravel()
        for i, place in enumerate(np.ndindex(frame.counts.shape)):
            key = tuple(
                spans[axis_of[n]][place[axis_of[n]]]
                if n in axis_of
                else frame.scope.get(n, everything[n])
                for n in self.names
            )
            margins = sum(p >= len(d.leaves) for p, d in zip(place, frame.dims, strict=True))
            at[i] = self._variable(key, frame, place, float(beneath[i]), int(margins))
        return at

    def _variable(
        self, key: Sets, frame: TableArrays, place: tuple[int, ...], floor: float, margins: int
    ) -> int:
        value = float(frame.counts[place])
        people = float(frame.people[place])
        found = self.index.get(key)
        if found is None:
            found = self.index[key] = len(self.values)
            self.values.append(value)
            self.people.append(people)
            self.floor.append(floor)
            self.margin.append(margins)
        elif not np.isnan(value):
            before = self.values[found]
            if not np.isnan(before) and before != value:
                if frame.own:
                    raise TablesDisagreeError(cells=1)
                self.revised += 1
            self.values[found] = value
        self.floor[found] = max(self.floor[found], floor)  # the finest table says most
        if not frame.own:
            (self.hidden_before if np.isnan(value) else self.public).add(found)
        return found


def _set(dim: Dimension, node: int, empty: frozenset[str]) -> frozenset[str]:
    leaves = frozenset(dim.leaves[i] for i in np.flatnonzero(dim.spans[node]))
    return leaves if node < len(dim.leaves) else leaves - empty


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


def solver_with(**options: bool | float | str) -> highspy.Highs:
    """A quiet solver on one thread, so that every machine gives the same answer."""
    solver = highspy.Highs()
    for option, value in {"output_flag": False, "threads": 1, **options}.items():
        solver.setOptionValue(option, value)
    return solver


def programme(
    costs: Floats,
    columns: tuple[Floats, Floats],
    rows: tuple[Floats, Floats],
    matrix: sparse.csc_array | sparse.csr_array,
) -> highspy.HighsLp:
    """A linear programme: costs, least and most of each column and row, and the matrix."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(columns[0]), len(rows[0])
    lp.col_cost_ = costs
    lp.col_lower_, lp.col_upper_ = columns
    lp.row_lower_, lp.row_upper_ = rows
    form = highspy.MatrixFormat
    lp.a_matrix_.format_ = form.kColwise if isinstance(matrix, sparse.csc_array) else form.kRowwise
    lp.a_matrix_.start_ = np.asarray(matrix.indptr, dtype=np.int32)
    lp.a_matrix_.index_ = np.asarray(matrix.indices, dtype=np.int32)
    lp.a_matrix_.value_ = np.asarray(matrix.data, dtype=np.float64)
    return lp


def _fit(matrix: sparse.csc_array, values: Floats, known: Flags, least: float) -> Floats:
    """Any values for the unknown cells that fit the known ones.

    Raises:
        TablesDisagreeError: there are none.
    """
    if known.all():
        if np.abs(matrix @ values).max(initial=0.0) > 1e-6:
            raise TablesDisagreeError(cells=0)
        return values
    unknown = np.flatnonzero(~known)
    left = matrix[:, unknown]
    right = -(matrix[:, np.flatnonzero(known)] @ values[known])
    solver = solver_with()
    columns = np.full(len(unknown), least), np.full(len(unknown), np.inf)
    solver.passModel(programme(np.zeros(len(unknown)), columns, (right, right), left))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise TablesDisagreeError(cells=len(unknown))
    filled = values.copy()
    filled[unknown] = np.asarray(solver.getSolution().col_value)
    return filled
