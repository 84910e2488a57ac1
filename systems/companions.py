"""Columns that say of each cell of another whether its value is given, was never recorded, or was emptied.

``<column>_status`` stands beside a column of which cells were emptied. An emptied cell says so whether it had a value or
not, and what stays ``not_recorded`` is a published value like any other: who counts people who look alike counts
it. A column without a companion lost nothing, so that nothing is recorded where it is empty.
"""

from collections.abc import Sequence

RECORDED, NOT_RECORDED, EMPTIED = STATUSES = ("recorded", "not_recorded", "emptied")
_ENDING = "_status"


def status_name(column: str) -> str:
    """Name of a column's companion."""
    return f"{column}{_ENDING}"


def statuses_of(names: Sequence[str]) -> dict[str, str]:
    """Companion → its column, of those that are among the names."""
    return {status_name(name): name for name in names if status_name(name) in names}


def values_of(names: Sequence[str]) -> tuple[str, ...]:
    """The names that are no companions."""
    companions = statuses_of(names)
    return tuple(name for name in names if name not in companions)
