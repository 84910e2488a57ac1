"""A mapping as its TOML says it: which of their tables and columns become which of ours, and how values are written there.

It is read against the system's description, so that what names nothing of ours is found before any row is. What names nothing
of theirs is found when a source is opened (`systems.mapping.supply`).
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from systems.bounded import read_at_most, toml
from systems.description import Column, System
from systems.errors import MappingWrong

_LONGEST = 1 << 22
_FORM = re.compile(
    r"(?:[^%]|%-?[YmdHMSIjf]|%[pbBaA%])+"
)  # of days and times; a year has its century


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
Where = dict[str, Texts]


class Codes(_Said):
    """What their codes are called here.

    Attributes:
        values: their code → ours; an empty one is not translated yet, and refused.
        others: what becomes of a code that is not named: refuse the load, keep it as it is, or leave the value empty.
        otherwise: the code of ours that any other becomes.
    """

    values: dict[str, str] = Field(default_factory=dict)
    others: Literal["refuse", "keep", "empty"] = "refuse"
    otherwise: str | None = None


class Taken(_Said):
    """Where the values of one column of ours come from, and how they are written there.

    Attributes:
        column: of theirs, in the table itself or in the one that is joined under the name ``join``.
        value: one constant for every row, instead of a column.
        dates: forms of a date or time of day, as strptime writes them (``%m/%d/%Y``); the first that fits is meant.
        yes, no: what a truth value is called.
        codes: name of the translation; ours as they are otherwise.
        thousands, decimal: marks within a number; what is behind the decimal mark must be nought.
        zeros: leading zeros are filled up to so many characters, which spreadsheets take away.
        key: a text that is a key here becomes the number that is made of it: the same number in every table and load.
    """

    column: str | None = None
    join: str | None = None
    value: str | None = None
    dates: Texts = ()
    yes: Texts = ()
    no: Texts = ()
    codes: str | None = None
    thousands: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: str | None = Field(default=None, min_length=1, max_length=1)
    zeros: int | None = Field(default=None, ge=1, le=64)
    key: bool = False


def _column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Join(_Said):
    """Another table of theirs whose columns stand beside: at most one row of it for each row.

    Attributes:
        name: what columns call it.
        source: their table; ``from`` in the TOML. Several that a pattern fits are one after another.
        on: their column → the joined table's column that has the same value.
        others: what becomes of rows that no row asks for: refuse the load, or drop them.
        ignore: its columns that nothing here needs.
    """

    name: str
    source: Annotated[str, Field(alias="from")]
    on: Annotated[dict[str, str], Field(min_length=1)]
    others: Literal["refuse", "drop"] = "refuse"
    ignore: Texts = ()


class Part(_Said):
    """Rows of one table of ours, from one of theirs or from several of one form.

    Attributes:
        source: their tables, by name or pattern (``ORD_*``), one after another; ``from`` in the TOML.
        where: only rows with one of these values; rows that no part takes refuse the load.
        distinct: rows that come to the same here are one.
        join: other tables of theirs beside.
        ignore: columns that nothing here needs, by name or pattern.
        columns: our column → where it comes from.
    """

    source: Annotated[Texts, Field(alias="from", min_length=1)]
    where: Where = Field(default_factory=dict)
    distinct: bool = False
    join: tuple[Join, ...] = ()
    ignore: Texts = ()
    columns: dict[str, Annotated[Taken, BeforeValidator(_column)]]


class Skip(_Said):
    """Rows that are left out on purpose."""

    source: Annotated[Texts, Field(alias="from", min_length=1)]
    where: Where = Field(default_factory=dict)


class RegisterMapping(_Said):
    """How an export or a database becomes the tables of a system.

    Attributes:
        system: code of the data system.
        empty: what stands for no value, in any column, besides nothing at all.
        trim: blanks around values are not part of them.
        ignore: their tables that nothing here needs, by name or pattern.
        skip: rows that are left out on purpose.
        codes: translations by name.
        tables: our tables, each of parts.
        text: the TOML itself.
    """

    format: Literal[1] = 1
    system: str
    empty: Texts = ()
    trim: bool = True
    ignore: Texts = ()
    skip: tuple[Skip, ...] = ()
    codes: dict[str, Codes] = Field(default_factory=dict[str, Codes])
    tables: dict[str, tuple[Part, ...]]
    text: str = ""

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """Every name or pattern of a table of theirs that something here takes."""
        parts = [part for parts in self.tables.values() for part in parts]
        taken = [name for part in parts for name in part.source]
        return (*taken, *(join.source for part in parts for join in part.join))


def matched(names: Sequence[str], pattern: str) -> list[str]:
    """The names that are the pattern, or that it fits where it has ``*`` or ``?``."""
    if pattern in names:
        return [pattern]
    return [name for name in names if fnmatch.fnmatchcase(name, pattern)]


def read_mapping(path: Path, system: System) -> RegisterMapping:
    """Read a mapping, and check all that it says of our side.

    Raises:
        MappingWrong: with every place that is wrong.
    """
    try:
        text = (read_at_most(path, _LONGEST) or b"\xff").decode()
        raw = toml(text)
    except OSError:
        raise MappingWrong(problems=["can't be read"]) from None
    except UnicodeDecodeError:
        raise MappingWrong(problems=["not UTF-8, or too long"]) from None
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(at ")[2].rstrip(")")  # the rest quotes the text
        raise MappingWrong(problems=[f"not TOML: {place}"]) from None
    try:
        mapping = RegisterMapping.model_validate(raw | {"text": text})
    except ValidationError as broken:
        raise MappingWrong(
            problems=[_place(e["loc"], e["type"]) for e in broken.errors()]
        ) from None
    if problems := list(_misfits(mapping, system)):
        raise MappingWrong(problems=problems)
    return mapping


_KINDS: Mapping[str, str] = {
    "extra_forbidden": "no such key",
    "missing": "is missing",
    "literal_error": "none of the words that it may be",
}


def _place(steps: Sequence[Any], kind: str) -> str:
    where = ".".join(str(step + 1) if isinstance(step, int) else str(step) for step in steps)
    return f"{where}: {_KINDS.get(kind, 'not what it should be')}"


def _misfits(mapping: RegisterMapping, system: System) -> Iterator[str]:
    if mapping.system != system.code:
        yield f"system: the mapping is not of {system.code}"
    for name, parts in mapping.tables.items():
        table = system.tables_by_name.get(name)
        if table is None:
            yield f"tables.{name}: no such table"
            continue
        known = {column.name: column for column in table.file_columns}
        for number, part in enumerate(parts, start=1):
            place = f"{name}.{number}" if len(parts) > 1 else name
            joins = [join.name for join in part.join]
            if len(set(joins)) < len(joins):
                yield f"{place}.join: a name twice"
            for column, taken in part.columns.items():
                here = f"{place}.{column}"
                if column not in known:
                    yield f"{here}: no such column"
                    continue
                if taken.join is not None and taken.join not in joins:
                    yield f"{here}.join: no such join"
                yield from (f"{here}{p}" for p in _taken(mapping, known[column], taken))
            yield from (
                f"{place}.{column.name}: required"
                for column in known.values()
                if not column.nullable and column.name not in part.columns
            )
    for name, codes in mapping.codes.items():
        lists = {
            system.table(table).by_name[column].codes
            for table, parts in mapping.tables.items()
            if table in system.tables_by_name
            for part in parts
            for column, taken in part.columns.items()
            if taken.codes == name and column in system.table(table).by_name
        }
        said = {*codes.values.values(), *([codes.otherwise] if codes.otherwise else [])} - {""}
        for listed in sorted(lists - {None}, key=str):
            if wrong := len(said - set(system.code_list(str(listed)).values)):
                yield f"codes.{name}: {wrong} that {listed} does not have"


def _taken(mapping: RegisterMapping, column: Column, taken: Taken) -> Iterator[str]:
    if (taken.column is None) == (taken.value is None):
        yield ": either column or value"
    if taken.codes is not None and taken.codes not in mapping.codes:
        yield ".codes: no such translation"
    if taken.codes is not None and column.codes is None:
        yield ".codes: the column has no code list"
    if taken.dates and column.type not in {"date", "time"}:
        yield ".dates: neither a date nor a time"
    if any("%y" in form for form in taken.dates):
        yield ".dates: a two-digit year"
    elif not all(_FORM.fullmatch(form) for form in taken.dates):
        yield ".dates: no form of a day or time"
    if (taken.yes or taken.no) and column.type != "boolean":
        yield ".yes: not a truth value"
    if (taken.key or taken.thousands or taken.decimal) and column.type != "integer":
        yield ": not a whole number"
    if taken.key and (taken.thousands or taken.decimal):
        yield ".key: a text, not a number"
    if taken.zeros and column.type != "text":
        yield ".zeros: not a text"
