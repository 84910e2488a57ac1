"""A database as the source of a register: its tables by name, their rows in batches, one table after another.

How each kind of server is asked stands in files of their own (`Reader`); here is what holds for all: names, which columns can be
read, the mark of made-up data, and that whatever goes wrong is a coded error with the table and the rows read so far.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import pyarrow as pa

from errors import CodedError
from systems.databases.errors import TypeUnreadable
from systems.register import BATCH, Incoming

MARK = "synthetic"  # a table or view of this name says that all of the database is made up


class Place(NamedTuple):
    """A table of a database; ``schema`` is empty where there are none."""

    schema: str
    table: str


@dataclass(frozen=True)
class Column:
    """A column as its server has it; ``type`` is missing where it holds no plain value."""

    name: str
    type: pa.DataType | None
    native: str = ""


class Reader(Protocol):
    """One connection in one transaction that only reads.

    Attributes:
        snapshot: all that is read is of one moment.
    """

    @property
    def snapshot(self) -> bool: ...  # noqa: D102

    def tables(self) -> dict[str, Place]:
        """Tables and views by name: bare in the default schema, else with their schema."""
        ...

    def columns(self, place: Place) -> Sequence[Column]:
        """The columns of a table, in its order."""
        ...

    def rows(self, place: Place, columns: Sequence[Column], most: int) -> Iterator[pa.Table]:
        """All rows, in the order of the primary key where there is one; at most so many at a time."""
        ...

    def coded(self, error: Exception) -> tuple[type[CodedError], dict[str, str]] | None:
        """What an exception means, and its state; None where it is no matter of the database's."""
        ...

    def close(self) -> None:
        """Leave, whatever is under way."""
        ...


class DatabaseSource:
    """A source of `systems.register`. One table is read at a time.

    What is read only in part (a look at the first rows) costs the connection: the next table is read by a new one.

    Attributes:
        names: of its tables and views, sorted.
        snapshot: all that was read is of one moment.
        left_out: columns without plain values that were not read, where this is only a look.
    """

    chosen = False

    def __init__(self, connect: Callable[[], Reader], *, look: bool = False) -> None:
        self._connect, self._look = connect, look
        self.left_out: list[str] = []
        self._reader: Reader | None = connect()
        with _Told(self._reader, "", lambda: 0):
            self._places = self._reader.tables()
        self.snapshot = self._reader.snapshot
        self.names: Sequence[str] = tuple(sorted(n for n in self._places if n.lower() != MARK))

    @property
    def synthetic(self) -> bool:
        """Whether the database has the mark: a table or view ``synthetic`` in its default schema."""
        return any(name.lower() == MARK for name in self._places)

    def read(
        self, name: str, *, role: str | None = None, without: Callable[[str], bool] | None = None
    ) -> Incoming:
        """Open a table: whole numbers and truth values as such, all else as text (dates as 2024-12-31).

        Args:
            name: one of ``names``.
            role: what errors call it; its name otherwise.
            without: says of a column that nobody wants it; it is not read.

        Raises:
            TypeUnreadable: a column holds no plain values.
            CodedError: of `systems.databases.errors`; also while the batches come.
        """
        role = role or name
        if self._reader is None:
            self._reader, self.snapshot = self._connect(), False
        reader = self._reader
        with _Told(reader, role, lambda: 0):
            found = reader.columns(self._places[name])
        if without is not None:
            found = [column for column in found if not without(column.name)]
        if unreadable := [column.name for column in found if column.type is None]:
            if not self._look:
                raise TypeUnreadable(table=role, columns=unreadable)
            self.left_out += [f"{name}.{column}" for column in unreadable]
            found = [column for column in found if column.type is not None]
        schema = pa.schema([pa.field(c.name, c.type, metadata={"native": c.native}) for c in found])
        return Incoming(schema, self._batches(reader, name, role, found))

    def _batches(
        self, reader: Reader, name: str, role: str, columns: Sequence[Column]
    ) -> Iterator[pa.Table]:
        rows, whole = 0, False
        try:
            with _Told(reader, role, lambda: rows):
                for table in reader.rows(self._places[name], columns, BATCH):
                    rows += table.num_rows
                    yield table
            whole = True
        finally:
            if not whole:
                self.close()

    def close(self) -> None:
        """Leave the database; what is read after that is of another moment."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class _Told:
    """Turns a driver's exception into the coded error; neither its text nor the exception itself is kept."""

    def __init__(self, reader: Reader, table: str, rows: Callable[[], int]) -> None:
        self._reader, self._table, self._rows = reader, table, rows

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, caught: BaseException | None, _trace: object) -> None:
        if not isinstance(caught, Exception) or isinstance(caught, CodedError):
            return
        meant = self._reader.coded(caught)
        if meant is None:
            return
        kind, state = meant
        coded = kind(
            **({"table": self._table, "rows": self._rows()} if self._table else {}), **state
        )
        try:
            raise coded from None
        except CodedError:
            coded.__context__ = None  # it quotes values, and chains are logged
            raise
