"""A table as anybody sees it: some values, some hidden. No true value of a hidden cell is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Zeros = Literal["published", "hidden"]  # whether a zero is shown, or hidden like any small cell


@dataclass(frozen=True)
class PublishedRow:
    """One row: labels, and both counts or None where they are hidden."""

    labels: tuple[str, ...]
    count: int | None
    persons: int | None = None


@dataclass(frozen=True)
class PublishedTable:
    """What left, or is about to leave.

    Attributes:
        dims: names of the dimensions, in the order of each row's labels.
        rows: inner cells and margins; a margin says TOTAL or the name of a group.
        parents: for each dimension with groups, child to parent.
        has_persons: whether persons are published beside the count.
        scope: fixed levels that hold for the whole table though they are no column of it.
    """

    dims: tuple[str, ...]
    rows: tuple[PublishedRow, ...]
    parents: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    has_persons: bool = False
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
