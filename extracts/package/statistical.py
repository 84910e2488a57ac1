"""The same rows as a file of Stata, SPSS or SAS, for the programs in which researchers work.

What such a file can't hold is told in the dictionary (:func:`described`), or refused where a value would
be cut. It is made in memory, since plaintext touches no disk: the library writes to a file, so it
is given one that has no place on any (Linux's ``memfd``). The clocks in the headers are stopped,
so that the same rows give the same bytes.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from extracts.errors import FormatCannotHold, FormatUnknown
from extracts.package.dictionary import DataDictionary, FieldDoc, ProgramNotes

Format = Literal["stata", "spss", "sas"]
_TRIAL = 1_000  # rows that are really written when an extract is made, to see that it can be done
_EXACT = 2**53  # whole numbers up to here are exact in the floating point of all three programs


@dataclass(frozen=True)
class Program:
    """What one program's file can hold.

    Attributes:
        title: what people call it.
        extension: of the file.
        name: letters in a column's name.
        label: bytes in a column's label.
        text: bytes in a text.
        labelled: whether codes become numbers with labels.
    """

    title: str
    extension: str
    name: int
    label: int
    text: int
    labelled: bool


PROGRAMS: dict[str, Program] = {
    # Stata allows 32 letters; ReadStat 1.1 writes at most 31 where a column has labels.
    "stata": Program("Stata 14 or newer", "dta", 31, 80, 2045, labelled=True),
    "spss": Program("SPSS", "sav", 32, 120, 32767, labelled=True),
    "sas": Program("SAS transport, version 5", "xpt", 8, 40, 200, labelled=False),
}


_EMPTY = "An empty text and a missing one are the same there."
_LOSSES: dict[str, tuple[str, ...]] = {
    "stata": (_EMPTY,),
    "spss": (_EMPTY, "Spaces at the end of a text are not kept."),
    "sas": (
        _EMPTY,
        "Spaces at the end of a text are not kept.",
        "Names have at most eight letters, labels forty.",
        "Codes have no labels in such a file: they are the texts of the CSV.",
        "Yes and no are 1 and 0.",
        "Letters outside ASCII are UTF-8: read the file in a session with ENCODING=UTF8.",
    ),
}


def known_formats(asked: Sequence[str]) -> tuple[Format, ...]:
    """Return the formats asked for, each once, in a fixed order.

    Raises:
        FormatUnknown: a word that names none.
    """
    if unknown := set(asked) - PROGRAMS.keys():
        raise FormatUnknown(known=sorted(PROGRAMS), unknown=len(unknown))
    return tuple(one for one in ("stata", "spss", "sas") if one in asked)


def writer(form: Format, dictionary: DataDictionary, title: str) -> Callable[[pa.Table], bytes]:
    """Return what turns rows into a file of that program."""
    return lambda rows: _written(form, dictionary, title, rows)


def column_names(form: Format, names: Sequence[str]) -> dict[str, str]:
    """Return each column's name in that program: shortened where it must be, never two alike."""
    room = PROGRAMS[form].name
    short: dict[str, str] = {}
    for name in names:
        made = name if len(name) <= room else _shortened(name, room)
        number = 1
        while made in short.values():
            number += 1
            made = f"{made[: room - len(str(number))]}{number}"
        short[name] = made
    return short


def labelled_codes(form: Format, field: FieldDoc) -> dict[int, tuple[str, str]]:
    """Return number → (code, label) of a column whose codes become numbers in that program."""
    if not PROGRAMS[form].labelled or not field.codes or field.type != "text":
        return {}
    return dict(enumerate(field.codes, start=1))


def described(formats: Sequence[Format], dictionary: DataDictionary) -> tuple[ProgramNotes, ...]:
    """Return what the dictionary says of each file: other names, labelled numbers, losses."""
    fields = dictionary.fields
    found: list[ProgramNotes] = []
    for form in formats:
        program = PROGRAMS[form]
        names = column_names(form, [f.name for f in fields])
        found.append(
            ProgramNotes(
                program.title,
                program.extension,
                tuple((name, made) for name, made in names.items() if name != made),
                tuple(f.name for f in fields if labelled_codes(form, f)),
                _LOSSES[form],
            )
        )
    return tuple(found)


def check_formats(formats: Sequence[Format], dictionary: DataDictionary, rows: pa.Table) -> None:
    """Refuse rows that one of the formats would cut, before anybody approves them.

    Raises:
        FormatCannotHold: names the column, and how many values.
    """
    for form in formats:
        for field in dictionary.fields:
            _column(rows[field.name], field, labelled_codes(form, field), PROGRAMS[form])
        _written(form, dictionary, "trial", rows.slice(0, _TRIAL))


def _shortened(name: str, room: int) -> str:
    """``order_issue_date`` → ``oissudat``: one letter of the first word, the rest shared out."""
    first, *words = name.split("_")
    if not words:
        return name[:room]
    left, kept = room - 1, list[str]()
    for position, word in enumerate(words):
        share = -(-left // (len(words) - position))
        kept.append(word[:share])
        left -= len(kept[-1])
    return first[0] + "".join(kept)


def _written(form: Format, dictionary: DataDictionary, title: str, rows: pa.Table) -> bytes:
    import pandas as pd

    program = PROGRAMS[form]
    names = column_names(form, [f.name for f in dictionary.fields])
    columns: dict[str, Any] = {}
    values: dict[str, dict[int | float, str]] = {}
    for field in dictionary.fields:
        made = names[field.name]
        codes = labelled_codes(form, field)
        columns[made] = _column(rows[field.name], field, codes, program)
        if codes:
            values[made] = {n: _cut(f"{c}  {label}", 120) for n, (c, label) in codes.items()}
        elif field.type == "yes/no" and program.labelled:
            values[made] = {0: "no", 1: "yes"}
    labels: list[str | None] = [_cut(f.meaning, program.label) for f in dictionary.fields]
    frame = pd.DataFrame(columns)
    return _stopped(form, _in_memory(lambda path: _save(form, frame, path, title, labels, values)))


def _save(
    form: Format,
    frame: Any,
    path: str,
    title: str,
    labels: list[str | None],
    values: dict[str, dict[int | float, str]],
) -> None:
    import pyreadstat

    named = _cut(title, 40 if form == "sas" else 60)
    if form == "stata":
        pyreadstat.write_dta(frame, path, named, labels, variable_value_labels=values)
    elif form == "spss":
        pyreadstat.write_sav(frame, path, named, labels, variable_value_labels=values)
    else:
        pyreadstat.write_xport(
            frame, path, named, labels, table_name="EXTRACT", file_format_version=5
        )


def _column(
    values: "pa.ChunkedArray",
    field: FieldDoc,
    codes: Mapping[int, tuple[str, str]],
    program: Program,
) -> Any:
    """One column as the library takes it: numbers as floats, days as days, text as text."""
    import pandas as pd

    plain = values.to_pylist()
    if codes:
        numbers = {code: number for number, (code, _) in codes.items()}
        if strange := sum(v is not None and v not in numbers for v in plain):
            raise FormatCannotHold(column=field.name, values_without_code=strange)
        return pd.Series([None if v is None else float(numbers[v]) for v in plain], dtype="float64")
    if pa.types.is_date(values.type):
        return pd.Series(plain, dtype="object")
    if pa.types.is_boolean(values.type) or pa.types.is_integer(values.type):
        if wide := sum(v is not None and abs(v) > _EXACT for v in plain):
            raise FormatCannotHold(column=field.name, numbers_too_wide=wide)
        return pd.Series([None if v is None else float(v) for v in plain], dtype="float64")
    if not pa.types.is_string(values.type):
        raise FormatCannotHold(column=field.name, type=str(values.type))
    long = sum(v is not None and len(v.encode()) > program.text for v in plain)
    if long:
        raise FormatCannotHold(column=field.name, texts_too_long=long, bytes=program.text)
    return pd.Series(["" if v is None else v for v in plain], dtype="object")


def _in_memory(write: Callable[[str], None]) -> bytes:
    handle = os.memfd_create("extract", os.MFD_CLOEXEC)
    try:
        write(f"/proc/self/fd/{handle}")
        return os.pread(handle, os.fstat(handle).st_size, 0)
    finally:
        os.close(handle)


_CLOCKS: dict[str, tuple[re.Pattern[bytes], bytes]] = {
    "stata": (re.compile(rb"(?<=<timestamp>\x11).{17}(?=</timestamp>)", re.DOTALL), b"01 Jan 1980 00:00"),
    "spss": (re.compile(rb"(?<=\A.{92}).{17}", re.DOTALL), b"01 Jan 8000:00:00"),
    "sas": (re.compile(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d"), b"01JAN80:00:00:00"),
}  # fmt: skip
_HEADERS = {"stata": 512, "spss": 176, "sas": 640}  # bytes in which the clocks stand


def _stopped(form: Format, content: bytes) -> bytes:
    """Set the clocks of the header to one instant."""
    pattern, instant = _CLOCKS[form]
    end = _HEADERS[form]
    return pattern.sub(instant, content[:end]) + content[end:]


def _cut(text: str, room: int) -> str:
    """Cut a label to so many bytes, at a word where it can."""
    if len(text.encode()) <= room:
        return text
    short = text.encode()[: room - 3].decode(errors="ignore")
    return f"{short.rsplit(' ', 1)[0]}..."
