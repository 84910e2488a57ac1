"""Doubtful pairs out to a reviewer's sheet, and the decisions back in.

The sheet shows personal values: it is written 0600 where the reviewer asked for it, and nothing of
it is repeated in an error or a log.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from matching.errors import BadSheet, ChangedPairs, NothingDecided, UnknownReason, UnknownVerdict
from matching.review.decisions import VERDICTS, Verdict
from matching.review.marks import marks_of
from matching.tables import STANDARD
from systems.errors import FormatUnknown, SheetUnknown, TableEmpty, TableIsDirectory, TableMissing
from systems.texts import in_lines

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_WORDS: Final[dict[str, Any]] = json.loads(
    files("matching.review").joinpath("words.json").read_text("utf-8")
)
REASONS: Final[Mapping[str, str]] = _WORDS["reasons"]
_PAIRS, _ROWS = "pairs", "rows"
_IDS: Final = {_PAIRS: ("pair", "cohort_id", "record_id"), _ROWS: ("row", "cohort_id", "group")}
_SAID: Final = ("probability", "decision", "reason", "note", "task")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_BIGGEST = 100 << 20  # bytes of a sheet, packed
_WIDEST = 32_000  # characters of a cell; Excel's limit is 32,767
_LONGEST_NOTE = 2_000  # characters

Values = Mapping[str, str | None]


@dataclass(frozen=True)
class Line:
    """One line of a sheet: what is asked, and what its reader has said of it so far.

    Attributes:
        number: place among all that is asked, from 1; kept by the import.
        cohort_id: the row.
        other: the record, or the number of the group of rows that look like one person.
        block: lines of one cohort row (or of one group) have the same.
        shade: lines of one person have the same.
        mine: the cohort row's values.
        theirs: the record's; None in the sheet of rows.
        probability: None where it is not shown.
        verdict, reason, note: as they were given before, or empty.
        task: ``second`` or ``adjudicate`` with both verdicts, or empty.
    """

    number: int
    cohort_id: str
    other: str
    block: int
    shade: int
    mine: Values
    theirs: Values | None
    probability: float | None = None
    verdict: str = ""
    reason: str = ""
    note: str = ""
    task: str = ""


@dataclass(frozen=True)
class Filled:
    """What a reviewer filled in on one line; ``place`` is that of what was expected, from 0."""

    place: int
    verdict: Verdict
    reason: str = ""
    note: str = ""


def write_sheet(path: Path, pairs: Sequence[Line], rows: Sequence[Line] = ()) -> None:
    """Write a workbook: pairs, rows that look like one person where there are any, and how to fill it in (0600, whole or not at all)."""
    from openpyxl import Workbook

    book = Workbook()
    _fill(cast("Worksheet", book.active), _PAIRS, pairs)
    if rows:
        _fill(book.create_sheet(), _ROWS, rows)
    told = book.create_sheet("how to")
    told.column_dimensions["A"].width = 110
    for text in (*_WORDS["instructions"], *(f"{k}: {v}" for k, v in REASONS.items())):
        told.append([text])
    _write(path, book)


def _fill(sheet: "Worksheet", title: str, lines: Sequence[Line]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    columns = [
        c for c in STANDARD if any(c in one.mine or c in (one.theirs or ()) for one in lines)
    ]
    head = (*_IDS[title], *_SAID)
    sides = ("cohort", "record") if title == _PAIRS else ("cohort",)
    sheet.title = title
    sheet.append([*head, *(f"{c} ({side})" for c in columns for side in sides)])
    rule, shade = Border(top=Side("medium")), PatternFill("solid", fgColor="EEF2F7")
    other = PatternFill("solid", fgColor="FBE3C0")
    last: Line | None = None
    dark = False
    for number, one in enumerate(lines, start=2):
        said = [one.verdict, one.reason, one.note, one.task]
        told = [neutral(one.cohort_id), neutral(one.other), _chance(one), *map(neutral, said)]
        sheet.append([one.number, *told, *_values(one, columns, len(sides))])
        dark = dark != (last is not None and last.shade != one.shade)
        for at in range(1, len(head) + len(columns) * len(sides) + 1):
            cell = sheet.cell(number, at)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if last is None or last.block != one.block:
                cell.border = rule
            if dark and at <= len(_IDS[title]):
                cell.fill = shade
        for at in _differing(one, columns):
            sheet.cell(number, len(head) + 2 * at + 2).fill = other
        last = one
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    widest = [_WORDS["widths"][name] for name in head] + [18] * (len(columns) * len(sides))
    for at, width in enumerate(widest, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    _offered(sheet, head, len(lines))
    _paper(sheet, get_column_letter(len(head) + 1))


def _values(one: Line, columns: Sequence[str], sides: int) -> Iterator[object]:
    """Values in their order; in the record's, letters that differ from the cohort's stand out."""
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from openpyxl.styles.colors import Color

    font = InlineFont(b=True, color=Color("FFB00020"))
    marks = {mark.field: mark for mark in marks_of(one.mine, one.theirs or {})}
    for column in columns:
        yield neutral(one.mine.get(column))
        if sides == 1:
            continue
        text, mark = neutral((one.theirs or {}).get(column)), marks.get(column)
        letters = "".join(piece for piece, _ in mark.theirs) if mark else ""
        if mark is None or mark.sign != "close" or text != letters:
            yield text
        else:
            yield CellRichText(*(TextBlock(font, p) if other else p for p, other in mark.theirs))


def _differing(one: Line, columns: Sequence[str]) -> Iterator[int]:
    """Places of the columns in which the record's value is another one."""
    signs = {mark.field: mark.sign for mark in marks_of(one.mine, one.theirs or {})}
    yield from (at for at, name in enumerate(columns) if signs.get(name) in ("close", "different"))


def _chance(one: Line) -> float | None:
    return None if one.probability is None else round(one.probability, 4)


def _offered(sheet: "Worksheet", head: Sequence[str], lines: int) -> None:
    """Lists to choose from, with a word of what is wanted."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for name, words in (("decision", VERDICTS), ("reason", tuple(REASONS))):
        title, prompt = _WORDS["prompts"][name]
        choice = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
        choice.showErrorMessage = choice.showInputMessage = True
        choice.promptTitle, choice.prompt = title, prompt
        sheet.add_data_validation(choice)
        letter = get_column_letter(head.index(name) + 1)
        choice.add(f"{letter}2:{letter}{lines + 2}")


def _paper(sheet: "Worksheet", first: str) -> None:
    """What stays on the screen, and how it is printed."""
    sheet.freeze_panes = f"{first}2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.print_title_rows = "1:1"
    sheet.oddFooter.center.text = _WORDS["warning"]  # type: ignore[union-attr]


def neutral(value: object) -> str | None:
    """A value as text that no spreadsheet takes for a formula."""
    if value is None or value == "":
        return None
    text = in_lines(str(value))[:_WIDEST]
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_exported(value: str) -> str:
    """An id of a sheet as it was before it was made neutral."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def import_filled(
    path: Path, pairs: Sequence[tuple[str, str]], rows: Sequence[tuple[str, str]] = ()
) -> list[Filled]:
    """What is filled in on a sheet, by the place of what was asked: pairs first, then rows.

    Raises:
        BadSheet: not such a sheet.
        ChangedPairs: a line's ids are not those of its number, or a number is there twice.
        UnknownVerdict: another word than same, different, unsure.
        UnknownReason: another word than those of the list.
        NothingDecided: every cell is empty.
    """
    found = _filled(path, _PAIRS, pairs)
    if rows:
        more = _filled(path, _ROWS, rows)
        found += [Filled(f.place + len(pairs), f.verdict, f.reason, f.note) for f in more]
    if not found:
        raise NothingDecided(pairs=len(pairs) + len(rows))
    return found


def _filled(path: Path, title: str, expected: Sequence[tuple[str, str]]) -> list[Filled]:
    lines = _read(path, title)
    found: dict[int, Filled | None] = {}
    changed: list[int] = []
    unknown: dict[int, str] = {}
    strange: list[int] = []
    for place, line in enumerate(lines, start=1):
        number = _whole(line[0])
        if number is None or not 1 <= number <= len(expected) or number - 1 in found:
            changed.append(place)
            continue
        if [str(v) for v in line[1:3]] != [neutral(one) for one in expected[number - 1]]:
            changed.append(place)
            continue
        verdict, reason, note = (str(v or "").strip() for v in line[4:7])
        verdict, reason = verdict.lower(), reason.lower()
        if verdict and verdict not in VERDICTS:
            unknown[place] = next(iter(get_close_matches(verdict, VERDICTS, 1)), "?")
        if reason and reason not in REASONS:
            strange.append(place)
        said = Filled(
            number - 1, cast("Verdict", verdict), reason, as_exported(note)[:_LONGEST_NOTE]
        )
        found[number - 1] = said if verdict else None
    if changed:
        raise ChangedPairs(rows=changed)
    if unknown:
        raise UnknownVerdict(rows=list(unknown), nearest=list(unknown.values()))
    if strange:
        raise UnknownReason(rows=strange, known=list(REASONS))
    return [said for _, said in sorted(found.items()) if said is not None]


def _write(path: Path, book: Any) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".sheet-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:  # mkstemp makes it 0600
            book.save(file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path, title: str) -> list[list[Any]]:
    """The lines of a sheet up to the note, which those that were written before have none of."""
    from systems.tabular import Limits, sheet_cells

    head = (*_IDS[title], *_SAID[:4])
    before = len(head) - 2  # without reason and note
    try:
        rows = sheet_cells(
            path, role="sheet", sheet=title, width=len(head), limits=Limits(size=_BIGGEST)
        )
    except SheetUnknown:
        if title == _ROWS:  # none were exported then
            return []
        raise BadSheet(problem="not the exported workbook") from None
    except (FormatUnknown, TableMissing, TableIsDirectory, TableEmpty):
        raise BadSheet(problem="not the exported workbook") from None
    if not rows or tuple(rows[0])[:before] != head[:before]:
        raise BadSheet(problem="another head line")
    if tuple(rows[0]) != head:
        return [[*row[:before], None, None] for row in rows[1:]]
    return rows[1:]


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value)
