"""What is really so behind a made-up register."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from synthetic.people.names import Ints, Strings
from synthetic.people.population import Population


@dataclass(frozen=True)
class RegisterTruth:
    """A register's truth, kept beside it and never inside.

    Attributes:
        directory: where the register's files lie.
        files: the register's files, one per table.
        path: ``truth_persons.parquet`` in a sibling directory.
        persons: ``record_id`` (= person_id), ``human_id``.
        entries: ``record_id``, ``human_id``, ``role``, ``family`` of the order (or other record).
        people: everybody of this made-up world, on an order or not; None where the system knows none.
        last_day: last day of the register.
        seed: what it was made from.
        linked: role of the persons whom a cohort is linked to.
    """

    directory: Path
    files: tuple[Path, ...]
    path: Path
    persons: pa.Table
    entries: pa.Table
    people: Population | None
    last_day: int
    seed: int
    linked: str = "respondent"

    def respondents(self, families: tuple[str, ...] | None = None) -> Ints:
        """Humans with a record in the linked role, of these families where any are named; sorted."""
        import numpy as np

        role = self.entries["role"].to_numpy(zero_copy_only=False) == self.linked
        if families is not None:
            family = self.entries["family"].to_numpy(zero_copy_only=False)
            role &= np.isin(family, families)
        return np.unique(self.entries["human_id"].to_numpy()[role])


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
