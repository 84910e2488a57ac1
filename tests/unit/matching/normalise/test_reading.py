"""A side that comes in parts: what is kept of a part is no hold on all of it."""

import pyarrow as pa

from matching.normalise import read_input
from tests.two_tables import make_linkage

KEEP = ("cohort_id", "sex")
COLUMNS = ("last_name", "first_name", "birth_date", "sex", "ssn", "street", "zip")


def parts(table: pa.Table) -> list[pa.Table]:
    """Parts that came in one piece of memory each, names and sexes with dictionaries."""
    sent: list[pa.Table] = []
    for start in range(0, table.num_rows, 70):
        part = table.slice(start, 70)
        for name in ("last_name", "sex"):
            place = part.column_names.index(name)
            part = part.set_column(place, name, part[name].dictionary_encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, part.schema) as out:
            out.write_table(part)
        sent.append(pa.ipc.open_stream(sink.getvalue()).read_all())
    return sent


def test_parts_that_pass_by_are_read_alike_and_let_go():
    table = make_linkage(10, 300, 5)[0]
    given = parts(table)
    held = read_input(given, COLUMNS, KEEP, 2)
    before = pa.total_allocated_bytes()
    passing = read_input(iter(parts(table)), COLUMNS, KEEP, 2, passing=True)
    own = pa.total_allocated_bytes() - before
    assert passing.as_given.equals(held.as_given)
    assert passing.rows == held.rows == 300
    for name, values in held.numbers.items():
        assert (values == passing.numbers[name]).all()
    for name, texts in held.texts.items():
        assert (texts.indices == passing.texts[name].indices).all()
        assert texts.values == passing.texts[name].values
    assert own < sum(part.nbytes for part in given) / 3
