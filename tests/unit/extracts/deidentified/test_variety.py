"""l-diversity and t-closeness of groups against their published definitions, written plainly."""

import math
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.deidentified.risk import RiskLimit, risk_report
from extracts.deidentified.variety import COMMON, variety
from extracts.rows import emptied
from tests.examples import examples

rows = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["x", "y", "z", None, "gone"])),
    min_size=1,
    max_size=40,
)
lists = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["01", "01;05", "05;07", "07", None, "gone"])),
    min_size=1,
    max_size=30,
)


def numbered(some):
    _, group = np.unique([g for g, _ in some], return_inverse=True)
    by = defaultdict(list)
    for g, (_, value) in zip(group.tolist(), some, strict=True):
        by[g].append(value)
    return group, by


def measured(group, some):
    """None says that nothing is recorded, "gone" that the cell was emptied."""
    values = [None if v == "gone" else v for _, v in some]
    gone = np.array([v == "gone" for _, v in some])
    return variety(group, pa.chunked_array([values], pa.string()), gone)


@examples(80)
@given(rows)
def test_variety_against_the_definitions(some):
    group, by = numbered(some)
    got = measured(group, some)
    told = {g: values for g, values in by.items() if any(v != "gone" for v in values)}
    everybody = Counter(v for values in told.values() for v in values)
    total = sum(everybody.values())
    assert got.empty.tolist() == [g not in told for g in sorted(by)]
    for g, values in told.items():
        share = {v: n / len(values) for v, n in Counter(values).items()}
        assert got.distinct[g] == len(share)  # distinct l-diversity
        entropy = -sum(p * math.log(p) for p in share.values())
        assert got.entropy[g] == pytest.approx(math.exp(entropy))
        apart = sum(abs(share.get(v, 0) - everybody[v] / total) for v in everybody) / 2
        assert got.distance[g] == pytest.approx(apart)  # t-closeness, equal distances
        assert got.common[g] == all(everybody[v] / total >= COMMON for v in share)


@examples(60)
@given(lists)
def test_lists_are_judged_code_by_code(some):
    group, by = numbered(some)
    if not any(v and ";" in v for _, v in some):
        return
    got = measured(group, some)
    told = [v for g, values in by.items() if not got.empty[g] for v in values]

    def share(values, code):
        return sum(code in (v or "").split(";") for v in values) / len(values)

    for g, values in by.items():
        if not got.empty[g]:
            apart = max(abs(share(values, c) - share(told, c)) for c in ("01", "05", "07"))
            assert got.distance[g] == pytest.approx(apart)


def people(*values):
    """Groups of ten persons who look alike, each with its sensitive values."""
    made = [(f"p{g}-{n}", f"{g}", v) for g, group in enumerate(values) for n, v in enumerate(group)]
    return pa.table(
        {n: [row[i] for row in made] for i, n in enumerate(("person_ref", "county", "kind"))}
    )


@pytest.mark.parametrize(
    ("values", "above"),
    [
        ([["x"] * 10, ["y"] * 10], ()),  # common ones: no news
        ([["x"] * 95, ["y"] * 10], ("l_diversity", "t_closeness")),  # all ten have what is rare
        ([["x"] * 95, ["y", "z"] * 5], ("t_closeness",)),  # two values, both rare
        ([["x"] * 95, ["y"] * 7 + ["x"] * 3], ()),
        (
            [["x"] * 95, [None] * 10],
            ("l_diversity", "t_closeness"),
        ),  # that nothing is recorded, too
        ([["x"] * 95, ["gone"] * 10], ()),  # whose cells were emptied says nothing
    ],
)
def test_limits_on_what_rows_that_look_alike_say(values, above):
    gone = np.array([v == "gone" for group in values for v in group])
    rows = emptied(people(*values), "kind", gone)
    report = risk_report(rows, ("county",), sensitive=("kind",))
    assert RiskLimit().exceeded(report) == above
    assert RiskLimit(l_values=1, t_distance=1).exceeded(report) == ()


def test_columns_that_are_no_quasi_identifiers_are_measured_as_if_they_were():
    data = people(["x"] * 10, ["y"] * 5 + ["z"] * 5)
    report = risk_report(data, ("county",), known_too=("kind",))
    assert (report.history.smallest, report.known_too["kind"].smallest) == (10, 5)
    assert report.as_json()["known_too"] == {"kind": {"k": 5, "share_below": 0.5}}


def test_single_rows_may_be_what_is_measured():
    twice = pa.concat_tables([people(["x"] * 12), people(["y"] * 10)])  # ten have another row
    assert RiskLimit().exceeded(risk_report(twice, ("county",))) != ()
    limit = RiskLimit(measure="row")
    assert limit.exceeded(risk_report(twice, ("county",), measure="row")) == ()
