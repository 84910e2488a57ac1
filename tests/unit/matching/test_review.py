"""Doubtful pairs: out to a sheet, and back with nothing changed but the decisions."""

import openpyxl
import pyarrow as pa
import pytest

from matching.errors import BadSheet, ChangedPairs, MissingPairs, NothingDecided, UnknownVerdict
from matching.review import apply_decisions, export_sheet, import_decisions
from tests.unit.matching.tables import cohort, records

MINE = cohort(
    {"last_name": "=HYPERLINK(1)", "first_name": "Ann"}, {"last_name": "Roe", "first_name": "Bo"}
)
THEIRS = records(
    {"last_name": "Doe", "first_name": "+Ann"}, {"last_name": "Roe", "first_name": "Bob"}
)
PAIRS = pa.table(
    {
        "cohort_id": ["c1", "c2"],
        "record_id": [1, 2],
        "match_weight": [1.0, 2.0],
        "match_probability": [0.6, 0.7],
        "decision": ["review", "review"],
    }
)


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "review.xlsx"
    assert export_sheet(path, PAIRS, MINE, THEIRS) == 2
    return path


def fill(path, *words, **cells):
    book = openpyxl.load_workbook(path)
    for row, word in enumerate(words, start=2):
        book["pairs"].cell(row, 5).value = word
    for cell, value in cells.items():
        book["pairs"][cell] = value
    book.save(path)


def test_only_the_owner_reads_the_sheet_and_no_cell_is_a_formula(sheet):
    assert sheet.stat().st_mode & 0o777 == 0o600
    cells = [c for row in openpyxl.load_workbook(sheet)["pairs"].iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f"]
    assert "'=HYPERLINK(1)" in [c.value for c in cells]
    assert list(sheet.parent.iterdir()) == [sheet]


def test_both_sides_stand_next_to_each_other(sheet):
    rows = list(openpyxl.load_workbook(sheet)["pairs"].iter_rows(values_only=True))
    assert rows[0][5:7] == ("first_name (cohort)", "first_name (record)")
    assert rows[2][5:9] == ("Bo", "Bob", "Roe", "Roe")


def test_decisions_come_back_and_are_applied(sheet):
    fill(sheet, "Same", "different ")
    decisions = import_decisions(sheet, PAIRS)
    assert [(d.cohort_id, d.record_id, d.verdict) for d in decisions] == [
        ("c1", 1, "same"),
        ("c2", 2, "different"),
    ]
    after = apply_decisions(PAIRS, decisions).to_pylist()
    assert [(row["cohort_id"], row["decision"]) for row in after] == [("c1", "link")]


def test_unsure_stays_in_review(sheet):
    fill(sheet, "unsure", "unsure")
    after = apply_decisions(PAIRS, import_decisions(sheet, PAIRS))
    assert after.equals(PAIRS)


def test_what_is_decided_of_a_partly_filled_sheet_comes_back(sheet):
    with pytest.raises(NothingDecided):
        import_decisions(sheet, PAIRS)
    fill(sheet, None, "same")
    assert [(d.cohort_id, d.verdict) for d in import_decisions(sheet, PAIRS)] == [("c2", "same")]
    assert apply_decisions(PAIRS, import_decisions(sheet, PAIRS))["decision"].to_pylist() == [
        "review",
        "link",
    ]


def test_rows_that_are_gone_or_doubled_are_told(sheet):
    fill(sheet, "same", "same")
    book = openpyxl.load_workbook(sheet)
    row = [cell.value for cell in book["pairs"][3]]
    book["pairs"].delete_rows(3)
    book.save(sheet)
    with pytest.raises(MissingPairs) as missing:
        import_decisions(sheet, PAIRS)
    assert missing.value.facts == {"count": 1, "pairs": (2,)}
    for _ in range(2):
        book["pairs"].append(row)
    book.save(sheet)
    with pytest.raises(ChangedPairs) as changed:
        import_decisions(sheet, PAIRS)
    assert changed.value.facts == {"rows": (3,)}


def test_sheets_that_were_tampered_with_are_refused(sheet, tmp_path):
    fill(sheet, "perhaps", "diferent")
    with pytest.raises(UnknownVerdict) as unknown:
        import_decisions(sheet, PAIRS)
    assert unknown.value.facts == {"rows": (1, 2), "nearest": ("?", "different")}
    assert "perhaps" not in str(unknown.value)
    fill(sheet, "same", "same", B3="c1")
    with pytest.raises(ChangedPairs):
        import_decisions(sheet, PAIRS)
    fill(sheet, "same", "same", B3="c2", A3=1)
    with pytest.raises(ChangedPairs):
        import_decisions(sheet, PAIRS)
    (tmp_path / "junk.xlsx").write_bytes(b"no workbook")
    for path in (tmp_path / "junk.xlsx", tmp_path / "nowhere.xlsx", tmp_path):
        with pytest.raises(BadSheet):
            import_decisions(path, PAIRS)
