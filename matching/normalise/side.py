"""The rows of one table as integers."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.arrow import Codes, Ints, Numbers, Small


@dataclass(frozen=True)
class Side:
    """The rows of one table as integers; -1 is missing (0 for birth, sex and suffix)."""

    rows: int
    first: Codes
    middle: Codes
    last: Codes
    suffix: Small
    birth: Codes  # yyyymmdd
    sex: Small
    ssn: Codes
    ssn4: npt.NDArray[np.int16]
    licence: Ints
    phone: Ints
    house: Codes  # house number
    street: Codes
    city: Codes
    zip: Codes
    county: Codes
    whole: Codes  # a hash of all names, whatever their order and boxes
    exact: tuple[Codes, ...] = ()  # columns of the user's own

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The columns by name, but for the user's own."""
        return {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("rows", "exact")
        }

    def take(self, rows: Numbers) -> "Side":
        """The same columns for some rows."""
        columns = {name: values[rows] for name, values in self.columns().items()}
        return Side(len(rows), **columns, exact=tuple(values[rows] for values in self.exact))

    def cut(self, start: int, stop: int) -> "Side":
        """The same columns for the rows from ``start`` to ``stop``, without copying."""
        columns = {name: values[start:stop] for name, values in self.columns().items()}
        exact = tuple(values[start:stop] for values in self.exact)
        return Side(min(stop, self.rows) - start, **columns, exact=exact)

    @property
    def address(self) -> Ints:
        """Street and house number as one number; -1 where there is no street."""
        return address_numbers(self.street, self.house)


def address_numbers(street: Codes, house: Codes) -> Ints:
    """Streets and house numbers as one number each; -1 where there is no street."""
    number = street.astype(np.int64) * 1_000_003 + house + 1
    return np.where(street >= 0, number, -1)
