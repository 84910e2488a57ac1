"""Where the tables of a register come from: files here, a database elsewhere; rows in batches, of which nothing is judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from errors import CodedError
from systems import tabular
from systems.description import System
from systems.errors import TableUnknown
from systems.register.checks import Problem

BATCH = 250_000  # rows checked at a time: memory stays flat, queries stay few


ROW = "#row"  # a column with the data row's number, counted from 1


@dataclass(frozen=True)
class Incoming:
    """One table on its way: columns under their own names, and its rows from the first to the last, once.

    Attributes:
        schema: its columns.
        batches: its rows; they may bring `ROW`, where they are not those of the table one after another.
        problems: what is wrong with its columns.
        fits: the rows can be read.
        sifted: rows were left out or put together, so that their order says nothing of their numbers.
    """

    schema: pa.Schema
    batches: Iterator[pa.Table]
    problems: tuple[Problem, ...] = ()
    fits: bool = True
    sifted: bool = False


def numbered(batch: pa.Table, before: int) -> pa.Table:
    """A batch with `ROW`, where it has none."""
    if ROW in batch.column_names:
        return batch
    import numpy as np

    numbers = pa.array(np.arange(before + 1, before + batch.num_rows + 1, dtype=np.int64))
    return batch.append_column(ROW, numbers)


@dataclass(frozen=True)
class Part:
    """Rows of one of our tables, as one table of a source gives them.

    Attributes:
        source: name of that table; empty where it is the only one and called like ours.
        open: opens it, with a connection for whatever must be worked out. Besides our columns there may be
            ``UNFIT`` and ``UNTRANSLATED`` ones: true where a value could not become one of ours.
        expected: what a column's values look like there, where not as the description says.
    """

    source: str
    open: Callable[[Any], Incoming]
    expected: Mapping[str, str] = field(default_factory=dict[str, str])


UNFIT, UNTRANSLATED = "#unfit ", "#untranslated "  # before the name of our column


class Supply(Protocol):
    """The tables of a register under our names, whatever they are called where they come from.

    Attributes:
        names: of our tables, in the order in which they come.
        synthetic: all of it is marked as made up.
        mapping: the TOML that says so, where one does.
    """

    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def synthetic(self) -> bool: ...  # noqa: D102
    @property
    def mapping(self) -> str: ...  # noqa: D102

    def parts(self, name: str) -> Sequence[Part]:
        """What one table is made of, one part after another."""
        ...

    def problems(self) -> Sequence[Problem]:
        """What does not fit of the source as a whole; complete when every part was read."""
        ...


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

    def read(
        self, name: str, *, role: str | None = None, without: Callable[[str], bool] | None = None
    ) -> Incoming:
        """Open a table; ``role`` is what errors call it, its name otherwise; columns ``without`` may be left out.

        Raises:
            CodedError: it can't be read; also while the batches come.
        """
        ...


class AsNamed:
    """The tables of a source that are called like ours.

    Raises:
        TableUnknown: one that was chosen is not, or comes twice.
    """

    mapping = ""

    def __init__(self, system: System, source: Source) -> None:
        wrong = [
            place
            for place, name in enumerate(source.names, start=1)
            if name not in system.tables_by_name or name in source.names[: place - 1]
        ]
        if wrong and source.chosen:
            raise TableUnknown(files=wrong, tables=list(system.table_names))
        self.names = tuple(n for n in dict.fromkeys(source.names) if n in system.tables_by_name)
        self._source = source

    @property
    def synthetic(self) -> bool:
        """See `Supply`."""
        return self._source.synthetic

    def parts(self, name: str) -> Sequence[Part]:
        """The table as it is."""
        return (Part("", lambda _con: self._source.read(name)),)

    def problems(self) -> Sequence[Problem]:
        """None besides those of its tables."""
        return ()


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

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each file that is there."""
        return {n: path.stat().st_size for n, path in self._files.items() if path.is_file()}

    def read(
        self, name: str, *, role: str | None = None, without: Callable[[str], bool] | None = None
    ) -> Incoming:
        """Open a file: Parquet with its types, in parts; anything else as strings. See `Source`."""
        del without  # what is read has been read
        path, limits, role = self._files[name], self._limits, role or name
        if tabular.is_parquet(path, role, limits):
            schema, _ = tabular.read_schema(path, role=role, limits=limits)
            return Incoming(
                schema, tabular.native_batches(path, role=role, rows=BATCH, limits=limits)
            )
        stream = tabular.stream_texts(path, role=role, limits=limits)
        schema = pa.schema([(column, pa.string()) for column in stream.names])
        pieces = tabular.cut(stream.parts(stream.names), BATCH)
        return Incoming(schema, (piece for piece in pieces if piece.num_rows))


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
