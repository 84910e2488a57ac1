"""The refresh: late records revise a year where no small group shows, and freeze it where one would."""

import csv
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import doj_release

LATE = {2022: 60, 2020: 3}  # orders that came late, each on a person of its own


@pytest.fixture
def later(demo, command, tmp_path):
    """A second snapshot of the demonstration's register, with late orders like one of its own."""
    source = demo.home / "demo" / "source"
    tables = {path.stem: pq.read_table(path) for path in sorted(source.glob("*.parquet"))}
    names = ("order_entry", "order_party", "person", "person_name")
    orders, parties, persons, called = (tables[name].to_pylist() for name in names)
    about = {p["person_id"]: p for p in persons}
    respondents = {p["order_id"]: p for p in parties if p["role"] == "respondent"}
    order, person = max(o["order_id"] for o in orders), max(about)
    for year, many in LATE.items():
        like = next(o for o in orders if _plain(o, year, respondents, about))
        party = respondents[like["order_id"]]
        for number in range(many):
            order, person = order + 1, person + 1
            unlinked = dict.fromkeys(("court_case_no", "prior_order_id", "renewal_of"))
            orders.append(like | unlinked | {"order_id": order})
            parties.append(party | {"order_id": order, "person_id": person})
            nobody = {"person_id": person, "dob": None, "birth_year": None}
            persons.append(about[party["person_id"]] | nobody)
            letters = f"{chr(65 + number % 26)}{chr(65 + number // 26)}"
            name = {"last": f"LATE{letters}QX", "first": f"{letters}VW", "middle": None}
            called.append(called[0] | name | {"person_id": person, "seq": 1, "suffix": None})
    for name, rows in zip(names, (orders, parties, persons, called), strict=True):
        tables[name] = pa.Table.from_pylist(rows, schema=tables[name].schema)
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "SYNTHETIC").write_bytes((source / "SYNTHETIC").read_bytes())
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    done = command("register", "load", "CARPOS", *sorted(folder.glob("*.parquet")))
    assert done.code == 0, done.err


def _plain(order, year, respondents, about):
    party = respondents.get(order["order_id"])
    return (
        (order["county_fips"], order["order_code"], order["issue_date"].year)
        == ("037", "TRO", year)
        and not order["confidential_minor"]
        and not order["safe_at_home"]
        and party is not None
        and about[party["person_id"]]["sex"] == "M"
    )


@pytest.mark.usefixtures("later")
def test_late_records_revise_one_year_and_freeze_another(demo, command, copied):
    project = demo.release("aggregated")["project"]
    words = ("refresh", "CARPOS", "--project", project)
    plan = command(*words, "--dry-run", "--json").json
    years = {row["year"]: (row["what"], row["reason"]) for row in plan["closed_years"]}
    assert years.pop(2020) == ("frozen", "small-group")
    assert years.pop(2022) == ("revised", "none")
    assert set(years.values()) == {("unchanged", "none")}
    assert {row["count"] - row["count_before"] for row in plan["changes"]} == {60}
    assert "release_ordered" not in _kinds(copied)[-1]

    # Through Prefect, in a process of its own; a person sees a revision before it goes out.
    done = doj_release(*words, "--json", home=copied)
    assert done.code == 7, done.err
    made = done.json["release"]
    changed = Path(done.json["changes"]).read_text().splitlines()
    assert {row["cell"].split("/")[0] for row in csv.DictReader(changed)} == {"2022"}
    assert command("release", "approve", made).code == 0
    done = command("run", project, "--resume", made, "--no-orchestrator", "--json")
    assert done.code == 0, done.err
    out = pq.read_table(copied / "history" / "CARPOS" / f"{made}.parquet")
    assert set(out["year"].to_pylist()) == {2022}
    assert _facts(copied, "aggregates_refreshed").count('"frozen":1') == 1
    assert '"small-group"' in _facts(copied, "aggregates_refreshed")

    again = command(*words, "--json")
    assert (again.code, again.json["release"]) == (0, None)
    assert again.json["revised_years"] == []


def test_a_project_that_is_not_in_force_gets_no_refresh(demo, command, copied):
    project = demo.release("aggregated")["project"]
    assert command("project", "event", project, "project_suspended", "reason=inquiry").code == 0
    before = _kinds(copied)
    done = command("refresh", "CARPOS", "--project", project)
    assert done.code == 3
    assert done.err.startswith("APPROVAL-02")
    assert _kinds(copied) == before


def _kinds(home):
    with sqlite3.connect(home / "ledger.sqlite3") as con:
        return [row[0] for row in con.execute("SELECT kind FROM events ORDER BY seq")]


def _facts(home, kind):
    with sqlite3.connect(home / "ledger.sqlite3") as con:
        rows = con.execute("SELECT body FROM events WHERE kind = ?", (kind,)).fetchall()
    return "".join(row[0] for row in rows).replace('": ', '":')
