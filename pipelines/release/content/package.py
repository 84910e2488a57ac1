"""What goes into a package: the release's facts, its rows, its dictionary and its report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from extracts.package import DataDictionary, ReleaseFacts, aggregated_dictionary, dictionary_for
from pipelines.session import today

if TYPE_CHECKING:
    from pipelines.release.context import Context


@dataclass(frozen=True)
class Content:
    """Everything that :func:`extracts.package.bag.iter_parts` needs, once a recipient."""

    release: ReleaseFacts
    rows: Callable[[], pa.RecordBatchReader]
    dictionary: DataDictionary
    report_html: str
    extra: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def collect(context: "Context") -> Content:
    """Collect the content of one release from what its stages staged and recorded."""
    schema = context.staged_schema("extract", "extract").remove_metadata()

    def rows() -> pa.RecordBatchReader:
        plain = (b.cast(schema) for b in context.staged_parts("extract", "extract"))
        return pa.RecordBatchReader.from_batches(schema, plain)

    return Content(
        release=_facts(context),
        rows=rows,
        dictionary=dictionary(context, schema),
        report_html=context.releases.edition(context.release, "recipient").decode(),
        extra=_extra(context),
    )


def dictionary(context: "Context", schema: pa.Schema) -> DataDictionary:
    """The dictionary of a release's rows, as staged under this schema."""
    if context.order.kind == "aggregated":
        threshold = context.settings.disclosure.threshold
        return aggregated_dictionary(context.system, schema, threshold=threshold)
    supplied = [n.removeprefix("supplied_") for n in schema.names if n.startswith("supplied_")]
    return dictionary_for(context.system, context.order.kind, supplied, columns=context.columns)


def _extra(context: "Context") -> dict[str, bytes]:
    if context.order.kind != "aggregated":
        return {}
    from extracts.package import build_workbook

    disclosure = context.settings.disclosure
    made = build_workbook(
        context.staged("extract", "extract").replace_schema_metadata(None),
        context.system,
        title=context.title,
        threshold=disclosure.threshold,
        percentages=disclosure.percentages,
        county_exempt=bool(context.facts("extract").get("county_exempt")),
    )
    return {"extract.xlsx": made}


def _facts(context: "Context") -> ReleaseFacts:
    order, project = context.order, context.project
    assert project.approved_on is not None
    assert project.expires is not None
    digests = {"settings": context.configuration_digest()}
    if order.cohort_digest:
        digests["cohort"] = order.cohort_digest
    individuals = context.facts("extract").get("individuals")
    return ReleaseFacts(
        project_number=order.project,
        project_title=context.title,
        kind=order.kind,
        system=context.system.code,
        system_name=context.system.name,
        release_id=context.release,
        packaged_on=today(),
        approved_on=project.approved_on,
        expires_on=project.expires,
        years=context.years,
        order_scope=context.order_scope,
        recipients=tuple((m, f) for m, f, _ in context.recipients()),
        snapshot_id=order.snapshot,
        code_version=version("doj-release"),
        configuration_digest=digests["settings"],
        input_digests=digests,
        ledger_checkpoint=context.checkpoint_once(),
        individuals=int(cast("int", individuals)) if individuals is not None else None,
        threshold=context.settings.disclosure.threshold,
        department=context.settings.department.name,
        contact=context.settings.department.contact,
        synthetic=context.snapshot.info.synthetic,
    )
