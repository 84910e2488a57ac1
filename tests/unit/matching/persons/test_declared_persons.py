"""Persons by declared keys: the same index as a plain walk through the entries gives."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.errors import DuplicateIds
from matching.persons.register import declared_persons

KEYS = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d"]))


def table(rows):
    return pa.table(
        {
            "record_id": pa.array([r[0] for r in rows], pa.int64()),
            "same": pa.array([r[1] for r in rows], pa.string()),
            "maybe_same": pa.array([r[2] for r in rows], pa.string()),
        }
    )


def plain(rows, columns):
    """Join entries that share a key, again and again until nothing changes; name by the smallest."""
    name = {r[0]: r[0] for r in rows}
    changed = True
    while changed:
        changed = False
        for one in rows:
            for other in rows:
                if any(one[c] is not None and one[c] == other[c] for c in columns):
                    low = min(name[one[0]], name[other[0]])
                    if {name[one[0]], name[other[0]]} != {low}:
                        name[one[0]] = name[other[0]] = low
                        changed = True
    return name


@given(
    st.lists(
        st.tuples(st.integers(1, 40), KEYS, KEYS), min_size=0, max_size=14, unique_by=lambda r: r[0]
    )
)
def test_declared_persons_are_those_of_a_plain_walk(rows):
    index = declared_persons(table(rows)).to_pylist()
    assert [r["record_id"] for r in index] == sorted(r[0] for r in rows)
    assert {r["record_id"]: r["identity"] for r in index} == plain(rows, (1,))
    assert {r["record_id"]: r["identity_lower"] for r in index} == plain(rows, (1, 2))


def test_the_lower_bound_never_splits_a_person():
    rows = [(1, "x", None), (2, "x", "m"), (3, None, "m"), (4, None, None)]
    index = {r["record_id"]: r for r in declared_persons(table(rows)).to_pylist()}
    assert [index[n]["identity"] for n in (1, 2, 3, 4)] == [1, 1, 3, 4]
    assert [index[n]["identity_lower"] for n in (1, 2, 3, 4)] == [1, 1, 1, 4]


def test_an_entry_twice_is_refused():
    with pytest.raises(DuplicateIds):
        declared_persons(table([(1, None, None), (1, None, None)]))
