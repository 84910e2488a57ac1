"""Risk, content scan and local suppression, each against a plain count."""

import random
from collections import Counter, defaultdict

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.deidentified.less_rare import suppress_locally
from extracts.deidentified.risk import RiskLimit, risk_report
from extracts.errors import ExtractFailed, PersonalContent
from extracts.rows.content_scan import ScanReport, check_content
from tests.examples import examples
from tests.unit.extracts.making import content_scan

QUASI = ("county", "sex", "month")


def table(rows):
    names = ("person_ref", *QUASI, "brady")
    columns = list(zip(*rows, strict=True)) if rows else [[]] * len(names)
    return pa.table(
        {n: pa.array(list(c), pa.string()) for n, c in zip(names, columns, strict=True)}
    )


TWO_ALIKE = table(
    [
        ("p1", "001", "F", "2020-01", "Y"),
        ("p1", "001", "F", "2020-02", "Y"),
        ("p2", "001", "F", "2020-02", "N"),
        ("p2", "001", "F", "2020-01", "Y"),
        ("p3", "073", None, "2020-01", "Y"),
    ]
)


def test_persons_are_alike_by_their_whole_history():
    report = risk_report(TWO_ALIKE, QUASI, sensitive=("brady",), threshold=2)
    assert (report.persons, report.rows) == (3, 5)
    assert (report.history.smallest, report.history.unique, report.history.below) == (1, 1, 1)
    assert report.history.classes == 2
    assert report.prosecutor_max == 1.0
    assert report.marketer == pytest.approx(2 / 3)
    assert report.sensitive["brady"].distinct == 1


def test_an_order_more_makes_a_person_unique():
    more = pa.concat_tables([TWO_ALIKE, table([("p2", "001", "F", "2020-01", "Y")])])
    report = risk_report(more, QUASI, threshold=2)
    assert report.history.unique == 3
    assert report.single.unique == 1


def test_the_population_lowers_the_journalist_risk():
    crowd = table([(f"q{n}", "073", None, "2020-01", "Y") for n in range(4)])
    everybody = pa.concat_tables([TWO_ALIKE, crowd])
    report = risk_report(TWO_ALIKE, QUASI, population=everybody)
    assert report.prosecutor_max == 1.0
    assert report.journalist_max == 0.5
    assert report.marketer == pytest.approx((2 / 2 + 1 / 5) / 3)


def test_no_rows_are_no_risk():
    report = risk_report(table([]), QUASI)
    assert (report.persons, report.share_below, report.prosecutor_max) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("limit", "above"),
    [
        (RiskLimit(2), ("share_below", "prosecutor", "journalist", "marketer")),
        (RiskLimit(2, max_share_below=1 / 3), ("prosecutor", "journalist", "marketer")),
        (RiskLimit(2, 1 / 3, max_prosecutor=1), ("marketer",)),
        (RiskLimit(2, 1 / 3, 1, max_marketer=2 / 3), ()),
    ],
)
def test_a_limit_names_what_is_above_it(limit, above):
    assert limit.exceeded(risk_report(TWO_ALIKE, QUASI, threshold=2)) == above


def test_ten_who_are_alike_keep_the_default_limit():
    def alike(n):
        return table([(f"p{i}", "001", "F", "2020-01", "Y") for i in range(n)])

    assert RiskLimit().exceeded(risk_report(alike(10), QUASI)) == ()
    assert "share_below" in RiskLimit().exceeded(risk_report(alike(9), QUASI))


@pytest.mark.parametrize("seed", range(3))
def test_k_and_l_of_persons_with_one_row_are_those_of_pycanon(seed):
    """An outside implementation; it counts rows, so that every person has one here."""
    from pycanon import anonymity

    chance = random.Random(seed)
    rows = [
        (f"p{n}", chance.choice(["001", "073"]), chance.choice("FM"), f"2020-0{chance.randint(1, 3)}",
         chance.choice("YNU"))
        for n in range(90)
    ]  # fmt: skip
    report = risk_report(table(rows), QUASI, sensitive=("brady",))
    frame = pd.DataFrame(table(rows).to_pydict())
    assert report.history.smallest == anonymity.k_anonymity(frame, list(QUASI))
    assert report.sensitive["brady"].distinct == anonymity.l_diversity(
        frame, list(QUASI), ["brady"]
    )
    far = anonymity.t_closeness(frame, list(QUASI), ["brady"])
    assert report.sensitive["brady"].distance == pytest.approx(far)
    assert report.single == report.history


people = st.lists(
    st.tuples(
        st.sampled_from([f"p{n}" for n in range(6)]),
        st.sampled_from(["001", "073"]),
        st.sampled_from(["F", None]),
        st.sampled_from(["2020-01", "2020-02"]),
        st.just("Y"),
    ),
    min_size=1,
    max_size=14,
)


@examples(60)
@given(people, st.integers(2, 4))
def test_risk_against_a_plain_count(rows, threshold):
    history = defaultdict(list)
    alone = defaultdict(set)
    for person, *quasi, _ in rows:
        history[person].append(tuple(quasi))
        alone[tuple(quasi)].add(person)
    classes = Counter(tuple(sorted(map(str, h))) for h in history.values())
    report = risk_report(table(rows), QUASI, threshold=threshold)
    assert report.history.smallest == min(classes.values())
    assert report.history.below == sum(n for n in classes.values() if n < threshold)
    assert report.single.smallest == min(len(who) for who in alone.values())
    assert report.prosecutor_mean == pytest.approx(len(classes) / len(history))


LOOK_ALIKES = {
    "ssn": ["123-45-6789", "123456789"],
    "driver_license": ["D1234567", "dl d1234567 ca"],
    "cii": ["A12345678"],
    "file_control_number": ["2320000000001"],
    "telephone": ["(916) 555-0123", "916-555-0123", "9165550123"],
    "email": ["a.b@example.org"],
    "full_date": ["1980-02-03", "2/3/1980", "born 02/03/80"],
    "free_text": ["he was seen at the corner of", "x" * 81],
}


def test_the_scan_finds():
    """Each in a column of its own, so that no other has a part in what is found."""
    values = [(kind, value) for kind, several in LOOK_ALIKES.items() for value in several]
    columns = {f"order_code_{i}": ["OGV", value, value] for i, (_, value) in enumerate(values)}
    found = content_scan(pa.table(columns)).found
    for name, (kind, value) in zip(columns, values, strict=True):
        assert (name, kind, 2) in found
        with pytest.raises(PersonalContent) as caught:
            check_content(ScanReport(tuple(f for f in found if f[0] == name), 1, 3))
        assert name in str(caught.value)
        assert value not in str(caught.value)


def test_the_scan_finds_the_same_in_columns_together_and_one_by_one(monkeypatch):
    """Also where a column is called as the query calls its own, and where one has no value."""
    columns = {
        "v": ["12/3/1999", None, "12/3/1999"],
        "n": ["code", "he was seen at the corner of", "a@b.ca"],
        "name": [123456789, 7, None],
        "none": pa.nulls(3, pa.string()),
    }
    together = content_scan(pa.table(columns)).found
    monkeypatch.setattr("extracts.rows.content_scan._AT_ONCE", 1)
    assert together == content_scan(pa.table(columns)).found
    assert together == (
        ("v", "full_date", 2), ("n", "email", 1), ("n", "free_text", 1), ("name", "ssn", 1),
    )  # fmt: skip


HARMLESS = [
    "OGV",
    "01;05;07",
    "2020-05",
    "after_hearing",
    "001",
    "85-89",
    "90+",
    "personal",
    "0" * 24,
]


def test_the_scan_leaves_codes_and_research_ids_alone():
    values = [*HARMLESS, "9f86d081884c7d659a2feaa0", "mfrggzdfmztwq2lk1234567a"]
    columns = {f"x{i}": [value, None] for i, value in enumerate(values)}
    assert content_scan(pa.table(columns)).found == ()


def test_the_scan_leaves_out_what_the_researcher_supplied():
    supplied = pa.table({"row_id": ["123-45-6789"], "supplied_ssn": ["123-45-6789"], "n": [12345]})
    assert content_scan(supplied).clean


@pytest.mark.parametrize(
    ("number", "kind"),
    [(123456789, "ssn"), (9165550123, "telephone"), (2320000000001, "file_control_number")],
)
def test_numbers_are_scanned_as_they_are_written(number, kind):
    report = content_scan(pa.table({"order_shots": [number, None, 3]}))
    assert report.found == (("order_shots", kind, 1),)


def test_nine_figures_inside_a_text_are_found():
    assert content_scan(pa.table({"x": ["ssn:123456789;"]})).found[0][1] == "ssn"
    assert content_scan(pa.table({"x": ["tel 9165550123 home"]})).found[0][1] == "telephone"


GIVES_WAY = ("month", "sex", "county")


def classes(rows):
    """Persons by their whole history, by hand."""
    history = defaultdict(list)
    for row in rows:
        history[row["person_ref"]].append(tuple(str(row[n]) for n in QUASI))
    return Counter(tuple(sorted(h)) for h in history.values())


@pytest.mark.long
@examples(60)
@given(people, st.integers(2, 4))
def test_local_suppression_leaves_nobody_rare(rows, k):
    before = table(rows)
    got = suppress_locally(before, QUASI, GIVES_WAY, k)
    after = got.table.to_pylist()
    assert all(size >= k for size in classes(after).values())
    left = [r for r in before.to_pylist() if r["person_ref"] in {a["person_ref"] for a in after}]
    assert got.rows_left_out == len(rows) - len(left) == before.num_rows - len(after)
    assert got.persons_left_out == len({r[0] for r in rows}) - len({r["person_ref"] for r in left})
    lost = Counter()
    for old, new in zip(left, after, strict=True):
        assert (old["person_ref"], old["brady"]) == (new["person_ref"], new["brady"])
        for name in QUASI:
            assert new[name] in {old[name], None}
            lost[name] += new[name] != old[name]
    assert got.cells == {n: c for n, c in lost.items() if c}


@pytest.mark.long
@examples(40)
@given(people, st.integers(2, 4))
def test_fewer_than_k_of_each_number_of_orders_are_left_out(rows, k):
    """With everything emptied, ``k`` persons of as many orders would be a class."""
    before = table(rows)
    got = suppress_locally(before, QUASI, GIVES_WAY, k)
    stay = set(got.table["person_ref"].to_pylist())
    orders = Counter(r["person_ref"] for r in before.to_pylist())
    out = Counter(n for person, n in orders.items() if person not in stay)
    assert sum(out.values()) == got.persons_left_out
    assert all(persons < k for persons in out.values())


def test_common_rows_keep_everything_beside_rare_ones():
    rows = [(f"p{n}", "001", "F", "2020-01", "Y") for n in range(9)]
    got = suppress_locally(table([*rows, ("q", "073", "M", "2020-02", "Y")]), QUASI, GIVES_WAY, 5)
    assert got.table.equals(table(rows))
    assert (got.persons_left_out, got.rows_left_out, got.cells) == (1, 1, {})


def test_a_rare_month_costs_the_month_alone():
    rows = [(f"p{n}", "001", "F", f"2020-0{n}", "Y") for n in range(1, 6)]
    got = suppress_locally(table(rows), QUASI, GIVES_WAY, 5)
    assert got.cells == {"month": 5}


def test_what_was_given_up_in_vain_is_given_back():
    """The month gave way first, but the county told them apart: with it gone the month may stay."""
    rows = [(f"p{n}", f"0{n:02d}", "F", "2020-01", "Y") for n in range(5)]
    got = suppress_locally(table(rows), QUASI, GIVES_WAY, 5)
    assert got.cells == {"county": 5}


def test_every_quasi_identifier_must_be_able_to_give_way():
    with pytest.raises(ExtractFailed):
        suppress_locally(TWO_ALIKE, QUASI, ("month",), 2)


def test_what_tells_an_emptied_value_is_emptied_with_it():
    rows = [(f"p{n}", "001", "F", f"2020-0{n}", "Y") for n in range(1, 6)]
    got = suppress_locally(table(rows), QUASI, GIVES_WAY, 5, together={"month": ("brady",)})
    assert got.cells == {"month": 5, "brady": 5}
    assert got.table["brady"].null_count == 5
    kept = suppress_locally(
        table(rows[:1] * 1), QUASI, GIVES_WAY, 1, together={"month": ("brady",)}
    )
    assert kept.cells == {}
