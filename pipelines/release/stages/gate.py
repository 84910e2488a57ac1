"""Stage 1 and the last question: may this release be made, and may it leave now?"""

from typing import Literal

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
    check_before(context.session)
    context.session.releases.ask_gate(context.release, context.gate_request(stage)).check()
    return Product(facts={"on": today().isoformat()})
