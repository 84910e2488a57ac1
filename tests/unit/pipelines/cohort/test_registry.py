"""A kept cohort: read in parts, and held against others without their ids."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from crypto.resting import staging
from crypto.secret import StagingKey
from matching.tables import STANDARD
from pipelines.cohort import registry
from pipelines.cohort.registry import StoredCohort, overlap
from tests.examples import examples, first_of

KEY = StagingKey("k", b"k" * 32)
COLUMNS = ("last_name", "first_name", "zip")


def kept(path, names, rows):
    """A cohort of these standard columns, numbered from 1."""
    columns = {"row_number": pa.array(range(1, len(rows) + 1), pa.int64())}
    columns["row_id"] = pa.array([f"{path.stem}-{i}" for i in range(len(rows))], pa.string())
    for place, name in enumerate(names):
        columns[name] = pa.array([row[place] for row in rows], pa.string())
    staging.write_staged(pa.table(columns), path, KEY)
    return StoredCohort(path, KEY, path.stem, len(rows), ("row_number", "row_id", *names))


def said(one):
    """What its rows say, by hand."""
    return [
        tuple(row.get(name) for name in STANDARD)
        for row in one.read().drop_columns(["row_number", "row_id"]).to_pylist()
    ]


VALUES = st.sampled_from([None, "", "A", "a", "O'Neil"])


@st.composite
def cohorts(draw):
    names = draw(st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1))
    return names, draw(st.lists(st.tuples(*([VALUES] * len(names))), max_size=8))


@pytest.mark.parametrize("at_once", first_of([3, 1000]))
@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cohorts(), st.lists(cohorts(), max_size=2))
def test_the_overlap_is_as_by_hand(tmp_path, monkeypatch, at_once, mine, others):
    monkeypatch.setattr(registry, "_AT_ONCE", at_once)
    cohort = kept(tmp_path / "mine.parquet", *mine)
    there = [kept(tmp_path / f"{i}.parquet", *other) for i, other in enumerate(others)]
    known = {row for one in there for row in said(one)}
    assert overlap(cohort, there, 1) == sum(row in known for row in said(cohort))


@pytest.mark.long
@pytest.mark.parametrize("rows", [0, 1, 300_000])
def test_parts_are_the_whole(tmp_path, rows):
    cohort = kept(tmp_path / "c.parquet", ["zip"], [(str(i),) for i in range(rows)])
    parts = list(cohort.parts(["row_number", "zip"]))
    assert len(parts) == 1 + max(rows - 1, 0) // 122_880
    assert pa.concat_tables(parts).equals(cohort.read(["row_number", "zip"]))
    assert staging.staged_rows(cohort.path, KEY) == rows
