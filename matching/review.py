"""Doubtful pairs out to a reviewer's sheet, and the decisions back in.

The sheet shows personal values: it is written 0600 where the reviewer asked for it, and nothing of
it is repeated in an error or a log.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, cast

import pyarrow as pa

from matching.arrow import pc
from matching.errors import BadSheet, ChangedPairs, MissingPairs, NothingDecided, UnknownVerdict
from matching.tables import STANDARD
from systems.errors import FormatUnknown, SheetUnknown, TableEmpty, TableIsDirectory, TableMissing
from systems.texts import in_lines

Verdict = Literal["same", "different", "unsure"]
VERDICTS: Final = ("same", "different", "unsure")
_TITLE, _HEAD = "pairs", ("pair", "cohort_id", "record_id", "probability", "decision")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_BIGGEST = 100 << 20  # bytes of a sheet, packed
_WIDEST = 32_000  # characters of a cell; Excel's limit is 32,767


@dataclass(frozen=True)
class Decision:
    """A reviewer's word on one pair. Ids as given to ``export_sheet``."""

    cohort_id: str
    record_id: str | int
    verdict: Verdict


def export_sheet(path: Path, pairs: pa.Table, cohort: pa.Table, records: pa.Table) -> int:
    """Write the doubtful pairs as an XLSX sheet with both sides' values next to each other.

    Args:
        path: where; written whole or not at all, readable by its owner alone.
        pairs: ``cohort_id, record_id, match_probability`` (for example the links to review).
        cohort: the cohort with standard columns.
        records: the records with standard columns; the first row of each record is shown.

    Returns:
        How many pairs were written.
    """
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

    shown = [c for c in STANDARD if c in cohort.column_names or c in records.column_names]
    book = Workbook()
    sheet = cast("Worksheet", book.active)
    sheet.title = _TITLE
    sheet.append([*_HEAD, *(f"{c} ({side})" for c in shown for side in ("cohort", "record"))])
    mine, theirs = _by_id(cohort, "cohort_id", pairs), _by_id(records, "record_id", pairs)
    for number, pair in enumerate(pairs.to_pylist(), start=1):
        c, r = mine[pair["cohort_id"]], theirs[pair["record_id"]]
        values = [v for column in shown for v in (c.get(column), r.get(column))]
        ids = (pair["cohort_id"], pair["record_id"])
        head = [number, *map(neutral, ids), round(pair["match_probability"], 4), None]
        sheet.append([*head, *map(neutral, values)])
    choice = DataValidation(type="list", formula1=f'"{",".join(VERDICTS)}"', allow_blank=True)
    choice.showErrorMessage = True
    sheet.add_data_validation(choice)
    choice.add(f"E2:E{pairs.num_rows + 2}")
    sheet.freeze_panes = "F2"
    _write(path, book)
    return pairs.num_rows


def neutral(value: object) -> str | None:
    """A value as text that no spreadsheet takes for a formula."""
    if value is None:
        return None
    text = in_lines(str(value))[:_WIDEST]
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_exported(value: str) -> str:
    """An id of a sheet as it was before it was made neutral."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def import_decisions(path: Path, expected_pairs: pa.Table) -> list[Decision]:
    """Read a sheet back.

    Args:
        path: the sheet.
        expected_pairs: the pairs that were exported, in the same order.

    Returns:
        One decision for each pair that is decided, in that order: an empty cell leaves its pair open.

    Raises:
        BadSheet: not such a sheet.
        MissingPairs: a pair has no row.
        ChangedPairs: a row's ids are not those of its pair, or a pair is there twice.
        UnknownVerdict: another word than same, different, unsure.
        NothingDecided: every cell is empty.
    """
    rows = _read(path)
    expected = expected_pairs.select(["cohort_id", "record_id"]).to_pylist()
    found: dict[int, str] = {}
    changed: list[int] = []
    unknown: dict[int, str] = {}
    for place, row in enumerate(rows, start=1):
        number = _whole(row[0])
        if number is None or not 1 <= number <= len(expected) or number in found:
            changed.append(place)
            continue
        pair = expected[number - 1]
        if [str(v) for v in row[1:3]] != [neutral(pair["cohort_id"]), neutral(pair["record_id"])]:
            changed.append(place)
            continue
        verdict = str(row[4] or "").strip().lower()
        if verdict and verdict not in VERDICTS:
            unknown[place] = next(iter(get_close_matches(verdict, VERDICTS, 1)), "?")
        found[number] = verdict
    if changed:
        raise ChangedPairs(rows=changed)
    if unknown:
        raise UnknownVerdict(rows=list(unknown), nearest=list(unknown.values()))
    missing = [n for n in range(1, len(expected) + 1) if n not in found]
    if missing:
        raise MissingPairs(count=len(missing), pairs=missing)
    if not any(found.values()):
        raise NothingDecided(pairs=len(expected))
    return [
        Decision(pair["cohort_id"], pair["record_id"], cast("Verdict", found[n]))
        for n, pair in enumerate(expected, start=1)
        if found[n]
    ]


def apply_decisions(links: pa.Table, decisions: Sequence[Decision]) -> pa.Table:
    """Links after review: ``same`` becomes a link, ``different`` leaves, ``unsure`` stays in review.

    A pair that nobody decided on stays as it was.
    """
    words = {"same": "link", "different": None, "unsure": "review"}
    verdicts = {(d.cohort_id, d.record_id): words[d.verdict] for d in decisions}
    lines = zip(
        *(links[n].to_pylist() for n in ("cohort_id", "record_id", "decision")), strict=True
    )
    after = [verdicts.get((mine, theirs), decision) for mine, theirs, decision in lines]
    place = links.column_names.index("decision")
    changed = links.set_column(place, "decision", pa.array(after, pa.string()))
    return changed.filter(pc.is_valid(changed["decision"]))


def _by_id(table: pa.Table, name: str, pairs: pa.Table) -> dict[Any, dict[str, Any]]:
    wanted = table.filter(pc.is_in(table[name], pc.unique(pairs[name].combine_chunks())))
    found: dict[Any, dict[str, Any]] = {}
    for row in wanted.to_pylist():
        found.setdefault(row[name], row)
    return found


def _write(path: Path, book: Any) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".sheet-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:  # mkstemp makes it 0600
            book.save(file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> list[list[Any]]:
    from systems.tabular import Limits, sheet_cells

    try:
        rows = sheet_cells(
            path, role="sheet", sheet=_TITLE, width=len(_HEAD), limits=Limits(size=_BIGGEST)
        )
    except (FormatUnknown, SheetUnknown, TableMissing, TableIsDirectory, TableEmpty):
        raise BadSheet(problem="not the exported workbook") from None
    if not rows or tuple(rows[0]) != _HEAD:
        raise BadSheet(problem="another head line")
    return rows[1:]


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value)
