"""A process that reads begins while this one imports, and is the one that reads."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from systems import reader
from systems.tabular import read_table


@pytest.fixture(autouse=True)
def none_waits(monkeypatch):
    kept: list[reader.Reader] = []
    monkeypatch.setattr(reader, "_spare", kept)
    yield
    for one in kept:
        one.end()


def test_the_process_that_was_begun_reads(tmp_path):
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "a.parquet")
    reader.begin_for([tmp_path / "a.parquet"])
    (begun,) = reader._spare
    assert read_table(tmp_path / "a.parquet", role="c").rows == 1
    assert reader._spare == [begun]
    reader.begin_for([tmp_path / "a.parquet"])
    assert reader._spare == [begun]


def test_none_begins_for_texts_and_one_that_died_reads_nothing(tmp_path):
    reader.begin_for([Path("a.csv"), Path("b")])
    assert reader._spare == []
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "a.parquet")
    reader.begin_for([Path("nowhere.parquet")])
    (begun,) = reader._spare
    begun._process.kill()
    begun._process.wait()
    assert read_table(tmp_path / "a.parquet", role="c").rows == 1
    assert reader._spare != [begun]
