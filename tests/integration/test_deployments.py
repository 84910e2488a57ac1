"""prefect.yaml: every entrypoint loads, parameters fit, schedules begin switched off."""

import inspect
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["name"])
def test_entrypoint_and_parameters(deployment, monkeypatch):
    from prefect.flows import load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    accepted = set(inspect.signature(flow.fn).parameters)
    assert set(deployment["parameters"]) <= accepted
    assert (
        flow.fn.__module__ == "pipelines.flows.flows"
    )  # a worker of a Dask cluster finds it by that name
    assert not flow.persist_result
    assert flow.retries == 0


def test_the_three_deployments_and_their_schedules():
    by_name = {d["name"]: d for d in DEPLOYMENTS}
    assert set(by_name) == {"release", "refresh-aggregates", "remind"}
    assert by_name["release"]["schedules"] == []
    for name, cron in (("refresh-aggregates", "0 6 15 1 *"), ("remind", "30 7 * * *")):
        (schedule,) = by_name[name]["schedules"]
        # asked of the server before each deployment: off where it is new
        assert schedule["active"] == f"{{{{ now.{schedule['slug']} }}}}"
        (step,) = by_name[name]["build"]
        asked = step["pipelines.flows.schedules_as_they_are"]
        assert asked["schedules"] == [schedule["slug"]]
        assert asked["deployment"].endswith(f"/{name}")
        assert asked["id"] == "now"
        assert schedule["cron"] == cron
        assert ZoneInfo(schedule["timezone"]).key == "America/Los_Angeles"


@pytest.mark.parametrize("name", ["release", "refresh", "remind"])
def test_tasks_and_flows_keep_no_results(name):
    from pipelines.flows import flows

    assert getattr(flows, name).persist_result is False
    assert all(task.persist_result is False for task in flows.TASKS.values())
    assert all(task.retries == 0 for task in flows.TASKS.values())
