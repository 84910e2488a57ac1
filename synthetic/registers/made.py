"""What a maker of one system's register hands back: its tables, and the truth behind them."""

from dataclasses import dataclass

import pyarrow as pa

from synthetic.people import Ints, Population, Strings


@dataclass(frozen=True)
class World:
    """A made-up register and who is who in it.

    Attributes:
        people: everybody of this made-up world, or None where the system knows no people.
        tables: the register's tables.
        entry: for each record, the entry of its person.
        human: for each record, who that really is.
        role: for each record, ``subject``, or something else where it must not be released.
        family: for each record, its scope.
    """

    people: Population | None
    tables: dict[str, pa.Table]
    entry: Ints
    human: Ints
    role: Strings
    family: Strings
