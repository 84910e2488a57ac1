"""A database under other names, with codes of its own and a picture in a table, comes to the same rows by a mapping."""

from contextlib import closing

import pytest

from systems.databases import Login, errors, open_database
from systems.mapping import MappedSupply, propose, read_mapping
from tests.unit.systems.conftest import CARPOS, ON, itself
from tests.unit.systems.databases.made import fill

pytestmark = [pytest.mark.machine("postgresql"), pytest.mark.long]
MAPPING = """
system = "CARPOS"
[codes.sex]
otherwise = "U"
[codes.sex.values]
1 = "M"
2 = "F"
3 = "X"
[[tables.person]]
from = "subject"
ignore = "*"
[tables.person.columns]
person_id = "subj"
sex = { column = "gender", codes = "sex" }
dob = "born"
height_in = "height_in"
[[tables.person_name]]
from = "person_name"
ignore = "*"
columns = { person_id = "person_id", seq = "seq", kind = "kind", last = "last", first = "first" }
[[tables.order_entry]]
from = "order_entry"
ignore = "*"
columns = { order_id = "order_id", order_code = "order_code", county_fips = "county_fips", issue_date = "issue_date" }
[[tables.order_party]]
from = "order_party"
ignore = "*"
columns = { order_id = "order_id", person_id = "person_id", role = "role" }
"""
QUERIES = (
    "SELECT person_id, CASE WHEN sex IN ('M', 'F', 'X') THEN sex WHEN sex IS NOT NULL THEN 'U' END, dob, height_in FROM person ORDER BY ALL",
    'SELECT person_id, seq, kind, "last", "first" FROM person_name ORDER BY ALL',
    "SELECT order_id, order_code, county_fips, issue_date, person_id, role FROM order_entry JOIN order_party USING (order_id) ORDER BY ALL",
)


def load(server, store, tmp_path, text):
    (tmp_path / "mapping.toml").write_text(text)
    with closing(server.source()) as source:
        supply = MappedSupply(CARPOS, read_mapping(tmp_path / "mapping.toml", CARPOS), source)
        return store.load(CARPOS, supply, resolve=itself, on=ON)


def test_a_database_under_other_names_has_the_same_rows(
    pg, few_files, made, loaded, store, tmp_path
):
    fill(pg, few_files.values())
    pg.run(
        "ALTER TABLE person RENAME TO subject",
        "ALTER TABLE subject RENAME COLUMN person_id TO subj",
        "ALTER TABLE subject RENAME COLUMN sex TO gender",
        "ALTER TABLE subject RENAME COLUMN dob TO born",
        "ALTER TABLE subject ALTER COLUMN gender TYPE char(4), ADD COLUMN photo bytea DEFAULT '\\x00', ALTER COLUMN height_in TYPE numeric(5,0)",
        "UPDATE subject SET gender = CASE gender WHEN 'M' THEN '1' WHEN 'F' THEN '2' WHEN 'X' THEN '3' ELSE '9' END WHERE gender IS NOT NULL",
        "CREATE TABLE payroll (photo bytea)",
    )
    with closing(open_database(pg.address, Login(), look=True)) as source:
        proposed = propose(CARPOS, source).text
        assert source.left_out == ["payroll.photo", "subject.photo"]
    assert "[[tables.order_party]]" in proposed
    with pytest.raises(errors.TypeUnreadable) as refused:
        load(pg, store, tmp_path, MAPPING.replace('ignore = "*"', 'ignore = "[a-o,q-z]*"', 1))
    assert refused.value.facts == {"table": "subject", "columns": ("photo",)}
    # what the other tables of the source are for is said by the mapping, too
    snapshot = load(
        pg,
        store,
        tmp_path,
        MAPPING.replace("[codes.sex]", 'ignore = ["payroll", "synthetic"]\n[codes.sex]', 1),
    )
    for query in QUERIES:
        with snapshot.connect() as con, loaded.connect() as before:
            assert con.sql(query).fetchall() == before.sql(query).fetchall()
