"""The noise of a cell, from the keys of its records: the same records get the same noise in whatever table.

A record's key is 64 bits, a keyed digest of its id under the home's secret; a cell's key is the sum of its records'
modulo 2^64 (Fraser and Wooton 2005). Its upper half chooses the persons that are shown, its lower half the records beyond one a
person. Both are 0 together, since persons 0 beside records 12 would tell of few persons; what a few persons' further records lose by
that is made up where they are shown, up to the method's reach.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.perturbation.noise import BITS, Noise
from extracts.suppression import CellTable, PublishedRow

Keys = npt.NDArray[np.uint64]
_LOWER = (1 << BITS) - 1


class KeyMaker(Protocol):
    """Makes keys of records under the home's secret, the same for all projects and years."""

    def __call__(self, label: str, values: pa.Array) -> pa.Array:
        """Return one key (uint64) for each value (string) under a label."""
        ...


def perturb(table: CellTable, keys: Keys, noise: Noise) -> tuple[PublishedRow, ...]:
    """Every cell and margin with noise; margins have their own and are no sums.

    Args:
        table: true values.
        keys: for each cell the sum of its records' keys, in the table's shape.
        noise: the method.
    """
    people = None if table.persons is None else table.persons.ravel().tolist()
    rows: list[PublishedRow] = []
    for at, (labels, count, key) in enumerate(
        zip(table.labels(), table.counts.ravel().tolist(), keys.ravel().tolist(), strict=True)
    ):
        n = count if people is None else people[at]
        row = noise.persons(n)
        shown = row.chosen(key >> BITS)
        further = _further(noise, count - n, float(row.chances[row.values > 0].sum()))
        records = shown and shown + noise.further(further).chosen(key & _LOWER)
        rows.append(PublishedRow(labels, records, None if people is None else shown))
    return tuple(rows)


def _further(noise: Noise, count: int, chance: float) -> float:
    """The mean of what is shown of further records, where anything of their cell is shown."""
    return min(count / chance, float(count + noise.reach)) if count else 0.0
