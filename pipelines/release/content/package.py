"""What goes into a package: the release's facts, its rows, its dictionary and its report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, cast

import pyarrow as pa

from extracts.package import DataDictionary, ReleaseFacts, aggregated_dictionary, dictionary_for
from pipelines.release.approved import ApprovedRelease
from pipelines.release.content.changes import (
    Described,
    changes_since_last,
    describe_content,
)
from pipelines.release.content.rates import RATES_FILE
from pipelines.release.context import ReleaseContext
from pipelines.session import today
from systems.companions import statuses_of


@dataclass(frozen=True)
class PackageContent:
    """Everything that :func:`extracts.package.iter_parts` needs, once a recipient; ``described`` is noted for the next release."""

    release: ReleaseFacts
    rows: Callable[[], pa.RecordBatchReader]
    dictionary: DataDictionary
    report_html: str
    extra: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    described: Described = field(default_factory=dict[str, Any])


def collect_content(context: ReleaseContext) -> PackageContent:
    """Collect the content of one release from what its stages staged and recorded."""
    schema = context.staging.schema("extract", "extract").remove_metadata()

    def rows() -> pa.RecordBatchReader:
        plain = (b.cast(schema) for b in context.staging.batches("extract", "extract"))
        return pa.RecordBatchReader.from_batches(schema, plain)

    dictionary = data_dictionary(context.approved, schema, context.facts("extract"))
    held = cast("int", context.facts("extract")["rows"])
    described = describe_content(context.order.snapshot, held, dictionary)
    return PackageContent(
        release=_facts(context, changes_since_last(context, described)),
        rows=rows,
        dictionary=dictionary,
        report_html=context.session.releases.edition(context.release, "recipient").decode(),
        extra=_extra(context),
        described=described,
    )


def data_dictionary(
    approved: ApprovedRelease, schema: pa.Schema, facts: Mapping[str, Any] | None = None
) -> DataDictionary:
    """The dictionary of a release's rows, as staged under this schema; ``facts``: what the stage counted, if anything."""
    kind, system = approved.order.kind, approved.system
    if kind == "aggregated":
        threshold = approved.policy.threshold
        return aggregated_dictionary(
            system, schema, threshold=threshold, noise=approved.noise, families=approved.scope
        )
    supplied = [n.removeprefix("supplied_") for n in schema.names if n.startswith("supplied_")]
    return dictionary_for(
        system,
        kind,
        supplied,
        columns=approved.columns,
        families=approved.scope,
        companions=frozenset(statuses_of(schema.names).values()),
        values=(facts or {}).get("values"),
        withheld=(facts or {}).get("withheld"),
        released_anyway=approved.released_anyway,
    )


def _extra(context: ReleaseContext) -> dict[str, bytes]:
    approved, policy = context.approved, context.approved.policy
    if approved.order.kind != "aggregated":
        rates = context.report_folder / RATES_FILE  # what was approved, or nothing
        return {RATES_FILE: rates.read_bytes()} if rates.is_file() else {}
    from extracts.package import build_workbook

    made = build_workbook(
        context.staging.read("extract", "extract").replace_schema_metadata(None),
        approved.system,
        title=approved.title,
        threshold=policy.threshold,
        percentages=policy.percentages,
        county_exempt=bool(context.facts("extract").get("county_exempt")),
        noise=approved.noise,
    )
    return {"extract.xlsx": made}


def _facts(context: ReleaseContext, changes: tuple[str, ...] | None) -> ReleaseFacts:
    session, approved = context.session, context.approved
    order, project, settings = context.order, context.project, session.settings
    assert project.approved_on is not None
    assert project.expires is not None
    digests = {"settings": session.configuration_digest()}
    if order.cohort_digest:
        digests["cohort"] = order.cohort_digest
    individuals = context.facts("extract").get("individuals")
    return ReleaseFacts(
        project_number=order.project,
        project_title=approved.title,
        kind=order.kind,
        system=approved.system.code,
        system_name=approved.system.name,
        release_id=context.release,
        packaged_on=today(),
        approved_on=project.approved_on,
        expires_on=project.expires,
        years=approved.years,
        order_scope=approved.scope,
        linked_role=approved.linked_role,
        recipients=tuple((m, f) for m, f, _ in context.recipients()),
        snapshot_id=order.snapshot,
        code_version=version("doj-release"),
        configuration_digest=digests["settings"],
        input_digests=digests,
        ledger_checkpoint=context.checkpoint_for_recipients(),
        individuals=int(cast("int", individuals)) if individuals is not None else None,
        threshold=settings.disclosure.threshold,
        zeros=settings.disclosure.zeros,
        changes=changes,
        department=settings.department.name,
        contact=settings.department.contact,
        synthetic=context.snapshot.info.synthetic,
    )
