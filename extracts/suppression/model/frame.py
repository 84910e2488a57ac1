"""One table as arrays over all its nodes, for the suppressor's stack of several tables."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from extracts.suppression.model.published import PublishedTable
from extracts.suppression.model.relations import Floats, equations
from extracts.suppression.model.tables import TOTAL, CellTable, Dimension, spread


class Frame:
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
    def of_table(cls, table: CellTable, scope: Mapping[str, tuple[str, ...]]) -> "Frame":
        """A table of ours, all of it known."""
        fixed = {n: frozenset(levels) for n, levels in scope.items()}
        return cls(
            table.dims, table.counts.astype(float), table.people.astype(float), fixed, own=True
        )

    @classmethod
    def of_published(cls, table: PublishedTable) -> "Frame":
        """A table that went out: what was hidden in it is unknown."""
        dims: list[Dimension] = []
        for axis, name in enumerate(table.dims):
            labels = sorted({row.labels[axis] for row in table.rows} - {TOTAL})
            parent = dict(table.parents.get(name, {}))
            leaves = [x for x in labels if x not in set(parent.values())]
            total = any(row.labels[axis] == TOTAL for row in table.rows)
            up = {k: v for k, v in parent.items() if v != TOTAL}
            dims.append(
                Dimension.tree(name, leaves, up)
                if up
                else Dimension.flat(name, leaves, total=total)
            )
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

    def equations(self) -> sparse.csc_array:
        """What its margins say of its cells."""
        return equations(self.dims, self.counts.shape)

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
