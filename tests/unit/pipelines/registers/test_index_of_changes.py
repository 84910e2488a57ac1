"""An index from that of the snapshot before is, row by row, the one that is worked out as a whole."""

import random
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from matching import normalise
from pipelines.home.settings import Linkage
from pipelines.registers import index_changes
from pipelines.registers.indexing import index_of, make_index
from pipelines.registers.resolving import Resolution
from synthetic.registers.system import make_system
from systems.description.loading import load_system
from systems.errors import RegisterRefused
from systems.register import AsNamed, Base, FileSource
from tests.examples import examples
from tests.unit.pipelines.registers.test_against import ON
from tests.unit.systems.conftest import store_at

CARPOS = load_system("CARPOS")
TABLES = [t.name for t in CARPOS.tables]
PLACES = [n for n in TABLES if not {"order_id", "person_id"} & set(CARPOS.table(n).column_names)]


def load(store, tables, place, base=None):
    place = Path(tempfile.mkdtemp(dir=place))
    (place / "SYNTHETIC").touch()
    for name, table in tables.items():
        pq.write_table(table, place / f"{name}.parquet")
    base = base and Base(base)
    how = Resolution(CARPOS, Linkage(), base, lambda _text: None)
    return store.load(
        CARPOS, AsNamed(CARPOS, FileSource([*place.glob("*.parquet")])), resolve=how, on=ON, base=base,
        remember=how.kept, index=lambda new: make_index(new, base and base.snapshot, read=how.rows),
    )  # fmt: skip


def read(index):
    """Everything that a release can read of it."""
    rows, texts = index.read("rows"), index.read("texts")
    columns = sorted(normalise.READ_COLUMNS)
    given = normalise.read_stored(rows, texts, columns, ["record_id", "identity"])
    yield given.as_given.to_pydict()
    yield {n: v.tolist() for n, v in given.numbers.items()}
    yield {n: (d.indices.tolist(), d.values) for n, d in given.texts.items()}
    yield {n: (u.rows.tolist(), u.told.tolist()) for n, u in given.unread.items()}
    for name in ("released", "scope", "tallies"):
        yield index.read(name).to_pylist()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    place = tmp_path_factory.mktemp("index")
    made = make_system("CARPOS", place / "made", records=60, seed=3)
    tables = {path.stem: pq.read_table(path) for path in made.files}
    store = store_at(place / "store")
    return store, place, tables, load(store, tables, place)


def changed(tables, chance, ways):
    """The tables a month later: values from other rows, rows that went with all that hangs on them."""
    new = dict(tables)
    for way in ways:
        name = chance.choice([n for n in new if new[n].num_rows])
        table = new[name]
        keys = {
            *CARPOS.table(name).primary_key,
            *(c for k in CARPOS.table(name).foreign_keys for c in k.columns),
        }
        row = chance.randrange(table.num_rows)
        if way == "value":
            columns = [c for c in table.column_names if c not in keys]
            if not columns:
                continue
            at = table.schema.get_field_index(chance.choice(columns))
            places = np.arange(table.num_rows)
            places[row] = chance.randrange(table.num_rows)
            new[name] = table.set_column(
                at, table.schema.field(at), table.column(at).take(pa.array(places))
            )
        elif way == "order":
            gone = pa.array([chance.choice(new["order_entry"]["order_id"].to_pylist())])
            for other in new:
                if "order_id" in new[other].column_names:
                    new[other] = new[other].filter(
                        pc.invert(pc.is_in(new[other]["order_id"], gone))
                    )
        else:  # a row of a table that nothing hangs on
            hangs = {k.table for t in CARPOS.tables for k in t.foreign_keys}
            if name not in hangs:
                new[name] = pa.concat_tables([table.slice(0, row), table.slice(row + 1)])
    return new


@pytest.mark.long
@examples(12)
@given(
    seed=st.integers(0, 2**16),
    ways=st.lists(st.sampled_from(["value", "value", "order", "row"]), min_size=1, max_size=6),
)
def test_what_changes_leave_is_taken_over(world, seed, ways):
    store, place, tables, base = world
    new = changed(tables, random.Random(seed), ways)
    try:
        later = load(store, new, place, base)
    except RegisterRefused:  # not every change is a register
        reject()
    taken_over = list(read(index_of(later)))  # its files go when it is made again
    whole = index_of(store.index(later.snapshot_id, make_index))
    for ours, theirs in zip(taken_over, read(whole), strict=True):
        assert ours == theirs


def test_an_index_of_what_was_read_to_resolve_is_the_one_that_reads_again(world):
    store, place, tables, _ = world
    party = tables["order_party"].to_pylist()
    respondent, protected = (
        next(row for row in party[start:] if row["role"] == role)
        for start, role in ((0, "respondent"), (40, "protected"))
    )  # who stands on two orders in two roles is in two groups
    both = [respondent | {name: protected[name] for name in ("order_id", "role")}]
    more = pa.Table.from_pylist(both, schema=tables["order_party"].schema)
    snapshot = load(store, tables | {"order_party": pa.concat_tables([tables["order_party"], more])}, place)  # fmt: skip
    at_once = list(read(index_of(snapshot)))
    again = index_of(store.index(snapshot.snapshot_id, make_index))
    for ours, theirs in zip(at_once, read(again), strict=True):
        assert ours == theirs


@pytest.mark.long
def test_of_one_name_one_entry_is_read_again(world, monkeypatch):
    store, place, tables, base = world
    asked = []
    real = index_changes.Changes._there
    monkeypatch.setattr(index_changes.Changes, "_there", lambda s, t: asked.append(real(s, t)) or asked[-1])  # fmt: skip
    names = tables["person_name"]
    at = names.schema.get_field_index("last")
    values = names["last"].to_pylist()
    values[5] = "Changed"
    new = tables | {"person_name": names.set_column(at, names.schema.field(at), pa.array(values))}
    load(store, new, place, base)
    person = names["person_id"][5].as_py()
    assert asked[0]["record_id"].to_pylist() == [person]
    assert person in asked[1]["record_id"].to_pylist()
    assert asked[1].num_rows < base.info.entries // 5


@pytest.mark.long
def test_what_many_records_hang_on_has_everything_worked_out(world, monkeypatch):
    store, place, tables, base = world
    name = next(n for n in PLACES if n in tables)
    monkeypatch.setattr(index_changes.Changes, "rows", lambda *_: pytest.fail("taken over"))
    new = tables | {name: tables[name].slice(0, 0)} if not _hung_on(tables, name) else None
    if new is None:
        column = next(
            c for c in tables[name].column_names if c not in CARPOS.table(name).primary_key and pa.types.is_string(tables[name].schema.field(c).type)
        )  # fmt: skip
        at = tables[name].schema.get_field_index(column)
        values = pa.array(["Elsewhere"] * tables[name].num_rows)
        new = tables | {name: tables[name].set_column(at, column, values)}
    load(store, new, place, base)


def _hung_on(tables, name):
    return any(
        key.table == name for t in CARPOS.tables if t.name in tables for key in t.foreign_keys
    )
