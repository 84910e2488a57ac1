"""Counties of a table by year: what is published and nothing else, of what has left from the history, for those who read reports."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from approvals.custody import Status
from approvals.errors import RoleMissing
from approvals.people.people import Person
from pipelines.release import county_map_of, plots
from pipelines.release.errors import NothingToMap
from pipelines.release.reporting import county_charts
from systems.description import load_system

CELLS = [  # year, county, family, orders
    (2024, "001", "TOTAL", 50), (2024, "003", "TOTAL", None), (2024, "TOTAL", "TOTAL", 70), (2024, "001", "DV", 40),
    (2025, "001", "TOTAL", 61), (2025, "003", "TOTAL", 0), (2025, "XX", "TOTAL", 11),
]  # fmt: skip
TABLE = pa.Table.from_pylist([
    {"year": y, "county": c, "county_label": {"001": "Alameda"}.get(c, c), "family": f, "orders": n, "persons": n} for y, c, f, n in CELLS
])  # fmt: skip


class Staging:
    def read(self, stage, name):
        assert (stage, name) == ("extract", "extract")
        return TABLE


def context(status=Status.WAITING_APPROVAL, published=(), dims=("year", "county", "family")):
    return SimpleNamespace(
        release="R", order=SimpleNamespace(kind="aggregated"), state=SimpleNamespace(status=status), history="history",
        approved=SimpleNamespace(system=load_system("CARPOS")), staging=Staging(),
        facts=lambda stage: {"dims": list(dims)}, published_releases=lambda: list(published),
    )  # fmt: skip


def test_each_year_has_the_counties_over_everything_else():
    found = county_charts(context())
    rows = {year: [(r.key, r.label, r.values) for r in one.rows] for year, one in found.items()}
    assert rows == {
        2024: [("001", "Alameda", (50,)), ("003", "003", (None,))],
        2025: [("001", "Alameda", (61,)), ("003", "003", (0,))],
    }


def test_what_has_left_is_read_from_the_history(monkeypatch):
    asked = []

    def load(folder, names):
        asked.append((folder, names))
        return [TABLE]

    monkeypatch.setattr("pipelines.release.reporting.charts.read_published", load)
    one = context(Status.DESTROYED, published=("R",))
    one.staging = None
    assert list(county_charts(one)) == [2024, 2025]
    assert set(map(str, asked)) == {"('history', {'R'})"}


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.DESTROYED, Status.REFUSED])
def test_of_what_was_wiped_there_is_none(status):
    one = context(status)
    one.staging = None  # reading it would make a key anew
    assert county_charts(one) == {}


def test_a_table_without_counties_has_none():
    assert county_charts(context(dims=("year", "family"))) == {}


def test_a_map_is_of_a_year_that_is_there_and_for_those_who_read_reports(monkeypatch):
    who = Person("p", "N", "u", frozenset({"approver"}))
    session = SimpleNamespace(
        person=who, releases=SimpleNamespace(show=lambda r: SimpleNamespace(release=r))
    )
    monkeypatch.setattr(plots, "release_context", lambda session, release: context())
    assert county_map_of(session, "R", None).title == "Counties, 2025"
    assert county_map_of(session, "R", 2024).title == "Counties, 2024"
    with pytest.raises(NothingToMap):
        county_map_of(session, "R", 2019)
    session.person = Person("p", "N", "u", frozenset({"reviewer"}))
    with pytest.raises(RoleMissing):
        county_map_of(session, "R", None)


def test_a_report_of_an_earlier_form_has_its_charts_on_its_own_pages(monkeypatch):
    monkeypatch.setattr(
        plots, "report_edition", lambda *_: b'{"release": "R", "checks": [{"id": "a"}]}'
    )
    assert plots.charts_of(None, "R") == ()
