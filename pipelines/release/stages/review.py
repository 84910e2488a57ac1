"""Stage 4: doubtful pairs wait for a reviewer, or are left out where the order says so."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import cast

import pyarrow as pa

from approvals.custody import Status
from extracts.rows import compute as pc
from matching import reports
from pipelines.release import lessons
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import WaitsForReview
from pipelines.release.orders import Order
from pipelines.release.reviewing import lesson_of, settle
from pipelines.release.stages.stage import Product

RATES = ("false_match_rate", "missed_match_rate")


def settle_doubtful(context: ReleaseContext) -> Product:
    """Stage ``settled``: links alone, after a reviewer's decisions or without the doubtful.

    Rows whose pairs are left out are not attempted in the extract; they are never silently "no".

    Raises:
        WaitsForReview: there are doubtful pairs (or, where the order says so, withheld rows) that are not settled (exit 7).
        StageChanged: decisions are not those that the ledger knows of (exit 5).
    """
    wait = _choice(context.order, context.folder) == "wait"
    found = settle(context, wait=wait)
    if wait and (found.undecided or found.rows):
        again = context.state.status is not Status.WAITING_REVIEW  # rows told apart bring new pairs
        context.note("review_requested", once=not again, pairs=found.pairs)
        more = {name: n for name in ("second", "adjudicate") if (n := found.waits.get(name))}
        more |= {"rows": found.rows} if found.rows else {}
        raise WaitsForReview(
            release=context.release, pairs=found.pairs, undecided=found.undecided, **more
        )
    if found.undecided:
        context.note("doubtful_left_out", pairs=found.undecided)
    links, settled = context.staging.read("match", "links"), found.links
    path = context.staging.write("review", "settled", settled)
    if context.session.settings.review.feeds_model and not context.order.dry_run:
        order, lesson = context.order, lesson_of(context, found.said)
        lessons.keep(
            context.session, order.project, order.cohort_digest or "", order.release, lesson
        )
    left = settled.filter(pc.equal(settled["decision"], "review")).num_rows
    facts = {"doubtful": found.pairs, "left_out": left, "decided": found.pairs - left}
    if found.agreement is not None:
        facts |= {"agreement": asdict(found.agreement), "adjudicated": found.adjudicated}
    return Product((path,), facts | _rates(context, links, settled))


def _rates(context: ReleaseContext, links: pa.Table, settled: pa.Table) -> dict[str, object]:
    """The error rates that are expected of what is settled; a home of before recorded too little for them."""
    before = cast("Mapping[str, Mapping[str, float]]", context.facts("match").get("expected", {}))
    if not before or any("of" not in rate for rate in before.values()):
        return {}
    false, missed = (reports.Rate(**before[name]) for name in RATES)
    after = reports.rates_after_review(false, missed, links, settled)
    return {"expected": {name: asdict(r) for name, r in zip(RATES, after, strict=True)}}


def _choice(order: Order, folder: Path) -> str:
    """``wait`` or ``exclude``; a resumed run may say ``exclude`` where the order said wait."""
    later = folder / "doubtful.json"
    if later.is_file():
        return str(json.loads(later.read_text("utf-8"))["doubtful"])
    return order.doubtful
