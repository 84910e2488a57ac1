"""Stage 1 and the last question: may this release be made, and may it leave now?"""

from typing import Literal

from approvals.gate import ReleaseRequest
from approvals.project import ProjectState
from pipelines.release.context import ReleaseContext
from pipelines.release.stages.stage import Product
from pipelines.safeguards import check_before
from pipelines.session import today


def ask_gate(context: ReleaseContext, stage: Literal["run", "handover"] = "run") -> Product:
    """Ask the gate with all that the order says; its answer becomes an event, whichever it is.

    Raises:
        SwitchNotConfirmed, SettingsNotConfirmed: settings stand by nobody's word (exit 3).
        GateRefused: with every reason at once (exit 3).
    """
    session, order, approved = context.session, context.order, context.approved
    check_before(session)
    individual = order.kind != "aggregated"
    request = ReleaseRequest(
        kind=order.kind,
        on=today(),
        system=order.system,
        years=order.years,
        cohort_digest=order.cohort_digest,
        cohort_rows=_cohort_rows(context.project, order.cohort_digest),
        stage=stage,
        order_scope=approved.scope,
        variables=approved.variables if individual else (),
        dimensions=() if individual else approved.dimensions,
        policy=session.gate_policy,
    )
    session.releases.ask_gate(context.release, request).check()
    return Product(facts={"on": today().isoformat()})


def _cohort_rows(project: ProjectState, digest: str | None) -> int | None:
    """Rows of the ordered cohort as registered."""
    cohort = project.cohort(digest) if digest is not None else None
    return cohort.rows if cohort else None
