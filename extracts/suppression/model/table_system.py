"""Several tables as one system: other groupings published together, and what was published before.

The suppressor's own bookkeeping: a variable for each distinct set of records. A value that was
published is a constant; a value that was hidden then and is not part of the new tables is unknown
to us, too, so that any value that fits stands for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.errors import RevisedError, TablesDisagreeError
from extracts.suppression.model.frame import Frame
from extracts.suppression.model.published import PublishedTable
from extracts.suppression.model.relations import Floats, Relations, parts, relations
from extracts.suppression.model.tables import CellTable, Dimension, Flags, Ints

Sets = tuple[frozenset[str], ...]


@dataclass(eq=False)
class Stack:
    """The system, and where each table's cells are in it.

    Attributes:
        system: equations over all variables.
        tables: the table and the linked ones, with true values.
        places: for each of ``tables``, the variable of each of its cells.
        known: variables whose true value we know (all, but for old hidden cells).
        withheld: variables that earlier tables hide and none shows.
        old: for each earlier table, labels to variable.
        scope: fixed levels of dimensions that ``tables`` don't have.
    """

    system: Relations
    tables: tuple[CellTable, ...]
    places: tuple[Ints, ...]
    known: Flags
    withheld: Flags
    old: tuple[dict[tuple[str, ...], int], ...]
    scope: Mapping[str, tuple[str, ...]]

    def find(self, table: int, labels: tuple[str, ...]) -> int:
        """The variable of a row of one table; tables are numbered as the audit does."""
        if table >= len(self.tables):
            return self.old[table - len(self.tables)][labels]
        own = self.tables[table]
        at = tuple(d.position[label] for d, label in zip(own.dims, labels, strict=True))
        return int(self.places[table].reshape(own.shape)[at])


def stacked(
    table: CellTable,
    linked: Sequence[CellTable],
    earlier: Sequence[PublishedTable],
    least: int,
    scope: Mapping[str, tuple[str, ...]],
) -> Stack:
    """Join the tables.

    Raises:
        RevisedError: an earlier published value differs from the true value now.
        TablesDisagreeError: true values of one set differ, or nothing fits the earlier tables.
    """
    if not linked and not earlier:
        system = relations(table, least)
        known = np.ones(table.size, dtype=bool)
        return Stack(system, (table,), (np.arange(table.size),), known, ~known, (), scope)
    return _Join(table, linked, earlier, least, scope).stack()


class _Join:
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
        self.frames = [Frame.of_table(t, scope) for t in self.tables]
        self.frames += [Frame.of_published(t) for t in earlier]
        self.names = sorted({n for f in self.frames for n in f.names})
        self.index: dict[Sets, int] = {}
        self.values: list[float] = []
        self.people: list[float] = []
        self.floor: list[float] = []
        self.margin: list[int] = []
        self.public: set[int] = set()
        self.withheld: set[int] = set()
        self.blocks: list[sparse.csc_array] = []
        self.revised = 0

    def stack(self) -> Stack:
        """Join everything."""
        everything, empty = self._leaves()
        places: list[Ints] = []
        for frame in self.frames:
            at = self._place(frame, everything, empty)
            places.append(at)
        if self.revised:
            raise RevisedError(cells=self.revised)
        size = len(self.values)
        matrix = sparse.vstack(
            [_renumber(f.equations(), at, size) for f, at in zip(self.frames, places, strict=True)],
            format="csc",
        )
        matrix = sparse.csc_array(matrix)
        values = np.array(self.values)
        known = ~np.isnan(values)
        values = _fit(matrix, values, known, float(self.least))
        public = _flags(size, self.public)
        free = (values > 0) & ~public if self.least else ~public
        people = np.array(self.people)
        people = np.where(np.isnan(people), values, people)
        floor = np.maximum(np.array(self.floor), self.least)
        system = Relations(
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
        old = tuple(
            dict(zip(f.labels(), (int(i) for i in at), strict=True))
            for f, at in zip(self.frames[count:], places[count:], strict=True)
        )
        withheld = _flags(size, self.withheld - self.public)
        return Stack(system, self.tables, tuple(places[:count]), known, withheld, old, self.scope)

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
        frame: "Frame",
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
        self, key: Sets, frame: "Frame", place: tuple[int, ...], floor: float, margins: int
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
                self._contradict(frame)
            self.values[found] = value
        self.floor[found] = max(self.floor[found], floor)  # the finest table says most
        if not frame.own:
            (self.withheld if np.isnan(value) else self.public).add(found)
        return found

    def _contradict(self, frame: "Frame") -> None:
        if frame.own:
            raise TablesDisagreeError(cells=1)
        self.revised += 1


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
    """A table's equations over the variables of the stack; what cancels out drops away."""
    margins, cells, signs = sparse.find(matrix)
    shape = (equations_of(matrix), size)
    joined = sparse.csc_array((signs, (margins, at[cells])), shape=shape)
    joined.sum_duplicates()
    joined.eliminate_zeros()
    return joined


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
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(unknown), equations_of(matrix)
    lp.col_cost_ = np.zeros(len(unknown))
    lp.col_lower_ = np.full(len(unknown), least)
    lp.col_upper_ = np.full(len(unknown), np.inf)
    lp.row_lower_ = lp.row_upper_ = right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = left.indptr, left.indices
    lp.a_matrix_.value_ = left.data
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise TablesDisagreeError(cells=len(unknown))
    filled = values.copy()
    filled[unknown] = np.asarray(solver.getSolution().col_value)
    return filled
