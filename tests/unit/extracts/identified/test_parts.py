"""The identified extract in parts: the same rows wherever the cohort is cut, and none is lost."""

import itertools

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts import identified
from extracts.errors import ExtractFailed, SuppliedRowsUnsound
from extracts.rows import RowScope
from tests.examples import examples, first_of
from tests.unit.extracts.identified.test_identified import link, order, party

ROWS = 12
COHORT = [{"row_number": 3 * n, "row_id": f"r{n}", "last_name": f"N{n}"} for n in range(ROWS)]
CODES = {6: "UNUSABLE", 33: "WITHHELD"}
LINKS = [
    link("r0", 1), link("r0", 2), link("r4", 3), link("r11", 4), link("r5", 5, "review"), link("r7", 6),
]  # fmt: skip
TABLES = {
    "person": [{"person_id": n} for n in range(1, 9)],
    "order_entry": [order(n) for n in range(10, 18)],
    "order_party": [party(10, 1), party(11, 1), party(12, 2), party(13, 3), party(14, 4), party(15, 6)],
}  # fmt: skip


@pytest.fixture(scope="module")
def begun(carpos, open_register, bring_cohort, make_ids):
    def begin():
        con = open_register(**TABLES)
        bring_cohort(con, COHORT, LINKS, CODES)
        made = identified.begin_identified(con, carpos, RowScope(families=("GV",)), make_ids("s"))
        return made, con.sql("SELECT * FROM supplied").to_arrow_table()

    return begin


@pytest.fixture(scope="module")
def uncut(begun):
    """The extract in one part, and its counts."""
    made, supplied = begun()
    return pa.concat_tables(made.parts([supplied])), made.counts


@pytest.mark.long
@examples(30)
@given(st.lists(st.integers(0, ROWS), max_size=5), st.integers(1, ROWS))
def test_the_cuts_make_no_difference(begun, uncut, cuts, rows):
    whole, counts = uncut
    made, supplied = begun()
    places = [0, *sorted(cuts), ROWS]
    cut = [supplied.slice(a, b - a) for a, b in itertools.pairwise(places)]
    parts = list(made.parts(cut, rows))
    assert max(one.supplied.num_rows for one in begun()[0].shares(cut, rows)) <= rows
    assert {p.schema for p in parts} == {made.schema}
    assert pa.concat_tables(parts).equals(whole)
    assert made.counts == counts
    assert counts == {
        "cohort_rows": 12, "matched": 3, "not_matched": 6, "not_attempted": 3, "rows": 14,
        "orders": 5, "orders_withheld": 0,
    }  # fmt: skip


def test_rows_that_come_twice_or_out_of_order_are_refused(begun):
    made, supplied = begun()
    for again in ([0, 1, 1], [1, 0], [2, 3, 0]):
        with pytest.raises(SuppliedRowsUnsound):
            list(made.parts([supplied.slice(i, 1) for i in again]))


@pytest.mark.parametrize("missing", first_of([0, 4, 7]))
def test_a_linked_row_that_does_not_come_is_missed(begun, missing):
    made, supplied = begun()
    with pytest.raises(SuppliedRowsUnsound):
        list(made.parts([supplied.slice(0, missing), supplied.slice(missing + 1)]))


def test_what_arrow_says_of_a_value_is_dropped(begun):
    made, supplied = begun()
    bytes_ = pa.array([b"\xffSECRET"] * ROWS, pa.binary())
    spoilt = supplied.set_column(2, "last_name", bytes_)
    with pytest.raises(ExtractFailed) as caught:
        list(made.parts([spoilt]))
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
