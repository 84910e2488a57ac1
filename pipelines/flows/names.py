"""What runs of a schedule are called, from the day they are planned."""

from datetime import UTC, datetime
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.objects import StateType

from pipelines.flows.states import in_state
from pipelines.session import CALIFORNIA
from systems.texts import in_one_line

_NAMED = FlowFilter(name=FlowFilterName(any_=["refresh", "remind"]))


def name_upcoming() -> None:
    """Give runs that a schedule has planned their names: Prefect names a run when it begins, and invents one before."""
    with get_client(sync_client=True) as client:
        flows = {flow.id: flow.name for flow in client.read_flows(flow_filter=_NAMED)}
        planned = client.read_flow_runs(
            flow_filter=_NAMED, flow_run_filter=in_state(StateType.SCHEDULED)
        )
        for run in planned:
            name = run_name(flows[run.flow_id], run.parameters, run.expected_start_time)
            if name != run.name:
                client.update_flow_run(run.id, name=name)


def run_name(flow: str, given: dict[str, Any], begins: datetime | None) -> str:
    """What a run of a schedule is, for whom and when: the day is California's."""
    day = (begins or datetime.now(UTC)).astimezone(CALIFORNIA).date()
    if flow == "remind":
        return f"letters of {day}"
    whose = given.get("project") or "all in force"
    named = f"{given.get('system') or 'every system'} for {whose}, years to {day.year - 1}, {day}"
    return in_one_line(named)  # parameters are whoever's that reaches Prefect
