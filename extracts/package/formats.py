"""The rows of an extract as files: CSV and Parquet, and Stata, SPSS or SAS where they are ordered.

CSV after RFC 4180 with LF: every text is quoted where it needs to be, a missing value is an empty
field without quotes, dates are ISO, numbers and booleans bare. Nothing is rounded, trimmed or made
safe for a spreadsheet: whoever wants that must not open a CSV by double-click.

What a file of Stata, SPSS or SAS can't hold is said in the dictionary (:func:`program_notes`), or
refused where a value would be cut. It is made in memory, since plaintext touches no disk: the
library writes to a file, so it is given one that has no place on any (Linux's ``memfd``). The
clocks in the headers are stopped, so that the same rows give the same bytes.
"""

import io
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from extracts.errors import FormatCannotHold, FormatMissing, FormatUnknown, PartTooSmall
from extracts.package.dictionary import DataDictionary, FieldDoc, ProgramNotes

# --- CSV and Parquet, cut by rows where a file grows too big

_SAMPLE = 65_536  # rows measured to guess how many fit; the guess is checked, so it may be wrong
_FILLED = 0.8  # of the room taken at the first guess, so that a second cut is rarely needed
_ROW_GROUP = 131_072  # rows; a reader loads one group at a time

Rows: TypeAlias = "pa.Table | pa.RecordBatchReader"
Writer: TypeAlias = "Callable[[pa.Table], bytes]"
Encoded: TypeAlias = "Mapping[str, bytes]"  # extension → content


def csv_bytes(rows: pa.Table) -> bytes:
    """Return ``rows`` as UTF-8 CSV with a header line."""
    sink = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=True, quoting_style="needed")
    pyarrow.csv.write_csv(rows, sink, options)
    return sink.getvalue()


def parquet_bytes(rows: pa.Table) -> bytes:
    """Return ``rows`` as one Parquet file; the same rows give the same bytes."""
    sink = io.BytesIO()
    plain = rows.replace_schema_metadata(None).combine_chunks()
    pq.write_table(plain, sink, compression="zstd", version="2.6", row_group_size=_ROW_GROUP)
    return sink.getvalue()


def encode_rows(
    rows: Rows, room: int, also: Mapping[str, Writer] | None = None
) -> Iterator[Encoded]:
    """Yield the files of consecutive rows, together at most ``room`` bytes: ``csv``, ``parquet``, others.

    ``also`` maps the extensions of more files to what writes them.

    At least one set is yielded, so that an empty extract is a file with a header. Where the cuts
    fall depends on the rows and on ``room`` alone, not on the batches that the rows come in.

    Raises:
        PartTooSmall: a single row needs more than ``room``.
    """
    source = _rechunked(rows)
    first = next(source)
    sample = first.slice(0, _SAMPLE)
    per_row = 2 * len(csv_bytes(sample)) / max(1, sample.num_rows)  # Parquet is seldom larger
    per_row *= 1 + len(also or {})
    take = max(1, int(room * _FILLED / max(1.0, per_row)))
    writers = {"csv": csv_bytes, "parquet": parquet_bytes, **(also or {})}
    pending = first.slice(0, 0)
    for more in chain([first], source):
        pending = pa.concat_tables([pending, more])
        while pending.num_rows > take:
            yield from _fitting(pending.slice(0, take), room, writers)
            pending = pending.slice(take)
    yield from _fitting(pending, room, writers)


def _rechunked(rows: Rows) -> Iterator[pa.Table]:
    """Tables of at least ``_SAMPLE`` rows (but the last), whatever batches come in; never none."""
    if isinstance(rows, pa.Table):
        yield rows
        return
    batches: list[pa.RecordBatch] = []
    count = 0
    for batch in rows:
        batches.append(batch)
        count += batch.num_rows
        if count >= _SAMPLE:
            yield pa.Table.from_batches(batches, rows.schema)
            batches, count = [], 0
    yield pa.Table.from_batches(batches, rows.schema)


def _fitting(rows: pa.Table, room: int, writers: Mapping[str, Writer]) -> Iterator[Encoded]:
    files = {extension: write(rows) for extension, write in writers.items()}
    if sum(map(len, files.values())) <= room:
        yield files
        return
    if rows.num_rows < 2:
        raise PartTooSmall(bytes=room)
    half = rows.num_rows // 2
    del files
    yield from _fitting(rows.slice(0, half), room, writers)
    yield from _fitting(rows.slice(half), room, writers)


# --- Stata, SPSS and SAS

Format = Literal["stata", "spss", "sas"]
_SPSS = {
    "date": "SDATE10",
    "number": "F12.0",
    "year": "F4.0",
    "yes/no": "F2.0",
}  # how it shows them, user-missing codes among them
_NUMBERS = frozenset({"number", "year", "yes/no"})
_TRIAL = 1_000  # rows that are really written when an extract is made, to see that it can be done
_EXACT = 2**53  # whole numbers up to here are exact in the floating point of all three programs


@dataclass(frozen=True)
class Program:
    """What one program's file can hold: a table of ``programs.toml``, which says what each number counts."""

    title: str
    extension: str
    name: int
    label: int
    text: int
    labelled: bool
    missing: Mapping[str, str | int]
    losses: Sequence[str]


_TABLES = tomllib.loads(Path(__file__).with_name("programs.toml").read_text("utf-8"))
PROGRAMS: dict[str, Program] = {form: Program(**row) for form, row in _TABLES.items()}


def known_formats(asked: Sequence[str]) -> tuple[Format, ...]:
    """Return the formats asked for, each once, in a fixed order.

    Raises:
        FormatUnknown: a word that names none.
        FormatMissing: the extra that writes them is not installed.
    """
    if unknown := set(asked) - PROGRAMS.keys():
        raise FormatUnknown(known=sorted(PROGRAMS), unknown=len(unknown))
    if asked and find_spec("pyreadstat") is None:
        raise FormatMissing
    return tuple(one for one in ("stata", "spss", "sas") if one in asked)


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
    """Return number → (code, label) of a column whose codes become numbers in that program; figures such as FIPS's stay text."""
    if not PROGRAMS[form].labelled or not field.codes or field.type != "text" or field.figures:
        return {}
    return dict(enumerate(field.codes, start=1))


def missing_codes(form: Format, field: FieldDoc) -> Mapping[str, str | int]:
    """Return code of the companion → what that program writes for an empty cell of the column, where it is a number there."""
    numeric = field.type in _NUMBERS or labelled_codes(form, field)
    return PROGRAMS[form].missing if field.companion and numeric else {}


def program_notes(
    formats: Sequence[Format], dictionary: DataDictionary
) -> tuple[ProgramNotes, ...]:
    """Return what the dictionary says of each file: other names, labelled numbers, losses."""
    fields = dictionary.fields
    return tuple(
        ProgramNotes(
            PROGRAMS[form].title,
            PROGRAMS[form].extension,
            tuple(
                (name, made)
                for name, made in column_names(form, [f.name for f in fields]).items()
                if name != made
            ),
            tuple(f.name for f in fields if labelled_codes(form, f)),
            tuple(PROGRAMS[form].losses),
            tuple(
                (code, f".{written}" if isinstance(written, str) else str(written))
                for code, written in PROGRAMS[form].missing.items()
                if any(f.companion for f in fields)
            ),
        )
        for form in formats
    )


def check_formats(formats: Sequence[Format], dictionary: DataDictionary, rows: pa.Table) -> None:
    """Refuse rows that one of the formats would cut, before anybody approves them.

    Raises:
        FormatCannotHold: names the column, and how many values.
    """
    for form in formats:
        for field in dictionary.fields:
            _column(rows, field, form)
        program_file(form, dictionary, "trial", rows.slice(0, _TRIAL))


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


def program_file(form: Format, dictionary: DataDictionary, title: str, rows: pa.Table) -> bytes:
    """Return rows as a file of that program."""
    import pandas as pd

    program = PROGRAMS[form]
    names = column_names(form, [f.name for f in dictionary.fields])
    columns: dict[str, Any] = {}
    values: dict[str, Any] = {}
    described = {names[one.name]: one for one in dictionary.fields}
    for field in dictionary.fields:
        made = names[field.name]
        codes = labelled_codes(form, field)
        columns[made] = _column(rows, field, form)
        if codes:
            values[made] = {n: cut_label(f"{c}  {label}", 120) for n, (c, label) in codes.items()}
        elif field.type == "yes/no" and program.labelled:
            values[made] = {0: "no", 1: "yes"}
        elif (
            field.figures and field.type == "text" and form == "spss"
        ):  # where texts have labels, too
            values[made] = {code: cut_label(label, 120) for code, label in field.codes}
        if coded := missing_codes(form, field):
            values.setdefault(made, {}).update(
                {coded[code]: cut_label(label, 120) for code, label in field.missing}
            )
    labels: list[str | None] = [cut_label(f.meaning, program.label) for f in dictionary.fields]
    frame = pd.DataFrame(columns)
    made = _in_memory(lambda path: _save(form, frame, path, title, labels, values, described))
    pattern, instant = _CLOCKS[form]  # the clocks of the header are set to one instant
    end = _HEADERS[form]
    return pattern.sub(instant, made[:end]) + made[end:]


def _save(
    form: Format,
    frame: Any,
    path: str,
    title: str,
    labels: list[str | None],
    values: dict[str, Any],
    described: Mapping[str, FieldDoc],
) -> None:
    import pyreadstat

    named = cut_label(title, 40 if form == "sas" else 60)
    written: dict[str, Any] = {"variable_value_labels": values}
    coded = {name: missing_codes(form, one) for name, one in described.items()}
    missing: dict[str, Any] = {name: [*codes.values()] for name, codes in coded.items() if codes}
    if form == "stata":
        pyreadstat.write_dta(frame, path, named, labels, **written, missing_user_values=missing)
    elif form == "spss":
        shown = {name: _SPSS[one.type] for name, one in described.items() if one.type in _SPSS}
        levels: dict[str, Any] = {name: one.level for name, one in described.items()}
        pyreadstat.write_sav(
            frame,
            path,
            named,
            labels,
            **written,
            missing_ranges=missing,
            variable_measure=levels,
            variable_format=shown,
        )
    else:
        pyreadstat.write_xport(
            frame, path, named, labels, table_name="EXTRACT", file_format_version=5
        )


def _column(
    rows: "pa.Table",
    field: FieldDoc,
    form: Format,
) -> Any:
    """One column as the library takes it: numbers as floats, days as days, text as text."""
    import pandas as pd

    codes, program = labelled_codes(form, field), PROGRAMS[form]
    values = rows[field.name]
    plain = values.to_pylist()
    if codes:
        numbers = {code: number for number, (code, _) in codes.items()}
        if unlisted := sum(v is not None and v not in numbers for v in plain):
            raise FormatCannotHold(column=field.name, values_without_code=unlisted)
        return _numbers(rows, [numbers.get(v) for v in plain], field, form)
    if pa.types.is_date(values.type):
        # The library knows a date by the first hundred rows, and None is no date; of no date at all it makes nothing but of None.
        absent = None if values.null_count == len(values) else pd.NaT
        return pd.Series([absent if day is None else day for day in plain], dtype="object")
    if pa.types.is_boolean(values.type) or pa.types.is_integer(values.type):
        if wide := sum(v is not None and abs(v) > _EXACT for v in plain):
            raise FormatCannotHold(column=field.name, numbers_too_wide=wide)
        return _numbers(rows, plain, field, form)
    if not pa.types.is_string(values.type):
        raise FormatCannotHold(column=field.name, type=str(values.type))
    if long := sum(v is not None and len(v.encode()) > program.text for v in plain):
        raise FormatCannotHold(column=field.name, texts_too_long=long, bytes=program.text)
    return pd.Series(["" if v is None else v for v in plain], dtype="object")


def _numbers(rows: "pa.Table", plain: Sequence[float | None], field: FieldDoc, form: Format) -> Any:
    """Numbers as floats, and where the program can say why one is not there, what it says."""
    import pandas as pd

    written = missing_codes(form, field)
    cells: list[Any] = [None if v is None else float(v) for v in plain]
    if not written:
        return pd.Series(cells, dtype="float64")
    if alike := sum(v in written.values() for v in cells):
        raise FormatCannotHold(column=field.name, values_that_mean_missing=alike)
    said = rows[field.companion].to_pylist()
    cells = [written.get(why) if v is None else v for v, why in zip(cells, said, strict=True)]
    return pd.Series(cells, dtype="object" if form == "stata" else "float64")


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


def cut_label(text: str, room: int) -> str:
    """Cut a label to so many bytes, at a word where it can."""
    if len(text.encode()) <= room:
        return text
    short = text.encode()[: room - 3].decode(errors="ignore")
    return f"{short.rsplit(' ', 1)[0]}..."
