"""Stage 4: doubtful pairs wait for a reviewer, or are left out where the order says so."""

from typing import TYPE_CHECKING

from extracts.rows import compute as pc
from pipelines.release.errors import WaitsForReview
from pipelines.release.stages.stage import Product

if TYPE_CHECKING:
    from pipelines.release.context import Context


def settle_doubtful(context: "Context") -> Product:
    """Stage ``settled``: links alone, after a reviewer's decisions or without the doubtful.

    Rows whose pairs are left out are not attempted in the extract; they are never silently "no".

    Raises:
        WaitsForReview: there are doubtful pairs and no decisions yet (exit 7).
    """
    links = context.staged("match", "links")
    doubtful = links.filter(pc.equal(links["decision"], "review"))
    pairs = doubtful.num_rows
    if pairs and context.has_staged("decisions", "settled"):
        settled = context.staged("decisions", "settled")
    elif pairs and context.doubtful == "wait":
        context.note("review_requested", pairs=pairs)
        raise WaitsForReview(release=context.release, pairs=pairs)
    else:
        settled = links
        if pairs:
            context.note("doubtful_left_out", pairs=pairs)
    path = context.stage_table("review", "settled", settled)
    left = settled.filter(pc.equal(settled["decision"], "review")).num_rows
    return Product((path,), {"doubtful": pairs, "left_out": left})
