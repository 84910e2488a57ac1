"""Two tables in one order are cut at the same rows; in another order their parts end early."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.release.in_step import in_step


def batches(keys, size):
    table = pa.table({"k": pa.array(keys, pa.string()), "n": pa.array(range(len(keys)))})
    return table.to_batches(max_chunksize=size)


def listed(parts):
    return [(a["k"].to_pylist(), b["k"].to_pylist()) for a, b in parts]


@given(
    many=st.lists(st.integers(1, 3), min_size=1, max_size=40),
    rows=st.integers(1, 12),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_each_row_is_in_the_part_of_its_key(many, rows, sizes):
    first = [f"c{i}" for i in range(len(many))]
    second = [key for key, times in zip(first, many, strict=True) for _ in range(times)]
    parts = listed(in_step(batches(first, sizes[0]), batches(second, sizes[1]), "k", rows))
    assert [key for mine, _ in parts for key in mine] == first
    assert [key for _, theirs in parts for key in theirs] == second
    for mine, theirs in parts:
        assert set(mine) == set(theirs)
        assert len(mine) >= rows or mine == parts[-1][0]


@pytest.mark.parametrize("second", [["c2", "c1", "c0"] * 40, ["c0"] * 200, [], ["c9"]])
def test_another_order_ends_early_and_little_is_held(second):
    asked = []

    def coming():
        for batch in batches(second, 4):
            asked.append(batch.num_rows)
            yield batch

    parts = listed(in_step(batches([f"c{i}" for i in range(9)], 2), coming(), "k", 3))
    assert sum(len(theirs) for _, theirs in parts) < max(len(second), 1)
    assert sum(asked) <= 3 * 8 + 2 * 4 or not parts
