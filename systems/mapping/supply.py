"""A source whose tables are called otherwise, as the tables of a system: read in batches, each made ours by one query.

What the mapping names and the source has not, what the source has and the mapping does not name, keys that a join finds
twice, and rows that nothing takes are problems of the load, each with its table, column and count. Nothing is left out without
a word of the mapping.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from systems import database
from systems.database import quoted
from systems.description import System, Table
from systems.errors import RegisterUnreadable
from systems.mapping.model import Join, RegisterMapping, Where, matched
from systems.mapping.model import Part as Described
from systems.mapping.values import text_of, value_of
from systems.register import (
    ROW,
    UNFIT,
    UNTRANSLATED,
    Incoming,
    Part,
    Problem,
    Source,
    header_problems,
    numbered,
)

_RAW = "theirs"  # a batch of their rows


class MappedSupply:
    """Our tables as a mapping finds them in a source; see `systems.register.Supply`.

    Args:
        system: the data system.
        mapping: its mapping.
        source: where the tables come from.
        partial: tables that are not there are left out, as in a delta.
    """

    def __init__(
        self, system: System, mapping: RegisterMapping, source: Source, *, partial: bool = False
    ) -> None:
        self._system, self._said, self._source, self._partial = system, mapping, source, partial
        self.mapping = mapping.text
        self.names = tuple(
            table.name
            for table in system.tables
            if any(not partial or self._found(p) for p in mapping.tables.get(table.name, ()))
        )
        self._problems = list(self._unnamed())
        self._counted: set[str] = set()  # tables whose rows that nothing takes were counted

    @property
    def synthetic(self) -> bool:
        """See `Supply`."""
        return self._source.synthetic

    def problems(self) -> Sequence[Problem]:
        """See `Supply`."""
        return self._problems

    def keys(self, name: str, source: str) -> Part:
        """The keys of a table of ours (its rows, where it has none) in a table of its own, made as in the table's first part."""
        table = self._system.table(name)
        part = self._said.tables[name][0]
        wanted = table.primary_key or tuple(part.columns)
        columns = {c: taken for c, taken in part.columns.items() if c in wanted and not taken.join}
        alone = Described.model_construct(
            source=(source,), where={}, distinct=False, join=(), ignore=(), columns=columns
        )
        reading = _Reading(self, table, alone, [source])
        return Part(source, lambda con: reading.opened(con, source), reading.expected())

    def label(self, name: str) -> str:
        """What a table of theirs is called in errors: as the mapping names it, a file that a pattern fits by its figures or its place.

        The name of a file is somebody's words, and may hold a person's.
        """
        patterns = self._said.patterns
        if not self._source.chosen or name in patterns:
            return name
        pattern = next((one for one in patterns if matched([name], one)), "file")
        figures = re.escape(pattern).replace(r"\*", r"[0-9_.-]*").replace(r"\?", "[0-9_.-]")
        if re.fullmatch(figures, name):
            return name
        return (
            f"{pattern} ({list(self._source.names).index(name) + 1})"
            if name in self._source.names
            else name
        )

    def _found(self, part: Described) -> bool:
        return any(matched(self._source.names, pattern) for pattern in part.source)

    def _unnamed(self) -> Iterator[Problem]:
        """Names of the mapping that nothing has, and chosen tables that the mapping does not name."""
        names, mapping = self._source.names, self._said
        for ours, parts in mapping.tables.items():
            for part in parts:
                if self._partial and not self._found(part):
                    continue
                for pattern in (*part.source, *(join.source for join in part.join)):
                    if not matched(names, pattern):
                        yield Problem(ours, "mapped_table_missing", source=pattern)
        patterns = (*mapping.patterns, *mapping.ignore)
        taken = {name for pattern in patterns for name in matched(names, pattern)}
        for place, name in enumerate(names, start=1):
            if name in names[: place - 1]:
                yield Problem("", "table_twice", source=f"file {place}")
            elif self._source.chosen and name not in taken:
                yield Problem("", "untaken_table", source=f"file {place}")

    def parts(self, name: str) -> Sequence[Part]:
        """One part for each of their tables that a part of the mapping takes; a distinct one is read as a whole."""
        table, made = self._system.table(name), list[Part]()
        for part in self._said.tables[name]:
            sources = [n for pattern in part.source for n in matched(self._source.names, pattern)]
            sources = list(dict.fromkeys(sources))
            reading = _Reading(self, table, part, sources)
            if part.distinct:
                made.append(Part(", ".join(part.source), reading.distinct, reading.expected()))
            else:
                made += [
                    Part(
                        self.label(n),
                        lambda con, n=n, r=reading: r.opened(con, n),
                        reading.expected(),
                    )
                    for n in sources
                ]
        return made

    def count_untaken(self, con: Any, name: str, batch: str) -> None:
        """Count the rows of a batch that no part takes; of each table once."""
        conditions = [
            _where(self._said, one.where)
            for one in (
                *(p for parts in self._said.tables.values() for p in parts),
                *self._said.skip,
            )
            if any(name in matched(self._source.names, pattern) for pattern in one.source)
        ]
        if not conditions or "true" in conditions:  # a table of keys, or one that is taken whole
            return
        none = " AND ".join(f"NOT coalesce({c}, false)" for c in conditions)
        [(count,)] = con.execute(f"SELECT count_if({none}) FROM {batch}").fetchall()
        if count:
            before = next(
                (
                    p
                    for p in self._problems
                    if p.code == "untaken_rows" and p.source == self.label(name)
                ),
                None,
            )
            if before:
                self._problems.remove(before)
                count += before.count
            self._problems.append(Problem("", "untaken_rows", count=count, source=self.label(name)))

    def first_reading(self, name: str) -> bool:
        """Whether a table is read for the first time."""
        first = name not in self._counted
        self._counted.add(name)
        return first

    @property
    def said(self) -> RegisterMapping:
        """What the tables are made by."""
        return self._said

    @property
    def source(self) -> Source:
        """Where they come from."""
        return self._source

    @property
    def system(self) -> System:
        """What they are."""
        return self._system

    def found(self, problem: Problem) -> None:
        """Keep a problem that shows only when a part was read."""
        self._problems.append(problem)


@dataclass
class _Joined:
    """A table beside, in memory: its name there, and the types of its columns."""

    name: str
    schema: pa.Schema


class _Reading:
    """One part of the mapping on its way: queries, and the tables that it joins."""

    def __init__(
        self, supply: MappedSupply, table: Table, part: Described, sources: Sequence[str]
    ) -> None:
        self._supply, self._table, self._part = supply, table, part
        self._sources = list(sources)
        self._left = set(sources)
        self._joined: dict[str, _Joined] | None = None
        self._told: set[str] = set()  # columns that nothing takes
        self._broken = False  # its columns don't fit: no row of it is read

    def expected(self) -> dict[str, str]:
        """What values look like there."""
        mapping, text = self._supply.said, pa.string()
        made = {
            name: value_of(mapping, self._table.by_name[name], taken, "x", text).expected
            for name, taken in self._part.columns.items()
        }
        return {name: expected for name, expected in made.items() if expected}

    def opened(self, con: Any, name: str) -> Incoming:
        """Open one of their tables as rows of ours."""
        incoming = self._supply.source.read(
            name,
            role=self._supply.label(name),
            without=self._unwanted(name, self._needed(), self._part.ignore),
        )
        problems = [*self._joins(con), *self._headers(name, incoming.schema)]
        self._broken |= bool(problems)
        if self._broken:
            return Incoming(pa.schema([]), iter(()), tuple(problems), fits=False)
        query = self._query(incoming.schema)
        batches = self._batches(con, name, incoming, query)
        return Incoming(
            self._schema(con, incoming.schema, query), batches, sifted=bool(self._part.where)
        )

    def distinct(self, con: Any) -> Incoming:
        """All of their tables of this part together, each row once."""
        opened = [self.opened(con, name) for name in self._sources]
        if self._broken:
            problems = tuple(problem for one in opened for problem in one.problems)
            return Incoming(pa.schema([]), iter(()), problems, fits=False)
        schema = opened[0].schema
        pieces = [piece for one in opened for piece in one.batches]
        whole = pa.concat_tables(pieces) if pieces else schema.empty_table()
        names = ", ".join(quoted(name) for name in schema.names if name != ROW)
        with database.guarded(RegisterUnreadable, table=self._table.name):
            con.register(_RAW, whole)
            once = con.sql(
                f"SELECT {names}, min({quoted(ROW)}) AS {quoted(ROW)} FROM {_RAW} GROUP BY ALL ORDER BY {quoted(ROW)}"
            ).to_arrow_table()
            con.unregister(_RAW)
        return Incoming(once.schema, iter((once,)), sifted=True)

    def _batches(self, con: Any, name: str, incoming: Incoming, query: str) -> Iterator[pa.Table]:
        first, before = self._supply.first_reading(name), 0
        for batch in incoming.batches:
            with database.guarded(RegisterUnreadable, table=self._table.name):
                con.register(_RAW, numbered(batch, before))
                if first:
                    self._supply.count_untaken(con, name, _RAW)
                self._mark_joined(con)
                made = con.sql(query).to_arrow_table()
                con.unregister(_RAW)
            before += batch.num_rows
            yield made
        self._left.discard(name)
        if not self._left:
            self._count_unjoined(con)

    def _headers(self, name: str, schema: pa.Schema) -> Iterator[Problem]:
        """Columns that are not there, that nobody named, and that must not be there."""
        part, ours, needed = self._part, self._table.name, self._needed()
        for column in dict.fromkeys(needed):
            if column not in schema.names:
                yield Problem(
                    ours, "mapped_column_missing", column, source=self._supply.label(name)
                )
        elsewhere = self._elsewhere(name)
        for place, column in enumerate(schema.names, start=1):
            ignored = any(matched([column], pattern) for pattern in part.ignore)
            if column not in {*needed, *elsewhere, *self._told} and not ignored:
                self._told.add(column)  # in the first of several tables of one form
                yield Problem(
                    ours, "unmapped_column", f"column {place}", source=self._supply.label(name)
                )
        taken = {f"column {p}" for p, c in enumerate(schema.names, start=1) if c in needed}
        for problem in header_problems(self._supply.system, self._table, schema.names):
            if problem.column in taken:
                yield Problem(
                    ours,
                    problem.code,
                    problem.column,
                    detail=problem.detail,
                    source=self._supply.label(name),
                )

    def _needed(self) -> list[str]:
        """Columns of their table that this part takes or looks at."""
        part = self._part
        needed = [t.column for t in part.columns.values() if t.column and t.join is None]
        return [*needed, *part.where, *(column for join in part.join for column in join.on)]

    def _unwanted(
        self, name: str, needed: Collection[str], ignore: Sequence[str]
    ) -> Callable[[str], bool]:
        """Says of a column of a table that it is ignored, and that nothing of the mapping looks at it."""
        skipped = {column for one in self._supply.said.skip for column in one.where}
        used = {*needed, *skipped, *self._elsewhere(name, ignored=False)}
        return lambda column: column not in used and any(matched([column], p) for p in ignore)

    def _elsewhere(self, name: str, *, ignored: bool = True) -> set[str]:
        """Columns of a table that another part takes, or ignores where that counts."""
        names, found = self._supply.source.names, set[str]()
        for parts in self._supply.said.tables.values():
            for part in parts:
                if part is not self._part and any(name in matched(names, p) for p in part.source):
                    found |= {t.column for t in part.columns.values() if t.column and not t.join}
                    found |= {*part.where, *(c for j in part.join for c in j.on)}
                    found |= {*part.ignore} if ignored else set()
                for join in part.join:
                    if name in matched(names, join.source):
                        found |= {
                            t.column
                            for t in part.columns.values()
                            if t.column and t.join == join.name
                        }
                        found |= {*join.on.values(), *(join.ignore if ignored else ())}
        return found

    # -- tables beside

    def _joins(self, con: Any) -> list[Problem]:
        """Read the joined tables, once; what is wrong with them."""
        if self._joined is not None:
            return []
        self._joined, problems = {}, list[Problem]()
        for number, join in enumerate(self._part.join):
            problems += self._join(
                con, join, f"beside {self._table.name} {id(self._part)} {number}"
            )
        return problems

    def _join(self, con: Any, join: Join, name: str) -> Iterator[Problem]:
        mapping, source, ours = self._supply.said, self._supply.source, self._table.name
        needed = {t.column for t in self._part.columns.values() if t.column and t.join == join.name}
        keys = list(join.on.values())
        for place, theirs in enumerate(matched(source.names, join.source)):
            incoming = source.read(
                theirs,
                role=self._supply.label(theirs),
                without=self._unwanted(theirs, {*keys, *needed}, join.ignore),
            )
            if missing := [c for c in (*keys, *sorted(needed)) if c not in incoming.schema.names]:
                yield from (
                    Problem(ours, "mapped_column_missing", c, source=self._supply.label(theirs))
                    for c in missing
                )
                return
            elsewhere = self._elsewhere(theirs)
            for at, column in enumerate(incoming.schema.names, start=1):
                ignored = any(matched([column], pattern) for pattern in join.ignore)
                if column not in elsewhere and not ignored:
                    yield Problem(
                        ours, "unmapped_column", f"column {at}", source=self._supply.label(theirs)
                    )
            made = [
                f"{text_of(mapping, quoted(k))} AS {quoted(f'key {n}')}" for n, k in enumerate(keys)
            ]
            picked = ", ".join([*made, *map(quoted, sorted(needed)), "false AS seen"])
            with database.guarded(RegisterUnreadable, table=ours):
                pieces = (
                    (incoming.schema.empty_table(), *incoming.batches)
                    if not place
                    else incoming.batches
                )
                for number, batch in enumerate(pieces):
                    con.register(_RAW, batch)
                    begin = (
                        f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS"
                        if not (place or number)
                        else f"INSERT INTO {quoted(name)}"
                    )
                    con.execute(f"{begin} SELECT {picked} FROM {_RAW}")
                    con.unregister(_RAW)
            assert self._joined is not None
            self._joined[join.name] = _Joined(name, incoming.schema)
        key = ", ".join(quoted(f"key {n}") for n in range(len(keys)))
        [(rows, once)] = con.execute(
            f"SELECT count(*), count(DISTINCT ({key})) FROM {quoted(name)} WHERE {quoted('key 0')} IS NOT NULL"
        ).fetchall()
        if rows > once:
            yield Problem(ours, "join_key_twice", ", ".join(keys), rows - once, source=join.source)

    def _mark_joined(self, con: Any) -> None:
        for join in self._part.join:
            if join.others == "refuse":
                joined = quoted(self._join_table(join).name)
                con.execute(
                    f"UPDATE {joined} SET seen = true FROM {_RAW} WHERE NOT seen AND {self._on(join, joined)}"
                )

    def _count_unjoined(self, con: Any) -> None:
        for join in self._part.join:
            name = quoted(self._join_table(join).name)
            [(count,)] = con.execute(f"SELECT count_if(NOT seen) FROM {name}").fetchall()
            if count and join.others == "refuse":
                self._supply.found(
                    Problem(
                        self._table.name,
                        "unjoined",
                        ", ".join(join.on.values()),
                        count,
                        source=join.source,
                    )
                )
            con.execute(f"DROP TABLE {name}")

    def _join_table(self, join: Join) -> _Joined:
        assert self._joined is not None
        return self._joined[join.name]

    def _on(self, join: Join, alias: str) -> str:
        mapping = self._supply.said
        return " AND ".join(
            f"{text_of(mapping, f'{_RAW}.{quoted(ours)}')} = {alias}.{quoted(f'key {number}')}"
            for number, ours in enumerate(join.on)
        )

    # -- the query

    def _query(self, schema: pa.Schema) -> str:
        mapping, shown = self._supply.said, list[str]()
        for name, taken in self._part.columns.items():
            if taken.join is None:
                kinds, alias = schema, _RAW
            else:
                kinds, alias = self._joined_schema(taken.join), quoted(taken.join)
            reference = f"{alias}.{quoted(taken.column)}" if taken.column else ""
            kind = kinds.field(taken.column).type if taken.column else pa.string()
            made = value_of(mapping, self._table.by_name[name], taken, reference, kind)
            shown.append(f"{made.sql} AS {quoted(name)}")
            shown += [f"{made.unfit} AS {quoted(UNFIT + name)}"] if made.unfit else []
            shown += (
                [f"{made.untranslated} AS {quoted(UNTRANSLATED + name)}"]
                if made.untranslated
                else []
            )
        joins = [
            f"LEFT JOIN {quoted(self._join_table(j).name)} AS {quoted(j.name)} ON {self._on(j, quoted(j.name))}"
            for j in self._part.join
        ]
        row = f"{_RAW}.{quoted(ROW)}"
        return (
            f"SELECT {', '.join(shown)}, {row} FROM {_RAW} {' '.join(joins)} "
            f"WHERE {_where(mapping, self._part.where)} ORDER BY {row}"
        )

    def _joined_schema(self, name: str) -> pa.Schema:
        assert self._joined is not None
        return self._joined[name].schema

    def _schema(self, con: Any, theirs: pa.Schema, query: str) -> pa.Schema:
        """The types of what a query gives."""
        with database.guarded(RegisterUnreadable, table=self._table.name):
            con.register(_RAW, numbered(theirs.empty_table(), 0))
            schema: pa.Schema = con.sql(query).to_arrow_table().schema
            con.unregister(_RAW)
        return schema


def _where(mapping: RegisterMapping, where: Where) -> str:
    """SQL of a condition on rows of theirs."""
    return (
        " AND ".join(
            f"{text_of(mapping, f'{_RAW}.{quoted(column)}')} IN ({', '.join(map(database.literal, values))})"
            for column, values in where.items()
        )
        or "true"
    )
