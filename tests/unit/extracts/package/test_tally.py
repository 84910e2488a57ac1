"""Numbers that stand in a dictionary: of enough persons, nothing left over by subtraction, rounded."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.tally import Counter
from tests.examples import examples

CODES = (("a", "A"), ("b", "B"), ("c", "C"), ("z", "nobody"))
FIELDS = (
    FieldDoc("person_ref", "text", "Who.", required=True),
    FieldDoc("kind", "text", "Kind.", codes=CODES),
    FieldDoc("several", "list", "Several.", codes=CODES),
    FieldDoc("asked", "yes/no", "Asked."),
    FieldDoc("year", "year", "Year."),
    FieldDoc("day", "text", "Another."),
)
SCHEMA = pa.schema(
    [
        ("person_ref", pa.string()),
        ("kind", pa.string()),
        ("several", pa.string()),
        ("asked", pa.bool_()),
        ("year", pa.int16()),
        ("day", pa.string()),
    ]
)
ROWS = DataDictionary("One row is one order.", FIELDS, key=("person_ref",))
CELLS = DataDictionary("One row is one cell.", FIELDS, key=("person_ref",), published=True)


def table(rows):
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA
    )


def tallied(rows, dictionary=ROWS, *, batch=1_000, **more):
    counter = Counter(dictionary, 10, **more)
    whole = table(rows)
    reader = pa.RecordBatchReader.from_batches(SCHEMA, whole.to_batches(max_chunksize=batch))
    assert counter.watch(reader).read_all().equals(whole)
    return counter.tally()


def persons(number, value, first=0):
    return [(f"p{first + n}", value, value, True, 2020, value) for n in range(number)]


def test_a_small_group_and_the_next_smallest_are_hidden():
    """39 rows: 24, 12 and 3 persons. With 12 shown, 39 - 24 - 12 would be the three."""
    made = tallied([*persons(24, "a"), *persons(12, "b", 100), *persons(3, "c", 200)])
    assert made.rows == 39
    assert made.columns["kind"].rows == {"a": 20, "b": None, "c": None, "z": 0}
    assert made.columns["kind"].missing == 0


def test_persons_are_counted_not_rows():
    """Thirty orders of three persons are three persons."""
    made = tallied([*persons(30, "a"), *(persons(3, "b", 100) * 10)])
    assert made.columns["kind"].rows["b"] is None


def test_empty_fields_are_a_group_as_any_other():
    made = tallied([*persons(30, "a"), *persons(4, None, 100)])
    assert made.columns["kind"].missing is None
    assert made.columns["kind"].rows["a"] is None
    assert made.columns["day"].valid is None
    assert made.columns["day"].missing is None


def test_of_several_codes_each_is_held_to_those_that_lack_it():
    rows = [(f"p{n}", None, "a;b" if n else "a", None, None, None) for n in range(30)]
    several = tallied(rows).columns["several"].rows
    assert several["a"] == 30  # nobody lacks it
    assert several["b"] is None  # one person lacks it
    assert several["z"] == 0


def test_cells_of_a_published_table_are_counted_as_they_are():
    made = tallied([*persons(24, "a"), *persons(3, "b")], CELLS)
    assert made.base == 1
    assert made.columns["kind"].rows == {"a": 24, "b": 3, "c": 0, "z": 0}


def test_without_a_key_nothing_is_told():
    made = tallied(persons(50, "a"), DataDictionary("One row.", FIELDS))
    assert made.columns["kind"].rows == {"a": None, "b": 0, "c": 0, "z": 0}
    assert made.columns["day"].valid is None


def test_a_zero_stands_only_where_the_policy_shows_zeros():
    assert tallied(persons(20, "a"), zeros=False).columns["kind"].rows["z"] is None


def test_the_width_of_a_text_is_told_in_powers_of_two():
    rows = [*persons(20, "a"), ("p", "a", None, None, None, "é" * 5)]
    assert tallied(rows).columns["day"].width == 16
    assert tallied([]).columns["day"].width == 0


values = st.sampled_from(["a", "b", "c", None])
groups = st.lists(
    st.tuples(values, st.integers(0, 25), st.integers(1, 3), st.integers(0, 12)), max_size=6
)


@examples(200)
@given(given_groups=groups)
@pytest.mark.parametrize("column", ["kind", "asked", "year", "day"])
def test_no_number_is_of_few_persons_nor_leaves_few(column, given_groups):
    """Oracle: the rows themselves, counted by a loop."""
    code = {
        "kind": {"a": "a", "b": "b", "c": "c"},
        "asked": {"a": True, "b": False, "c": None},
        "year": {"a": 2020, "b": 2021, "c": 2022},
        "day": {"a": "x", "b": "y", "c": "z"},
    }[column]
    rows, place = [], SCHEMA.names.index(column)
    for value, many, times, first in given_groups:
        for n in range(many):
            row: list[object] = [f"p{first + n}", *[None] * 5]
            row[place] = code.get(value)
            rows += [tuple(row)] * times
    made = tallied(rows, batch=7)
    assert made == tallied(rows, batch=1_000)
    exact: dict[object, int] = {}
    whose: dict[object, set[object]] = {}
    for row in rows:
        value = row[place]
        told = {True: "true", False: "false"}.get(value, None if value is None else str(value))
        told = "any" if column == "day" and told else told
        exact[told] = exact.get(told, 0) + 1
        whose.setdefault(told, set()).add(row[0])
    counted = made.columns[column]
    shown = {value: counted.rows.get(value, counted.valid) for value in exact if value}
    if None in exact:
        shown[None] = counted.missing
    hidden = [value for value, number in shown.items() if number is None]
    for value, number in shown.items():
        if number is not None:
            assert len(whose[value]) >= 10
            assert abs(number - exact[value]) <= 5
            assert number % 10 == 0
    together = set().union(*(whose[value] for value in hidden)) if hidden else None
    assert together is None or len(together) >= 10 or len(hidden) == len(shown)
