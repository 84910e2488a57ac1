"""Doubtful pairs out to a reviewer's sheet, and the decisions back in as ledger events."""

from pathlib import Path

import pyarrow as pa

from approvals.custody import ROLES
from approvals.people import check_role
from extracts.rows import compute as pc
from matching.errors import BadSheet, LinkageBroke
from matching.review import Decision, apply_decisions, export_sheet, import_decisions
from pipelines.errors import FileExists
from pipelines.home import locked
from pipelines.release.context import ReleaseContext, release_context
from pipelines.release.errors import NothingToReview
from pipelines.session import Session
from systems import database


def export_review(session: Session, release: str, path: Path) -> int:
    """Write the sheet of a release's doubtful pairs (0600) and record that it was written.

    Raises:
        NothingToReview: there are none.
        RoleMissing: the acting person is no reviewer.
        FileExists: the sheet is there already.
    """
    check_role(session.person, ROLES["review"])
    if path.exists():
        raise FileExists(file="sheet")
    context = release_context(session, release)
    pairs = _doubtful_pairs(context)
    cohort, records = _sides(context, pairs)
    count = export_sheet(path, pairs, cohort, records)
    facts = {"pairs": count, "sheet": session.keyring.digest_file("sheet", path)}
    session.releases.record(release, "sheet_exported", facts, actor=session.person)
    return count


def import_review(session: Session, release: str, path: Path) -> dict[str, int]:
    """Take a reviewer's decisions: staged for the run, each one an event by a keyed pair.

    Raises:
        CodedError: the sheet is not the one that was exported, or lacks decisions (exit 6).
        RoleMissing: the acting person is no reviewer.
    """
    check_role(session.person, ROLES["review"])
    session.releases.show(release)  # of none there is, a lock would make a folder
    with locked(session.home.runs / release):
        context = release_context(session, release)
        pairs = _doubtful_pairs(context)
        if not path.is_file():
            raise BadSheet(problem="not the exported workbook")
        with session.keyring.digested_copy("sheet", path) as (copy, sheet):
            decisions = import_decisions(copy, pairs)
        settled = apply_decisions(context.staging.read("match", "links"), decisions)
        staged = context.staging.write("decisions", "settled", settled)
        context.records.keep("decisions", (staged,), {"pairs": len(decisions)}, 0.0)
        context.staging.upload("decisions")
        _record(session, release, decisions)
        verdicts = [decision.verdict for decision in decisions]
        counts = {word: verdicts.count(word) for word in ("same", "different", "unsure")}
        facts = {
            "links": counts["same"],
            "non_links": counts["different"],
            "sheet": sheet,
        }
        session.releases.record(release, "sheet_imported", facts, actor=session.person)
    return counts


def _doubtful_pairs(context: ReleaseContext) -> pa.Table:
    if not context.staging.has("match", "links"):
        raise NothingToReview(release=context.release)
    links = context.staging.read("match", "links")
    pairs = links.filter(pc.equal(links["decision"], "review"))
    if not pairs.num_rows:
        raise NothingToReview(release=context.release)
    return pairs


def _sides(context: ReleaseContext, pairs: pa.Table) -> tuple[pa.Table, pa.Table]:
    supplied = context.staging.read("intake", "supplied").drop_columns(["row_number"])
    cohort = supplied.rename_columns(["cohort_id", *supplied.column_names[1:]])
    wanted = pc.is_in(cohort["cohort_id"], value_set=pairs["cohort_id"].combine_chunks())
    with context.snapshot.connect(context.threads) as con:
        con.register("pairs", pairs.select(["record_id"]))
        with database.guarded(LinkageBroke, step="review"):
            records = con.sql(
                'SELECT DISTINCT * EXCLUDE (role, "group") FROM linkage_records SEMI JOIN pairs USING (record_id)'
                " ORDER BY ALL"
            ).to_arrow_table()
    return cohort.filter(wanted), records


def _record(session: Session, release: str, decisions: list[Decision]) -> None:
    for decision in decisions:
        if decision.verdict == "unsure":
            continue
        pair = f"{decision.cohort_id}\x00{decision.record_id}".encode()
        facts = {
            "pair": session.keyring.digest("pair", pair),
            "decision": "link" if decision.verdict == "same" else "non_link",
        }
        session.releases.record(release, "pair_decided", facts, actor=session.person)
