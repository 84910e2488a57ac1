"""A process that reads begins while this one imports, and is the one that reads."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from systems.reader import READER, begin_for
from systems.tabular import read_table


@pytest.fixture(autouse=True)
def none_waits():
    READER.end()
    yield
    READER.end()


def test_the_process_that_was_begun_reads(tmp_path):
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "a.parquet")
    begin_for([tmp_path / "a.parquet"])
    begun = READER._waiting
    assert read_table(tmp_path / "a.parquet", role="c").rows == 1
    assert READER._waiting is begun
    begin_for([tmp_path / "a.parquet"])
    assert READER._waiting is begun


def test_none_begins_for_texts_and_one_that_died_reads_nothing(tmp_path):
    begin_for([Path("a.csv"), Path("b")])
    assert READER._waiting is None
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "a.parquet")
    begin_for([Path("nowhere.parquet")])
    begun = READER._waiting
    begun._process.kill()
    begun._process.wait()
    assert read_table(tmp_path / "a.parquet", role="c").rows == 1
    assert READER._waiting is not begun
