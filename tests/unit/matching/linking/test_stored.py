"""Records that were read once are, for any cohort and any of their rows, as if just these rows were read now."""

import dataclasses
import hashlib
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linking import link_sources, parts_source, stored_source
from matching.normalise import read_input, stored_columns, stored_tables
from matching.options import LinkOptions
from matching.own_words import OwnWords
from matching.tables import IDENTIFYING
from tests.examples import examples
from tests.unit.matching.tables import cohort, people

WORDS = OwnWords(("TBD", "999-99-9998", "1 Jan 1901"), (("Zuzi", "Susanna"),))
VALUES = {
    "last_name": ["de la Cruz", "Cruz", "SMITH, Jr.", "Lee", "Rhee", "Doe", " ", "TBD", "O'Brien", "Ivan ov", "Ivanov", "김"],
    "first_name": ["John", "Jon", "Zuzi", "Susanna", "Sang Woo", "Sangwoo", "unknown", "", "María Elena"],
    "middle_name": ["A", "Ann", "NMN", "Elena"],
    "name_suffix": ["Jr", "III", "?"],
    "birth_date": ["1980-02-03", "2/3/1980", "soon", "1900-01-01", "1 Jan 1901"],
    "sex": ["M", "F", "U", "x"],
    "ssn": ["123-45-6788", "6788", "12", "7", "999-99-9998", "none", "abc", "111111111"],
    "driver_license": ["A1234567", "a 1234567", "NONE", "12", "TBD"],
    "phone": ["(916) 555-0134", "9165550134", "12", "call", "unknown"],
    "street": ["12 Main St", "12 Main Street", "Main St Apt 4", "PO Box 3", "", "TBD"],
    "city": ["Los Angeles", "LA", "unknown"],
    "zip": ["90001", "90001-1234", "9", "homeless"],
    "county": ["Los Angeles", "Yolo"],
}  # fmt: skip
ROW = st.fixed_dictionaries(
    {name: st.sampled_from([None, *values]) for name, values in VALUES.items()}
)
SOURCES = ("record_id", *VALUES, "identity")


def table(rows):
    """Variants of records in the order of their ids, as a register gives them."""
    ids = np.cumsum([row.get("new", 1) for row in rows]) if rows else np.empty(0, np.int64)
    columns = {n: pa.array([row.get(n) for row in rows], pa.string()) for n in VALUES}
    return pa.table({"record_id": pa.array(ids, pa.int64()), **columns, "identity": pa.array(ids // 2, pa.int64())})  # fmt: skip


def kept(records):
    """What is kept of records, each part as a table."""
    source = parts_source(SOURCES, "records", lambda: iter([records]))
    return stored_tables(source.read(source.columns))


def both(records, chosen):
    """The chosen rows as a source of today, and of what was kept of all."""
    rows, texts = kept(records)
    here = pa.array(chosen, pa.bool_())
    now = parts_source(SOURCES, "records", lambda: iter([records.filter(here)]))
    return now, stored_source(SOURCES, lambda names: rows.select(names).filter(here), lambda: texts)


def told(result):
    """Everything that a linkage says, but for the seconds."""
    report = dataclasses.asdict(result.report) | {"seconds": 0}
    return result.links.to_pylist(), json.dumps(report, default=str)


@pytest.mark.long
@examples(20)
@given(
    st.lists(ROW, max_size=6),
    st.lists(st.tuples(ROW, st.integers(0, 1), st.booleans()), max_size=14),
    st.sets(st.sampled_from(sorted(VALUES)), min_size=4).map(sorted),
    st.booleans(),
)
def test_links_and_report_are_those_of_the_rows_themselves(mine, theirs, columns, words):
    records = table([row | {"new": new} for row, new, _ in theirs])
    chosen = [keep for _, _, keep in theirs]
    given_rows = [{n: row[n] for n in columns} for row in mine]
    names = pa.schema([("cohort_id", pa.string()), *((n, pa.string()) for n in columns)])
    own = pa.Table.from_pylist([{"cohort_id": f"c{i}"} | row for i, row in enumerate(given_rows)], names)  # fmt: skip
    options = LinkOptions(words=WORDS) if words else LinkOptions()
    if not set(IDENTIFYING) & set(columns):
        return  # nothing that a linkage could live by

    def linked(source):
        cohort_source = parts_source(own.column_names, "cohort", lambda: iter([own]))
        return told(link_sources(cohort_source, source, options))

    now, before = both(records, chosen)
    assert linked(before) == linked(now)


@pytest.mark.parametrize("share", [1.0, 0.4, 0.0])
def test_a_linkage_with_matches_is_the_same(share):
    everybody = people(90, 5)
    records = table(everybody)
    chosen = (np.arange(90) % 10 < share * 10).tolist()
    own = cohort(*everybody[::2])
    linked = [
        told(link_sources(parts_source(own.column_names, "cohort", lambda: iter([own])), source))
        for source in both(records, chosen)
    ]
    assert linked[0] == linked[1]
    assert len(linked[0][0]) >= share * 20


def test_what_is_kept_is_what_its_version_says():
    """Whoever changes what reading makes of a value, or the tables, gives `matching.normalise.VERSION` its next number."""
    rows = [{name: values[i % len(values)] for name, values in VALUES.items()} for i in range(24)]
    said = json.dumps([part.to_pylist() for part in kept(table(rows))], default=str)
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == "6e1385fa7025c377"


def test_only_columns_that_both_sides_have_are_read():
    assert stored_columns(["last_name", "ssn", "street"], ["record_id"]) == [
        "record_id", "ssn", "ssn4", "last_name", "house", "street", "unread",
    ]  # fmt: skip
    rows = [{name: values[0] for name, values in VALUES.items()}]
    assert read_input([table(rows)], ["last_name"], ["record_id"], None).texts["sex"].values == []
