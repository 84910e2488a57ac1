"""Staged Parquet is encrypted, whole, private, and read only under its key."""

import os

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crypto import errors
from crypto.resting import staging
from crypto.secret import StagingKey

CANARY = "Zyxwvut-Canary"
KEY = StagingKey("runs/r1", bytes(range(32)))
OTHER = StagingKey("runs/r2", bytes(32))
TABLE = pa.table({"id": list(range(1000)), "name": [f"{CANARY}-{i}" for i in range(1000)]})


@pytest.fixture
def file(tmp_path):
    staging.write_staged(TABLE, tmp_path / "t.parquet", KEY)
    return tmp_path / "t.parquet"


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def test_a_table_comes_back_whole_and_by_columns(file):
    assert staging.read_staged(file, KEY).equals(TABLE)
    assert staging.read_staged(file, KEY, ["name"]).equals(TABLE.select(["name"]))
    assert pa.Table.from_batches(staging.staged_batches(file, KEY)).equals(TABLE)
    assert staging.staged_schema(file, KEY).equals(TABLE.schema)


def test_nothing_of_it_is_readable(file):
    data = file.read_bytes()
    for plain in (CANARY.encode(), b"name", b"PAR1"):
        assert plain not in data
    assert data.startswith(b"PARE")


def test_it_is_private_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        staging.write_staged(TABLE, tmp_path / "t.parquet", KEY)
    finally:
        os.umask(old)
    assert (tmp_path / "t.parquet").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("key", [OTHER, StagingKey("x", b"\xff" * 32)])
def test_another_key_reads_nothing(key, file, con):
    for read in (
        staging.read_staged,
        staging.staged_schema,
        lambda f, k: list(staging.staged_batches(f, k)),
    ):
        with pytest.raises(errors.StagingDoesNotHold):
            read(file, key)
    name = staging.attach_key(con, key)
    with pytest.raises(duckdb.Error):
        con.execute(f"SELECT * FROM {staging.scan_staged(file, name)}").fetchall()


def test_a_plain_file_in_its_place_is_refused(tmp_path, con):
    pq.write_table(TABLE, tmp_path / "plain.parquet")
    with pytest.raises(errors.StagingDoesNotHold):
        staging.read_staged(tmp_path / "plain.parquet", KEY)
    name = staging.attach_key(con, KEY)
    with pytest.raises(duckdb.Error):
        con.execute(
            f"SELECT * FROM {staging.scan_staged(tmp_path / 'plain.parquet', name)}"
        ).fetchall()


def test_changed_bytes_are_noticed(file):
    whole = file.read_bytes()
    for at in range(4, len(whole), max(1, len(whole) // 60)):
        changed = bytearray(whole)
        changed[at] ^= 0x01
        file.write_bytes(changed)
        try:
            assert staging.read_staged(file, KEY).equals(TABLE)
        except errors.StagingDoesNotHold:
            continue
        raise AssertionError(f"byte {at} is not protected")


def test_duckdb_reads_one_file_and_several(file, tmp_path, con):
    other = tmp_path / "it's one.parquet"
    staging.write_staged(TABLE, other, KEY)
    name = staging.attach_key(con, KEY)
    for paths, rows in ((file, 1000), ([file, other], 2000)):
        query = f"SELECT count(*), count(DISTINCT name) FROM {staging.scan_staged(paths, name)}"
        assert con.execute(query).fetchall() == [(rows, 1000)]


def test_batches_stream_into_one_file(tmp_path):
    path = tmp_path / "t.parquet"
    with staging.staged_writer(path, TABLE.schema, KEY) as writer:
        for start in range(0, 1000, 100):
            writer.write(TABLE.slice(start, 100))
        assert not path.exists()
    assert staging.read_staged(path, KEY).equals(TABLE)
    reader = pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches(max_chunksize=7))
    assert staging.write_staged(reader, path, KEY) == 1000
    assert staging.read_staged(path, KEY).equals(TABLE)
    assert staging.write_staged(iter(TABLE.to_batches()), path, KEY, schema=TABLE.schema) == 1000
    with pytest.raises(ValueError, match="schema"):
        staging.write_staged(iter([]), path, KEY)


def test_an_empty_table_keeps_its_columns(tmp_path):
    staging.write_staged(TABLE.slice(0, 0), tmp_path / "t.parquet", KEY)
    assert staging.read_staged(tmp_path / "t.parquet", KEY).schema.equals(TABLE.schema)


def test_many_rows_make_many_row_groups(tmp_path):
    large = pa.table({"id": range(300_000)})
    staging.write_staged(large, tmp_path / "t.parquet", KEY)
    assert staging.read_staged(tmp_path / "t.parquet", KEY).equals(large)
    assert sum(1 for _ in staging.staged_batches(tmp_path / "t.parquet", KEY)) >= 3


def test_what_was_read_of_a_file_does_not_stay(tmp_path):
    path, rows = tmp_path / "t.parquet", 122_880
    parts = (pa.array([os.urandom(16) for _ in range(rows)]) for _ in range(12))  # not to compress
    batches = (pa.record_batch({"value": part}) for part in parts)
    staging.write_staged(batches, path, KEY, schema=pa.schema([("value", pa.binary())]))
    before, most = pa.total_allocated_bytes(), 0
    for _ in staging.staged_batches(path, KEY):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < path.stat().st_size / 2


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(file):
    def batches():
        yield from TABLE.to_batches()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        staging.write_staged(batches(), file, KEY, schema=TABLE.schema)
    assert staging.read_staged(file, KEY).equals(TABLE)
    assert [p.name for p in file.parent.iterdir()] == ["t.parquet"]


def test_the_callers_own_errors_stay_their_own(tmp_path):
    with (
        pytest.raises(OSError, match="mine"),
        staging.staged_writer(tmp_path / "t.parquet", TABLE.schema, KEY),
    ):
        raise OSError("mine")


def test_errors_quote_neither_value_nor_key_nor_path(file, con):
    secret = KEY.reveal()
    wrong = pa.table({"id": [CANARY], "name": [CANARY]})
    seen = []
    for attempt in (
        lambda: staging.read_staged(file, OTHER),
        lambda: staging.read_staged(file, KEY, ["name", CANARY]),
        lambda: staging.read_staged(file.with_name(CANARY), KEY),
        lambda: staging.write_staged(wrong.to_batches(), file, KEY, schema=TABLE.schema),
        lambda: staging.write_staged(TABLE, file / CANARY, KEY),
        lambda: staging.scan_staged([], "k" + "0" * 16),
        lambda: staging.scan_staged(file, "k'); DROP"),
        lambda: staging.scan_staged(file.with_name("*.parquet"), "k" + "0" * 16),
        lambda: staging.scan_staged(file.with_name("a\nb"), "k" + "0" * 16),
    ):
        with pytest.raises(errors.CodedError) as raised:
            attempt()
        assert raised.value.__suppress_context__ or raised.value.__context__ is None
        seen.append(str(raised.value))
    for text in seen:
        for leak in (CANARY, str(file), secret.hex(), "DROP"):
            assert leak not in text


def test_a_closed_connection_says_nothing_of_the_key(con):
    con.close()
    with pytest.raises(errors.StagingDoesNotHold) as raised:
        staging.attach_key(con, KEY)
    assert raised.value.__suppress_context__


def test_duckdb_reads_more_rows_and_values_than_fit_a_usual_page(tmp_path):
    """pyarrow begins a page after 20,000 rows or a megabyte; DuckDB 2.0.0 reads only the first."""
    rows = 150_000
    table = pa.table(
        {
            "number": pa.array(range(rows), pa.int64()),
            "code": pa.array([f"c{i % 7}" for i in range(rows)]),
            "text": pa.array([f"a text of its own {i} {i * 7919}" for i in range(rows)]),
            "gaps": pa.array([None if i % 3 else i for i in range(rows)], pa.int64()),
        }
    )
    key = StagingKey("run", bytes(range(32)))
    path = tmp_path / "t.parquet"
    staging.write_staged(table, path, key)
    con = duckdb.connect()
    name = staging.attach_key(con, key)
    counted = con.execute(
        "SELECT count(DISTINCT number), count(DISTINCT code), count(DISTINCT text), count(gaps)"
        f" FROM {staging.scan_staged(path, name)}"
    ).fetchall()
    assert counted == [(rows, 7, rows, rows // 3)]
    filtered = con.execute(
        f"SELECT count(*) FROM {staging.scan_staged(path, name)} WHERE number BETWEEN 70_000 AND 70_009"
    ).fetchall()
    assert filtered == [(10,)]


def test_a_small_file_is_held_whole_and_a_large_one_by_its_columns(file, con, monkeypatch):
    source = staging.scan_staged(file, staging.attach_key(con, KEY))
    kinds = [staging.held_as(file), staging.held_as(file.with_name("gone.parquet"))]
    monkeypatch.setattr(staging, "_SMALL", file.stat().st_size - 1)
    kinds.append(staging.held_as(file))
    assert kinds == ["TABLE", "VIEW", "VIEW"]
    held = {}
    for kind in ("TABLE", "VIEW"):
        con.execute(f"CREATE TEMP {kind} as_{kind} AS SELECT * FROM {source}")
        held[kind] = con.sql(f"FROM as_{kind}").to_arrow_table()
    assert held["TABLE"].equals(held["VIEW"])
    assert held["TABLE"].equals(TABLE)
