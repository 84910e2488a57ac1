"""Stage 1 and the last question: may this release be made, and may it leave now?"""

from typing import TYPE_CHECKING, Literal

from approvals.gate import ReleaseRequest
from pipelines.release.stages.stage import Product
from pipelines.session import check_switches, today

if TYPE_CHECKING:
    from pipelines.release.context import Context


def ask_gate(context: "Context") -> Product:
    """Ask the gate with all that the order says.

    Raises:
        GateRefused: with every reason at once (exit 3).
    """
    return question(context, "run")


def question(context: "Context", stage: Literal["run", "handover"]) -> Product:
    """Ask the gate on behalf of a stage; its answer becomes an event, whichever it is."""
    check_switches(context)
    order = context.order
    individual = order.kind != "aggregated"
    ask = ReleaseRequest(
        kind=order.kind,
        on=today(),
        system=order.system,
        years=order.years,
        cohort_digest=order.cohort_digest,
        cohort_rows=context.cohort_rows(),
        stage=stage,
        order_scope=context.order_scope,
        variables=context.variables if individual else (),
        dimensions=() if individual else context.dimensions,
        policy=context.gate_policy,
    )
    context.releases.ask_gate(context.release, ask).check()
    return Product(facts={"on": today().isoformat()})
