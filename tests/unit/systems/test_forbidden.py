"""A register with what the law bars from stop data is refused whole, and told by place, not by value."""

import datetime as dt
import secrets
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crypto.secret import StagingKey
from errors import Exit
from synthetic.registers.system import make_system
from systems.description.loading import Systems, load_system
from systems.errors import ForbiddenInRegister, RegisterRefused
from systems.register.checks import header_problems
from systems.register.sources import AsNamed, FileSource
from systems.register.store import RegisterStore

ON = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def ripa():
    return load_system("RIPA")


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    return make_system("RIPA", tmp_path_factory.mktemp("ripa") / "register", records=40, seed=2)


@pytest.fixture
def stops(made_up, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(made_up.files[0].parent, tmp_path / "register")
    return {path.stem: tmp_path / "register" / path.name for path in made_up.files}


@pytest.fixture
def load(tmp_path, ripa):
    store = RegisterStore(
        tmp_path / "store",
        lambda name, _create: StagingKey(name, secrets.token_bytes(32)),
        str,
        Systems(),
    )

    def load(files):
        def rows(con):
            ids = [r[0] for r in con.execute("SELECT person_id FROM person_stopped").fetchall()]
            names = ("record_id", "identity", "identity_lower")
            return pa.table({name: pa.array(ids, pa.int64()) for name in names})

        return store.load(
            ripa, AsNamed(ripa, FileSource(list(files.values()))), resolve=rows, on=ON
        )

    return load


def spoil(path, column, values):
    table = pq.read_table(path)
    filled = values + [None] * (table.num_rows - len(values))
    if column in table.column_names:
        kept = table[column].to_pylist()
        filled = values + kept[len(values) :]
        table = table.drop_columns([column])
    pq.write_table(table.append_column(column, pa.array(filled, pa.string())), path)


def test_made_up_stops_are_clean(load, stops):
    assert load(stops).info.entries == len(pq.read_table(stops["person_stopped"]))


FORBIDDEN = {
    # header of a column that is not described: which entry of the law's list it meets
    "first_name": "name", "FirstName": "name", "LAST NAME": "name", "driver_name": "name", "alias": "name",
    "home_address": "address", "Address": "address", "ZIP_CODE": "address", "SSN": "social_security_number",
    "socialSecurityNumber": "social_security_number", "DL_NO": "license_number", "license_plate": "license_number",
    "CII": "license_number", "dob": "birth_date", "birthDate": "birth_date", "PhoneNumber": "contact", "e-mail": "contact",
}  # fmt: skip


@pytest.mark.parametrize("header", FORBIDDEN)
def test_a_column_that_says_who_was_stopped_is_forbidden(ripa, header):
    stopped = ripa.table("person_stopped")
    names = [*stopped.column_names, header]
    found = list(header_problems(ripa, stopped, names))
    assert FORBIDDEN[header] in {p.detail for p in found}
    assert {(p.code, p.column) for p in found} == {("forbidden_column", f"column {len(names)}")}


def test_columns_that_say_who_was_stopped_refuse_the_register(load, stops):
    names = pq.read_schema(stops["person_stopped"]).names
    for header in FORBIDDEN:
        spoil(stops["person_stopped"], header, ["CANARY"])
    with pytest.raises(ForbiddenInRegister) as caught:
        load(stops)
    assert caught.value.exit is Exit.INPUT
    found = {(p.column, p.detail) for p in caught.value.problems if p.code == "forbidden_column"}
    for place, header in enumerate(FORBIDDEN, start=len(names) + 1):
        assert (f"column {place}", FORBIDDEN[header]) in found
    assert "CANARY" not in str(caught.value)


def test_other_unknown_columns_are_refused_as_unknown(load, stops):
    headers = ["stop_note", "officer_rank", "city_code", "agency_names_list_id", "race_other"]
    names = pq.read_schema(stops["person_stopped"]).names
    for header in headers:
        spoil(stops["person_stopped"], header, ["x"])
    with pytest.raises(RegisterRefused) as caught:
        load(stops)
    unknown = [p.column for p in caught.value.problems if p.code == "unknown_column"]
    assert unknown == [f"column {len(names) + nth}" for nth in range(1, len(headers) + 1)]


TEXTS = {
    "driver was named Jane Canary": "name",
    "told by Mr. Canary": "name",
    "lives at 12 Canary St": "address",
    "gave 123-45-6789": "social_security_number",
    "licence D1234567 expired": "license_number",
    "plate 7ABC123": "license_number",
    "DOB on file": "birth_date",
    "says 4/5/1990": "birth_date",
    "call (916) 555-0100": "contact",
    "wrote to jane@canary.example": "contact",
}


def test_texts_that_say_who_was_stopped_refuse_the_register(load, stops):
    spoil(stops["person_stopped"], "reason_text", ["Speeding", *TEXTS])
    with pytest.raises(ForbiddenInRegister) as caught:
        load(stops)
    expected = {}
    for row, what in enumerate(TEXTS.values(), start=2):
        expected[what] = (*expected.get(what, ()), row)
    problems = caught.value.problems
    assert {(p.code, p.column) for p in problems} == {("forbidden_content", "reason_text")}
    assert {p.detail: p.rows for p in problems} == expected
    assert {p.detail: p.count for p in problems} == {w: len(r) for w, r in expected.items()}
    for told in (str(caught.value), *map(str, problems)):
        assert "anary" not in told
        assert not [text for text in TEXTS if text in told]


CLEAN = [
    "Speeding 82 in a 65 zone",
    "CVC 22350, radar",
    "Matched the description of a man in a red jacket",
    "Stop at 1200 block of 5th St, 10:45",
    "Expired registration since 2023",
]


def test_ordinary_reasons_are_let_in(load, stops):
    spoil(stops["person_stopped"], "reason_text", CLEAN)
    load(stops)


def test_no_described_column_is_itself_forbidden_but_the_agencys_own_name(ripa):
    found = []
    for table in ripa.tables:
        others = table.model_copy(update={"columns": table.columns[:0]})
        vars(others).pop("by_name", None)
        found += [(p.table, p.column) for p in header_problems(ripa, others, table.column_names)]
    place = 1 + ripa.table("agency").column_names.index("name")
    assert found == [("agency", f"column {place}")]


def test_nothing_of_a_refused_register_stays_behind(load, stops, tmp_path):
    spoil(stops["person_stopped"], "ssn", ["123-45-6789"])
    with pytest.raises(ForbiddenInRegister):
        load(stops)
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == []
