"""Made-up registers of the other four systems: the same again, with their truth, in plausible shares."""

from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest

from synthetic.cohorts import make_cohort
from synthetic.errors import SizeImpossible, SystemNotMade, TooFewPeople
from synthetic.registers.system import make_system
from systems.description.loading import load_system

RECORDS = 1_500
CODES = ("ACHS", "JCPSS", "CURES", "RIPA")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return {
        code: make_system(code, tmp_path_factory.mktemp(code) / "register", records=RECORDS, seed=4)
        for code in CODES
    }


@pytest.fixture(scope="module")
def tables(made):
    return {
        code: {path.stem: pq.read_table(path) for path in truth.files}
        for code, truth in made.items()
    }


@pytest.mark.parametrize("code", CODES)
def test_files_are_the_tables_of_the_system_with_their_mark(made, tables, code):
    system = load_system(code)
    for name, table in tables[code].items():
        described = {c.name for c in system.table(name).file_columns}
        assert set(table.column_names) <= described
        assert table.schema.metadata[b"synthetic"] == b"true"
    assert {t.name for t in system.tables if t.required} <= set(tables[code])
    key = system.release.aggregated.key.partition(".")
    assert tables[code][key[0]].num_rows == RECORDS


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_in_its_list_and_every_scope_occurs(tables, code):
    system = load_system(code)
    for name, table in tables[code].items():
        for column in system.table(name).file_columns:
            if column.codes and column.name in table.column_names:
                used = set(table[column.name].to_pylist()) - {None}
                assert used <= set(system.code_list(column.codes).values), (name, column.name)
    scope = system.release.aggregated.scope
    table, _, column = scope.source.partition(".")
    lists = system.code_list(system.source(scope.source).codes).attribute(scope.attribute)
    assert {lists[v] for v in tables[code][table][column].to_pylist()} == set(
        system.order_scope_default
    )


@pytest.mark.parametrize("code", CODES)
def test_the_same_seed_gives_the_same_files(tmp_path, code):
    first, again, other = (
        make_system(code, tmp_path / name, records=60, seed=seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert [p.read_bytes() for p in first.files] == [p.read_bytes() for p in again.files]
    assert [p.read_bytes() for p in first.files] != [p.read_bytes() for p in other.files]


@pytest.mark.parametrize("code", CODES)
def test_the_truth_knows_every_entry_and_some_come_again(made, tables, code):
    truth, linkage = made[code], load_system(code).linkage
    entries = tables[code][linkage.person_table][linkage.person_key].to_pylist()
    assert sorted(truth.persons["record_id"].to_pylist()) == sorted(entries)
    records = Counter(truth.entries["human_id"].to_pylist())
    assert 1 < max(records.values()) < RECORDS / 4
    assert len(records) > RECORDS / 8


def test_children_are_children_and_grown_people_are_arrested(tables):
    ages = tables["JCPSS"]["referral"]["age_at_referral"].to_numpy()
    assert ages.min() >= 10
    assert ages.max() <= 18
    assert tables["ACHS"]["arrest"]["age_at_arrest"].to_numpy().min() >= 17


def test_shares_are_roughly_those_of_published_tables(tables):
    def share(code, table, column, values):
        found = tables[code][table][column].to_pylist()
        return sum(v in values for v in found) / len(found)

    assert 0.55 < share("ACHS", "arrest", "offense_code",
                        {"MISD_ASSAULT", "MISD_THEFT", "MISD_DRUG", "MISD_DUI", "MISD_OTHER"}) < 0.75  # fmt: skip
    assert 0.65 < share("ACHS", "person", "sex", {"M"}) < 0.88
    assert 0.8 < share("JCPSS", "referral", "source", {"law_enforcement"}) < 0.95
    assert 0.25 < share("CURES", "prescription", "drug_class", {"opioid"}) < 0.45
    assert 0.75 < share("RIPA", "person_stopped", "reason", {"traffic"}) < 0.88
    assert 0.35 < share("RIPA", "person_stopped", "perceived_race", {"hispanic"}) < 0.5


def test_nothing_in_the_stop_data_is_the_truths(made, tables):
    """Who was stopped again stands in the truth alone."""
    assert made["RIPA"].people is None
    persons = tables["RIPA"]["person_stopped"]["person_id"].to_numpy()
    assert len(np.unique(persons)) == len(persons)


@pytest.mark.parametrize("code", ["ACHS", "CURES"])
def test_a_cohort_can_be_made_of_those_who_have_names(made, code):
    truth = made[code]
    cohort = make_cohort(truth.directory.parent, truth, rows=40, seed=2)
    pairs = set(cohort.pairs["record_id"].to_pylist())
    assert pairs <= set(truth.persons["record_id"].to_pylist())
    assert len(cohort.pairs) == len(set(zip(*cohort.pairs.to_pydict().values(), strict=True)))


def test_what_can_not_be_made(made, tmp_path):
    with pytest.raises(SystemNotMade):
        make_system("NOPE", tmp_path, records=10, seed=1)
    with pytest.raises(SizeImpossible):
        make_system("RIPA", tmp_path, records=0, seed=1)
    with pytest.raises(TooFewPeople):
        make_cohort(tmp_path, made["RIPA"], rows=10, seed=1)
