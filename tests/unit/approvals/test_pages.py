"""The page is current, and its parts name everything that the tables name."""

from pathlib import Path

from approvals.ledger.events import KINDS
from approvals.project.lifecycle import MOVES
from docs.approvals import approvals_markdown, clocks, diagram, events, gate, lifecycle

PAGE = Path(__file__).parents[3] / "docs" / "approvals.md"


def test_the_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert approvals_markdown(text) == text, "write it again: make docs"


def test_nothing_is_left_out():
    assert all(f"| {kind} |" in events() for kind in KINDS)
    assert lifecycle().count("\n| ") == len(MOVES) + 1
    assert "§ 964(b)" in gate()
    assert "10 business days" in clocks()


def test_the_diagram_shows_every_move():
    text = diagram()
    assert text.startswith("stateDiagram-v2\n")
    assert text.count("-->") == sum(max(len(m.sources), 1) for m in MOVES) + 1
