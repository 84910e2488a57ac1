"""Entries of a register become persons; one wrong link can't chain people together."""

import random

import numpy as np
import pyarrow as pa
import pytest

from matching.assignment.identities import components, persons
from matching.errors import BadTable
from matching.options import LinkOptions
from matching.persons import resolve, resolve_whole
from tests.unit.matching.tables import noisy, people, records


@pytest.fixture(scope="module")
def register():
    rng = random.Random(4)
    everyone = people(400, 4)
    human = [i for i in range(400) for _ in range(1 + i % 3)]
    return records(*(noisy(everyone[h], rng) for h in human)), human


@pytest.fixture(scope="module")
def index(register):
    """The register's persons, resolved on one thread."""
    return resolve(register[0], LinkOptions(threads=1))


def pairs(labels):
    by = {}
    for i, label in enumerate(labels):
        by.setdefault(label, []).append(i)
    return {(a, b) for m in by.values() for k, a in enumerate(m) for b in m[k + 1 :]}


def test_entries_are_joined_to_persons(register, index):
    table, human = register
    assert index["record_id"].to_pylist() == table["record_id"].to_pylist()
    found, true = pairs(index["identity"].to_pylist()), pairs(human)
    assert len(found & true) / len(true) > 0.95
    assert len(found - true) <= 2


def test_a_longer_register_is_not_worked_in_more_shards(register, index):
    told = []
    small = resolve_whole(register[0], LinkOptions(shard_rows=1), told=told.append)
    assert small.index.equals(index)
    assert told == [(n + 1) / 6 for n in range(6)]


def test_the_lower_bound_never_splits_what_the_identity_joins(index):
    lower = dict(
        zip(index["identity"].to_pylist(), index["identity_lower"].to_pylist(), strict=True)
    )
    assert all(
        lower[i] == low
        for i, low in zip(
            index["identity"].to_pylist(), index["identity_lower"].to_pylist(), strict=True
        )
    )
    assert len(set(lower.values())) <= len(lower)


def test_an_identity_is_named_by_its_smallest_entry(index):
    for column in ("identity", "identity_lower"):
        smallest = {}
        for record, label in zip(
            index["record_id"].to_pylist(), index[column].to_pylist(), strict=True
        ):
            smallest.setdefault(label, record)
        assert all(label == record for label, record in smallest.items())


@pytest.mark.long
def test_threads_and_row_order_do_not_change_the_persons(register, index):
    table, _ = register
    assert index.equals(resolve(table, LinkOptions(threads=2)))


def test_parties_of_one_order_are_different_people(register):
    """Two entries with the same content, once on two orders, once on one order."""
    table, _ = register
    one = people(1, 888)[0]
    both = records(one, one).set_column(0, "record_id", pa.array([9001, 9002]))
    more = pa.concat_tables([table, both])

    def joined(groups):
        group = pa.array([*range(table.num_rows), *groups], pa.int64())
        index = resolve(more.append_column("group", group)).to_pylist()
        return index[-1]["identity"] == index[-2]["identity"]

    assert joined([50_000, 50_001])
    assert not joined([50_000, 50_000])


def test_equal_entries_without_detail_are_not_one_person(register):
    """A common name alone says nothing about who it is."""
    table, _ = register
    bare = records(*[{"first_name": "james", "last_name": "smith"}] * 2)
    both = pa.concat_tables(
        [table, bare.set_column(0, "record_id", pa.array([9001, 9002]))], promote_options="default"
    )
    index = resolve(both).to_pylist()
    assert index[-1]["identity"] != index[-2]["identity"]


def test_variants_of_an_entry_stay_one_entry(register):
    table, _ = register
    index = resolve(pa.concat_tables([table, table.slice(0, 20)]))
    assert index.num_rows == table.num_rows


def test_a_bridge_between_two_people_is_not_taken():
    """0-1 and 3-4 are sure; 1-3 is a wrong link, contradicted by 0-4."""
    left, right, odds = np.array([0, 1, 3]), np.array([1, 3, 4]), np.array([9.0, 3.0, 9.0])

    def contradict(x, y):
        return (np.minimum(x, y) == 0) & (np.maximum(x, y) == 4)

    assert persons(5, left, right, odds, None, contradict).tolist() == [0, 0, 2, 3, 3]
    assert components(5, left, right).tolist() == [0, 0, 2, 0, 0]


def test_an_empty_register_has_an_empty_index():
    index = resolve(records().set_column(0, "record_id", pa.array([], pa.int64())))
    assert index.num_rows == 0
    assert index.column_names == ["record_id", "identity", "identity_lower"]


def test_entry_ids_are_whole_numbers():
    with pytest.raises(BadTable):
        resolve(pa.table({"record_id": ["a"], "last_name": ["b"]}))
