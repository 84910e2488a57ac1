"""A release in codes, for who attacks it: rows as numbers, equal where rows look alike, and so do their persons' histories."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from extracts.deidentified.rules import Shown, rule_of_persons
from extracts.rows import compute as pc
from extracts.rows import emptied_cells
from systems.companions import values_of

T = TypeVar("T")
Ints = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Sources = tuple[str, ...]

PERSON: Sources = ("the person's other rows",)
_LARGEST = 1 << 62  # of a number made of several codes
_SPARSE = 8  # times as many numbers as values: then they are looked up


class CodedRows:
    """The release in codes, row by row.

    A column's values are 0 to ``levels - 1``, the last of them that nothing is recorded; ``levels`` is a cell that
    its companion says was emptied.

    What quasi-identifiers say alone is kept in ``memory``; codes of other columns are those of the attack before
    where they show the same, so that ``same`` names what need not be counted again.
    """

    def __init__(
        self,
        table: pa.Table,
        quasi: Sequence[str],
        references: Sequence[str],
        memory: dict[object, Any],
        *,
        rows_alone: bool,
    ) -> None:
        self.quasi, self.memory = list(quasi), memory
        self.names = [n for n in values_of(table.column_names) if n not in references]
        self.others = [n for n in self.names if n not in quasi]
        self.person = once(memory, "person", lambda: _codes(table, references[0])[0])
        self.base: dict[str, Ints] = {}
        self.levels: dict[str, int] = {}
        self.same: set[str] = set()
        for name in self.names:
            before = memory.get(name)
            if before is None or name in self.others:
                memory[name] = _codes(table, name, before and before[2])
            self.base[name], self.levels[name], _ = memory[name]
            if before is not None and np.array_equal(before[0], self.base[name]):
                self.same.add(name)
        self.targets = [n for n in quasi if (self.base[n] == self.levels[n]).any()]
        self.targets = [n for n in self.targets if (self.base[n] < self.levels[n]).any()]
        self.alike = once(
            memory, "alike", lambda: together(quasi, self.levels, self.base, self.person.size)
        )
        self.group = once(memory, "groups", lambda: self._groups(rows_alone=rows_alone))
        self.of_persons = {
            n: once(
                memory,
                (n, PERSON),
                lambda n=n: rule_of_persons(self.person, self.base[n], self.levels[n]),
            )
            for n in self.targets
        }
        self.said = once(memory, "said", self._said)

    def _groups(self, *, rows_alone: bool) -> Ints:
        """A number for each row, the same where rows of the release look alike, and so do their persons' histories."""
        if rows_alone:
            return self.alike
        history = histories(self.person, self.alike, int(self.person.max(initial=-1)) + 1)
        return numbered(history[self.person] * (self.alike.max(initial=0) + 1) + self.alike)

    def _said(self) -> Ints:
        """A number for each row, the same where rows look alike and their persons' other rows say the same."""
        number = self.alike
        for name, rule in self.of_persons.items():
            if rule.pattern.size:
                says = np.zeros(rule.width, np.int64)
                says[rule.pattern] = rule.value + 1
                number = numbered(number * (self.levels[name] + 2) + says[self.person])
        return number


def once(memory: dict[object, Any], key: object, make: Callable[[], T]) -> T:
    """What is kept under a key, made where it is not."""
    if key not in memory:
        memory[key] = make()
    return memory[key]


def numbered(values: Ints) -> Ints:
    """A number from 0 for each value (0 or more), the same for the same."""
    width = int(values.max(initial=-1)) + 1
    if width > _SPARSE * values.size:
        return pa.array(values).dictionary_encode().indices.to_numpy().astype(np.int64)
    place = np.zeros(width, np.int64)
    place[values] = 1
    return (np.cumsum(place) - 1)[values]


def _codes(table: pa.Table, name: str, known: pa.Array | None = None) -> tuple[Ints, int, pa.Array]:
    """A column's values as numbers from 0, then nothing recorded, then an emptied cell; how many are seen, and the values.

    ``known`` numbers are kept where no value is new.
    """
    column, values = table[name], cast("Any", known)
    found = None if known is None else pc.index_in(column, value_set=known)
    if found is None or found.null_count != column.null_count:
        one = column.combine_chunks().dictionary_encode()
        one = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
        found, values = one.indices, one.dictionary
    seen = len(values) + 1
    codes = pc.fill_null(found, seen - 1).to_numpy(zero_copy_only=False).astype(np.int32)
    codes[emptied_cells(table, name)] = seen
    return codes, seen, values


def together(names: Iterable[str], levels: Mapping[str, int], table: Shown, size: int) -> Ints:
    """A number for each row, the same where rows are (believed to be) alike in these columns."""
    row, width = np.zeros(size, np.int64), 1
    for name in names:
        if width * (levels[name] + 2) >= _LARGEST:
            row = numbered(row)
            width = int(row.max(initial=0)) + 1
        row = row * (levels[name] + 2) + table[name]
        width *= levels[name] + 2
    return numbered(row)


def differs(group: Ints, value: Ints) -> Mask:
    """Rows of groups that have several values."""
    first = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    first[group] = value
    return (np.bincount(group, first[group] != value, first.size) > 0)[group]


def histories(person: Ints, row: Ints, people: int) -> Ints:
    """A number for each person, the same where the multisets of their rows are the same."""
    count, width = np.bincount(person, minlength=people), int(row.max(initial=0)) + 1
    start, rows = np.cumsum(count) - count, np.sort(person.astype(np.int64) * width + row) % width
    number, offset = np.zeros(people, np.int64), 1
    for nth in range(int(count.max(initial=0))):
        who = np.flatnonzero(count > nth)
        found = numbered(number[who] * width + rows[start[who] + nth])
        number[who] = found + offset
        offset += int(found.max()) + 1
    return number
