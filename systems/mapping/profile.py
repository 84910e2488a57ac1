"""What a source's columns look like: enough of their values to guess what they are, held in memory and nowhere else."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from systems.register import Source

_ROWS = 1_000_000  # of a table, looked at
_VALUES = 2_000  # different ones of a column, kept

FORMS = (
    "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%m%d%Y", "%d.%m.%Y", "%m-%d-%Y", "%Y/%m/%d", "%d-%b-%Y", "%b %d, %Y",
    "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%dT%H:%M:%S",
)  # fmt: skip
TIMES = ("%H:%M", "%H%M", "%I:%M %p", "%I:%M:%S %p", "%H%M%S")


@dataclass
class Seen:
    """A column of theirs: its type, and its different values as texts, without blanks around them and never the empty one."""

    name: str
    kind: pa.DataType
    values: set[str] = field(default_factory=set[str])
    more: bool = False  # there are others

    def add(self, column: pa.ChunkedArray) -> None:
        """Look at some rows."""
        if self.more:
            return
        texts = column.cast(pa.string(), safe=False)
        found: list[str | None] = texts.unique().to_pylist()
        self.values |= {text.strip() for text in found if text and text.strip()}
        if len(self.values) > _VALUES:
            self.values, self.more = set(sorted(self.values)[:_VALUES]), True


@dataclass(frozen=True)
class Group:
    """Tables of theirs of one form.

    Attributes:
        pattern: what a mapping calls them.
        names: of each.
        columns: of all of them together.
    """

    pattern: str
    names: tuple[str, ...]
    columns: tuple[Seen, ...]


def groups_of(source: Source) -> list[Group]:
    """The tables of a source; those that differ in numbers at the end of their names alone, with the same columns, are one group."""
    seen: dict[str, list[Seen]] = {
        name: _look(source, name) for name in dict.fromkeys(source.names)
    }
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, columns in seen.items():
        stem = name.rstrip("0123456789")
        together.setdefault((stem, tuple(c.name for c in columns)), []).append(name)
    made: list[Group] = []
    for (stem, _columns), names in together.items():
        pattern = f"{stem}*" if len(names) > 1 and stem else names[0]
        others = [n for n in seen if n not in names and n.startswith(stem)]
        if len(names) > 1 and stem and not others:
            made.append(Group(pattern, tuple(names), _united([seen[name] for name in names])))
        else:
            made += [Group(name, (name,), tuple(seen[name])) for name in names]
    return made


def _look(source: Source, name: str) -> list[Seen]:
    incoming, rows = source.read(name), 0
    columns = [Seen(field.name, field.type) for field in incoming.schema]
    for batch in incoming.batches:
        for column in columns:
            column.add(batch[column.name])
        rows += batch.num_rows
        if rows >= _ROWS:
            break
    return columns


def _united(several: Sequence[Sequence[Seen]]) -> tuple[Seen, ...]:
    return tuple(
        Seen(
            of[0].name,
            of[0].kind,
            set[str]().union(*(one.values for one in of)),
            any(one.more for one in of),
        )
        for of in zip(*several, strict=True)
    )


def fits(text: str, form: str) -> bool:
    """Whether a text is a day or a time in a form."""
    try:
        dt.datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return False
    return True
