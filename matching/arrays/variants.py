"""Rows that say the same thing in several ways: what holds of two things is asked of all their rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.arrow import Bools, Numbers, Rows


@dataclass(frozen=True)
class Variants:
    """The rows of each number."""

    order: Rows
    start: Rows
    many: Rows

    @classmethod
    def of(cls, numbers: Numbers) -> "Variants":
        """Rows by their number (small, not negative)."""
        size = len(numbers)
        ascending = bool((numbers[1:] > numbers[:-1]).all())
        if size and ascending and (numbers[0], numbers[-1]) == (0, size - 1):  # mostly it is so
            order = numbers.astype(np.int32, copy=False)
            return cls(order, order, np.broadcast_to(np.int32(1), (size,)))
        many = np.bincount(numbers).astype(np.int32)
        order = np.argsort(numbers, kind="stable").astype(np.int32)
        return cls(order, np.cumsum(many, dtype=np.int32) - many, many)

    def all_with(
        self, other: "Variants", x: Numbers, y: Numbers, holds: Callable[[Rows, Rows], Bools]
    ) -> Bools:
        """Whether something holds of every row of ``x`` with every row of ``y``, its counterpart in ``other``."""
        wide = other.many[y]
        size = self.many[x] * wide
        pair = np.repeat(np.arange(len(x)), size)
        k = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
        a = self.order[self.start[x[pair]] + k // wide[pair]]
        b = other.order[other.start[y[pair]] + k % wide[pair]]
        return np.bincount(pair, ~holds(a, b), len(x)) == 0
