"""What is read ahead is what would have been read; whatever goes wrong with it is found out by who asks."""

import threading

import pyarrow as pa
import pytest

from crypto.errors import StagingDoesNotHold
from errors import Exit
from extracts.rows import RowScope
from matching import normalise
from pipelines.registers import ReadAhead, indexing
from pipelines.registers.indexing import index_of
from synthetic.registers.system import make_system
from systems.description.loading import load_system
from systems.errors import IndexDamaged
from tests.unit.pipelines.registers.test_index_of_changes import load
from tests.unit.systems.conftest import store_at

CARPOS = load_system("CARPOS")
SCOPE = RowScope(("GV", "DV"), (2000, 2100))
COLUMNS = ("first_name", "last_name", "birth_date", "street", "ssn")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    import pyarrow.parquet as pq

    place = tmp_path_factory.mktemp("ahead")
    made = make_system("CARPOS", place / "made", records=60, seed=3)
    tables = {path.stem: pq.read_table(path) for path in made.files}
    store = store_at(place / "store")
    return index_of(store.open(load(store, tables, place).snapshot_id))


@pytest.fixture
def ahead():
    with ReadAhead() as run:
        yield run


@pytest.fixture
def reads(monkeypatch):
    """The tables of the index that are read, as they are read."""
    found, kind = [], indexing.Index
    read, some = kind.read, kind.some
    monkeypatch.setattr(kind, "read", lambda self, table: found.append(table) or read(self, table))
    monkeypatch.setattr(
        kind, "some", lambda self, table, *rest: found.append(table) or some(self, table, *rest)
    )
    return found


def entries(index, ahead, scope=SCOPE, columns=COLUMNS):
    seen = []
    source = indexing.indexed_source(index, CARPOS, scope, seen, ahead)
    read = source.read(normalise.common_columns(columns, source.columns))
    numbers = {name: values.tolist() for name, values in read.numbers.items()}
    texts = {name: (one.indices.tolist(), one.values) for name, one in read.texts.items()}
    return read.as_given.to_pydict(), numbers, texts, [one.to_pydict() for one in seen]


def test_entries_are_the_same_and_read_once(index, ahead, reads):
    plain = entries(index, ahead)
    assert plain[0]["record_id"]
    assert sorted(reads) == ["rows", "scope", "texts"]
    reads.clear()
    indexing.read_entries_ahead(index, CARPOS, SCOPE, COLUMNS, ahead)
    assert entries(index, ahead) == plain
    assert sorted(reads) == ["rows", "scope", "texts"]
    assert entries(index, ahead) == plain  # taken once: a linkage uses it up
    assert len(reads) == 6


@pytest.mark.parametrize(
    ("scope", "columns"),
    [(RowScope(("GV",), (2000, 2100)), COLUMNS), (SCOPE, (*COLUMNS, "phone"))],
    ids=["scope", "columns"],
)
def test_entries_of_another_scope_or_by_other_columns_are_read_by_themselves(
    index, ahead, scope, columns
):
    plain = entries(index, ahead, scope, columns)
    indexing.read_entries_ahead(index, CARPOS, SCOPE, COLUMNS, ahead)
    assert entries(index, ahead, scope, columns) == plain


def test_rows_of_other_links_are_read_by_themselves(index, ahead, reads):
    ids = index.read("released")["entry_"].unique().to_pylist()

    def links(chosen, decision="link"):
        return pa.table({"record_id": chosen, "decision": [decision] * len(chosen)})

    def rows(given):
        return indexing.released_of(index, CARPOS, SCOPE, given, ahead).to_pylist()

    plain, other = rows(links(ids[:5])), rows(links(ids[3:9]))
    assert {row["entry_"] for row in plain} == set(ids[:5])
    reads.clear()
    indexing.read_released_ahead(index, CARPOS, SCOPE, links(ids[:5]), ahead)
    assert rows(links(ids[:5])) == plain
    assert reads == ["released"]
    indexing.read_released_ahead(index, CARPOS, SCOPE, links(ids[:5]), ahead)
    assert rows(links(ids[3:9])) == other  # a reviewer decided otherwise meanwhile
    assert rows(links(ids[:5], "review")) == []


def test_many_rows_are_not_read_ahead(index, ahead, reads, monkeypatch):
    monkeypatch.setattr(indexing, "_LITTLE", 1)
    ids = index.read("released")["entry_"].unique().to_pylist()[:2]
    reads.clear()
    links = pa.table({"record_id": ids, "decision": ["link"] * 2})
    indexing.read_released_ahead(index, CARPOS, SCOPE, links, ahead)
    assert reads == []


def test_what_could_not_be_read_is_told_by_who_asks(ahead):
    tries = []

    def read():
        tries.append(threading.current_thread().name)
        raise StagingDoesNotHold

    ahead.begin(("this",), read)
    with pytest.raises(StagingDoesNotHold):
        ahead.taken(("this",), read)
    assert len(tries) == 2
    assert tries[1] == threading.current_thread().name


def test_nothing_stays_beyond_the_run():
    with ReadAhead() as ahead:
        ahead.begin(("this",), lambda: "before")
    assert ahead.taken(("this",), lambda: "now") == "now"


def test_one_run_takes_nothing_of_another(ahead):
    with ReadAhead() as other:
        other.begin(("this",), lambda: "before")
        assert ahead.taken(("this",), lambda: "now") == "now"
        assert other.taken(("this",), lambda: "now") == "before"


def test_one_thing_at_a_time_is_kept(ahead):
    ahead.begin(("this",), lambda: "before")
    ahead.begin(("that",), lambda: "before")
    assert ahead.taken(("this",), lambda: "now") == "now"
    assert ahead.taken(("that",), lambda: "now") == "now"  # whoever asked for another let it go
    ahead.begin(("that",), lambda: "before")
    assert ahead.taken(("that",), lambda: "now") == "before"


@pytest.mark.parametrize("table", ["scope", "rows", "texts", "released"])
def test_a_damaged_table_is_told_as_the_index_s_that_is_made_again(index, ahead, table):
    """Ahead or not: running anything again would not help."""
    (path,) = (p for p in index.files if p.stem.endswith(f"_{table}"))
    ids = index.read("released")["entry_"].unique()
    links = pa.table({"record_id": ids, "decision": ["link"] * len(ids)})
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole[: len(whole) // 2] + bytes(40) + whole[len(whole) // 2 + 40 :])
    try:
        indexing.read_entries_ahead(index, CARPOS, SCOPE, COLUMNS, ahead)
        read = {"released": lambda: indexing.released_of(index, CARPOS, SCOPE, links, ahead)}
        with pytest.raises(IndexDamaged) as raised:
            read.get(table, lambda: entries(index, ahead))()
        with pytest.raises(IndexDamaged):
            list(index.batches(table))
        assert (raised.value.code, raised.value.exit) == ("REGISTER-13", Exit.INTEGRITY)
        assert "register index" in str(raised.value)
    finally:
        path.write_bytes(whole)
