"""Whole linkages of communities and families: every community is found, relatives are not linked, stated rates hold."""

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from matching.persons import resolve
from tests.communities import EIGHT, OTHERS, TIES, make_communities
from tests.further import FURTHER
from tests.two_tables import link

pytestmark = pytest.mark.long

MADE = {
    "eight": {"shares": EIGHT},
    "four others, no telephone": {"shares": OTHERS, "phones": False},
    "nine that nothing was chosen by": {"shares": FURTHER},
    "fathers, sons and twins": {"ties": ("son", "twin"), "relatives": 300},
}


@pytest.fixture(scope="module", params=MADE)
def linkage(request):
    made = make_communities(77, **MADE[request.param])
    found = link(made.cohort, made.records)
    links = {
        (p["cohort_id"], p["record_id"]) for p in found.links.to_pylist() if p["decision"] == "link"
    }
    return made, found.report, links, {tuple(p.values()) for p in made.truth.to_pylist()}


def test_every_community_is_found_and_its_links_are_right(linkage):
    made, _, links, true = linkage
    of = defaultdict(lambda: [0, 0, 0])  # true pairs, right links, links
    for pair in true | links:
        for place, here in enumerate((pair in true, pair in true and pair in links, pair in links)):
            of[made.community[pair[0]]][place] += here
    for community, (pairs, right, made_links) in of.items():
        slack = 2 / pairs**0.5 * 0.3  # two standard errors of a share of 0.9
        assert right / pairs >= 0.90 - slack, community
        assert right / made_links >= 0.99 - slack, community
    assert sum(n[1] for n in of.values()) / len(links) >= 0.985


def test_relatives_of_somebody_on_record_are_not_linked_to_them(linkage):
    made, _, links, true = linkage
    relatives = {row for row, tie in made.tie.items() if tie in TIES}
    wrong = {pair[0] for pair in links - true} & relatives
    assert len(wrong) <= 0.03 * len(relatives)


def test_a_son_of_his_fathers_name_and_home_is_not_linked_to_him_where_a_birth_date_is_missing(
    linkage,
):
    made, _, links, true = linkage
    sons = {row for row, tie in made.tie.items() if tie == "son"}
    assert len({pair[0] for pair in links - true} & sons) <= max(2, 0.02 * len(sons))


def test_the_stated_intervals_hold_the_true_rates(linkage):
    _, report, links, true = linkage
    right = len(links & true)
    for rate, happened in (
        (report.false_match_rate, 1 - right / len(links)),
        (report.missed_match_rate, 1 - right / len(true)),
    ):
        assert rate.low <= happened <= rate.high


def test_no_identity_of_a_register_of_few_names_has_two_birth_dates():
    """Years apart: a slip of a digit or a swap of day and month is one date."""
    made = make_communities(78, records=3_000, shares={"punjabi": 0.5, "hmong": 0.5})
    numbers = pa.array([int(r[1:]) for r in made.records["record_id"].to_pylist()])
    index = resolve(made.records.set_column(0, "record_id", numbers)).to_pylist()
    identity = {row["record_id"]: row["identity"] for row in index}
    years = defaultdict(set)
    dated = made.records.filter(pc.is_valid(made.records["birth_date"]))
    for record, birth in zip(
        *(dated[c].to_pylist() for c in ("record_id", "birth_date")), strict=True
    ):
        years[identity[int(record[1:])]].add(int(birth[:4]))
    assert len(years) > 2_500
    assert [y for y in years.values() if max(y) - min(y) > 1] == []
