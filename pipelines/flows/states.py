"""What Prefect shows of how a run ended: a name for people, and the type that is true of it.

Whoever waits for people is *paused*, what the gate turned away or somebody else holds is *cancelled*, what the machine
stopped has *crashed*; *failed* is only what is wrong. A state's message holds ids and codes.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Pause
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Crashed, Failed, Paused
from prefect.utilities.engine import propose_state_sync

from errors import Exit
from pipelines.operations import in_words

if TYPE_CHECKING:
    from pipelines.release import Outcome

_NOTHING = "nothing to fill in: run it again at the command line"


def ended(exit_: Exit, name: str, message: str, *, of_task: bool = False) -> State[Any]:
    """The state of a run, or of a stage's task, that ended so.

    Args:
        exit_: the exit code that the command line gives for it.
        name: as logs and metrics have it, such as ``WaitingForApproval``.
        message: ids and codes.
        of_task: of a task, which nobody resumes.
    """
    shown = in_words(name)
    if exit_ is Exit.DONE:
        return Completed(name=shown, message=message)
    if exit_ is Exit.WAITING:
        # Resumed, a deployment's run is given to a worker again, and the ledger decides; it holds no slot
        # meanwhile. A run without a deployment has no worker to go to: Prefect would show it as running for
        # ever, so that it asks for an input that nobody can give.
        run = FlowRunContext.get()
        deployed = not of_task and bool(run and run.flow_run and run.flow_run.deployment_id)
        details = {} if deployed or of_task else {"run_input_keyset": {"schema": _NOTHING}}
        return Paused(reschedule=deployed, name=shown, message=message, state_details=details)
    if exit_ in (Exit.REFUSED, Exit.HELD):
        return Cancelled(name=shown, message=message)
    if name == "Interrupted":
        return Crashed(name=shown, message=message)
    return Failed(name=shown, message=message)


class _Waiting(logging.Filter):
    """Prefect logs every end of a task that is not completed as an error: waiting for people is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno == logging.ERROR and "type=PAUSED" in record.getMessage():
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


logging.getLogger("prefect.task_runs").addFilter(_Waiting())


def state_of(outcome: "Outcome", *, dry_run: bool = False) -> State[Any]:
    """Prefect's state for how a release, or a dry run of one, ended."""
    name = "DryRun" if dry_run and outcome.exit is Exit.DONE else outcome.state
    code = str((outcome.error or {}).get("code", "")) or f"at {outcome.stage}"
    return ended(outcome.exit, name, f"{outcome.release} {code}")


def leave(state: State[Any]) -> State[Any]:
    """What a flow ends with. A worker's process would take a paused state for an exception, and log it; it knows Prefect's signal.

    Raises:
        Pause: a deployment's run is paused.
    """
    run = FlowRunContext.get()
    if run is None or run.flow_run is None or not state.state_details.pause_reschedule:
        return state
    with get_client(sync_client=True) as client:
        raise Pause(state=propose_state_sync(client, state, flow_run_id=run.flow_run.id))


def was_paused() -> bool:
    """Whether this flow run goes on after a pause."""
    if not (number := flow_run.id):
        return False
    with get_client(sync_client=True) as client:
        return any(state.is_paused() for state in client.read_flow_run_states(number))


def end_paused(home: Path, order: str) -> None:
    """A run of this order goes on with what earlier ones paused for: those are over."""
    if not flow_run.id:
        return
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["release"])),
            flow_run_filter=in_state(StateType.PAUSED),
        ):
            its = (run.parameters.get("order"), run.parameters.get("home") or str(home))
            if its == (order, str(home)) and str(run.id) != flow_run.id:
                message = f"by run {flow_run.id}"
                client.set_flow_run_state(run.id, Completed(name="Continued", message=message))


def in_state(kind: StateType) -> FlowRunFilter:
    """Flow runs in a state of this type."""
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[kind])))
