"""The page of a snapshot: records by month are drawn without the months of few, and the table says "<10" of them."""

from expectations.report import drawn
from pipelines.registers.page import by_month, snapshot_page
from systems.description import load_system
from systems.register import Profile

CARPOS = load_system("CARPOS")
MONTHS = {"2025-01": 40, "2025-02": 3, "2025-03": 0, "2025-04": 52}
TOLD = {"findings": [], "state": "accepted", "may_accept": [], "accepted_by": None, "loaded": "2026-01-01",
        "loaded_by": "p-ada", "against": None, "snapshot": "CARPOS-20260101-001"}  # fmt: skip


def test_a_month_of_few_is_a_gap_and_a_month_of_none_is_nought():
    chart = by_month(CARPOS, MONTHS)
    assert [row.values[0] for row in chart.rows] == [40, None, 0, 52]
    assert drawn(chart).count("<circle") == 4  # the legend's, and three points
    assert "For the Department alone" in chart.note
    assert by_month(CARPOS, {"2025-01": 40}) is None


def test_the_page_draws_it_and_has_it_as_a_table():
    profile = Profile(tables={}, years={2025: 95}, entries=95, persons=90, persons_lower=90)
    page = snapshot_page(TOLD, CARPOS, profile, None, MONTHS)
    assert "Orders by month" in page
    assert "<svg" in page
    assert page.count("2025-02") == 2  # once on the axis
    assert ">3<" not in page
    assert "&lt;10" in page
