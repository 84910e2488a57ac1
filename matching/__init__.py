"""Linkage: cohort rows to register identities, and register entries to persons.

The way of a pair: ``normalise`` (text to comparable codes) → ``blocking`` (which pairs are worth a
look; ``screening`` drops what can't matter) → ``levels`` (each field of a pair to a small integer) → ``model`` (weights, learnt from
counted patterns) → ``compete`` (rivals share the probability) → ``deciding`` (link or review).
This room reads tables and writes where it is told; it knows nothing about approvals.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matching.columns import IDENTIFYING, STANDARD, ColumnMap
    from matching.declaring import declared
    from matching.explaining import Explanation, explain
    from matching.files import MatchOutcome, match_files
    from matching.linking import LinkResult, link, link_sources
    from matching.options import LinkOptions
    from matching.quality_html import quality_page
    from matching.report import LinkReport
    from matching.resolving import ResolveResult, resolve
    from matching.review import Decision, apply_decisions, export_sheet, import_decisions
    from matching.selflink import self_link, self_link_parts
    from matching.sources import Source, of_parts

_PLACES = {
    "ColumnMap": "columns",
    "STANDARD": "columns",
    "IDENTIFYING": "columns",
    "LinkOptions": "options",
    "LinkReport": "report",
    "LinkResult": "linking",
    "link": "linking",
    "link_sources": "linking",
    "Source": "sources",
    "of_parts": "sources",
    "ResolveResult": "resolving",
    "resolve": "resolving",
    "declared": "declaring",
    "self_link": "selflink",
    "self_link_parts": "selflink",
    "quality_page": "quality_html",
    "Explanation": "explaining",
    "explain": "explaining",
    "Decision": "review",
    "export_sheet": "review",
    "import_decisions": "review",
    "apply_decisions": "review",
    "MatchOutcome": "files",
    "match_files": "files",
}

__all__ = [
    "IDENTIFYING",
    "STANDARD",
    "ColumnMap",
    "Decision",
    "Explanation",
    "LinkOptions",
    "LinkReport",
    "LinkResult",
    "MatchOutcome",
    "ResolveResult",
    "Source",
    "apply_decisions",
    "declared",
    "explain",
    "export_sheet",
    "import_decisions",
    "link",
    "link_sources",
    "match_files",
    "of_parts",
    "quality_page",
    "resolve",
    "self_link",
    "self_link_parts",
]


def __getattr__(name: str) -> object:
    """Load a name when it is asked for (PEP 562): the libraries behind it are slow to import."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"matching.{place}"), name)
