"""A first mapping of an export: what it is sure of is right, what it is not sure of is left to a person, and nothing is lost."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from systems.mapping import MappedSupply, propose, read_mapping
from systems.register import FileSource
from tests.unit.systems.conftest import CARPOS, ON, itself
from tests.unit.systems.mapping.test_supply import read, table


@pytest.fixture
def proposed(export):
    return propose(CARPOS, FileSource(sorted(export.glob("*.csv"))))


def test_it_is_a_mapping_that_needs_only_what_it_asks(proposed):
    assert proposed.tables["order_entry"] == "ORD_*"
    assert proposed.tables["order_party"] == "PARTY"
    text = proposed.text
    assert 'order_id = { column = "ORD_NO", key = true }' in text
    assert 'issue_date = { column = "ISS_DT", dates = ["%m/%d/%Y"] }' in text
    assert '# county_fips =  # required; perhaps "CNTY"' in text
    assert '"00/00/0000"' in text
    assert '"RSP" = ""  # which of ours?' in text
    assert '# confidential_minor =  # perhaps "MINOR"' in text
    assert "dob" not in re.findall(r"^(\w+) = ", text, re.MULTILINE)  # it stands in another table


def test_files_that_are_called_like_ours_need_nothing_more(files, store, loaded):
    made = propose(CARPOS, FileSource(list(files.values())))
    assert (made.open, made.missing, made.untaken) == (0, [], [])
    source = FileSource(list(files.values()))
    snapshot = store.load(CARPOS, MappedSupply(CARPOS, read(made.text), source), resolve=itself, on=ON)  # fmt: skip
    for name in ("person", "order_entry", "person_contact"):
        every = f"SELECT * FROM {name} ORDER BY ALL"
        assert table(snapshot, every) == table(loaded, every)
    assert snapshot.info.mapping == made.text


def test_days_that_two_forms_fit_are_left_to_a_person(tmp_path):
    days = pa.table({"ORDER_ID": [1, 2], "ISSUE_DATE": ["03/04/2020", "05/06/2021"]})
    pq.write_table(days, tmp_path / "order_entry.parquet")
    text = propose(CARPOS, FileSource([tmp_path / "order_entry.parquet"])).text
    assert '# issue_date =  # required; { column = "ISSUE_DATE", dates = "%m/%d/%Y" or "%d/%m/%Y" }: both fit' in text  # fmt: skip


def test_names_of_theirs_that_hold_quotes_and_controls_stay_toml(tmp_path):
    odd = 'a"b\\c\n#\x7f'
    pq.write_table(pa.table({"person_id": [1], odd: ["x"]}), tmp_path / "person.parquet")
    text = propose(CARPOS, FileSource([tmp_path / "person.parquet"])).text
    (tmp_path / "m.toml").write_text(text)
    assert read_mapping(tmp_path / "m.toml", CARPOS).tables["person"][0].source == ("person",)


def test_what_may_be_a_persons_is_not_written_out(tmp_path):
    """A name among codes, and the first row of a file without a header."""
    sexes = ["Man"] * 12 + ["Woman"] * 11 + ["QZXVJKW"]
    table = pa.table({"person_id": range(24), "sex": sexes})
    pq.write_table(table, tmp_path / "person.parquet")
    (tmp_path / "person_name.csv").write_text("1,2,legal,QZXVJKW,Jane\n2,1,legal,Doe,John\n")
    made = propose(CARPOS, FileSource(sorted(tmp_path.iterdir())))
    assert '"Man"' in made.text
    assert "1 more that fewer than 10 rows have each" in made.text
    assert "QZXVJKW" not in made.text
    assert made.untaken == ["person_name"]
