"""The report's model from what the stages recorded: counts, verdicts and sections, no values."""

from collections.abc import Mapping
from importlib.metadata import version

from approvals.project import ProjectState
from expectations import report
from expectations.checks import Validation
from pipelines.release.approved import ApprovedRelease
from pipelines.release.context import ReleaseContext
from pipelines.release.reporting.by_kind import SECTIONS
from pipelines.release.reporting.drift import DriftComparison, drift_fact, drift_plots
from pipelines.release.reporting.items import item
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
    sections = SECTIONS[order.kind](context)
    sections["plots"] = (*sections.get("plots", ()), *drift_plots(drift))
    members = [member for member, _, _ in context.recipients()]
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
            project=_project(approved, project, synthetic=context.snapshot.info.synthetic),
            people=_people(order.kind, _documents(system, order.kind), members),
            settings=_settings(order.kind, _documents(system, order.kind)),
            data=report.check_items(verdict),
            outputs=sections.pop("outputs", ()),
            threshold=threshold,
            owed=_owed(system, order.kind, threshold),
        ),
        checks=report.check_lines(*context.validations().values()),
        provenance=(*_provenance(context), drift_fact(drift)),
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
    conditions = [one for one in system.conditions if kind in one.kinds]
    return tuple((_first_sentence(one.text, threshold), "") for one in conditions)


def _first_sentence(text: str, threshold: int) -> str:
    whole = " ".join(text.split()).replace("{threshold}", str(threshold))
    first = whole.split(". ")[0].rstrip(".")
    return "CONDITIONS.txt applies" if "{" in first else first


def _documents(system: System, kind: str) -> frozenset[str]:
    """Papers that this system asks for before a release of this kind."""
    return frozenset(d.name for d in system.documents if kind in d.kinds)


def _project(
    approved: ApprovedRelease, project: ProjectState, *, synthetic: bool
) -> list[report.Item]:
    order, record = approved.order, approved.system.record
    first, last = approved.years
    items = [item("synthetic", noun=record.noun)] if synthetic else []
    items += [
        item("in_force", project=order.project, until=project.expires),
        item("kind", kind=_KINDS[order.kind], system=order.system),
        item("years", first=first, last=last),
        item("scope", scope=record.scope, families=", ".join(approved.scope)),
    ]
    if order.kind == "identified":
        items += [item("cohort"), item("authority")]
    if "irb_approval" in _documents(approved.system, order.kind):
        items.append(item("board", until=project.irb_until()))
    return items


def _people(kind: str, documents: frozenset[str], members: list[str]) -> list[report.Item]:
    section = "§ 962(r); § 965(c)" if kind == "aggregated" else "§ 962(r)"
    items = [item("recipients", count=len(members), members=", ".join(members), section=section)]
    if "human_subjects_training" in documents:
        items.append(item("training"))
    if "notary_verification" in documents:
        items.append(item("notary"))
    if documents & {"background_check", "background_check_page"}:
        by_law = kind == "identified"
        section, source = ("§ 966(e)", "law") if by_law else ("process page", "policy")
        items.append(item("checks", section=section, source=source))
    return items


def _settings(kind: str, documents: frozenset[str]) -> list[report.Item]:
    section = "§ 965(c)" if kind == "aggregated" else "§ 966(b)(12)(D)"
    items = [item("sealed", section=section), item("at_rest")]
    return [*items, item("secured")] if "security_requirements" in documents else items


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
    return report.RunFacts(
        release_id=context.release,
        started=context.order.ordered_on.isoformat(),
        validation_seconds=verdict.seconds,
        checkpoint=_checkpoint(context.checkpoint_once()),
        versions={name: version(name) for name in _LIBRARIES},
    )


def _checkpoint(body: Mapping[str, object]) -> str:
    return f"{body['size']} events, root {body['root']}"
