"""Further names, birth dates and addresses of a row: list columns and an alias file become variants of it.

A row with lists stands for every combination of a name, a birth date, an address and so on, where these are at most
``MOST``; else for each value once beside the row's first ones. Lists of names that are equally long belong together,
and so do those of an address. A row of an alias file is the row itself with what the alias says put in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from matching.arrays import number_ids
from matching.arrow import Bools, Ints, Rows, array, column, filled, pc
from matching.errors import BadAliases
from matching.findings import Finding
from matching.normalise import FULL_NAME, split_full_names
from matching.tables import IDS, STANDARD, Side

MOST: Final = 16  # variants of a row
_TOGETHER: Final = (
    {"first_name", "middle_name", "last_name", "name_suffix", FULL_NAME},
    {"street", "city", "zip", "county"},
)


@dataclass
class Aliases:
    """A side's further values, and how many rows it had and got; counted anew each time that it is read."""

    side: Side
    lists: tuple[str, ...] = ()
    table: pa.Table | None = None
    given: int = 0
    added: int = 0
    left_out: int = 0  # values, or rows of the file, beyond what a row may have
    unknown: int = 0  # ids of the file that no row has

    def unfolded(self, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Parts with the variants of each row behind it."""
        self.given = self.added = self.left_out = self.unknown = 0
        known, first = (
            (None, None) if self.table is None else number_ids(self.table[IDS[self.side]])
        )
        free = np.ones(0 if first is None else len(first), np.bool_)
        for part in parts:
            self.given += part.num_rows
            rows = split_full_names(self._of_lists(part))
            if self.table is not None and known is not None and first is not None:
                rows = self._of_file(rows, known, first, free)
            self.added += rows.num_rows - part.num_rows
            yield rows
        self.unknown = int(free.sum())

    def _of_lists(self, part: pa.Table) -> pa.Table:
        lists = [name for name in self.lists if pa.types.is_list(part[name].type)]
        if not lists or not part.num_rows:
            return part
        made = {name: pa.concat_arrays(part[name].chunks) for name in lists}
        sizes = [array(pc.fill_null(pc.list_value_length(made[name]), 0)) for name in lists]
        shapes, which = np.unique(np.stack(sizes, 1), axis=0, return_inverse=True)
        rows, places, elements = list[Ints](), list[Ints](), list[Ints]()
        for number, shape in enumerate(shapes.tolist()):
            here = np.flatnonzero(which.reshape(-1) == number)
            template, lost = _template(lists, shape)
            self.left_out += lost * len(here)
            rows.append(np.repeat(here, len(template)))
            places.append(np.tile(np.arange(len(template)), len(here)))
            elements.append(np.tile(template, (len(here), 1)))
        row, element = np.concatenate(rows), np.concatenate(elements)
        order = np.lexsort((np.concatenate(places), row))
        row, element = row[order], element[order]
        columns: list[pa.Array | pa.ChunkedArray] = []
        for name in part.column_names:
            if name not in lists:
                columns.append(part[name].take(column(row)))
                continue
            k = lists.index(name)
            begin = array(made[name].offsets)[:-1].astype(np.int64)[row]
            there = sizes[k][row] > 0
            values = [
                made[name].values.take(pa.array(begin + at, mask=~there))
                for at in (element[:, k], 0)
            ]
            columns.append(pc.coalesce(*values))
        return pa.Table.from_arrays(columns, names=part.column_names)

    def _of_file(self, part: pa.Table, known: Rows, first: Rows, free: Bools) -> pa.Table:
        """``known`` numbers the ids of the file, ``first`` are their first rows, ``free`` those not met so far."""
        aliases = self.table
        assert aliases is not None
        own = IDS[self.side]
        named = aliases[own].take(column(first)).combine_chunks()
        met = array(filled(pc.index_in(pc.cast(part[own], pa.string()), value_set=named)))
        ids, rows = np.unique(met, return_index=True)
        chosen = (ids >= 0) & free[ids]
        ids, rows = ids[chosen], rows[chosen]
        free[ids] = False
        many = np.bincount(known, minlength=len(first))
        start, order = np.cumsum(many) - many, np.argsort(known, kind="stable")
        taken = np.minimum(many[ids], MOST)
        self.left_out += int((many[ids] - taken).sum())
        pair = np.repeat(np.arange(len(ids)), taken)
        k = np.arange(len(pair)) - np.repeat(np.cumsum(taken) - taken, taken)
        row = np.concatenate([np.arange(part.num_rows), rows[pair]])
        alias = np.concatenate([np.full(part.num_rows, -1), order[start[ids[pair]] + k]])
        by_row = np.argsort(row, kind="stable")
        row, alias = column(row[by_row]), alias[by_row]
        from_file = pa.array(alias, mask=alias < 0)
        columns = [
            pc.coalesce(aliases[name].take(from_file), part[name].take(row))
            if name in aliases.column_names and name != own
            else part[name].take(row)
            for name in part.column_names
        ]
        return pa.Table.from_arrays(columns, names=part.column_names)

    def counts(self) -> dict[str, int]:
        """What the report says."""
        return {name: getattr(self, name) for name in ("given", "added", "left_out", "unknown")}

    def findings(self) -> Iterator[Finding]:
        """What must be said."""
        if self.left_out:
            what = f"{self.left_out:,} aliases are beyond {MOST} variants of a row and are left out"
            yield Finding("aliases_left_out", self.side, "", self.left_out, 0, what)
        if self.unknown:
            what = f"{self.unknown:,} ids of the alias file are in no row of this side"
            yield Finding("aliases_unknown", self.side, "", self.unknown, 0, what)


def _template(lists: Sequence[str], shape: Sequence[int]) -> tuple[Ints, int]:
    """The elements of each variant of a row whose lists are so long (variants x lists), and how many values have no place."""
    groups: dict[object, list[int]] = {}
    for k, name in enumerate(lists):
        kind = next((i for i, group in enumerate(_TOGETHER) if name in group), name)
        groups.setdefault(kind, []).append(k)
    options: list[list[dict[int, int]]] = []
    for of in groups.values():
        sizes = sorted({shape[k] for k in of} - {0, 1})
        options.append(
            [{}, *({k: e for k in of if shape[k] == n} for n in sizes for e in range(1, n))]
        )
    chosen, lost = list[dict[int, int]](), 0
    if prod(map(len, options)) <= MOST:
        chosen = [
            {k: e for one in several for k, e in one.items()} for several in product(*options)
        ]
    else:
        single = [one for several in options for one in several[1:]]
        chosen, lost = [{}, *single[: MOST - 1]], max(0, len(single) - MOST + 1)
    return np.array([[one.get(k, 0) for k in range(len(lists))] for one in chosen], np.int64), lost


def read_aliases(path: Path) -> tuple[Side, pa.Table]:
    """An alias file: ``record_id`` or ``cohort_id``, and standard columns; and whose it is.

    Raises:
        BadAliases: none or both of the ids, or no standard column.
        CodedError: not a table.
    """
    from systems.tabular import read_table

    table = read_table(path, role="aliases", allow_empty=True).table
    sides: tuple[Side, ...] = ("cohort", "records")
    found = [side for side in sides if IDS[side] in table.column_names]
    kept = [name for name in table.column_names if name in STANDARD]
    if len(found) != 1 or not kept:
        raise BadAliases(needed=["record_id or cohort_id", "a standard column"])
    side: Side = "cohort" if found == ["cohort"] else "records"
    table = table.filter(pc.is_valid(table[IDS[side]]))
    return side, split_full_names(table.select([IDS[side], *kept]))
