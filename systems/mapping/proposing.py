"""A first mapping, from what is found: written out as TOML for a person to go on with.

A line stands where names say the same and every value that was looked at fits. Whatever is less than sure is a comment, and what
is left as it is refuses the load: a proposal never decides by itself what a column or a code means.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from systems.description import Column, System, Table, spelled
from systems.mapping.profile import FORMS, TIMES, Group, Seen, fits, groups_of
from systems.register import Source

_WORDS: Mapping[str, str] = json.loads(
    Path(__file__).with_name("abbreviations.json").read_text("utf-8")
)
_NOTHING = re.compile(r"[0/.\- ]+|n/?a|null|none|unknown|unk|\?+|-+|\.+|9{8}", re.IGNORECASE)
_WHOLE, _ISO = re.compile(r"[+-]?\d{1,18}"), re.compile(r"\d{4}-\d{2}-\d{2}")
_GROUPED, _NOUGHT = re.compile(r"[+-]?\d{1,3}(,\d{3})*"), re.compile(r"[+-]?[\d,]+\.0*")
_SAY_LITTLE = frozenset({"kind", "color", "in", "lb"})  # kinds of values and units
_FEWEST = 10  # rows that have a code which is written out
_CODES, _LONG = 200, 24  # different codes, and characters of one, that are written out
_TRUTH = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_OTHER_TRUTH = (("j", "n"), ("s", "n"), ("o", "n"), ("x", ""), ("on", "off"), ("2", "1"))


@dataclass
class Proposal:
    """A mapping's text, and what of it is sure.

    Attributes:
        text: TOML.
        tables: our table → theirs.
        columns: of our columns, those with a line.
        open: of our columns in these tables, those without.
        untaken: their tables that nothing takes yet.
        missing: our tables that nothing was found for.
    """

    text: str = ""
    tables: dict[str, str] = field(default_factory=dict[str, str])
    columns: int = 0
    open: int = 0
    untaken: list[str] = field(default_factory=list[str])
    missing: list[str] = field(default_factory=list[str])


@dataclass
class _Line:
    """How one column of ours would be made: TOML after the equals sign, where it is sure."""

    said: Mapping[str, object] | None
    remark: str = ""
    near: list[str] = field(default_factory=list[str])  # columns of theirs that it may be
    codes: dict[str, str] | None = None
    nothing: set[str] = field(default_factory=set[str])


def propose(system: System, source: Source) -> Proposal:
    """Propose a mapping of a source to a system.

    Raises:
        CodedError: a table can't be read.
    """
    groups = groups_of(source)
    placed = _placed(system, groups)
    lines = {
        table.name: {
            c.name: _line(system, table, c, placed[table.name]) for c in table.file_columns
        }
        for table in system.tables
        if table.name in placed
    }
    _keys_alike(system, lines)
    for of in lines.values():  # what is taken is nobody else's guess
        taken_here = {_toml(line.said["column"]) for line in of.values() if line.said}
        for line in of.values():
            line.near = [name for name in line.near if _toml(name) not in taken_here]
    made = Proposal()
    taken = {group.pattern for group in placed.values()}
    made.tables = {ours: group.pattern for ours, group in placed.items()}
    made.untaken = [group.pattern for group in groups if group.pattern not in taken]
    made.missing = [table.name for table in system.tables if table.name not in placed]
    every = [line for of in lines.values() for line in of.values()]
    made.columns = sum(line.said is not None for line in every)
    made.open = len(every) - made.columns
    made.text = "\n".join(_written(system, made, placed, lines)) + "\n"
    return made


# -- which is which


def _words(name: str) -> frozenset[str]:
    """A name's words in full, in any order; a number and an id are the same, and what says that it is a code says nothing."""
    words = [_WORDS.get(word, word) for word in spelled(name).split("_")]
    every = frozenset(part for word in words for part in word.split("_") if part)
    every -= {"id"} if "seq" in every else frozenset()
    return every - _SAY_LITTLE or every


def _within(name: str, around: frozenset[str]) -> frozenset[str]:
    """A column's words without those of its table, unless nothing is left."""
    words = frozenset(_WORDS.get(word, word) for word in spelled(name).split("_"))
    return _words("_".join(sorted(words - around))) if words - around else frozenset()


def _found(name: str, table: Table, seen: Sequence[Seen]) -> tuple[Seen | None, list[str]]:
    """Their column that says the same as ours, or else those that may."""
    plain = [one for one in seen if spelled(one.name) == name]
    if len(plain) == 1:
        return plain[0], []
    ours, around = _words(name), _words(table.name)
    same = [one for one in seen if _words(one.name) == ours]
    inner = _within(name, around)
    same = same or [one for one in seen if inner and _within(one.name, around) == inner]
    if len(same) == 1:
        return same[0], []
    near = [one.name for one in same]
    near += [one.name for one in seen if len(_words(one.name) & ours) * 2 >= len(ours)]
    near += difflib.get_close_matches(name, [spelled(one.name) for one in seen], 2, 0.75)
    by_spelling = {spelled(one.name): one.name for one in seen}
    return None, list(dict.fromkeys(by_spelling.get(n, n) for n in near))[:3]


def _placed(system: System, groups: Sequence[Group]) -> dict[str, Group]:
    """Each table of ours with the group that has most of its columns, where that is most of the group's or by name."""
    scores: list[tuple[bool, int, str, Group]] = []
    for table in system.tables:
        for group in groups:
            sure = sum(
                _found(c.name, table, group.columns)[0] is not None for c in table.file_columns
            )
            named = _words(group.pattern.rstrip("*")) == _words(table.name)
            # One column is ours at least: a file without a header has values where names should be.
            if sure and (named or (sure * 2 > len(group.columns) and sure > 1)):
                scores.append((named, sure, table.name, group))
    placed: dict[str, Group] = {}
    for _named, _sure, name, group in sorted(scores, key=lambda s: (not s[0], -s[1], s[2])):
        if name not in placed and all(group is not other for other in placed.values()):
            placed[name] = group
    return placed


# -- how values are written


def _line(system: System, table: Table, column: Column, group: Group) -> _Line:
    found, near = _found(column.name, table, group.columns)
    if found is None:
        return _Line(None, near=near)
    name: dict[str, object] = {"column": found.name}
    if pa.types.is_null(found.kind) or not found.values:
        return _Line(name, "no value there")
    if column.codes is not None:
        return _coded(system, column, found)
    match column.type:
        case "date" | "time":
            return _dated(column, found)
        case "boolean":
            return _truth(found)
        case "integer":
            return _number(table, column, found)
        case _:
            width = re.fullmatch(r"\\d\{(\d+)\}", (column.pattern or "").split("(")[0])
            if width and any(len(v) < int(width[1]) and v.isdigit() for v in found.values):
                return _Line(name | {"zeros": int(width[1])})
            return _Line(name)


def _coded(system: System, column: Column, found: Seen) -> _Line:
    listed = system.code_list(column.codes or "")
    known, name = set(listed.values), {"column": found.name}
    if found.values <= known:
        return _Line(dict(name))
    widths = {len(value) for value in known}
    if len(widths) == 1 and {value.zfill(min(widths)) for value in found.values} <= known:
        return _Line(name | {"zeros": min(widths)})
    if found.more or len(found.values) > _CODES or max(map(len, found.values)) > _LONG:
        return _Line(None, f"{_toml(found.name)} does not look like codes of {column.codes}")
    labels = {code.label.casefold(): code.value for code in listed.codes}
    folded = {value.casefold(): value for value in listed.values}
    often = sorted(v for v in found.values if found.counts[v] >= _FEWEST)
    codes = {v: folded.get(v.casefold()) or labels.get(v.casefold(), "") for v in often}
    if rare := len(found.values) - len(often):  # what strays into a column of codes may be a name
        remark = f"{rare} more that fewer than {_FEWEST} rows have each"
        return _Line(name | {"codes": f"{column.codes}"}, remark, codes=codes)
    return _Line(name | {"codes": f"{column.codes}"}, codes=codes)


def _dated(column: Column, found: Seen) -> _Line:
    name: dict[str, object] = {"column": found.name}
    if pa.types.is_temporal(found.kind) or all(_ISO.fullmatch(v) for v in found.values):
        return _Line(name)
    nothing = {value for value in found.values if _NOTHING.fullmatch(value)}
    values = found.values - nothing
    forms = [f for f in (FORMS if column.type == "date" else TIMES) if values and all(fits(v, f) for v in values)]  # fmt: skip
    if len(forms) == 1:
        return _Line(name | {"dates": forms}, nothing=nothing)
    if not forms:
        return _Line(None, f'{_toml(found.name)} has no form that is known here: dates = ["%…"]')
    every = " or ".join(map(_toml, forms))
    return _Line(None, f"{{ column = {_toml(found.name)}, dates = {every} }}: both fit")


def _truth(found: Seen) -> _Line:
    name: dict[str, object] = {"column": found.name}
    low = {value.lower() for value in found.values}
    if pa.types.is_boolean(found.kind) or low <= {*_TRUTH[0], *_TRUTH[1]}:
        return _Line(name)
    nothing = {value for value in found.values if _NOTHING.fullmatch(value) and value != "0"}
    low -= {value.lower() for value in nothing}
    for yes, no in _OTHER_TRUTH:
        if low and low <= {yes, no} and yes in low:
            said = {"yes": [v for v in sorted(found.values) if v.lower() == yes]}
            said |= {"no": [v for v in sorted(found.values) if v.lower() == no]}
            return _Line(None, f"{{ column = {_toml(found.name)}, yes = {_toml(said['yes'])}, no = {_toml(said['no'])} }}, if that is what they mean")  # fmt: skip
    return _Line(None, f"{{ column = {_toml(found.name)}, yes = [], no = [] }}")


def _number(table: Table, column: Column, found: Seen) -> _Line:
    name: dict[str, object] = {"column": found.name}
    if pa.types.is_integer(found.kind) or all(map(_WHOLE.fullmatch, found.values)):
        return _Line(name)
    if all(map(_GROUPED.fullmatch, found.values)):
        return _Line(name | {"thousands": ","})
    if all(_NOUGHT.fullmatch(v) or _WHOLE.fullmatch(v) for v in found.values):
        marks: dict[str, object] = {"decimal": "."}
        return _Line(
            name | marks | ({"thousands": ","} if any("," in v for v in found.values) else {})
        )
    keys = {*table.primary_key, *(c for key in table.foreign_keys for c in key.columns)}
    if column.name in keys:
        return _Line(name | {"key": True})
    return _Line(None, f"{_toml(found.name)} has values that are no whole numbers")


def _keys_alike(system: System, lines: Mapping[str, Mapping[str, _Line]]) -> None:
    """A key that is a text in one table is made a number in all of them."""
    texts = {
        c for of in lines.values() for c, line in of.items() if line.said and line.said.get("key")
    }
    for table, of in lines.items():
        for name, line in of.items():
            described = system.table(table)
            keys = {*described.primary_key, *(c for k in described.foreign_keys for c in k.columns)}
            if name in texts & keys and line.said:
                line.said = {"column": line.said["column"], "key": True}


# -- as TOML


def _written(
    system: System,
    made: Proposal,
    placed: Mapping[str, Group],
    lines: Mapping[str, Mapping[str, _Line]],
) -> Iterator[str]:
    yield f"# How the tables of an export or a database become those of {system.code}: docs/registers.md says what each line can be."
    yield f"# `doj-release register describe {system.code} TABLE` shows what ours are. A line that begins with # is not sure: take the # away,"
    yield "# or leave the column empty. What of theirs is neither taken nor ignored refuses the load."
    yield ""
    yield f"system = {_toml(system.code)}"
    nothing = sorted({v for of in lines.values() for line in of.values() for v in line.nothing})
    yield f"empty = {_toml(nothing)}  # what stands for no value, in any column"
    yield "ignore = []  # their tables that nothing here needs"
    if made.untaken:
        yield f"# Not taken yet: {', '.join(map(_toml, made.untaken))}"
    codes: dict[str, dict[str, str]] = {}
    for of in lines.values():
        for line in of.values():
            if line.said is not None and line.codes is not None:
                codes.setdefault(str(line.said["codes"]), {}).update(line.codes)
    for name, values in codes.items():
        ours = system.code_list(name).values
        shown = ", ".join(ours[:12]) + (" …" if len(ours) > 12 else "")
        yield f"\n[codes.{name}]  # of {system.code_list(name).title}: {shown}"
        yield 'others = "refuse"  # a code that is not named: refuse | keep | empty'
        yield f"[codes.{name}.values]"
        width = max((len(_toml(value)) for value in values), default=0)
        for theirs, code in sorted(values.items()):
            yield f"{_toml(theirs):{width}} = {_toml(code)}" + (
                "" if code else "  # which of ours?"
            )
    for table in system.tables:
        if table.name in placed:
            yield from _table(table, placed[table.name], lines[table.name])
    for required, said in ((True, "Required, and nothing"), (False, "Nothing")):
        names = [name for name in made.missing if system.table(name).required == required]
        if names:
            yield f"\n# {said} was found for: {', '.join(names)}"


def _table(table: Table, group: Group, lines: Mapping[str, _Line]) -> Iterator[str]:
    taken = {str(line.said["column"]) for line in lines.values() if line.said}
    left = [one.name for one in group.columns if one.name not in taken]
    several = f"  # {len(group.names)} of one form" if len(group.names) > 1 else ""
    yield f"\n[[tables.{table.name}]]"
    yield f"from = [{_toml(group.pattern)}]{several}"
    yield "ignore = []  # their columns that nothing here needs"
    if left:
        yield f"# Not taken yet: {', '.join(map(_toml, left))}"
    yield f"[tables.{table.name}.columns]"
    for column in table.file_columns:
        line = lines[column.name]
        near = f"perhaps {' or '.join(map(_toml, line.near))}" if line.near else ""
        required = "required" if line.said is None and not column.nullable else ""
        remark = "; ".join(filter(None, [required, line.remark, near]))
        if line.said is not None:
            yield f"{column.name} = {_inline(line.said)}" + (f"  # {remark}" if remark else "")
        elif remark:
            yield f"# {column.name} =  # {remark}"


def _inline(said: Mapping[str, object]) -> str:
    if set(said) == {"column"}:
        return _toml(said["column"])
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in said.items()) + " }"


def _toml(value: object) -> str:
    """A text, a truth value, a number or a list of texts; JSON's escapes are TOML's, but for DEL, which may not stand bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
