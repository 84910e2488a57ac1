"""How an extract asks for research ids and row order, without ever holding the project's secret."""

from typing import Protocol

import pyarrow as pa

from extracts.errors import IdsCollide
from extracts.records.arrow import compute as pc


class IdMaker(Protocol):
    """Makes ids that are stable within a project and can't be linked across projects.

    Both are keyed digests under the project's own secret; the label keeps the ids of persons,
    orders and rows apart, so that equal inputs under two labels have nothing in common.
    """

    def ids(self, label: str, values: pa.Array) -> pa.Array:
        """Return one research id (string) for each value (string), in the order given."""
        ...

    def order(self, label: str, values: pa.Array) -> pa.Array:
        """Return one sortable key (uint64 or fixed-size bytes) for each value (string)."""
        ...


def distinct_ids(maker: IdMaker, label: str, keys: pa.Array) -> pa.Array:
    """Research ids for the distinct ``keys`` (int64 or string), checked to be distinct too.

    Raises:
        IdsCollide: two keys got one id. At 96 bits and more this does not happen by chance.
    """
    ids = maker.ids(label, keys.cast(pa.string()))
    if pc.count_distinct(ids).as_py() != pc.count_distinct(keys).as_py() or ids.null_count:
        raise IdsCollide(label=label)
    return ids
