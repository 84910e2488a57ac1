"""Arrow columns from NumPy arrays."""

import numpy as np
import pyarrow as pa

from synthetic.people.names import Ints, Strings
from synthetic.people.noise import NO_DAY


def text(values: Strings) -> pa.Array:
    """Strings, None as null."""
    return pa.array(values, pa.string(), from_pandas=True)


def days_column(days: Ints) -> pa.Array:
    """Dates from days since 1970-01-01, `NO_DAY` as null."""
    missing = days == NO_DAY
    return pa.array(np.where(missing, 0, days).astype(np.int32), pa.int32(), mask=missing).cast(
        pa.date32()
    )


def pick(numbers: Ints, options: tuple[str, ...]) -> Strings:
    """One of a few texts for each number, always the same one."""
    return np.array(options, dtype=object)[numbers % len(options)]
