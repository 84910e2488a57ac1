"""The quality report shows what the engineer needs and no person's value, and says what a budget costs."""

import random
import re
from dataclasses import replace
from itertools import product
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from matching.assignment import identities
from matching.normalise import encoding, nobody
from matching.normalise.names import last_name
from matching.options import LinkOptions
from matching.reports import report as reporting
from matching.reports.page import Series, log_bars, quality_page
from matching.reports.report import _group_of_surname
from tests.communities import make_communities
from tests.two_tables import link
from tests.unit.matching.tables import cohort, noisy, people, records


@pytest.fixture(scope="module")
def linked_tables():
    rng = random.Random(8)
    everyone = people(400, 8)
    mine = cohort(*(noisy(row, rng) for row in everyone[:150]))
    race = pa.array(
        [["white", "asian", "Zyxwvut"][0 if i < 80 else 1 if i < 145 else 2] for i in range(150)]
    )
    mine = mine.append_column("race", race)
    return mine, records(*(noisy(row, rng) for row in everyone))


def test_the_page_is_offline_and_holds_no_value_of_a_person(linked_tables):
    mine, theirs = linked_tables
    page = quality_page(link(mine, theirs).report)
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    words = page.lower()
    for column in ("ssn", "phone", "street", "birth_date"):
        values = [v for v in mine[column].to_pylist() if v]
        assert not [v for v in values if v.lower() in words], column
    assert "zyxwvut" not in words  # a group of fewer than ten


def test_rates_stand_by_group(linked_tables):
    report = link(*linked_tables).report
    race = {line["group"]: line for line in report.groups["race"]}
    assert set(race) == {"asian", "white"}
    assert race["white"]["rows"] == 80
    assert race["white"]["linked"] > 0.9
    assert set(report.groups) == {"race", "sex", "surname"}


@pytest.mark.parametrize(
    ("surname", "group"),
    [
        ("garcia lopez", "Spanish"),
        ("de la cruz", "Spanish"),
        ("nguyen", "Vietnamese"),
        ("karapetian", "Armenian"),
        ("mkrtchyan", "Armenian"),
        ("ian", ""),
        ("smith", ""),
        ("lee", ""),  # whose it is, it does not say
    ],
)
def test_surnames_are_grouped_by_where_most_of_their_bearers_come_from(surname, group):
    assert _group_of_surname(surname) == group


@pytest.fixture(scope="module")
def communities():
    return make_communities(31, records=1500, rows=600, both=300, relatives=60)


def test_rates_by_surname_and_sex_are_those_of_the_links(communities):
    found = link(communities.cohort, communities.records)
    linked = {p["cohort_id"] for p in found.links.to_pylist() if p["decision"] == "link"}
    rows = communities.cohort.select(["cohort_id", "last_name", "sex"]).to_pylist()
    for column, group_of in (
        ("surname", lambda row: _group_of_surname(last_name(row["last_name"])).lower()),
        ("sex", lambda row: (row["sex"] or "").lower()),
    ):
        lines = {line["group"]: line for line in found.report.groups[column]}
        assert len(lines) >= 3
        for group, line in lines.items():
            here = [row["cohort_id"] for row in rows if group_of(row) == group]
            if group != "none, or of few rows":
                assert line["rows"] == pytest.approx(
                    len(here), abs=2
                )  # DELACRUZ stands for DE LA CRUZ
                assert line["linked"] == pytest.approx(
                    len(linked & set(here)) / len(here), abs=0.02
                )
            assert 0 <= line["false"] <= 0.1


def test_the_report_says_why_likely_pairs_are_not_linked():
    """Two hundred people of whom both files know the names alone."""
    named = [
        {"first_name": f"{a}nno{b}", "last_name": f"{b}ulph{a}{c}"}
        for a, b, c in product("abdefghijk", "abdefgil", "bdfgk")
    ]
    report = link(cohort(*named[:200]), records(*named)).report
    assert report.links == 0
    assert report.reviews >= 150
    assert report.held_back["names"] >= 90
    page = quality_page(report)
    assert (
        f'<td>nothing but names agree: how rare they are does not say whose they are</td><td class="n">{report.held_back["names"]}'
        in page
    )
    assert quality_page(replace(report, held_back={})).count("<p>None.</p>") == 1


def test_every_link_was_caught_by_some_rule(linked_tables):
    report = link(*linked_tables).report
    assert max(rule["links"] for rule in report.rules) > 100
    assert all(rule["links_alone"] <= rule["links"] for rule in report.rules)
    assert sum(line["link"] for line in report.histogram) >= report.linked_rows


def test_large_tables_are_worked_part_by_part_with_the_same_report(linked_tables, monkeypatch):
    whole = link(*linked_tables)
    for module, name in (
        (reporting, "_AT_ONCE"), (identities, "_AT_ONCE"), (encoding, "BATCH"), (nobody, "BATCH"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 7)
    parts = link(*linked_tables)
    assert parts.links.equals(whole.links)
    assert replace(parts.report, seconds={}) == replace(whole.report, seconds={})


@pytest.mark.long
def test_what_a_budget_cut_is_estimated():
    """Everybody has one of five surnames and one of sixty birth dates, and nothing else but a first name."""
    rng = random.Random(4)
    names = ("smith", "garcia", "nguyen", "kim", "cruz")
    theirs = [
        {
            "first_name": row["first_name"],
            "last_name": names[i % 5],
            "birth_date": f"1960-{1 + i % 12:02}-{1 + i % 5:02}",
        }
        for i, row in enumerate(people(2000, 4))
    ]
    mine = [rng.choice(theirs) for _ in range(300)]
    options = LinkOptions(threads=1, block_cap=500, pair_budget=20_000)
    report = link(cohort(*mine), records(*theirs), options).report
    assert report.pairs <= 20_000
    assert report.budget["rows"] == 300
    assert 0 < report.budget["drawn"] <= 300
    assert report.budget["low"] <= report.budget["expected"] <= report.budget["high"]
    assert any(rule["cut_pairs"] for rule in report.rules)


def test_nothing_cut_costs_nothing(linked_tables):
    assert link(*linked_tables).report.budget["expected"] == 0


def test_no_weight_stands_for_a_column_that_was_not_there(linked_tables):
    mine, theirs = linked_tables
    whole, page = (
        quality_page(link(one, theirs).report) for one in (mine, mine.drop_columns(["phone"]))
    )
    (absent,) = re.findall(r"not both files have it: ([^.]*)[.]", page)
    assert "phone" in absent.split(", ")
    assert re.search(">phone</th>", whole)
    assert not [name for name in absent.split(", ") if f">{name}</th>" in page]


def test_scores_have_a_logarithmic_axis_that_shows_ten_beside_ten_thousand():
    """Ten is a quarter as high as ten thousand; what is below ten is not drawn at all."""
    drawn = log_bars("T", ["0", "2"], [Series("a", "#123456", [10_000, 10]), Series("b", "#654321", [0, 9])], every=1)  # fmt: skip
    svg = ElementTree.fromstring(drawn[drawn.index("<svg") : drawn.index("</svg>") + 6])
    tall = [float(bar.get("height", 0)) for bar in svg.iter("rect") if bar.get("fill") == "#123456"]
    assert tall[0] == pytest.approx(4 * tall[1], rel=0.01)
    assert [t.text for t in svg.iter("text")][:4] == ["10", "100", "1,000", "10,000"]
    assert svg.find("desc").text == "10,000 at most; the axis is logarithmic"
    feet = {float(bar.get("y", 0)) + float(bar.get("height", 0)) for bar in svg.iter("rect")}
    assert (
        max(feet) - min(feet) < 0.2
    )  # beside each other, none stacked: a sum of logarithms says nothing
