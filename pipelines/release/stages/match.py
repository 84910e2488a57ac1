"""Stage 3: the cohort against the persons of the records that the project may see."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from expectations import validation
from extracts.rows import compute as pc
from extracts.rows import records_in_scope
from matching import model, reports
from matching.errors import LinkageBroke
from matching.linking import Explainer, LinkResult, Source, link_sources, parts_source
from matching.options import LinkOptions
from pipelines import registers
from pipelines.home import write_private
from pipelines.release import lessons
from pipelines.release.context import ReleaseContext
from pipelines.release.stages.stage import Product
from pipelines.release.staging import Staging
from systems import database


def link_cohort(context: ReleaseContext) -> Product:
    """Stage ``links``: cohort id, record id, weight, probability, decision.

    Only entries on records inside the project's scope are compared: anything wider would let
    ``matched`` tell of records that the project may not see.
    """
    settings, staging = context.session.settings, context.staging
    options = LinkOptions(
        threshold=settings.linkage.threshold,
        review_from=settings.linkage.review_from,
        never_link=settings.linkage.never_link,
        words=context.words,
        threads=context.threads,
        shard_rows=settings.cluster.shard_rows,
    )
    saved = settings.linkage.model
    start = model.SavedModel.read(context.session.home.root / saved) if saved else None
    order = context.order
    learnt = lessons.read(context.session, order.project, order.pins.lessons if order.pins else {})
    compared: list[pa.Table] = []
    workers = context.workers()
    with _records(context, compared) as records:
        result = link_sources(
            _cohort(staging), records, options,
            run_shards=workers and workers.linkage, start=start, lessons=learnt,
        )  # fmt: skip
    made, links = result.report, result.links
    kept = _keep_weights(staging, links, result)
    del result  # with all that the report was made from: both sides as integers
    if (index := context.index) is not None:
        system, rows = context.approved.system, context.approved.rows
        registers.read_released_ahead(index, system, rows, links, context.ahead)
    with context.required("links", _validate(context, pa.concat_tables(compared), links)):
        report = staging.place("match", "LINKS.json")
        write_private(report, json.dumps(asdict(made), indent=1, default=str))
        page = staging.place("match", "LINKS.html")
        write_private(page, reports.quality_page(made))
        path = staging.write("match", "links", links)
    counts = _counts(links, made.cohort_rows)
    context.note("cohort_matched", **counts)
    expected = {
        "false_match_rate": asdict(made.false_match_rate),
        "missed_match_rate": asdict(made.missed_match_rate),
    }
    facts = {
        **counts,
        "attempted": made.cohort_rows,
        "expected": expected,
        "groups": made.groups,
        "curve": made.curve,
        "held_back": made.held_back,
        "told_apart": context.facts("intake").get("told_apart", ""),
    }
    if learnt is not None:
        facts["learnt_from"] = sum(learnt.count(same=same) for same in (True, False))
    return Product((path, report, page, *kept), facts)


def was_of_other_rows(context: ReleaseContext) -> bool:
    """Whether reviewers have told rows apart since the cohort was linked: these were not attempted then."""
    now, then = (context.facts(stage).get("told_apart", "") for stage in ("intake", "match"))
    return now != then


def _keep_weights(staging: Staging, links: pa.Table, result: LinkResult) -> tuple[Path, ...]:
    """What explains the weight of each doubtful pair, for a reviewer who asks: no value of a person."""
    doubtful = links.filter(pc.equal(links["decision"], "review"))["record_id"]
    if not len(doubtful):
        return ()
    ids = dict.fromkeys(str(one) for one in doubtful.to_pylist())
    weights, rows = Explainer.of(result).kept(ids)
    path = staging.place("match", "WEIGHTS.json")
    write_private(path, weights)
    return path, staging.write("match", "weights", rows)


def _cohort(staging: Staging) -> Source:
    """The supplied rows that are attempted, part by part."""
    _number, _id, *standard = staging.schema("intake", "supplied").names
    names = ["cohort_id", *standard]
    free = pc.is_null(staging.read("intake", "attempted")["code"])

    def parts() -> Iterator[pa.Table]:
        start = 0
        for batch in staging.batches("intake", "supplied", ["row_id", *standard]):
            rows = pa.Table.from_batches([batch]).rename_columns(names)
            yield rows.filter(free.slice(start, len(batch)))
            start += len(batch)
        if not start:
            yield (
                staging.read("intake", "supplied")
                .drop_columns(["row_number"])
                .rename_columns(names)
            )

    return parts_source(names, "cohort", parts)


@contextmanager
def _records(context: ReleaseContext, compared: list[pa.Table]) -> "Generator[Source]":
    """Entries on records in scope, from the snapshot's index where it has one; ``compared`` gets ids and identities of what was given."""
    approved, snapshot = context.approved, context.snapshot
    system, index = approved.system, context.index
    if index is not None:
        yield registers.indexed_source(index, system, approved.rows, compared, context.ahead)
        return
    with snapshot.connect(context.threads) as con:
        wanted = records_in_scope(con, system, approved.rows)
        yield registers.records_source(con, system, wanted, compared)


def _validate(context: ReleaseContext, records: pa.Table, links: pa.Table) -> validation.Begun:
    with database.connect(context.threads) as con:
        con.register("links", links)
        context.staging.view(con, "intake", "supplied", "supplied")
        con.execute("CREATE TEMP VIEW cohort AS SELECT row_id AS cohort_id FROM supplied")
        # of what was offered the suite asks for what was linked alone; a register has millions of others
        ended = links.select(["record_id"])
        offered = pc.is_in(records["record_id"], value_set=ended["record_id"].combine_chunks())
        compared, identities = _once(records.filter(offered))
        con.register("records", compared)
        con.register("identities", identities)
        system, linked = context.approved.system, context.approved.linked_role
        if linked is not None:
            con.register("parties", _parties(context, ended))
        parameters = {
            "cohort": "cohort",
            "records": "records",
            "identities": "identities",
            "threshold": context.session.settings.linkage.threshold,
        }
        if linked is not None:
            roles = system.rows("identified").person_roles
            parameters |= {"parties": "parties", "roles": roles}
        return validation.begin("links", system, con, "links", parameters)


def _parties(context: ReleaseContext, ended: pa.Table) -> pa.Table:
    """Whoever of some entries stands on a record: ``record_id``, ``role``, ``barred``, ``flagged``; asked of the register itself, for the suite.

    What the extract asks for is not used: the suite is to find a wrong one.
    """
    system, quoted = context.approved.system, database.quoted
    linkage, rows = system.linkage, system.rows("identified")
    table, _, key = rows.key.partition(".")
    barred = f"p.{quoted(rows.person_unless)}" if rows.person_unless else "false"
    flags = [f"r.{quoted(e.source.partition('.')[2])}" for e in rows.exclusions]
    flagged = " OR ".join(f"coalesce({one}, false)" for one in flags) or "false"
    query = (
        f"SELECT p.{quoted(linkage.person_key)} AS record_id, p.{quoted(linkage.role_column or '')} AS role, "
        f"coalesce({barred}, true) AS barred, {flagged} AS flagged "
        f"FROM {quoted(linkage.party_table)} p JOIN {quoted(table)} r USING ({quoted(key)}) "
        f"WHERE p.{quoted(linkage.person_key)} IN (SELECT record_id FROM ended)"
    )
    with (
        context.snapshot.connect(context.threads) as con,
        database.guarded(LinkageBroke, step="parties"),
    ):
        con.register("ended", ended)
        return con.sql(query).to_arrow_table()


def _once(records: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Each record, and each record with each of its identities: one, or the suite says that it has two.

    Variants of a record stand together; to group millions of them would take a second.
    """
    ids, persons = (records[name].to_numpy() for name in ("record_id", "identity"))
    other = np.append(True, ids[1:] != ids[:-1])[: len(ids)]
    moved = other | np.append(True, persons[1:] != persons[:-1])[: len(ids)]
    return records.filter(pa.array(other)).select(["record_id"]), records.filter(pa.array(moved))


def _counts(links: pa.Table, rows: int) -> dict[str, Any]:
    by_row = (
        links.select(["cohort_id", "decision"]).group_by(["cohort_id", "decision"]).aggregate([])
    )
    linked = set(by_row.filter(pc.equal(by_row["decision"], "link"))["cohort_id"].to_pylist())
    review = set(by_row.filter(pc.equal(by_row["decision"], "review"))["cohort_id"].to_pylist())
    return {
        "linked": len(linked),
        "review": len(review - linked),
        "unmatched": rows - len(linked | review),
    }
