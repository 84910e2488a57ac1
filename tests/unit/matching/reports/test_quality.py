"""The quality report shows what the engineer needs and no person's value, and says what a budget costs."""

import random

import pyarrow as pa
import pytest

from matching.options import LinkOptions
from matching.reports.page import quality_page
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
    assert set(report.groups) == {"race", "sex"}


def test_every_link_was_caught_by_some_rule(linked_tables):
    report = link(*linked_tables).report
    assert max(rule["links"] for rule in report.rules) > 100
    assert all(rule["links_alone"] <= rule["links"] for rule in report.rules)
    assert sum(line["link"] for line in report.histogram) >= report.linked_rows


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
