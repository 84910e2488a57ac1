"""A full-name column is taken apart by its comma, its particles, its suffix; where that goes wrong, whole names are compared."""

import pyarrow as pa
import pytest

from matching.linking.files import match_files
from matching.normalise.full_names import boxes_of, name_parts_of, split_full_names
from tests.two_tables import link
from tests.unit.matching.tables import cohort, linked, people, records

FORMS = [
    ("SMITH, JOHN A", "JOHN", "A", "SMITH", ""),
    ("John A. Smith Jr", "John", "A.", "Smith", "Jr"),
    ("DE LA CRUZ GARCIA, MARIA", "MARIA", "", "DE LA CRUZ GARCIA", ""),
    ("Maria de la Cruz", "Maria", "", "de la Cruz", ""),
    ("CRUZ, MARIA DE LA", "MARIA", "", "DE LA CRUZ", ""),
    ("Maria Garcia y Lopez", "Maria", "", "Garcia y Lopez", ""),
    ("NGUYEN THI LAN", "NGUYEN", "THI", "LAN", ""),  # the box does not matter
    ("Van Thi Le", "Van", "Thi", "Le", ""),
    ("VAN NGUYEN", "VAN", "", "NGUYEN", ""),
    ("SMITH JOHN A", "JOHN", "A", "SMITH", ""),  # no surname is one letter
    ("John E Smith", "John", "E", "Smith", ""),
    ("JOHN Y SMITH", "JOHN", "Y", "SMITH", ""),
    ("Smith, John, Jr.", "John", "", "Smith", "Jr."),
    ("SMITH JR, JOHN", "JOHN", "", "SMITH", "JR"),
    ("John Smith, Jr.", "John", "", "Smith", "Jr."),
    ("John Smith V", "John", "", "Smith", "V"),
    ("SMITH, JOHN V", "JOHN", "V", "SMITH", ""),
    ("Ludwig van Beethoven III", "Ludwig", "", "van Beethoven", "III"),
    ("AL-MASRI, OMAR", "OMAR", "", "AL-MASRI", ""),
    ("Dr. Ana Lee, MD", "Ana", "", "Lee", ""),
    ("RAHMAN, MD", "MD", "", "RAHMAN", ""),  # a first name in Bangladesh
    ('Robert "Bob" Smith', "Robert", "", "Smith", ""),
    ("Mary Smith (nee Jones)", "Mary", "", "Smith", ""),
    ("SMITH,", "", "", "SMITH", ""),
    ("Smith", "", "", "Smith", ""),
    ("", "", "", "", ""),
    (" , ", "", "", "", ""),
]


@pytest.mark.parametrize(("text", "first", "middle", "last", "suffix"), FORMS)
def test_forms(text, first, middle, last, suffix):
    table = split_full_names(pa.table({"full_name": pa.array([text, None])}))
    row, missing = table.to_pylist()
    assert [row[c] or "" for c in ("first_name", "middle_name", "last_name", "name_suffix")] == [
        first, middle, last, suffix,
    ]  # fmt: skip
    assert set(missing.values()) == {None}


def test_a_value_is_read_once_however_many_rows_have_it(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "matching.normalise.full_names.name_parts_of",
        lambda text: asked.append(text) or name_parts_of(text),
    )
    table = split_full_names(pa.table({"full_name": pa.array(["LEE, ANN"] * 50 + ["A Lee"])}))
    assert (table.num_rows, asked) == (51, ["LEE, ANN", "A Lee"])


def test_it_fills_what_a_table_lacks_and_is_left_alone_where_first_and_last_names_stand():
    names = ("full_name", "first_name", "last_name")
    assert boxes_of(names) == names
    both = pa.table({"full_name": ["LEE, ANN MAY"], "last_name": ["LEE-KIM"], "id": ["1"]})
    (row,) = split_full_names(both).to_pylist()
    assert row == {
        "last_name": "LEE-KIM", "id": "1", "first_name": "ANN", "middle_name": "MAY",
        "name_suffix": None,
    }  # fmt: skip


def _as_full(row, form):
    first, last = row["first_name"], row["last_name"]
    rest = {k: v for k, v in row.items() if k in {"birth_date", "sex"}}
    return rest | {"full_name": form.format(first=first, last=last)}


@pytest.mark.parametrize("form", ["{last}, {first}", "{first} {last}", "{last} {first}"])
def test_people_are_found_by_their_full_name_alone_and_a_birth_date(form):
    rows = people(60, 3)
    mine = cohort(*(_as_full(row, form) for row in rows[:30]))
    found = linked(link(mine, records(*rows)))
    assert len(found & {(f"c{i}", i) for i in range(1, 31)}) >= 29
    assert len(found) <= 30


def test_a_file_with_full_names_and_a_map(tmp_path):
    from matching.tables import ColumnMap

    rows = people(20, 4)
    lines = [
        f'{i},"{r["last_name"]}, {r["first_name"]}",{r["birth_date"]}' for i, r in enumerate(rows)
    ]
    (tmp_path / "a.csv").write_text("\n".join(["cohort_id,NAME,birth_date", *lines]))
    (tmp_path / "b.csv").write_text("\n".join(["record_id,full_name,birth_date", *lines]))
    columns = ColumnMap({"full_name": "NAME"})
    made = match_files(
        tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "l.parquet", columns=columns,
        explain=("3", "3"),
    )  # fmt: skip
    assert made.report.linked_rows == 20
    assert made.report.columns == (
        "first_name",
        "middle_name",
        "last_name",
        "name_suffix",
        "birth_date",
    )
    assert made.explanation.fields[1].cohort == rows[3]["last_name"]
    assert made.ignored_columns == {"cohort": 0, "records": 0}
