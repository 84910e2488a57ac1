"""The page is current, and its parts name everything that the tables name."""

from pathlib import Path

from approvals.ledger.events import KINDS
from approvals.project.lifecycle import MOVES
from approvals.rules.pages import clocks, events, fill, gate, lifecycle

PAGE = Path(__file__).parents[4] / "docs" / "approvals.md"


def test_the_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert fill(text) == text, "write it again: approvals.rules.pages.fill"


def test_nothing_is_left_out():
    assert all(f"| {kind} |" in events() for kind in KINDS)
    assert lifecycle().count("\n| ") == len(MOVES) + 1
    assert "§ 964(b)" in gate()
    assert "10 business days" in clocks()
