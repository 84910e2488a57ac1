"""Risk, content scan and local suppression, each against a plain count."""

import random
from collections import Counter, defaultdict

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extracts import (
    Coarser,
    RiskLimit,
    check_content,
    check_risk,
    content_scan,
    risk_report,
    suppress_locally,
)
from extracts.errors import PersonalContent, RiskAboveLimit

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
    assert report.l_diversity == {"brady": 1}


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


def test_the_limit_warns_or_refuses():
    report = risk_report(TWO_ALIKE, QUASI, threshold=2)
    assert check_risk(report, RiskLimit(0.5, refuse=True))
    assert not check_risk(report, RiskLimit(0.1))
    with pytest.raises(RiskAboveLimit):
        check_risk(report, RiskLimit(0.1, refuse=True))


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


@settings(max_examples=60, deadline=None)
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


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, vs in LOOK_ALIKES.items() for v in vs])
def test_the_scan_finds(kind, value):
    report = content_scan(pa.table({"order_code": ["OGV", value, value]}))
    assert ("order_code", kind, 2) in report.found
    with pytest.raises(PersonalContent) as caught:
        check_content(report)
    assert value not in str(caught.value)


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


@pytest.mark.parametrize(
    "value", [*HARMLESS, "9f86d081884c7d659a2feaa0", "mfrggzdfmztwq2lk1234567a"]
)
def test_the_scan_leaves_codes_and_research_ids_alone(value):
    assert content_scan(pa.table({"x": [value, None]})).clean


def test_the_scan_leaves_out_what_the_researcher_supplied():
    supplied = pa.table(
        {"row_id": ["123-45-6789"], "supplied_ssn": ["123-45-6789"], "n": [123456789]}
    )
    assert content_scan(supplied).clean


REGIONS = {"001": "bay", "013": "bay", "073": "south"}
STEPS = (Coarser("county", REGIONS), Coarser("month"), Coarser("sex"), Coarser("county"))


def rows_below(got, k):
    seen = defaultdict(set)
    for row in got.to_pylist():
        seen[tuple(row[n] for n in QUASI)].add(row["person_ref"])
    return sum(len(seen[tuple(r[n] for n in QUASI)]) < k for r in got.to_pylist())


@pytest.mark.parametrize("seed", range(5))
def test_local_suppression_leaves_no_rare_row_that_could_be_helped(seed):
    chance = random.Random(seed)
    rows = [
        (
            f"p{n}",
            chance.choice(sorted(REGIONS)),
            chance.choice("FM"),
            chance.choice(["2020-01", "2020-02", "2020-03"]),
            "Y",
        )
        for n in range(60)
    ]
    before = table(rows)
    got = suppress_locally(before, QUASI, STEPS, 5)
    assert got.below == rows_below(got.table, 5)
    assert got.below < rows_below(before, 5)
    assert got.table["person_ref"].equals(before["person_ref"])
    assert got.table["brady"].equals(before["brady"])
    changed = sum(
        a != b
        for n in QUASI
        for a, b in zip(before[n].to_pylist(), got.table[n].to_pylist(), strict=True)
    )
    assert 0 < changed <= sum(got.cells.values())


def test_local_suppression_leaves_common_rows_alone():
    common = table([(f"p{n}", "001", "F", "2020-01", "Y") for n in range(9)])
    got = suppress_locally(common, QUASI, STEPS, 5)
    assert got.table.equals(common)
    assert set(got.cells.values()) == {0}
