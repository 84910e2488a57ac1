"""Doubtful pairs: out to a sheet, and back with nothing changed but the decisions."""

import openpyxl
import pyarrow as pa
import pytest

from matching.errors import BadSheet, ChangedPairs, NothingDecided, UnknownReason, UnknownVerdict
from matching.review import (
    REASONS,
    Decision,
    Line,
    apply_decisions,
    import_filled,
    write_sheet,
)

LINES = (
    Line(1, "c1", "1", 0, 1, {"last_name": "=HYPERLINK(1)", "first_name": "Ann"}, {"last_name": "Doe", "first_name": "+Ann"}, 0.6),
    Line(2, "c2", "2", 1, 2, {"last_name": "Roe", "first_name": "Bo"}, {"last_name": "Roe", "first_name": "Bob"}, 0.7),
)  # fmt: skip
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
    write_sheet(path, LINES)
    return path


def decided(path):
    """What was filled in, as decisions on the pairs."""
    pairs = PAIRS.select(["cohort_id", "record_id"]).to_pylist()
    filled = import_filled(path, [(one.cohort_id, one.other) for one in LINES])
    return [Decision(**pairs[one.place], verdict=one.verdict) for one in filled]


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
    assert rows[0][8:10] == ("first_name (cohort)", "first_name (record)")
    assert rows[2][8:12] == ("Bo", "Bob", "Roe", "Roe")


def test_decisions_come_back_and_are_applied(sheet):
    fill(sheet, "Same", "different ")
    decisions = decided(sheet)
    assert [(d.cohort_id, d.record_id, d.verdict) for d in decisions] == [
        ("c1", 1, "same"),
        ("c2", 2, "different"),
    ]
    after = apply_decisions(PAIRS, decisions).to_pylist()
    assert [(row["cohort_id"], row["decision"]) for row in after] == [("c1", "link")]


def test_unsure_stays_in_review(sheet):
    fill(sheet, "unsure", "unsure")
    after = apply_decisions(PAIRS, decided(sheet))
    assert after.equals(PAIRS)


def test_what_is_decided_of_a_partly_filled_sheet_comes_back(sheet):
    with pytest.raises(NothingDecided):
        decided(sheet)
    fill(sheet, None, "same")
    assert [(d.cohort_id, d.verdict) for d in decided(sheet)] == [("c2", "same")]
    assert apply_decisions(PAIRS, decided(sheet))["decision"].to_pylist() == [
        "review",
        "link",
    ]


def test_a_row_that_is_gone_stays_open_and_one_that_is_doubled_is_told(sheet):
    fill(sheet, "same", "same")
    book = openpyxl.load_workbook(sheet)
    row = [cell.value for cell in book["pairs"][3]]
    book["pairs"].delete_rows(3)
    book.save(sheet)
    assert [d.cohort_id for d in decided(sheet)] == ["c1"]  # the other stays open
    for _ in range(2):
        book["pairs"].append(row)
    book.save(sheet)
    with pytest.raises(ChangedPairs) as changed:
        decided(sheet)
    assert changed.value.facts == {"rows": (3,)}


def test_sheets_that_were_tampered_with_are_refused(sheet, tmp_path):
    fill(sheet, "perhaps", "diferent")
    with pytest.raises(UnknownVerdict) as unknown:
        decided(sheet)
    assert unknown.value.facts == {"rows": (1, 2), "nearest": ("?", "different")}
    assert "perhaps" not in str(unknown.value)
    fill(sheet, "same", "same", B3="c1")
    with pytest.raises(ChangedPairs):
        decided(sheet)
    fill(sheet, "same", "same", B3="c2", A3=1)
    with pytest.raises(ChangedPairs):
        decided(sheet)
    (tmp_path / "junk.xlsx").write_bytes(b"no workbook")
    for path in (tmp_path / "junk.xlsx", tmp_path / "nowhere.xlsx", tmp_path):
        with pytest.raises(BadSheet):
            decided(path)


def lines():
    ann, bo = {"first_name": "Ann", "birth_date": "1980-01-02"}, {"first_name": "Bo"}
    yield Line(1, "c1", "7", 0, 1, ann, ann | {"first_name": "Anne"}, None, "same", "slip", "=note")
    yield Line(2, "c1", "8", 0, 1, ann, ann | {"birth_date": "1951-11-30"}, 0.5)
    yield Line(3, "c2", "9", 1, 2, bo, bo, 0.5, task="second look")


def test_a_sheet_says_how_it_is_filled_in_and_what_differs(tmp_path):
    write_sheet(tmp_path / "s.xlsx", list(lines()))
    book = openpyxl.load_workbook(tmp_path / "s.xlsx", rich_text=True)
    page = book["pairs"]
    head = [cell.value for cell in page[1]]
    assert book.sheetnames == ["pairs", "how to"]
    assert (page.freeze_panes, page.auto_filter.ref) == ("I2", page.dimensions)
    assert {v.formula1: v.prompt is not None for v in page.data_validations.dataValidation} == {
        '"same,different,unsure"': True, f'"{",".join(REASONS)}"': True,
    }  # fmt: skip
    assert page.column_dimensions["G"].width == 30
    name = page.cell(2, head.index("first_name (record)") + 1)
    assert [str(part) for part in name.value] == ["Ann", "e"]  # the letter that differs is bold
    born = head.index("birth_date (record)") + 1
    shaded = [page.cell(row, born).fill.fill_type for row in (2, 3, 4)]
    assert shaded == [None, "solid", None]
    tops = [page.cell(row, 1).border.top.style for row in (2, 3, 4)]
    assert tops == ["medium", None, "medium"]  # one block a cohort row
    assert "personal values" in page.oddFooter.center.text


def test_reasons_and_notes_come_back_as_they_were_written(tmp_path):
    path, pairs = tmp_path / "s.xlsx", [("c1", "7"), ("c1", "8"), ("c2", "9")]
    rows = [Line(1, "c4", "1", 2, 2, {"first_name": "Cy"}, None)]
    write_sheet(path, list(lines()), rows)
    (kept,) = import_filled(path, pairs, [("c4", "1")])
    assert (kept.place, kept.verdict, kept.reason, kept.note) == (0, "same", "slip", "=note")
    book = openpyxl.load_workbook(path)
    book["rows"].cell(2, 5).value = "different"
    book.save(path)
    assert [one.place for one in import_filled(path, pairs, [("c4", "1")])] == [0, 3]
    book["pairs"].cell(2, 6).value = "a hunch"
    book.save(path)
    with pytest.raises(UnknownReason) as strange:
        import_filled(path, pairs)
    assert "hunch" not in str(strange.value)


def test_a_sheet_of_before_reasons_is_still_taken(sheet):
    fill(sheet, "same", "unsure")
    book = openpyxl.load_workbook(sheet)
    book["pairs"].delete_cols(6, 3)
    book.save(sheet)
    assert [d.verdict for d in decided(sheet)] == ["same", "unsure"]
