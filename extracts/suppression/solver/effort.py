"""How much a smaller pattern may cost: a number of programmes, and seconds where somebody set some.

Programmes are the same number on every machine, so that the same table always gets the same
pattern; seconds are not.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

_STEPS = 5  # of an integer programme's simplex take about as long as a small linear programme


@dataclass(eq=False)
class Effort:
    """A budget that is shared by all that looks for fewer cells.

    Attributes:
        solved: counts the linear programmes so far.
        limit: at how many of them to stop.
        ends: when to stop, by the monotonic clock in seconds; None for never.
        steps: of integer programmes' simplex so far.
    """

    solved: Callable[[], int]
    limit: int
    ends: float | None = None
    steps: int = 0

    @property
    def spent(self) -> int:
        """Linear programmes so far, with what integer programmes are worth in them."""
        return self.solved() + self.steps // _STEPS

    @property
    def over(self) -> bool:
        """Whether to stop with what was found."""
        return self.spent > self.limit or is_past(self.ends)


def is_past(ends: float | None) -> bool:
    """Whether a moment of the monotonic clock has come; None never does."""
    return ends is not None and time.monotonic() >= ends
