"""What a snapshot says about itself: counts and digests, nothing about any person."""

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from systems.errors import SnapshotDamaged

FILE = "manifest.json"
INDEX = "person_index"  # beside the tables: entry → person, and its lower bound


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredTable(_Part):
    """One encrypted file.

    Attributes:
        rows: its rows.
        columns: columns that the loaded file had; the others are all null.
        sha256: digest of the encrypted file.
        bytes: its size.
    """

    rows: int
    columns: tuple[str, ...]
    sha256: str
    bytes: int


class SnapshotInfo(_Part):
    """A snapshot in one paragraph.

    Attributes:
        snapshot_id: such as ``CARPOS-20261123-001``.
        created: day of loading.
        system, system_version, system_digest: the description that it was validated against.
        tables: the files, by table; `INDEX` among them.
        entries: rows of the person table: party entries on orders.
        persons: people, where entries joined by a link are one.
        persons_lower: people, where entries joined by a link or a doubtful pair are one; the number
            that thresholds count by.
        first_year, last_year: calendar years of the orders.
        last_day: latest day of an order, which tells whether the last year is complete.
        synthetic: every file was marked as made up.
    """

    format: Literal[1] = 1
    snapshot_id: str
    created: dt.date
    system: str
    system_version: str
    system_digest: str
    tables: dict[str, StoredTable]
    entries: int
    persons: int
    persons_lower: int
    first_year: int | None
    last_year: int | None
    last_day: dt.date | None
    synthetic: bool

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        return {name: table.rows for name, table in self.tables.items() if name != INDEX}


def write(info: SnapshotInfo, directory: Path) -> None:
    """Write the manifest into a snapshot's directory."""
    (directory / FILE).write_text(info.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read(directory: Path) -> SnapshotInfo:
    """Read a snapshot's manifest.

    Raises:
        SnapshotDamaged: it is missing or not what we wrote.
    """
    try:
        return SnapshotInfo.model_validate_json((directory / FILE).read_bytes())
    except (OSError, ValidationError):
        raise SnapshotDamaged(part="manifest") from None
