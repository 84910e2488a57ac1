"""Stage 4: doubtful pairs wait for a reviewer, or are left out where the order says so."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import cast

import pyarrow as pa

from extracts.rows import compute as pc
from matching import reports
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import WaitsForReview
from pipelines.release.orders import Order
from pipelines.release.review import decided_pairs
from pipelines.release.stages.stage import Product

RATES = ("false_match_rate", "missed_match_rate")


def settle_doubtful(context: ReleaseContext) -> Product:
    """Stage ``settled``: links alone, after a reviewer's decisions or without the doubtful.

    Rows whose pairs are left out are not attempted in the extract; they are never silently "no".

    Raises:
        WaitsForReview: there are doubtful pairs on which nobody has decided yet (exit 7).
    """
    staging = context.staging
    links = staging.read("match", "links")
    pairs = links.filter(pc.equal(links["decision"], "review")).num_rows
    settled, undecided = links, pairs
    if pairs and staging.has("decisions", "settled"):
        settled = staging.read("decisions", "settled")
        undecided -= len(decided_pairs(context)) or pairs  # of a home of before: all of them
    if undecided and _choice(context.order, context.folder) == "wait":
        context.note("review_requested", pairs=pairs)
        raise WaitsForReview(release=context.release, pairs=pairs, undecided=undecided)
    if undecided:
        context.note("doubtful_left_out", pairs=undecided)
    path = staging.write("review", "settled", settled)
    left = settled.filter(pc.equal(settled["decision"], "review")).num_rows
    facts = {"doubtful": pairs, "left_out": left, "decided": pairs - left}
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
