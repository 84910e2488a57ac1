"""Where the tables of a register come from: files here, a database elsewhere; rows in batches, of which nothing is judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from errors import CodedError
from systems import tabular

BATCH = 250_000  # rows checked at a time: memory stays flat, queries stay few


@dataclass(frozen=True)
class Incoming:
    """One table on its way: columns under their own names, and its rows from the first to the last, once."""

    schema: pa.Schema
    batches: Iterator[pa.Table]


class Source(Protocol):
    """Tables under their own names.

    Attributes:
        names: of the tables, in the order in which a person gave them; one may come twice, which is an error.
        chosen: each was named by whoever loads, so that one that nothing takes is a mistake.
        synthetic: all of it is marked as made up.
    """

    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def chosen(self) -> bool: ...  # noqa: D102
    @property
    def synthetic(self) -> bool: ...  # noqa: D102

    def read(self, name: str, *, role: str | None = None) -> Incoming:
        """Open a table; ``role`` is what errors call it, its name otherwise.

        Raises:
            CodedError: it can't be read; also while the batches come.
        """
        ...


class FileSource:
    """Files of any kind that `systems.tabular` reads, each a table called after the file's stem."""

    chosen = True

    def __init__(self, files: Sequence[Path], limits: tabular.Limits = tabular.DEFAULT) -> None:
        self.names = tuple(path.stem for path in files)
        self._files = dict(zip(self.names, files, strict=True))
        self._limits = limits

    @property
    def synthetic(self) -> bool:
        """See `Source`."""
        return is_synthetic(tuple(self._files.values()))

    def read(self, name: str, *, role: str | None = None) -> Incoming:
        """Open a file: Parquet with its types, in parts; anything else as strings. See `Source`."""
        path, limits, role = self._files[name], self._limits, role or name
        if tabular.is_parquet(path, role, limits):
            schema, _ = tabular.read_schema(path, role=role, limits=limits)
            return Incoming(
                schema, tabular.native_batches(path, role=role, rows=BATCH, limits=limits)
            )
        table = tabular.read_table(path, role=role, limits=limits, allow_empty=True).table
        pieces = (table.slice(at, BATCH) for at in range(0, table.num_rows, BATCH))
        return Incoming(table.schema, pieces)


# -- the mark of made-up data: a demonstration home takes nothing without it

MARK_FILE = "SYNTHETIC"  # beside the files
MARK_KEY = b"synthetic"  # in a Parquet file's metadata, with the value b"true"


def is_synthetic(files: Sequence[Path]) -> bool:
    """Return whether every file says that it is made up; false for no file at all."""
    return bool(files) and all(_marked(path) for path in files)


def _marked(path: Path) -> bool:
    if (path.parent / MARK_FILE).is_file():
        return True
    try:
        metadata = tabular.read_schema(path, role="register")[0].metadata or {}
    except CodedError:
        return False
    return metadata.get(MARK_KEY) == b"true"
