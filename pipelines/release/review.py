"""Doubtful pairs out to a reviewer's sheet, and the decisions back in as ledger events."""

from pathlib import Path

import pyarrow as pa

from approvals.custody import OUT, ROLES, Status
from approvals.people import check_role
from extracts.rows import compute as pc
from matching.errors import LinkageBroke
from matching.linking import Explainer, WeighedPair, weights_page
from matching.review import (
    VERDICTS,
    Decision,
    Verdict,
    apply_decisions,
    export_sheet,
    import_decisions,
)
from pipelines.errors import FileExists
from pipelines.home import locked, write_private
from pipelines.release.context import ReleaseContext, release_context
from pipelines.release.errors import DecisionsUsed, NothingToReview, ReleaseOver, WeightsMissing
from pipelines.release.orders import run_folder
from pipelines.session import Session
from systems import database
from systems.tabular import check_file

_OVER = OUT | {Status.WITHDRAWN, Status.DESTROYED}


def export_review(session: Session, release: str, path: Path, weights: Path | None = None) -> int:
    """Write the sheet of a release's doubtful pairs (0600) and record that it was written.

    ``weights`` is for a page that shows how the weight of each pair came about (0600, too).

    Raises:
        NothingToReview: there are none.
        WeightsMissing: they were not kept when this release was matched.
        ReleaseOver: it is released, withdrawn or destroyed.
        RoleMissing: the acting person is no reviewer.
        FileExists: the sheet is there already.
    """
    check_role(session.person, ROLES["review"])
    for file, place in (("sheet", path), ("weights", weights)):
        if place is not None and place.exists():
            raise FileExists(file=file)
    context = release_context(session, release)
    pairs = _doubtful_pairs(context)
    cohort, records = _sides(context, pairs)
    page = None if weights is None else _weights(context, pairs, cohort, records)
    count = export_sheet(path, pairs, cohort, records)
    facts = {"pairs": count, "sheet": session.keyring.digest_file("sheet", path)}
    if weights is not None and page is not None:
        write_private(weights, page)
        facts["weights"] = session.keyring.digest_file("sheet", weights)
    session.releases.record(release, "sheet_exported", facts, actor=session.person)
    return count


def _weights(context: ReleaseContext, pairs: pa.Table, cohort: pa.Table, records: pa.Table) -> str:
    kept = context.staging.place("match", "WEIGHTS.json")
    if not kept.is_file() or not context.staging.has("match", "weights"):
        raise WeightsMissing(release=context.release)
    rows = context.staging.read("match", "weights")
    explainer = Explainer.read(kept.read_text("utf-8"), rows, context.words)
    ids = [(one["cohort_id"], str(one["record_id"])) for one in pairs.to_pylist()]
    told = explainer.pairs(cohort, records, ids)
    chances = pairs["match_probability"].to_pylist()
    return weights_page([WeighedPair(*i, p, e) for i, p, e in zip(ids, chances, told, strict=True)])


def import_review(session: Session, release: str, path: Path) -> dict[str, int]:
    """Take what a reviewer decided: staged for the run, each decision an event by a keyed pair.

    Pairs without a decision stay open, and another sheet may decide on them. Until the run goes on a pair may be decided anew: both
    events stand, the later one counts.

    Returns:
        How many pairs are ``same``, ``different`` and ``unsure`` by now; how many of this sheet are ``new`` and how many ``changed``;
        and how many are ``open``.

    Raises:
        CodedError: the sheet is not the one that was exported (exit 6).
        DecisionsUsed: a pair is decided otherwise, and the run has gone on.
        ReleaseOver: it is released, withdrawn or destroyed.
        RoleMissing: the acting person is no reviewer.
    """
    check_role(session.person, ROLES["review"])
    run_folder(session.home, release)  # of none there is, a lock would make one
    with locked(session.home.runs / release):
        context = release_context(session, release)
        pairs = _doubtful_pairs(context)
        if path.is_file():
            check_file(path, role="sheet", limits=session.limits)
        with session.keyring.digested_copy("sheet", path) as (copy, sheet):
            decisions = import_decisions(copy, pairs)
        given = decided_pairs(context)
        new = [d for d in decisions if _pair(d) not in given]
        changed = [d for d in decisions if given.get(_pair(d), d.verdict) != d.verdict]
        if (new or changed) and context.records.read("review"):
            raise DecisionsUsed(new=len(new), changed=len(changed))
        given |= {_pair(d): d.verdict for d in decisions}
        verdicts = list(given.values())
        counts = {word: verdicts.count(word) for word in VERDICTS}
        counts |= {"new": len(new), "changed": len(changed), "open": pairs.num_rows - len(given)}
        if new or changed:
            _record(session, release, new, once=True)
            _record(session, release, changed, once=False)
            _stage(context, given)
        if new and not counts["open"]:
            facts = {"links": counts["same"], "non_links": counts["different"], "sheet": sheet}
            session.releases.record(release, "sheet_imported", facts, actor=session.person)
    return counts


def decided_pairs(context: ReleaseContext) -> dict[tuple[str, str], Verdict]:
    """What reviewers have decided so far, by cohort id and record id."""
    if not context.staging.has("decisions", "given"):
        return {}
    rows = context.staging.read("decisions", "given").to_pylist()
    return {(row["cohort_id"], row["record_id"]): row["verdict"] for row in rows}


def _pair(decision: Decision) -> tuple[str, str]:
    return decision.cohort_id, str(decision.record_id)


def _stage(context: ReleaseContext, given: dict[tuple[str, str], Verdict]) -> None:
    links = context.staging.read("match", "links")
    ids = zip(links["cohort_id"].to_pylist(), links["record_id"].to_pylist(), strict=True)
    decisions = [Decision(*p, given[q]) for p in ids if (q := (p[0], str(p[1]))) in given]
    table = pa.table(
        {
            "cohort_id": pa.array([mine for mine, _ in given], pa.string()),
            "record_id": pa.array([theirs for _, theirs in given], pa.string()),
            "verdict": pa.array(list(given.values()), pa.string()),
        }
    )
    staged = (
        context.staging.write("decisions", "settled", apply_decisions(links, decisions)),
        context.staging.write("decisions", "given", table),
    )
    context.records.keep("decisions", staged, {"pairs": len(given)}, 0.0)
    context.staging.upload("decisions")


def _doubtful_pairs(context: ReleaseContext) -> pa.Table:
    status = context.session.releases.show(context.release).status
    if status in _OVER:  # its tables are gone, and with them their key
        raise ReleaseOver(status=str(status))
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


def _record(session: Session, release: str, decisions: list[Decision], *, once: bool) -> None:
    for decision in decisions:
        if decision.verdict == "unsure":
            continue
        pair = f"{decision.cohort_id}\x00{decision.record_id}".encode()
        facts = {
            "pair": session.keyring.digest("pair", pair),
            "decision": "link" if decision.verdict == "same" else "non_link",
        }
        session.releases.record(release, "pair_decided", facts, actor=session.person, once=once)
