"""SQL that makes a value of ours of one of theirs, and that says where it can't.

The value of a row is null where theirs is missing, and also where it does not fit: the second is told apart by a truth value
beside it, so that nothing that does not fit is taken for nothing.
"""

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from systems.database import literal
from systems.description import Column
from systems.mapping.model import RegisterMapping, Taken

_BLANKS = " \t\u00a0"  # around a value, that are no part of it; spreadsheets leave the last
_KEY_DIGITS = 15  # of MD5 in hex, 60 bits: a clash among ten million keys has a chance of 1 in 20,000, and is a key that comes twice
_EXAMPLE = dt.datetime(2026, 3, 31, 14, 5, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Value:
    """SQL of a column.

    Attributes:
        sql: the value.
        unfit: true where theirs could not become one of ours; empty where the description alone decides.
        untranslated: true where nobody said what their code is called here.
        expected: what theirs should look like, where not as the description says.
    """

    sql: str
    unfit: str = ""
    untranslated: str = ""
    expected: str = ""


def text_of(mapping: RegisterMapping, reference: str) -> str:
    """Their value as text: null where it stands for nothing."""
    text = f"CAST({reference} AS VARCHAR)"
    trimmed = f"trim({text}, {literal(_BLANKS)})" if mapping.trim else text
    text = f"nullif({trimmed}, '')"
    return (
        f"CASE WHEN {text} IN ({_list(mapping.empty)}) THEN NULL ELSE {text} END"
        if mapping.empty
        else text
    )


def value_of(
    mapping: RegisterMapping, column: Column, taken: Taken, reference: str, kind: pa.DataType
) -> Value:
    """How one column of ours is made.

    Args:
        mapping: what holds for all of it.
        column: ours.
        taken: where it comes from, and how it is written there.
        reference: SQL of their column.
        kind: its type.
    """
    if taken.value is not None:
        return Value(literal(taken.value) if taken.value else "CAST(NULL AS VARCHAR)")
    text = text_of(mapping, reference)
    if taken.codes is not None:
        return _code(mapping, taken.codes, text)
    if taken.key:
        digits = f"left(md5({text}), {_KEY_DIGITS})"
        return Value(f"CAST('0x' || {digits} AS BIGINT)", expected="a key, as in their tables")
    if taken.dates:
        return _day(column, taken, text)
    if taken.yes or taken.no:
        return _truth(taken, text)
    if taken.thousands or taken.decimal:
        return Value(_number(taken, text), expected=_number_example(taken))
    if taken.zeros:
        filled = f"lpad({text}, {taken.zeros}, '0')"
        short = f"regexp_full_match({text}, '[0-9]{{1,{taken.zeros}}}')"
        return Value(f"CASE WHEN {short} THEN {filled} ELSE {text} END")
    return _as_it_is(mapping, column, text, reference, kind)


def _as_it_is(
    mapping: RegisterMapping, column: Column, text: str, reference: str, kind: pa.DataType
) -> Value:
    """A value with a type stays of that type; what is a point in time gives its day or its time of day."""
    types = pa.types
    if types.is_string(kind) or types.is_large_string(kind) or column.type == "text":
        return Value(text)
    empty = (
        f"CAST({reference} AS VARCHAR) IN ({_list(mapping.empty)})" if mapping.empty else "false"
    )
    given = f"CASE WHEN {empty} THEN NULL ELSE {reference} END"
    if types.is_timestamp(kind) and column.type in {"date", "time"}:
        return Value(f"CAST({given} AS {column.sql_type})")
    if types.is_decimal(kind) and column.type == "integer":
        return Value(
            f"CASE WHEN {given} = trunc({given}) THEN TRY_CAST({given} AS BIGINT) END",
            unfit=f"{given} IS NOT NULL AND ({given} <> trunc({given}) OR TRY_CAST({given} AS BIGINT) IS NULL)",
        )
    return Value(given)


def _code(mapping: RegisterMapping, name: str, text: str) -> Value:
    codes = mapping.codes[name]
    known = {theirs: ours for theirs, ours in codes.values.items() if ours}
    pairs = " ".join(f"WHEN {literal(t)} THEN {literal(o)}" for t, o in known.items())
    refused = codes.others == "refuse" and codes.otherwise is None
    rest = "NULL" if codes.others != "keep" else text
    if codes.otherwise is not None:
        rest = f"CASE WHEN {text} IS NOT NULL THEN {literal(codes.otherwise)} END"
    sql = f"CASE {text} {pairs} ELSE {rest} END" if pairs else f"CAST({rest} AS VARCHAR)"
    named = f"{text} NOT IN ({_list(tuple(known))})" if known else "true"
    return Value(
        sql,
        untranslated=f"{text} IS NOT NULL AND {named}" if refused else "",
        expected=f"a code of [codes.{name}.values] in the mapping" if refused else "",
    )


def _day(column: Column, taken: Taken, text: str) -> Value:
    parsed = f"try_strptime({text}, [{_list(taken.dates)}])"
    shown = " or ".join(f"{_EXAMPLE.strftime(form)} ({form})" for form in taken.dates)
    return Value(
        f"CAST({parsed} AS {column.sql_type})",
        unfit=f"{text} IS NOT NULL AND {parsed} IS NULL",
        expected=f"a {'day' if column.type == 'date' else 'time of day'}, as {shown}",
    )


def _truth(taken: Taken, text: str) -> Value:
    low = f"lower({text})"
    yes, no = (tuple(word.lower() for word in words) for words in (taken.yes, taken.no))
    cases = [f"WHEN {low} IN ({_list(words)}) THEN {says}" for words, says in ((yes, "true"), (no, "false")) if words]  # fmt: skip
    return Value(
        f"CASE {' '.join(cases)} END",
        unfit=f"{text} IS NOT NULL AND {low} NOT IN ({_list(yes + no)})",
        expected=" or ".join([*taken.yes, *taken.no]),
    )


def _number(taken: Taken, text: str) -> str:
    """Marks taken away where they stand as they should; left where not, so that the number fits nothing."""
    whole, marks = r"[+-]?\d+", [m for m in (taken.thousands, taken.decimal) if m]
    grouped = rf"[+-]?\d{{1,3}}({_plain(taken.thousands)}\d{{3}})*" if taken.thousands else whole
    tail = rf"({_plain(taken.decimal)}0*)?" if taken.decimal else ""
    bare = f"regexp_replace({text}, {literal(tail + '$')}, '')" if tail else text
    if taken.thousands:
        bare = f"replace({bare}, {literal(taken.thousands)}, '')"
    fits = literal(f"({grouped}|{whole}){tail}")
    return (
        f"CASE WHEN regexp_full_match({text}, {fits}) THEN {bare} ELSE {text} END"
        if marks
        else text
    )


def _number_example(taken: Taken) -> str:
    nought = f"{taken.decimal}00" if taken.decimal else ""
    return f"a whole number, as 1{taken.thousands or ''}234{nought}"


def _plain(mark: str | None) -> str:
    """A mark within a regular expression, where it means itself."""
    return f"[{mark}]" if mark not in {"^", "\\", "]", "["} else f"\\{mark}"


def _list(texts: tuple[str, ...]) -> str:
    return ", ".join(literal(text) for text in texts)
