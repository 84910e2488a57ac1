"""A load against a snapshot: full files and a delta give one snapshot, and nobody is resolved whom the changes don't touch."""

import datetime as dt
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from matching.options import LinkOptions
from matching.persons import Remembered, resolve_whole
from pipelines.home.settings import Linkage
from pipelines.registers.resolving import Resolution
from synthetic.registers.system import make_system
from systems.description.loading import load_system
from systems.errors import BaseDiffers, RegisterRefused
from systems.register import AsNamed, Base, FileSource, parted
from tests.unit.systems.conftest import store_at

CARPOS = load_system("CARPOS")
ON = dt.date(2026, 11, 23)


def load(store, files, base=None, *, delta=False, relearn=False, system=CARPOS):
    source = FileSource([*files.values()])
    if base is not None:
        deleted = {}
        if delta:
            source, deleted = parted(source, system)
        base = Base(base, delta, deleted)
    said = []
    how = Resolution(system, Linkage(), base, said.append, relearn=relearn)
    made = store.load(
        system, AsNamed(system, source), resolve=how, on=ON, base=base, remember=how.kept
    )
    return made, said


def rows_of(snapshot):
    con = snapshot.connect(threads=1)
    return {
        t.name: con.sql(f'SELECT * FROM "{t.name}" ORDER BY ALL').to_arrow_table()
        for t in CARPOS.tables
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A base, the register a month later as full files, and the same as a delta."""
    place = tmp_path_factory.mktemp("against")
    made = make_system("CARPOS", place / "old", records=150, seed=7)
    old = {path.stem: pq.read_table(path) for path in made.files}
    new, delta = dict(old), {}

    def change(table, rows=(), key=None, gone=None, **values):
        whole = new[table]
        if gone is not None:
            out = pc.is_in(whole[key], pa.array(gone))
            lost = whole.filter(out)
            new[table] = whole.filter(pc.invert(out))
            delta[f"deleted_{table}"] = lost.select(
                list(CARPOS.table(table).primary_key or lost.column_names)
            )
            return
        here = pc.is_in(whole[key], pa.array(rows))
        changed = whole.filter(here)
        for name, value in values.items():
            at = changed.schema.get_field_index(name)
            one = pa.array([value] * changed.num_rows, changed.schema.field(name).type)
            changed = changed.set_column(at, name, one)
        new[table] = pa.concat_tables([whole.filter(pc.invert(here)), changed])
        delta[table] = changed

    people = old["person"]["person_id"].to_pylist()
    change("person_name", people[3:4], "person_id", last="Changed")
    orders = old["order_entry"]["order_id"].to_pylist()[-3:]
    going = old["order_party"].filter(pc.is_in(old["order_party"]["order_id"], pa.array(orders)))
    going = going["person_id"].to_pylist()
    for table in new:
        names = new[table].column_names
        if "order_id" in names:
            change(table, key="order_id", gone=orders)
        elif "person_id" in names and table != "person_name":
            change(table, key="person_id", gone=going)
    base = new["person_name"].filter(pc.is_in(new["person_name"]["person_id"], pa.array(going)))
    new["person_name"] = new["person_name"].filter(
        pc.invert(pc.is_in(new["person_name"]["person_id"], pa.array(going)))
    )
    delta["deleted_person_name"] = base.select(["person_id", "seq"])
    places = {}
    for kind, tables in (("new", new), ("delta", delta)):
        (place / kind).mkdir()
        (place / kind / "SYNTHETIC").touch()
        places[kind] = {n: place / kind / f"{n}.parquet" for n in tables}
        for name, table in tables.items():
            pq.write_table(table, places[kind][name])
    store = store_at(place / "store")
    base, _ = load(store, {path.stem: path for path in made.files})
    return store, base, places


@pytest.fixture(scope="module")
def later(world):
    store, base, places = world
    return load(store, places["new"], base), load(store, places["delta"], base, delta=True)


@pytest.mark.long
def test_full_files_and_a_delta_give_one_snapshot(world, later):
    _, base, _ = world
    (full, _), (delta, _) = later
    assert rows_of(full) == rows_of(delta)
    assert full.persons()[0].equals(delta.persons()[0])
    assert full.info.changes == delta.info.changes
    assert full.info.base == base.snapshot_id
    assert full.info.changes["person_name"].changed >= 1
    assert full.info.changes["order_entry"].deleted == 3
    assert full.info.synthetic
    assert delta.info.synthetic
    delta.verify()


@pytest.mark.long
def test_only_the_touched_are_resolved_and_the_index_is_that_of_the_whole(world, later):
    _, base, _ = world
    (full, said), _ = later
    index, kept = full.persons()
    remembered = Remembered.read(kept, LinkOptions())
    entries = (
        full.connect()
        .sql("SELECT DISTINCT * EXCLUDE (role) FROM linkage_records ORDER BY ALL")
        .to_arrow_table()
    )
    assert resolve_whole(entries, LinkOptions(), remembered).index.equals(index)
    assert 0 < full.info.resolved < base.info.entries // 2
    assert said[0].startswith("Resolving again")
    before = {r["record_id"]: r for r in base.persons()[0].to_pylist()}
    same = sum(before[r["record_id"]] == r for r in index.to_pylist())
    assert same >= index.num_rows - full.info.resolved


@pytest.mark.long
def test_a_delta_that_does_not_fit_pins_nothing(world, tmp_path):
    store, base, places = world
    many = len(store.list())
    shutil.copytree(places["delta"]["person_name"].parent, tmp_path / "delta")
    files = {n: tmp_path / "delta" / p.name for n, p in places["delta"].items()}
    names = pq.read_table(files["person_name"])
    pq.write_table(pa.concat_tables([names, names.slice(0, 1)]), files["person_name"])
    with pytest.raises(RegisterRefused) as caught:
        load(store, files, base, delta=True)
    [problem] = caught.value.problems
    assert (problem.code, problem.count, problem.rows) == (
        "duplicate_key", 1, (names.num_rows + 1,),
    )  # fmt: skip
    pq.write_table(names, files["person_name"])
    gone = pa.table({"person_id": [1, 10**9, 10**9], "seq": [1, 1, 1]})
    given = names.select(["person_id", "seq"]).slice(0, 1)
    gone = pa.concat_tables([gone.slice(1), given.cast(gone.schema)])
    pq.write_table(gone, files["deleted_person_name"])
    with pytest.raises(RegisterRefused) as caught:
        load(store, files, base, delta=True)
    found = {(p.code, p.table, p.source, p.count, p.rows) for p in caught.value.problems}
    place = ("person_name", "deleted_person_name")
    assert found == {
        ("deleted_unknown", *place, 2, (1, 2)),
        ("deleted_and_given", *place, 1, (3,)),
        ("duplicate_key", *place, 1, (2,)),
    }
    assert all(row["expected"] for row in caught.value.listed)
    assert len(store.list()) == many


def test_a_base_of_another_description_is_refused(world):
    store, base, _ = world
    with pytest.raises(BaseDiffers):
        load(store, {}, base, system=load_system("ACHS"))
