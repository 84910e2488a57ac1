"""Doubtful pairs out to a reviewer's sheet, and the decisions back in as ledger events."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from approvals.people import check_role
from extracts.rows import compute as pc
from matching.errors import LinkageBroke
from matching.review import apply_decisions, export_sheet, import_decisions
from pipelines.errors import FileExists
from pipelines.home import locked
from pipelines.release.context import Context, open_context
from pipelines.release.errors import NothingToReview
from pipelines.session import Session
from systems import database

if TYPE_CHECKING:
    from matching.review import Decision

_REVIEWERS = frozenset({"reviewer"})


def export_review(session: Session, release: str, path: Path) -> int:
    """Write the sheet of a release's doubtful pairs (0600) and record that it was written.

    Raises:
        NothingToReview: there are none.
        RoleMissing: the acting person is no reviewer.
        FileExists: the sheet is there already.
    """
    check_role(session.person, _REVIEWERS)
    if path.exists():
        raise FileExists(file="sheet")
    with open_context(session.home, release) as context:
        pairs = _pairs(context)
        cohort, records = _sides(context, pairs)
        count = export_sheet(path, pairs, cohort, records)
        digest = context.keyring.digest_file("sheet", path)
        context.releases.record(
            release, "sheet_exported", {"pairs": count, "sheet": digest}, actor=context.person
        )
    return count


def import_review(session: Session, release: str, path: Path) -> dict[str, int]:
    """Take a reviewer's decisions: staged for the run, each one an event by a keyed pair.

    Raises:
        CodedError: the sheet is not the one that was exported, or lacks decisions (exit 6).
        RoleMissing: the acting person is no reviewer.
    """
    check_role(session.person, _REVIEWERS)
    with locked(session.home.runs / release), open_context(session.home, release) as context:
        pairs = _pairs(context)
        decisions = import_decisions(path, pairs)
        links = context.staged("match", "links")
        settled = apply_decisions(links, decisions)
        staged = context.stage_table("decisions", "settled", settled)
        context.records.keep("decisions", (staged,), {"pairs": len(decisions)}, 0.0)
        context.keep_elsewhere("decisions")
        _record(context, decisions)
        words = [decision.verdict for decision in decisions]
        counts = {word: words.count(word) for word in ("same", "different", "unsure")}
        context.releases.record(
            release,
            "sheet_imported",
            {
                "links": counts["same"],
                "non_links": counts["different"],
                "sheet": context.keyring.digest_file("sheet", path),
            },
            actor=context.person,
        )
    return counts


def _pairs(context: Context) -> pa.Table:
    if not context.has_staged("match", "links"):
        raise NothingToReview(release=context.release)
    links = context.staged("match", "links")
    pairs = links.filter(pc.equal(links["decision"], "review"))
    if not pairs.num_rows:
        raise NothingToReview(release=context.release)
    return pairs


def _sides(context: Context, pairs: pa.Table) -> tuple[pa.Table, pa.Table]:
    supplied = context.staged("intake", "supplied").drop_columns(["row_number"])
    cohort = supplied.rename_columns(["cohort_id", *supplied.column_names[1:]])
    wanted = pc.is_in(cohort["cohort_id"], value_set=pairs["cohort_id"].combine_chunks())
    con = context.snapshot.connect(context.threads)
    try:
        con.register("pairs", pairs.select(["record_id"]))
        with database.guarded(LinkageBroke, step="review"):
            records = con.sql(
                'SELECT DISTINCT * EXCLUDE (role, "group") FROM linkage_records SEMI JOIN pairs USING (record_id)'
                " ORDER BY ALL"
            ).to_arrow_table()
    finally:
        con.close()
    return cohort.filter(wanted), records


def _record(context: Context, decisions: "list[Decision]") -> None:
    for decision in decisions:
        if decision.verdict == "unsure":
            continue
        pair = f"{decision.cohort_id}\x00{decision.record_id}".encode()
        context.releases.record(
            context.release,
            "pair_decided",
            {
                "pair": context.keyring.digest("pair", pair),
                "decision": "link" if decision.verdict == "same" else "non_link",
            },
            actor=context.person,
        )
