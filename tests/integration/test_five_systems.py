"""Each data system, loaded with made-up data and released from in every kind that it gives.

The stages are the same for all; what differs stands in the systems' files. The world that the tests
share is made in ``five_systems``.
"""

import re
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest

from approvals.application.example import example_for
from approvals.errors import GateRefused
from pipelines.errors import OptionsDisagree
from pipelines.release.refresh import order_refresh
from pipelines.session import open_session, today
from systems.description.loading import load_system
from tests.integration.five_systems import MEMBER, RELEASES, YEARS, World

# The table of records of each system: its date, its scope, its mark for what stays out.
RECORD = {
    "ACHS": ("arrest", "arrest_date", "sealed"),
    "JCPSS": ("referral", "referral_date", "sealed"),
    "CURES": ("prescription", "filled_on", None),
    "RIPA": ("stop", "stop_date", None),
}


@pytest.fixture(scope="module")
def world(five):
    return five


@pytest.fixture(scope="module")
def released(five):
    return five.released


def records(world: World, code: str) -> list[dict[str, Any]]:
    """The records of the years asked for that may be released, straight from the made-up files."""
    table, day, mark = RECORD[code]
    rows = pq.read_table(world.root / code / "register" / f"{table}.parquet").to_pylist()
    inside = [r for r in rows if YEARS[0] <= r[day].year <= YEARS[1]]
    return [r for r in inside if not (mark and r[mark])]


def persons_stopped(world: World) -> list[dict[str, Any]]:
    path = world.root / "RIPA" / "register" / "person_stopped.parquet"
    stops = {r["stop_id"] for r in records(world, "RIPA")}
    return [r for r in pq.read_table(path).to_pylist() if r["stop_id"] in stops]


@pytest.mark.parametrize(("code", "kind"), RELEASES)
def test_every_system_is_released_from_in_every_kind_that_it_gives(released, code, kind):
    package = released(code, kind)
    assert package.rows
    assert set(package.files) > {
        "CONDITIONS.txt", "dictionary.html", "datapackage.json", "provenance.json",
        "validation-report.html", "data/extract.csv", "data/extract.parquet",
    }  # fmt: skip
    if kind == "aggregated":
        plural = package.system.record.plural
        assert package.columns[-3:] == (plural, "persons", "status")
    elif kind == "deidentified":
        assert package.columns == package.system.rows(kind).variables
    else:
        assert package.columns[0] == "row_id"
        assert set(package.system.rows(kind).column_names) < set(package.columns)


@pytest.mark.parametrize(("code", "kind"), RELEASES)
def test_what_travels_with_it_speaks_of_its_own_law_and_its_own_records(released, code, kind):
    package = released(code, kind)
    conditions = package.text("CONDITIONS.txt")
    assert f"Authority: {package.system.governed_by}" in conditions
    assert f"every person and {package.system.record.noun} in this package is made up" in conditions
    for text in (conditions, package.text("dictionary.html"), package.report):
        of_carpos = re.findall(r"§§? 96\d", text.replace("11 CCR § 962(b)", ""))
        assert of_carpos == []
        words = re.sub(r"<style>.*?</style>|by order or contact", "", text, flags=re.DOTALL)
        assert not re.search(r"\borders?\b", words)


@pytest.mark.parametrize("code", ["ACHS", "JCPSS", "CURES"])
def test_deidentified_rows_are_the_records_that_may_leave_each_once(released, world, code):
    package = released(code, "deidentified")
    assert len(package.rows) == len(records(world, code))
    references = [row[package.system.record.reference] for row in package.rows]
    assert len(set(references)) == len(references)


def test_persons_stopped_are_rows_and_nothing_tells_which_stops_are_of_one(released, world):
    package = released("RIPA", "deidentified")
    expected = persons_stopped(world)
    assert len(package.rows) == len(expected)
    assert len({row["person_ref"] for row in package.rows}) == len(expected)  # rows, not humans
    humans = world.truth["RIPA"].entries
    assert len(set(humans["human_id"].to_pylist())) < humans.num_rows  # some were stopped again
    officers = set(
        pq.read_table(world.root / "RIPA" / "register" / "stop.parquet")["officer_id"].to_pylist()
    )
    assert not officers & {value for row in package.rows for value in row.values()}


@pytest.mark.parametrize("code", ["ACHS", "JCPSS", "CURES", "RIPA"])
def test_published_totals_are_the_true_ones_and_no_small_cell_is_published(released, world, code):
    package = released(code, "aggregated")
    plural = package.system.record.plural
    dims = [c for c in package.columns if c in package.system.release.aggregated.dimension_names]
    _, day, _ = RECORD[code]
    counted = records(world, code)
    if code == "RIPA":  # a stop counts once for every person stopped in it
        stops = {row["stop_id"]: row for row in counted}
        counted = [stops[person["stop_id"]] for person in persons_stopped(world)]
    scope = package.system.release.aggregated.scope
    across = [d.name for d in package.system.release.aggregated.dimensions
              if (d.source, d.attribute) == (scope.source, scope.attribute)]  # fmt: skip
    codes = package.system.code_list(package.system.source(scope.source).codes)
    family, column = codes.attribute(scope.attribute), scope.source.partition(".")[2]
    true = Counter(
        (str(r[day].year), value) for r in counted for value in ("TOTAL", family[r[column]])
    )
    compared = 0
    for row in package.rows:
        one = next((row[d] for d in across if d in dims), "TOTAL")
        rest = [row[d] for d in dims if d != "year" and d not in across]
        if row["status"] == "published" and set(rest) <= {"TOTAL"}:
            compared += 1
            assert int(row[plural]) == true[row["year"], one]
    assert compared >= 2
    shown = [row for row in package.rows if row["status"] == "published"]
    assert any(row["status"] == "suppressed" for row in package.rows)
    assert all(not 0 < int(row["persons"]) < 10 for row in shown)
    assert all(int(row["persons"]) <= int(row[plural]) for row in shown)


def test_a_child_counts_once_by_the_number_of_its_county(released, world):
    """At the lower bound children of one birth date and sex in a county count once, too."""
    package = released("JCPSS", "aggregated")
    folder = world.root / "JCPSS" / "register"
    people = {r["person_id"]: r for r in pq.read_table(folder / "person.parquet").to_pylist()}
    for year in YEARS:
        mine = [r for r in records(world, "JCPSS") if r["referral_date"].year == year]
        numbers = {
            (people[r["person_id"]]["county_fips"], people[r["person_id"]]["xref_number"] or i)
            for i, r in enumerate(mine)
        }
        [total] = [
            row for row in package.rows
            if row["year"] == str(year)
            and {row["level"], row["sex"]} == {"TOTAL"}
        ]  # fmt: skip
        assert int(total["persons"]) <= len(numbers) < len(mine)


def test_a_cohort_is_linked_to_arrests_and_only_to_those_that_may_leave(released, world):
    package = released("ACHS", "identified")
    truth = world.truth["ACHS"]
    members = dict(
        zip(*(pq.read_table(truth.path.parent / "truth_cohort.parquet")[c].to_pylist()
              for c in ("cohort_id", "human_id")), strict=True)
    )  # fmt: skip
    human_of = dict(
        zip(*(truth.persons[c].to_pylist() for c in ("record_id", "human_id")), strict=True)
    )
    arrests: dict[int, set[str]] = defaultdict(set)
    for arrest in records(world, "ACHS"):
        arrests[human_of[arrest["person_id"]]].add(arrest["arrest_date"].isoformat())
    matched = [row for row in package.rows if row["matched"] == "yes"]
    right = [row for row in matched if row["arrest_date"] in arrests[members[row["row_id"]]]]
    assert len(right) == len(matched)
    expected = {row_id for row_id, human in members.items() if arrests[human]}
    assert expected
    found = {row["row_id"] for row in matched}
    assert len(found & expected) >= 0.8 * len(expected)
    assert {row["row_id"] for row in package.rows} == set(members)


def identifying(world: World, code: str) -> set[str]:
    """Every value of a direct identifier in the made-up register, the patient's and others'."""
    found: set[str] = set()
    for table in load_system(code).tables:
        path = world.root / code / "register" / f"{table.name}.parquet"
        rows = pq.read_table(path).to_pylist()
        names = [c.name for c in table.columns if c.identifier_class == "D"]
        found |= {str(row[n]) for row in rows for n in names if row.get(n) is not None}
    return {value for value in found if len(value) > 3}


def test_identified_cures_once_opened_gives_nothing_that_identifies_a_patient(released, world):
    """The researcher's own values come back; of the register no name, day, place, drug or prescriber."""
    package = released("CURES", "identified")
    assert any(row["matched"] == "yes" for row in package.rows)
    own = [c for c in package.columns if c != "row_id" and not c.startswith("supplied_")]
    told = {row[c] for row in package.rows for c in own}
    assert not told & identifying(world, "CURES")
    assert not any(re.fullmatch(r"\d{4}-\d\d-\d\d", value) for value in told)
    assert not {"prescription_drug_name", "prescription_county"} & set(package.columns)


def test_closed_again_it_is_not_handed_over(released, world):
    released("CURES", "identified")
    number = world.projects["CURES", "identified"]
    (release,) = [r.release for r in world.session.releases.list(number)]
    settings = world.home.settings_file
    opened = settings.read_text()
    settings.write_text(opened.replace('["CURES.identified"]', "[]"))
    try:
        with open_session(world.home.root) as closed, pytest.raises(GateRefused) as caught:
            closed.releases.hand_over(release, MEMBER, closed.person, today())
        reason = next(r for r in caught.value.reasons if r.rule == "C-11")
        assert "Counsel must say" in reason.text + reason.cure
    finally:
        settings.write_text(opened)


def test_a_refresh_knows_every_system(released, world):
    released("CURES", "aggregated")
    plan = order_refresh(
        world.session, "CURES", world.projects["CURES", "aggregated"], dry_run=True
    )
    assert plan.snapshot.startswith("CURES-")
    assert set(YEARS) <= set(plan.published_years)
    assert not set(plan.new_years) & set(YEARS)
    with pytest.raises(OptionsDisagree):
        order_refresh(world.session, "RIPA", world.projects["CURES", "aggregated"], dry_run=True)


def test_half_a_year_of_stops_is_no_year():
    since = load_system("RIPA").collected_since
    assert since == date(2018, 7, 1)
    assert "first = 2019" in example_for("RIPA", "aggregated")
