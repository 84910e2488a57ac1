"""Levels put together are counted as one, and what a design promises is what its options make."""

import datetime as dt
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.aggregated import coarser
from extracts.aggregated.coarser import coarser_versions
from extracts.aggregated.extract import build_aggregate
from extracts.aggregated.tabulation import AggregateSpec, counting, tabulate
from extracts.errors import LevelsTogetherRefused, UnknownDimensionError
from extracts.suppression.coarser import ENOUGH, information
from extracts.suppression.model.tables import SuppressionPolicy
from pipelines.errors import OptionsDisagree
from pipelines.release.orders import together_in
from systems.description import load_system
from systems.errors import NotDescribed
from tests.examples import examples

ON = dt.date(2026, 11, 23)
POLICY = SuppressionPolicy()
FAMILIES = ("CH", "DV", "GV")
CODES = {"CH": "TCH", "DV": "OAH", "GV": "OGV"}


def spec(*dims, only=()):
    return AggregateSpec((2023, 2024), FAMILIES, ON, dims=dims, only=only)


def register(open_register, orders, index=None):
    """Orders as (person, family, county, year, sex)."""
    people = {person: sex for person, *_, sex in orders}
    entries = [
        {"order_id": n, "order_code": CODES[family], "county_fips": county,
         "issue_date": dt.date(year, 3, 1)}
        for n, (_, family, county, year, _) in enumerate(orders)
    ]  # fmt: skip
    parties = [
        {"order_id": n, "person_id": one[0], "role": "respondent"} for n, one in enumerate(orders)
    ]
    persons = [{"person_id": person, "sex": sex} for person, sex in people.items()]
    return open_register(index=index, person=persons, order_entry=entries, order_party=parties)


def made_up(number=400, large=14):
    """Most in one county; four others have a few, whose persons come back in another of them."""
    chance = np.random.default_rng(4)
    counties = ["037"] * large + ["003", "005", "009", "051"]
    return [
        (int(chance.integers(0, number // 2)), FAMILIES[int(chance.integers(0, 9)) // 4],
         counties[int(chance.integers(0, len(counties)))], 2023 + n % 2, "M")
        for n in range(number)
    ]  # fmt: skip


TOGETHER = {"county": (("003", "005", "009", "051"),), "family": (("CH", "GV"),)}


def test_levels_together_are_what_a_plain_loop_counts(open_register, carpos):
    orders = made_up()
    index = {person: person // 2 for person in range(200)}
    con = register(open_register, orders, index)
    table = tabulate(con, carpos.putting_together(TOGETHER), spec("county", "family"))
    counts, persons = defaultdict(int), defaultdict(set)
    of = {
        level: "+".join(group)
        for groups in TOGETHER.values()
        for group in groups
        for level in group
    }
    for person, family, county, year, _ in orders:
        for c in (of.get(county, county), "TOTAL"):
            for f in (of.get(family, family), "TOTAL"):
                counts[str(year), c, f] += 1
                persons[str(year), c, f].add(index[person])
    for labels, count, people in zip(
        table.labels(), table.counts.ravel(), table.people.ravel(), strict=True
    ):
        assert (count, people) == (counts.get(labels, 0), len(persons.get(labels, ())))
    assert table.dims[1].leaves.count("003+005+009+051") == 1
    assert set(table.dims[2].leaves) == {"CH+GV", "DV"}  # families out of scope are no part


def test_what_is_together_keeps_what_its_parts_share(carpos):
    system = carpos.putting_together({"county": (("003", "005", "009", "051"), ("001", "037"))})
    codes = system.code_list(system.release.aggregated.dimension("county").codes or "").by_value
    assert codes["003+005+009+051"].label == "Alpine, Amador, Calaveras, Mono"
    assert "region" not in codes["001+037"].attributes
    assert codes["073"] == carpos.code_list("county").by_value["073"]
    assert carpos.release.aggregated.dimension("county").codes == "county"


@pytest.mark.parametrize(
    "wrong",
    [
        {"county": (("003",),)},
        {"county": ()},
        {"county": (("003", "999"),)},
        {"county": (("003", "005"), ("005", "009"))},
        {"year": (("2023", "2024"),)},
        {"town": (("a", "b"),)},
    ],
)
def test_what_can_not_be_together_is_refused(carpos, wrong):
    with pytest.raises(NotDescribed):
        carpos.putting_together(wrong)
    texts = [f"{name}={'+'.join(group)}" for name, groups in wrong.items() for group in groups]
    with pytest.raises(OptionsDisagree, match="--together"):
        together_in(load_system("CARPOS"), texts or ["county"])


def test_counties_of_two_regions_are_together_only_without_regions(open_register, carpos):
    con = register(open_register, made_up())
    across = carpos.putting_together({"county": (("003", "037"),)})
    assert tabulate(con, across, spec("county")).counts.sum()
    with pytest.raises(UnknownDimensionError):
        tabulate(con, across, spec("county", "region"))
    within = carpos.putting_together({"county": (("003", "005", "009", "051"),)})
    with_regions = tabulate(con, within, spec("county", "region"))
    assert tabulate(con, carpos, spec("region")).counts.sum() > 0
    assert with_regions.dims[1].groups


def test_a_proposals_options_make_what_it_promises(open_register, carpos):
    con = register(open_register, made_up(200, large=4))
    asked = spec("county", "family")
    made = build_aggregate(con, carpos, asked, POLICY)
    found = coarser_versions(con, carpos, asked, POLICY, [], made)
    assert found[0].seen.count_shown >= ENOUGH
    assert any("--together county=" in one.as_json()["options"] for one in found)
    for one in found:
        words = one.as_json()["options"].split()
        dims = tuple(words[words.index("--dims") + 1].split(","))
        system = together_in(load_system("CARPOS"), [w for w in words if "=" in w]).counting(
            "respondent"
        )
        quick = SuppressionPolicy(clean=False)
        again = build_aggregate(con, system, spec(*dims), quick)
        status = again.table["status"].to_pylist()
        counted = again.cells["orders"].to_pylist()
        shown = sum(s == "published" and n > 0 for s, n in zip(status, counted, strict=True))
        assert (len(status), shown) == (one.seen.cells, one.seen.shown)
        released = build_aggregate(con, system, spec(*dims), POLICY)
        assert released.table["status"].to_pylist().count("published") >= status.count("published")
    assert (
        coarser_versions(con, system, spec(*dims), POLICY, [], made) == ()
        or not one.design.together
    )


def test_the_register_is_read_once_for_all_designs(open_register, carpos, monkeypatch):
    con = register(open_register, made_up())
    read = []
    real = coarser.tabulation.entry_steps
    monkeypatch.setattr(
        coarser.tabulation, "entry_steps", lambda *given: read.append(1) or real(*given)
    )
    alone = {
        dims: tabulate(con, carpos, spec(*dims))
        for dims in (("county",), ("region", "family"), ("family",))
    }
    with counting(con, carpos, spec("county", "family")) as count:
        for dims, other in alone.items():
            one = count(carpos, dims)[0]
            assert (one.counts == other.counts).all()
            assert (one.people == other.people).all()
    assert len(read) == 1 + 3


def test_levels_apart_and_together_do_not_stand_in_one_year(open_register, carpos):
    con = register(open_register, made_up(900))
    apart = build_aggregate(con, carpos, spec("county", only=(2023,)), POLICY)
    system = carpos.putting_together({"county": TOGETHER["county"]})
    for other in (system, carpos.putting_together({"county": (("003", "005"),)})):
        with pytest.raises(LevelsTogetherRefused):
            build_aggregate(con, other, spec("county"), POLICY, [apart.table])
    first = build_aggregate(con, system, spec("county", only=(2023,)), POLICY)
    with pytest.raises(LevelsTogetherRefused):
        build_aggregate(con, carpos, spec("county"), POLICY, [first.table])
    again = build_aggregate(con, system, spec("county"), POLICY, [first.table])
    assert again.closed[2023].how == "unchanged"
    build_aggregate(
        con, system, spec("county", only=(2024,)), POLICY, [apart.table]
    )  # another year


@examples(60)
@given(
    cells=st.lists(st.integers(0, 50), min_size=6, max_size=6),
    shown=st.lists(st.booleans(), min_size=6, max_size=6),
    at=st.integers(0, 5),
)
def test_information_is_never_more_for_less(cells, shown, at):
    counts, opened = np.array(cells).reshape(2, 3), np.array(shown).reshape(2, 3)
    whole, some = information(counts, counts >= 0), information(counts, opened)
    assert -1e-9 <= some <= whole + 1e-9
    fewer = opened.copy().ravel()
    fewer[at] = False
    assert information(counts, fewer.reshape(2, 3)) <= some + 1e-9
    joined = np.stack([counts[:, 0] + counts[:, 1], counts[:, 2]], axis=1)
    assert information(joined, joined >= 0) <= whole + 1e-9


def test_of_nothing_there_is_no_information():
    assert information(np.zeros((1, 3), np.int64), np.ones((1, 3), bool)) == 0.0
