"""The process of one flow run that a worker took: :func:`main` with the flow's name as its word and the run's id in the environment.

Prefect's own engine takes the code of a run from its deployment, and the result of a run that somebody else ended from
storage that the server names, unpickled. Here the code is this program's, and nothing is loaded.
"""

import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect._internal.control_listener import configure_from_env
from prefect.client.orchestration import get_client
from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow_run, run_flow

from pipelines import operations
from pipelines.errors import NobodyOrdered
from pipelines.flows.flows import refresh, release, remind
from pipelines.flows.states import ended
from pipelines.home import VARIABLE

OWN: dict[str, Any] = {one.name: one for one in (release, refresh, remind)}


def main() -> None:
    """Run the flow of this name as that run; what is no flow of ours is refused, and recorded as an attempt."""
    name, run = sys.argv[1], UUID(os.environ["PREFECT__FLOW_RUN_ID"])
    configure_from_env()  # a cancellation comes through the worker's channel, before its signal
    with handle_engine_signals(run):
        if name in OWN:
            run_flow(OWN[name], flow_run=load_flow_run(run), return_type="state")
        else:
            _refuse(run)


def _refuse(run: UUID) -> None:
    error = NobodyOrdered(because="flow")
    own = os.environ.get(VARIABLE)
    operations.note_refusal(Path(own) if own else None, error, "flow.other", {})
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, ended(error.exit, "Refused", str(error)), force=True)
