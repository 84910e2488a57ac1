"""One release: ordered, run stage by stage, resumed, refreshed."""

from pipelines.release import metrics
from pipelines.release.content import closed_years, told
from pipelines.release.context import open_context
from pipelines.release.ordering import Request, Wish, ask_about, order_release, resumed, summary
from pipelines.release.orders import read_order
from pipelines.release.refresh import Plan, order_refresh, refresh_aggregates
from pipelines.release.reviewing import export_review, import_review
from pipelines.release.run import Outcome, Progress, plain_call, read_outcome, run_release
from pipelines.release.stages import STAGES

__all__ = [
    "STAGES",
    "Outcome",
    "Plan",
    "Progress",
    "Request",
    "Wish",
    "ask_about",
    "closed_years",
    "export_review",
    "import_review",
    "metrics",
    "open_context",
    "order_refresh",
    "order_release",
    "plain_call",
    "read_order",
    "read_outcome",
    "refresh_aggregates",
    "resumed",
    "run_release",
    "summary",
    "told",
]
