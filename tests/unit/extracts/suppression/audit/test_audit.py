"""The audit against a brute-force attacker that lists every table that fits."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.audit.feasibility import Hint
from extracts.suppression.errors import AuditInfeasibleError
from extracts.suppression.published import PublishedRow, PublishedTable
from tests.examples import examples

THRESHOLD = 4  # small, so that brute force stays small; the rule is the same for ten


def published(text, *, persons=False):
    """Rows as text: labels, count and persons; ? is hidden."""
    rows = []
    for line in text.strip().splitlines():
        parts = line.split()
        people = parts.pop() if persons else "?"
        *labels, count = parts
        number = [None if v == "?" else int(v) for v in (count, people)]
        rows.append(PublishedRow(tuple(labels), *number))
    dims = tuple("abc"[: len(rows[0].labels)])
    return PublishedTable(dims, tuple(rows), has_persons=persons)


def grid(inner, height, width):
    """All cells of a two-way table with margins."""
    cells = {(r, c): inner[r * width + c] for r in range(height) for c in range(width)}
    for r in range(height):
        cells[r, "T"] = sum(cells[r, c] for c in range(width))
    for c in (*range(width), "T"):
        cells["T", c] = sum(cells[r, c] for r in range(height))
    return cells


def brute_intervals(cells, hidden, height, width, least):
    """Least and largest value of each hidden cell over all tables that an attacker can't rule out."""
    top = max(cells.values())
    inner = [
        range(least, top + 1) if (r, c) in hidden else [cells[r, c]]
        for r in range(height)
        for c in range(width)
    ]
    found = {}
    for guess in product(*inner):
        other = grid(guess, height, width)
        fits = all(other[k] == v for k, v in cells.items() if k not in hidden)
        if fits and all(other[k] >= least for k in hidden):
            for k in hidden:
                low, high = found.get(k, (math.inf, -math.inf))
                found[k] = (min(low, other[k]), max(high, other[k]))
    return found


def as_published(cells, hidden):
    def label(k):
        return tuple("TOTAL" if part == "T" else str(part) for part in k)

    rows = [PublishedRow(label(k), None if k in hidden else v) for k, v in cells.items()]
    return PublishedTable(("a", "b"), tuple(rows)), label


@examples(40)
@given(data=st.data(), height=st.integers(2, 3))
def test_audit_finds_exactly_what_brute_force_finds(data, height):
    width = 2
    inner = data.draw(st.lists(st.integers(0, 3), min_size=4 if height == 2 else 6, max_size=6))
    inner = inner[: height * width]
    cells = grid(inner, height, width)
    full = [k for k, v in cells.items() if v > 0 and k != ("T", "T")]
    hidden = set(data.draw(st.lists(st.sampled_from(full), unique=True))) if full else set()
    inner_hidden = sorted(k for k in hidden if "T" not in k)
    hidden -= set(inner_hidden[3:])  # brute force tries every value of each hidden inner cell
    table, label = as_published(cells, hidden)
    report = audit_table(table, threshold=THRESHOLD, intervals=True)
    expected = {
        k: (low, high)
        for k, (low, high) in brute_intervals(cells, hidden, height, width, 1).items()
    }
    assert {x: (b.low, b.high) for x, b in report.bounds.items()} == {
        label(k): v for k, v in expected.items()
    }
    falls = {(f.labels, f.how) for f in report.falls}
    wanted = {(label(k), "exact") for k, (low, high) in expected.items() if low == high}
    wanted |= {(label(k), "below") for k, (_, high) in expected.items() if high < THRESHOLD}
    wanted |= {
        (label(k), "shown") for k, v in cells.items() if 0 < v < THRESHOLD and k not in hidden
    }
    assert falls == wanted
    quick = audit_table(table, threshold=THRESHOLD)
    assert {(f.labels, f.how) for f in quick.falls} == wanted


def test_one_hidden_cell_in_a_row_is_got_back():
    report = audit_table(
        published("""
            x p ?
            x q 20
            x TOTAL 23
            y p 30
            y q 40
            y TOTAL 70
            TOTAL p 33
            TOTAL q 60
            TOTAL TOTAL 93
        """)
    )
    fall = next(f for f in report.falls if f.how == "exact")
    assert (fall.labels, fall.low, fall.high) == (("x", "p"), 3, 3)
    assert not report.holds


def test_two_hidden_cells_in_each_row_can_still_be_proven_small():
    """Next-smallest suppression: nothing is exact, but 2 + 4 = 6 says that both are under ten."""
    report = audit_table(
        published("""
            x p ?
            x q ?
            x r 50
            x TOTAL 56
            y p ?
            y q ?
            y r 60
            y TOTAL 260
            TOTAL p 102
            TOTAL q 104
            TOTAL r 110
            TOTAL TOTAL 316
        """)
    )
    assert {(f.labels, f.how) for f in report.falls} == {
        (("x", "p"), "below"),
        (("x", "q"), "below"),
    }


def test_twelve_orders_on_three_persons_are_small():
    report = audit_table(published("x 12 3\ny 40 30\nTOTAL 52 33", persons=True))
    assert [(f.labels, f.how, f.measure) for f in report.falls] == [(("x",), "shown", "persons")]


def test_persons_never_exceed_orders():
    """Both hidden cells share 12 orders; neither can have ten persons if the other has three."""
    report = audit_table(published("x ? ?\ny ? ?\nTOTAL 10 10", persons=True))
    assert {f.labels for f in report.falls if f.measure == "persons"} == {("x",), ("y",)}


def test_persons_of_a_margin_bound_a_hidden_cell_from_above():
    text = "x p ? ?\nx q ? ?\nx TOTAL 40 9\ny p ? ?\ny q ? ?\ny TOTAL 80 60\n"
    text += "TOTAL p 60 40\nTOTAL q 60 40\nTOTAL TOTAL 120 65"
    falls = audit_table(published(text, persons=True)).falls
    assert {f.labels for f in falls if f.how == "below"} == {("x", "p"), ("x", "q")}


def test_what_an_earlier_table_showed_is_known():
    now = published(
        "x p ?\nx q ?\nx TOTAL 40\ny p ?\ny q ?\ny TOTAL 60\n"
        "TOTAL p 50\nTOTAL q 50\nTOTAL TOTAL 100"
    )
    assert audit_table(now).holds
    before = PublishedTable(("a", "b"), (PublishedRow(("x", "p"), 33),))
    report = audit_table(now, earlier=[before])
    assert (("x", "q"), "exact") in {(f.labels, f.how) for f in report.falls}


def test_a_table_that_contradicts_itself_is_refused():
    with pytest.raises(AuditInfeasibleError):
        audit_table(published("x 12\ny 12\nTOTAL 25"))
    with pytest.raises(AuditInfeasibleError):
        audit_table(published("x ?\ny 30\nTOTAL 20"))


def test_a_wrong_hint_changes_no_verdict():
    table = published(
        "x p ?\nx q 20\nx TOTAL 23\ny p 30\ny q 40\ny TOTAL 70\n"
        "TOTAL p 33\nTOTAL q 60\nTOTAL TOTAL 93"
    )
    lie = Hint({(0, ("x", "p")): 50})
    assert audit_table(table, hint=lie).falls == audit_table(table).falls


def test_hidden_zeros_may_be_zero():
    text = (
        "x p ?\nx q ?\nx TOTAL 10\ny p ?\ny q ?\ny TOTAL 10\nTOTAL p 10\nTOTAL q 10\nTOTAL TOTAL 20"
    )
    assert audit_table(published(text), zeros="hidden").holds
    assert {f.how for f in audit_table(published(text)).falls} == {"below"}
