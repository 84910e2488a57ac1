"""What is made up has the traits it should have, the truth it claims, and comes out the same again."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from synthetic.cohorts import make_cohort
from synthetic.errors import SizeImpossible, TooFewPeople
from synthetic.people import noise
from synthetic.people.population import TIES, day, make_people
from synthetic.registers.system import make_system
from systems.standard import STANDARD_COLUMNS as STANDARD
from systems.tabular.reading import read_table
from tests.two_tables import make_linkage


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    return make_system(
        "CARPOS", tmp_path_factory.mktemp("made") / "register", records=4_000, seed=11
    )


@pytest.fixture(scope="module")
def tables(truth):
    return {path.stem: pq.read_table(path) for path in truth.files}


def share(mask):
    return pc.mean(mask.cast(pa.float64())).as_py()


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    made = [
        make_system("CARPOS", tmp_path / name, records=80, seed=seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    bytes_of = [[path.read_bytes() for path in register.files] for register in made]
    assert bytes_of[0] == bytes_of[1]
    assert bytes_of[0] != bytes_of[2]


def test_truth_lies_beside_the_register_and_covers_every_entry(truth, tables):
    assert truth.path.parent == truth.directory.parent / "truth"
    assert truth.persons["record_id"].to_pylist() == sorted(
        tables["person"]["person_id"].to_pylist()
    )
    assert pq.read_table(truth.path).equals(truth.persons)
    assert not any("human" in name for table in tables.values() for name in table.column_names)


def test_every_file_says_that_it_is_made_up(truth):
    assert (truth.directory / "SYNTHETIC").is_file()
    for path in truth.files:
        assert pq.read_schema(path).metadata[b"synthetic"] == b"true"


def test_numbers_of_orders_parties_and_families(tables):
    assert tables["order_entry"].num_rows == 4_000
    assert 2.2 < tables["order_party"].num_rows / 4_000 < 2.9
    roles = tables["order_party"]["role"].value_counts().to_pylist()
    assert {r["values"]: r["counts"] for r in roles}["respondent"] == 4_000
    codes = tables["order_entry"]["order_code"]
    gun = share(pc.is_in(codes, value_set=pa.array(["EGV", "TGV", "OGV", "HGV"])))
    assert 0.02 < gun < 0.06
    years = pc.year(tables["order_entry"]["issue_date"])
    assert pc.min_max(years).as_py() == {"min": 2016, "max": 2025}


def test_people_have_several_orders_in_chains_and_some_are_mutual(truth, tables):
    human = truth.entries.filter(pc.equal(truth.entries["role"], "respondent"))[
        "human_id"
    ].to_numpy()
    _, times = np.unique(human, return_counts=True)
    assert (times > 1).mean() > 0.3
    assert times.max() >= 5
    orders = tables["order_entry"]
    assert share(pc.is_valid(orders["prior_order_id"])) > 0.2
    assert orders["renewal_of"].null_count < orders.num_rows
    asked = truth.entries.filter(pc.equal(truth.entries["role"], "petitioner"))[
        "human_id"
    ].to_numpy()
    assert 0 < len(np.intersect1d(human, asked)) < len(human)


def test_nobody_stands_twice_on_one_order(truth, tables):
    order = dict(
        zip(*[tables["order_party"][c].to_pylist() for c in ("person_id", "order_id")], strict=True)
    )
    pairs = [
        (order[r], h)
        for r, h in zip(
            *[truth.persons[c].to_pylist() for c in ("record_id", "human_id")], strict=True
        )
    ]
    assert len(pairs) == len(set(pairs))


def test_what_is_missing_unserved_and_from_two_race_lists(tables):
    person, orders = tables["person"], tables["order_entry"]
    assert 0.01 < person["dob"].null_count / person.num_rows < 0.3
    assert set(person["race_code_system"].unique().to_pylist()) == {"NCIC", "NCIC_OLD", "CADOJ"}
    assert 0.005 < orders["expiration_date"].null_count / orders.num_rows < 0.05
    served = tables["service_event"].filter(
        pc.not_equal(tables["service_event"]["kind"], "attempt")
    )
    assert 0.8 < len(served["order_id"].unique()) / 4_000 < 0.95
    kinds = tables["person_identifier"]["kind"].value_counts().to_pylist()
    assert {r["values"] for r in kinds} >= {"SSN", "DL", "CII"}
    assert set(tables["person_name"]["kind"].unique().to_pylist()) == {"legal", "maiden", "alias"}


def test_counties_have_a_long_tail(tables):
    counts = sorted(
        c["counts"] for c in tables["order_entry"]["county_fips"].value_counts().to_pylist()
    )
    assert len(counts) > 40
    assert counts[-1] > 500
    assert counts[0] <= 5


def test_the_ties_of_relatives():
    people = make_people(np.random.default_rng(3), 40_000, day(2025, 12, 31))
    first = np.arange(0, 40_000, 2)
    for place, tie in enumerate(TIES):
        a = first[people.tie[first] == place]
        b = a + 1
        assert len(a) > 100
        assert (people.home[a, 0] == people.home[b, 0]).all()
        if tie == "twins":
            assert (people.birth[a] == people.birth[b]).all()
            assert (people.last[a] == people.last[b]).all()
        if tie == "namesakes":
            assert (people.first[a] == people.first[b]).all()
            assert (people.birth[b] - people.birth[a] > 18 * 365).all()
    assert len(np.unique(people.ssn)) == len(people)
    assert len(np.unique(people.license)) == len(people)


def test_noise_hits_as_often_as_it_says():
    rng = np.random.default_rng(4)
    people = make_people(rng, 20_000, day(2025, 12, 31))
    who = np.flatnonzero(people.birth < day(1990))
    days = np.full(len(who), day(2020))
    level = noise.RESPONDENT
    columns = noise.recorded(rng, people, who, days, level)
    missing = (columns["birth_day"] == noise.NO_DAY).mean()
    assert abs(missing - level.birth_missing) < 0.01
    wrong = (columns["birth_day"] != people.birth[who]).mean() - missing
    assert abs(wrong - level.birth_swapped - level.birth_january - level.birth_digit) < 0.01
    assert abs(np.mean([v is not None for v in columns["ssn"]]) - level.ssn) < 0.02
    assert abs(np.mean([v is None for v in columns["street"]]) - level.address_missing) < 0.02
    assert (columns["birth_day"] <= days).all()


@pytest.mark.parametrize("level", ["low", "medium", "heavy"])
def test_a_cohort_has_its_share_and_its_truth(truth, tmp_path, level):
    cohort = make_cohort(tmp_path, truth, rows=400, seed=5, level=level)
    found = read_table(cohort.file, role="cohort")
    assert found.table.column_names == ["cohort_id", *STANDARD[:-1]]
    assert found.rows == 400
    assert share(cohort.persons["restrained"]) == 0.30
    humans = cohort.persons["human_id"].to_pylist()
    assert len(set(humans)) == 400
    restrained = set(truth.respondents().tolist())
    assert [h in restrained for h in humans] == cohort.persons["restrained"].to_pylist()
    record = dict(
        zip(
            truth.persons["record_id"].to_pylist(),
            truth.persons["human_id"].to_pylist(),
            strict=True,
        )
    )
    member = dict(zip(cohort.persons["cohort_id"].to_pylist(), humans, strict=True))
    assert all(record[p["record_id"]] == member[p["cohort_id"]] for p in cohort.pairs.to_pylist())
    roles = truth.entries.filter(pc.equal(truth.entries["role"], "respondent"))
    expected = sum(h in set(humans) for h in roles["human_id"].to_pylist())
    assert cohort.pairs.num_rows == expected


def test_a_cohort_of_one_family(truth, tmp_path):
    cohort = make_cohort(tmp_path, truth, rows=100, seed=5, families=("GV",), share_with_order=0.2)
    gun = set(truth.respondents(("GV",)).tolist())
    inside = cohort.persons.filter(cohort.persons["restrained"])["human_id"].to_pylist()
    assert len(inside) == 20
    assert set(inside) <= gun


def test_linkage_tables_and_their_truth():
    cohort, records, truth = make_linkage(3_000, 600, seed=6)
    assert (cohort.num_rows, records.num_rows) == (600, 3_000)
    assert cohort.column_names == ["cohort_id", *STANDARD[:-1]]
    assert records.column_names == ["record_id", *STANDARD[:-1], "group"]
    assert len(set(records["record_id"].to_pylist())) == 3_000
    assert len(set(truth["cohort_id"].to_pylist())) == 300
    assert set(truth["record_id"].to_pylist()) <= set(records["record_id"].to_pylist())
    again = make_linkage(3_000, 600, seed=6)
    assert all(a.equals(b) for a, b in zip(again, (cohort, records, truth), strict=True))
    bare, _, _ = make_linkage(300, 60, 6, "heavy", with_ssn=False)
    assert "ssn" not in bare.column_names


@pytest.mark.parametrize(("records", "cohort"), [(1, 1), (2, 1), (10, 200), (1_000, 10)])
def test_linkage_of_odd_sizes(records, cohort):
    made = make_linkage(records, cohort, seed=1)
    assert (made[0].num_rows, made[1].num_rows) == (cohort, records)


def test_what_can_t_be_made(truth, tmp_path):
    with pytest.raises(SizeImpossible):
        make_system("CARPOS", tmp_path / "r", records=0, seed=1)
    with pytest.raises(SizeImpossible):
        make_system("CARPOS", tmp_path / "r", records=5, seed=1, first_year=2020, last_year=2019)
    with pytest.raises(SizeImpossible):
        make_cohort(tmp_path, truth, rows=5, seed=1, share_with_order=1.5)
    with pytest.raises(TooFewPeople):
        make_cohort(tmp_path, truth, rows=10**6, seed=1)


@pytest.mark.parametrize("orders", [1, 2, 7])
def test_registers_of_a_few_orders(tmp_path, orders):
    made = make_system("CARPOS", tmp_path / "r", records=orders, seed=1)
    assert pq.read_table(tmp_path / "r" / "order_entry.parquet").num_rows == orders
    assert len(made.files) == 15
