"""What a source's columns look like: enough of their values to guess what they are, held in memory and nowhere else."""

import datetime as dt
from collections import Counter
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
    """A column of theirs: its type, and how many rows have each of its values, as texts without blanks around them, never the empty one."""

    name: str
    kind: pa.DataType
    counts: Counter[str] = field(default_factory=Counter[str])
    more: bool = False  # there are others

    def add(self, column: pa.ChunkedArray) -> None:
        """Look at some rows."""
        if self.more:
            return
        texts = column.cast(pa.string(), safe=False)
        found = texts.value_counts().to_pylist()
        for one in found:
            if one["values"] and (text := one["values"].strip()):
                self.counts[text] += one["counts"]
        if len(self.counts) > _VALUES:
            self.counts = Counter(
                {text: self.counts[text] for text in sorted(self.counts)[:_VALUES]}
            )
            self.more = True

    @property
    def values(self) -> set[str]:
        """The different values."""
        return set(self.counts)


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
            sum((one.counts for one in of), Counter[str]()),
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
