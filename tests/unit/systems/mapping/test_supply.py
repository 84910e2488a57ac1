"""A register under other names comes to the same rows; what does not fit is a problem with its place and its count."""

import tempfile
from pathlib import Path

import pytest

from errors import CodedError
from systems.errors import MappingWrong, RegisterRefused
from systems.mapping import MappedSupply, read_mapping
from systems.register import Base, FileSource, parted
from tests.unit.systems.conftest import CARPOS, ON, itself

MAPPING = """
system = "CARPOS"
empty = ["00/00/0000"]

[codes.role.values]
RSP = "respondent"
PRO = "protected"
PET = "petitioner"
CHD = "minor_child"
OFF = "requesting_officer"

[codes.sex]
otherwise = "U"
[codes.sex.values]
1 = "M"
2 = "F"
3 = "X"

[[skip]]
from = "NAMES"
where = { REC = "T" }

[[tables.person]]
from = "SUBJECT"
[[tables.person.join]]
name = "birth"
from = "BIRTHS"
on = { SUBJ = "SUBJECT_NO" }
[tables.person.columns]
person_id = { column = "SUBJ", thousands = "," }
sex = { column = "SEX", codes = "sex" }
height_in = { column = "HGT", decimal = "." }
dob = { column = "DOB", join = "birth", dates = "%Y%m%d" }

[[tables.person_name]]
from = "NAMES"
where = { REC = "N" }
[tables.person_name.columns]
person_id = "SUBJ"
seq = "NO"
kind = "KIND"
last = "LNAME"
first = "FNAME"

[[tables.order_entry]]
from = "ORD_*"
ignore = "LAST_*"
[tables.order_entry.columns]
order_id = { column = "ORD_NO", key = true }
order_code = "ORD_TYP"
county_fips = { column = "CNTY", zeros = 3 }
issue_date = { column = "ISS_DT", dates = ["%m/%d/%Y"] }
expiration_date = { column = "EXP_DT", dates = ["%m/%d/%Y"] }
out_of_state = { value = "NV" }
confidential_minor = { column = "MINOR", yes = "J", no = "N" }

[[tables.order_party]]
from = "PARTY"
[tables.order_party.columns]
order_id = { column = "ORD_NO", key = true }
person_id = "SUBJ"
role = { column = "ROLE_CD", codes = "role" }
"""


@pytest.fixture
def load_mapped(store, export):
    def load(mapping=MAPPING, files=None):
        source = FileSource(sorted(export.glob("*.csv")) if files is None else files)
        supply = MappedSupply(CARPOS, read(mapping), source)
        return store.load(CARPOS, supply, resolve=itself, on=ON)

    return load


def read(text):
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
        file.flush()
        return read_mapping(Path(file.name), CARPOS)


def problems_of(caught):
    return {(p.table, p.column, p.code, p.source): p.count for p in caught.value.problems}


def table(snapshot, query):
    with snapshot.connect() as con:
        return con.sql(query).fetchall()


def test_a_register_under_other_names_has_the_same_rows(load_mapped, loaded, export):
    snapshot = load_mapped(MAPPING)
    person = "SELECT person_id, sex, height_in, dob FROM person ORDER BY ALL"
    with_unknown = person.replace("sex,", "CASE WHEN sex IN ('M', 'F', 'X') THEN sex WHEN sex IS NOT NULL THEN 'U' END,")  # fmt: skip
    assert table(snapshot, person) == table(loaded, with_unknown)
    name = 'SELECT person_id, seq, kind, "last", "first" FROM person_name ORDER BY ALL'
    assert table(snapshot, name) == table(loaded, name)
    order = (
        "SELECT order_code, county_fips, issue_date, expiration_date, confidential_minor, role, person_id "
        "FROM order_entry JOIN order_party USING (order_id) ORDER BY ALL"
    )
    assert table(snapshot, order) == table(loaded, order)
    assert table(snapshot, "SELECT DISTINCT out_of_state FROM order_entry") == [("NV",)]
    assert snapshot.info.rows["order_entry"] == loaded.info.rows["order_entry"]


def any_year(export):
    return min(path.stem for path in export.glob("ORD_*.csv"))


def rewrite(path, before, after, count=-1):
    text = path.read_bytes().decode("latin-1")
    assert count < 0 or before in text
    path.write_bytes(text.replace(before, after, count).encode("latin-1"))


def test_what_does_not_fit_is_told_by_their_table_and_row(load_mapped, export, store):
    year = any_year(export)
    first = (export / f"{year}.csv").read_bytes().decode("latin-1").splitlines()[1].split(";")[3]
    rewrite(export / f"{year}.csv", first, "31/31/2020", 1)  # a day that is none
    rewrite(export / "PARTY.csv", ";RSP", ";ZZZ", 2)
    rewrite(export / "PARTY.csv", ";PRO", ";respondent", 1)  # ours, but nobody said so
    rewrite(export / "NAMES.csv", "\nN;", "\nX;", 3)
    births = (export / "BIRTHS.csv").read_text("latin-1")
    (export / "BIRTHS.csv").write_text(
        births + births.splitlines()[1] + "\n999999999;20000101\n", "latin-1"
    )
    with pytest.raises(RegisterRefused) as caught:
        load_mapped()
    assert problems_of(caught) == {
        ("order_entry", "issue_date", "wrong_type", year): 1,
        ("order_party", "role", "untranslated_code", "PARTY"): 3,
        ("person", "SUBJECT_NO", "join_key_twice", "BIRTHS"): 1,
        ("", "", "untaken_rows", "NAMES"): 3,
    }
    [day] = [p for p in caught.value.listed if p["code"] == "wrong_type"]
    assert day["first_rows"] == [1]
    assert day["expected"] == "a day, as 03/31/2026 (%m/%d/%Y)"
    assert "ZZZ" not in str(caught.value.as_dict())
    assert not store.list()


def test_a_row_beside_that_nobody_asks_for(load_mapped, export):
    with (export / "BIRTHS.csv").open("a") as file:
        file.write("999999999;20000101\n")
    with pytest.raises(RegisterRefused) as caught:
        load_mapped()
    assert problems_of(caught) == {("person", "SUBJECT_NO", "unjoined", "BIRTHS"): 1}
    load_mapped(MAPPING.replace("on = { SUBJ =", 'others = "drop"\non = { SUBJ ='))


def test_what_the_mapping_names_must_be_there_and_what_is_there_must_be_named(load_mapped, export):
    (export / "EXTRA.csv").write_text("A\n1\n")
    rewrite(export / "PARTY.csv", "ROLE_CD", "ROLE")
    (export / "NAMES.csv").unlink()
    with pytest.raises(RegisterRefused) as caught:
        load_mapped()
    found = problems_of(caught)
    place = sorted(path.stem for path in export.glob("*.csv")).index("EXTRA") + 1
    assert found[("", "", "untaken_table", f"file {place}")] == 1
    assert found[("order_party", "ROLE_CD", "mapped_column_missing", "PARTY")] == 1
    assert found[("order_party", "column 3", "unmapped_column", "PARTY")] == 1
    assert found[("person_name", "", "mapped_table_missing", "NAMES")] == 1


def test_a_part_that_is_distinct_takes_rows_that_come_to_the_same_once(store, export):
    text = MAPPING.replace(
        '[[tables.person_name]]\nfrom = "NAMES"',
        '[[tables.person_name]]\nfrom = "NAMES"\ndistinct = true',
    )
    source = FileSource(sorted(export.glob("*.csv")))
    path = export / "NAMES.csv"
    lines = path.read_bytes().split(b"\r\n")
    path.write_bytes(b"\r\n".join([lines[0], lines[1], lines[1], *lines[1:]]))
    supply = MappedSupply(CARPOS, read(text), source)
    snapshot = store.load(CARPOS, supply, resolve=itself, on=ON)
    assert snapshot.info.rows["person_name"] == len(lines) - 3  # without header, trailer and end


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('system = "CARPOS"', 'system = "RIPA"'), "system: the mapping is not of CARPOS"),
        (("tables.person_name", "tables.nope"), "tables.nope: no such table"),
        (('last = "LNAME"', 'lsat = "LNAME"'), "person_name.lsat: no such column"),
        (('join = "birth"', 'join = "b"'), "person.dob.join: no such join"),
        (('codes = "role"', 'codes = "rule"'), "order_party.role.codes: no such translation"),
        (('"respondent"', '"RESP"'), "codes.role: 1 that party_role does not have"),
        (('"%Y%m%d"', '"%y%m%d"'), "person.dob.dates: a two-digit year"),
        (('order_code = "ORD_TYP"\n', ""), "order_entry.order_code: required"),
        (('{ value = "NV" }', '{ value = "NV", column = "A" }'), "order_entry.out_of_state: either column or value"),
        (('"%Y%m%d"', '"%Q"'), "person.dob.dates: no form of a day or time"),
        (("zeros = 3", "zeroes = 5"), "zeroes: no such key"),
        (("empty =", "empty"), "not TOML: "),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_ours_says_where(change, said):
    assert change[0] in MAPPING
    with pytest.raises(MappingWrong) as caught:
        read(MAPPING.replace(*change))
    assert any(said in p for p in caught.value.facts["problems"]), caught.value.facts


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(CodedError):
        read(b"\xff\xfe")


def test_the_same_key_becomes_the_same_number_everywhere(load_mapped, export):
    one = load_mapped()
    ids = "SELECT order_id FROM order_entry ORDER BY ALL"
    first = table(one, ids)
    assert min(first) >= (0,)
    assert max(first) < (1 << 62,)
    assert table(load_mapped(), ids) == first


def test_a_delta_has_their_names_and_their_keys_too(load_mapped, store, export, tmp_path):
    base = load_mapped()
    lines = (export / "PARTY.csv").read_text("latin-1").splitlines()
    (tmp_path / "PARTY.csv").write_text("\n".join([lines[0], lines[1].replace(";RSP", ";PRO")]))
    (tmp_path / "deleted_order_party.csv").write_text("\n".join([lines[0], lines[1]]))
    source, deleted = parted(
        FileSource([tmp_path / "PARTY.csv", tmp_path / "deleted_order_party.csv"]), CARPOS
    )
    supply = MappedSupply(CARPOS, read(MAPPING), source, partial=True)
    assert supply.names == ("order_party",)
    keys = {name: supply.keys(name, part.source) for name, part in deleted.items()}
    made = store.load(CARPOS, supply, resolve=itself, on=ON, base=Base(base, True, keys))
    assert lines[1].endswith(";RSP")
    change = made.info.changes["order_party"]
    assert (change.added, change.changed, change.deleted) == (1, 0, 1)
    every = "SELECT order_id, person_id, role FROM order_party ORDER BY ALL"
    assert len(set(table(base, every)) ^ set(table(made, every))) == 2
    assert made.info.rows["order_entry"] == base.info.rows["order_entry"]


def test_a_file_is_called_by_its_figures_or_its_place_and_never_by_a_persons_name(
    load_mapped, export
):
    (export / f"{any_year(export)}.csv").rename(export / "ORD_QZXVJKW.csv")
    rewrite(export / "ORD_QZXVJKW.csv", "ORD_TYP", "TYP")
    with pytest.raises(RegisterRefused) as caught:
        load_mapped()
    place = sorted(path.stem for path in export.glob("*.csv")).index("ORD_QZXVJKW") + 1
    assert ("order_entry", "ORD_TYP", "mapped_column_missing", f"ORD_* ({place})") in problems_of(caught)  # fmt: skip
    assert "QZXVJKW" not in str(caught.value) + str(caught.value.as_dict())
