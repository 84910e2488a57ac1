"""Attackers who are alone in a hidden cell: what they know, and from whom each cell is kept already.

Somebody who is alone in a cell, and knows it, knows its count and that it is one person's. A table
that fits what is published, has another count of a small cell with persons enough, and leaves the
cells of that attacker as they are, is one that the attacker can't rule out, either.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from extracts.suppression.audit.feasibility import Cells, Place, Vector
from extracts.suppression.audit.knowledge import Knowledge


@dataclass(frozen=True)
class Alone:
    """Everybody who is alone in hidden cells.

    Attributes:
        knows: for each of them these cells, by table and labels, with their counts.
        small: cells that must be kept from them: not exact, not proven to be under the threshold;
            None for all hidden cells, which must not be proven to be under it.
        new: how many of the tables are about to be published; the others were before.
    """

    knows: Sequence[Mapping[Place, int]]
    small: AbstractSet[Place] | None = None
    new: int = 1


def informed(known: Knowledge, knows: Mapping[int, int]) -> Knowledge:
    """What somebody knows who knows some cells and that they are one person's."""
    persons = 1 if known.has_persons else None
    cells = [
        replace(cell, count=knows[cell.number], persons=persons) if cell.number in knows else cell
        for cell in known.cells
    ]
    return replace(known, cells=cells)


class Contributors:
    """For each cell that must be kept from those who are alone, from whom it is not yet."""

    def __init__(self, known: Knowledge, alone: Alone | None, threshold: int) -> None:
        self._threshold = threshold
        self._knows: list[dict[int, int]] = []
        self._who = np.zeros(len(known.cells), dtype=np.int64)
        self._left: dict[int, AbstractSet[int] | None] = {}  # None: from nobody
        self.cells = self._counts = np.zeros(0, dtype=np.int64)  # in which somebody is alone
        self._by_truth = alone is not None and alone.small is not None
        if alone is None:
            return
        number = {p[:2]: c.number for c in known.cells for p in c.places if c.hidden}
        for one in alone.knows:
            own = {number[place]: count for place, count in one.items() if place in number}
            self._knows += [own] if own else []
        for who, cells in enumerate(self._knows, start=1):
            self._who[list(cells)] = who
        if self._knows:
            small = number.keys() if alone.small is None else alone.small & number.keys()
            self._left = dict.fromkeys(number[place] for place in small)
            told = self.known_to(set(range(1, len(self._knows) + 1)))
            self.cells, self._counts = np.array(list(told)), np.array(list(told.values()))

    def take(self, example: Vector, cells: Cells, counts: Vector, people: Vector) -> None:
        """Learn from a change of an example: whose cells stay can't rule it out."""
        if not self._left or (example[self.cells] != self._counts).any():
            return
        moved = cells[counts != example[cells]]
        met = frozenset(self._who[moved].tolist()) - {0}
        enough = (people >= self._threshold) & (counts != example[cells])
        for cell in cells[enough].tolist():
            if cell in self._left:
                left, others = self._left[cell], met - {int(self._who[cell])}
                self._left[cell] = others if left is None else left & others

    def open_to(self, cell: int) -> bool:
        """Whether somebody is left from whom a cell is not known to be kept."""
        if cell not in self._left:
            return False
        left = self._left[cell]
        return bool(left) or (left is None and len(self._knows) > (self._who[cell] > 0))

    def is_open(self, cell: int, who: int) -> bool:
        """Whether a cell is not known to be kept from somebody; nobody's own is."""
        left = self._left[cell]
        return who != self._who[cell] and (left is None or who in left)

    def unanswered(self) -> Iterator[tuple[set[int], set[int]]]:
        """Cells that are not known to be kept from all others, and these: by whose cells they are."""
        everybody = set(range(1, len(self._knows) + 1))
        cells = [cell for cell in self._left if self.open_to(cell)]
        for own in sorted({int(self._who[cell]) for cell in cells}):
            yield {cell for cell in cells if self._who[cell] == own}, everybody - {own}

    def known_to(self, everybody: AbstractSet[int]) -> dict[int, int]:
        """The cells that some of them know, with their counts."""
        return {c: n for who in sorted(everybody) for c, n in self._knows[who - 1].items()}

    def counts(self, cell: int, how: str) -> bool:
        """Whether a verdict is a fall: an exact count is one where the cell is known to be small."""
        return how == "below" or (how == "exact" and cell in self._left and self._by_truth)
