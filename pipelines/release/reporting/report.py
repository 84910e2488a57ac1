"""The report's model from what the stages recorded: counts, verdicts and sections, no values."""

from collections.abc import Mapping
from importlib.metadata import version

from approvals.gate import ReleaseRequest
from expectations import report
from expectations.checks import Validation
from pipelines.release.context import ReleaseContext
from pipelines.release.reporting.attention import attention
from pipelines.release.reporting.by_kind import SECTIONS
from pipelines.release.reporting.charts import charts
from pipelines.release.reporting.drift import DriftComparison, drift_fact, drift_plots
from pipelines.release.reporting.items import granted, item, proven
from pipelines.release.reporting.linkage import linkage_facts
from systems.description import System

_LIBRARIES = ("duckdb", "pyarrow", "cryptography", "rapidfuzz", "great-expectations", "highspy")
_KINDS = {
    "identified": "Identified",
    "deidentified": "De-identified",
    "aggregated": "Aggregated",
}


def report_model(
    context: ReleaseContext, verdict: Validation, drift: DriftComparison
) -> report.ReportModel:
    """Make the Department's model of a release's report; the recipient's is cut from it."""
    approved, order, project = context.approved, context.order, context.project
    system, threshold = approved.system, approved.policy.threshold
    first, last = approved.years
    sections = SECTIONS[order.kind](context, verdict)
    sections["plots"] = (*sections.get("plots", ()), *drift_plots(drift))
    members = [member for member, _, _ in context.recipients()]
    request = context.gate_request()
    looked = attention(context, drift)
    made = report.ReportModel(
        project_number=order.project,
        project_title=approved.title,
        kind=order.kind,
        system_code=system.code,
        system_name=system.name,
        first_year=first,
        last_year=last,
        scope=approved.scope,
        approved_on=project.approved_on,
        expires_on=project.expires,
        threshold=threshold,
        safes=report.five_safes(
            order.kind,
            project=_project(context, request),
            people=_people(context, request, members),
            settings=_settings(context, request),
            data=report.check_items(verdict),
            outputs=sections.pop("outputs", ()),
            threshold=threshold,
            owed=_owed(system, order.kind, threshold),
        ),
        checks=report.check_lines(*context.validations().values()),
        charts=charts(context),
        attention=looked.notices,
        looked_at=looked.usual,
        provenance=(
            *_provenance(context),
            *sections.pop("provenance", ()),
            *linkage_facts(context),
            drift_fact(drift),
        ),
        run=_run_facts(context, verdict),
        **sections,
    )
    return _governed(made, system)


def _governed(made: report.ReportModel, system: System) -> report.ReportModel:
    """Cite what governs this system; what no law asks here is policy."""

    def governed(one: report.Item) -> report.Item:
        section = system.cite(one.section) if one.section else ""
        lost = (one.section and not section) or section.startswith("policy")
        source = "policy" if lost else one.source
        return one.model_copy(update={"section": section, "source": source})

    if system.sections is None:
        return made
    safes = [
        safe
        if safe.name == "data"  # its checks were cited by the suite
        else safe.model_copy(update={"items": tuple(map(governed, safe.items))})
        for safe in made.safes
    ]
    return made.model_copy(update={"safes": tuple(safes)})


def _owed(system: System, kind: str, threshold: int) -> tuple[tuple[str, str], ...] | None:
    """What the recipient owes, by the system's own conditions; none for CARPOS's regulation."""
    if system.sections is None:
        return None
    conditions = [one for one in system.conditions if kind in one.kinds and one.linked is None]
    return tuple((_first_sentence(one.text, threshold), "") for one in conditions)


def _first_sentence(text: str, threshold: int) -> str:
    whole = " ".join(text.split()).replace("{threshold}", str(threshold))
    first = whole.split(". ")[0].rstrip(".")
    return "CONDITIONS.txt applies" if "{" in first else first


def _project(context: ReleaseContext, request: ReleaseRequest) -> list[report.Item]:
    approved, project = context.approved, context.project
    order, record = approved.order, approved.system.record
    first, last = approved.years
    tables = order.kind == "aggregated" and approved.system.sections is None  # § 965 is CARPOS's
    asked = "§ 965(b)" if tables else "§ 964(a)"
    facts: dict[str, dict[str, object]] = {
        "in_force": {"project": order.project, "until": project.expires},
        "kind": {"kind": _KINDS[order.kind], "system": order.system},
        "years": {"first": first, "last": last, "section": asked},
        "scope": {"scope": record.scope, "families": ", ".join(approved.scope)},
        "cohort": {},
        "authority": {},
        "board": {"until": project.irb_until()},
    }
    made_up = [item("synthetic", noun=record.noun)] if context.snapshot.info.synthetic else []
    items = made_up + _granted(context, request, facts)
    if approved.linked_role:
        items.append(proven("linked_role", context.validations()["links"], person=record.person))
    return items


def _granted(
    context: ReleaseContext, request: ReleaseRequest, facts: Mapping[str, Mapping[str, object]]
) -> list[report.Item]:
    """What the gate's rules answer today, for as many of these items as are asked of this release."""
    return [
        one
        for name, filled in facts.items()
        for one in granted(name, context.project, request, **filled)
    ]


def _documents(context: ReleaseContext) -> frozenset[str]:
    """Papers that this system asks for before a release of this kind, by law or by a policy that is on."""
    order, policy = context.order, context.session.gate_policy
    return frozenset(
        d.name
        for d in context.approved.system.documents
        if order.kind in d.kinds and (d.hard or policy.soft_papers)
    )


def _people(
    context: ReleaseContext, request: ReleaseRequest, members: list[str]
) -> list[report.Item]:
    kind, documents = context.order.kind, _documents(context)
    section = "§ 962(r); § 965(c)" if kind == "aggregated" else "§ 962(r)"
    count = len(members)
    facts: dict[str, dict[str, object]] = {
        "recipients": {
            "recipients": f"{count} recipient{'s' * (count != 1)}",
            "members": ", ".join(members),
            "section": section,
        },
        "training": {},
    }
    if "notary_verification" in documents:
        facts["notary"] = {}
    by_law = kind == "identified"
    if by_law or context.session.gate_policy.deidentified_checks:  # else nobody asked
        section, source = ("§ 966(e)", "law") if by_law else ("process page", "policy")
        facts["checks"] = {"section": section, "source": source}
    if "checks_verified" in documents and len(context.project.standard_application.team) > 1:
        facts["verified"] = {}
    return _granted(context, request, facts)


def _settings(context: ReleaseContext, request: ReleaseRequest) -> list[report.Item]:
    section = "§ 965(c)" if context.order.kind == "aggregated" else "§ 966(b)(12)(D)"
    status = "ok" if context.staging.encrypted and context.snapshot.encrypted else "fail"
    items = [item("sealed", section=section), item("at_rest", status=status)]
    asked = "security_requirements" in _documents(context)
    return [*items, *_granted(context, request, {"secured": {}} if asked else {})]


def _provenance(context: ReleaseContext) -> tuple[report.Fact, ...]:
    """Snapshot, settings, cohort and software; digests of inputs are keyed."""
    order, info = context.order, context.snapshot.info
    facts = [
        report.Fact(label="Register snapshot", value=order.snapshot),
        report.Fact(label="Snapshot loaded on", value=info.created.isoformat()),
        report.Fact(label="Register entries", value=info.entries, audience="department"),
        report.Fact(label="Register persons", value=info.persons, audience="department"),
        report.Fact(label="Settings, keyed digest", value=context.session.configuration_digest()),
    ]
    if order.cohort_digest:
        facts.append(report.Fact(label="Cohort file, keyed digest", value=order.cohort_digest))
    if order.formats:
        facts.append(report.Fact(label="More file formats", value=", ".join(order.formats)))
    return (
        *facts,
        report.Fact(
            label="Extract, keyed digest",
            value=context.staging.digest("extract", "extract"),
            audience="department",
        ),
        report.Fact(label="Software", value=f"doj-release {version('doj-release')}"),
    )


def _run_facts(context: ReleaseContext, verdict: Validation) -> report.RunFacts:
    """What differs between two runs of the same release."""
    checkpoint = context.checkpoint_once()
    return report.RunFacts(
        release_id=context.release,
        started=context.order.ordered_on.isoformat(),
        validation_seconds=verdict.seconds,
        checkpoint=str(checkpoint["root"]),
        ledger_events=int(str(checkpoint["size"])),
        versions={name: version(name) for name in _LIBRARIES},
    )
