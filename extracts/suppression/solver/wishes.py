"""What a table's owner asks of its cells: some must stay open, some are cheaper or dearer to hide.

A cell that must stay open is a constant like one that is public already; a weight multiplies what hiding a
cell costs. Neither changes what must be protected, nor what the audit asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from extracts.suppression.errors import CantStayOpenError
from extracts.suppression.model import Flags, Floats, Ints, TableSystem, parts
from extracts.suppression.solver.secondary import Search

_DEAR = 1e4  # against 1: hidden where there is no other way


@dataclass(frozen=True, eq=False)
class Wishes:
    """Wishes for the cells of one table, flat in its order.

    Attributes:
        stay_open: cells that must be published.
        weights: what hiding each costs, 1 as usual.
        rows: where each cell that must be published was asked for.
    """

    stay_open: Flags
    weights: Floats
    rows: Mapping[int, int] = field(default_factory=dict[int, int])

    def hold_open(self, joined: TableSystem) -> None:
        """Let what must stay open not move, in every table of the system."""
        free = joined.relations.free.copy()
        free[joined.variables[0][self.stay_open]] = False
        component = parts(joined.relations.matrix, free)
        joined.relations = replace(joined.relations, free=free, component=component)

    def weigh(self, search: Search, at: Ints) -> None:
        """Price the cells of a search; ``at`` are the variables of the table's cells."""
        wished = np.ones(search.prices.size)
        wished[at] = self.weights
        search.weights, search.prices = search.weights * wished, search.prices * wished

    def eased(self) -> "Wishes":
        """The same without what must stay open, which is dear instead: it shows what stands against it."""
        nothing = np.zeros_like(self.stay_open)
        return replace(
            self, stay_open=nothing, weights=np.where(self.stay_open, _DEAR, self.weights)
        )

    def refused(self, cells: Flags, **facts: int) -> CantStayOpenError:
        """The error that names the rows of those cells that must stay open and can't."""
        asked = np.flatnonzero(cells.ravel() & self.stay_open).tolist()
        rows = sorted(self.rows[cell] for cell in asked if cell in self.rows)
        return CantStayOpenError(table="must-publish", rows=rows, count=len(asked), **facts)
