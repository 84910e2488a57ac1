"""A side is read part by part: no size of the parts and no kind of file changes a link."""

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from matching.assignment import assignment
from matching.linking.files import match_files
from matching.normalise import reading
from matching.normalise.vocabulary import Dictionary
from systems.tabular import reading as streaming
from tests.two_tables import link
from tests.unit.matching.tables import cohort, noisy, people, records


@pytest.fixture(scope="module")
def sides():
    import random

    rng = random.Random(5)
    rows = people(55, 5)
    theirs = [noisy(row, rng) for row in rows[10:] for _ in range(2)]
    theirs[7] |= {"street": None, "birth_date": "13/02/1980", "last_name": "  "}
    return cohort(*rows), records(*theirs)


@pytest.fixture(scope="module")
def whole(sides):
    return link(*sides)


@pytest.mark.long
@pytest.mark.parametrize("size", [1, 13, 64])
def test_the_size_of_the_parts_changes_no_link(sides, whole, size, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", size)
    monkeypatch.setattr(assignment, "_ROWS", size)
    parts = link(*sides)
    assert parts.links.equals(whole.links)
    assert len(whole.links) > 75
    assert parts.report.unparsable == whole.report.unparsable
    assert sum(part.num_rows for part in parts.pairs.parts()) == len(whole.links)


@pytest.mark.long
def test_parquet_read_in_parts_gives_the_links_of_the_same_csv(sides, tmp_path, monkeypatch):
    for name, table in zip(("cohort", "records"), sides, strict=True):
        csv.write_csv(table, tmp_path / f"{name}.csv")
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=29)
    monkeypatch.setattr(streaming, "_ROWS", 17)
    monkeypatch.setattr(assignment, "_ROWS", 23)
    found = []
    for kind in ("csv", "parquet"):
        out = tmp_path / f"{kind}-links.parquet"
        files = [tmp_path / f"{name}.{kind}" for name in ("cohort", "records")]
        match_files(*files, out)
        found.append(pq.read_table(out))
    texts = [t.set_column(1, "record_id", t["record_id"].cast("string")) for t in found]
    assert texts[0].equals(texts[1])
    assert pq.ParquetFile(out).num_row_groups > 3
    assert found[1]["record_id"].type == sides[1]["record_id"].type


def test_a_files_own_dictionary_changes_no_code():
    plain = [["b", None, " ", "a"], ["a", "", "c"]]
    own = [  # other orders, values that no row has
        pa.DictionaryArray.from_arrays([1, None, 3, 2], ["never", "b", "a", " "]),
        pa.DictionaryArray.from_arrays([2, 0, 1], ["", "c", "a", "b"]),
    ]
    coded = [pa.chunked_array([part]) for part in own]
    texts = [pa.chunked_array([pa.array(part)]).dictionary_encode() for part in plain]
    one, other = Dictionary.joined(coded, 7), Dictionary.joined(texts, 7)
    assert one.indices.tolist() == other.indices.tolist() == [0, -1, -1, 2, 2, -1, 4]
    assert one.values == other.values == ["b", " ", "a", "", "c"]
