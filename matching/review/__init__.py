"""Doubtful pairs as a reviewer sees them, and what reviewers say: sides next to each other, decisions, how far two of them agree.

It knows what a question is (a cohort row against a person's entries), how two values compare letter by letter, and the sheet. It
knows neither who decides nor where decisions are kept.
"""

from matching.review.decisions import VERDICTS, Decision, Verdict, apply_decisions
from matching.review.kappa import Agreement, agreement
from matching.review.marks import Mark, Piece, Sign, compare, marks_of
from matching.review.questions import Asked, ask
from matching.review.sheet import (
    REASONS,
    Filled,
    Line,
    as_exported,
    import_filled,
    neutral,
    write_sheet,
)
