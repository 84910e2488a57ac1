"""A standing Prefect server, on PostgreSQL where there is one: asks for its password, and runs a deployment."""

import base64
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.home.home import open_home
from pipelines.release.orders import Request, order_release
from pipelines.session import Session
from tests.in_process import run_here
from tests.integration.conftest import doj_release
from tests.parts import missing
from tests.rehearsal.acts import ran
from tests.rehearsal.standing import (
    ROOT,
    Prefect,
    ended,
    environment,
    prefect_server,
    program,
    running,
)

sys.path.insert(0, str(ROOT / "tests" / "unit" / "approvals"))

from tests.servers import server as postgres


def status(url: str, secret: str | None) -> int:
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, b"{}", headers), timeout=10) as got:
            return got.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Prefect]:
    """A server of its own on the loopback, as an administrator starts it."""
    folder = tmp_path_factory.mktemp("prefect")
    with ExitStack() as stack:
        database = f"sqlite+aiosqlite:///{folder}/prefect.db"
        if missing("postgresql") is None or "CI" in os.environ:  # CI has it, or fails
            place = stack.enter_context(postgres())
            database = f"postgresql+asyncpg://owner@/postgres?{place}"
        yield stack.enter_context(prefect_server(folder, database))


def settle(home: Path, url: str, secret: str | None) -> None:
    settings = home / "settings.toml"
    settings.write_text(settings.read_text().replace('api_url = ""', f'api_url = "{url}"', 1))
    (home / "prefect").mkdir(mode=0o700, exist_ok=True)
    if secret is not None:
        place = home / "prefect" / "auth"
        place.touch(0o600)
        place.write_text(secret + "\n")


def told(home: Path) -> dict[str, dict[str, str]]:
    return {f["what"]: f for f in run_here("doctor", "--json", home=home).json}


def findings(home: Path) -> dict[str, str]:
    return {what: f["state"] for what, f in told(home).items()}


def finding(home: Path) -> dict[str, str]:
    return {"state": findings(home)["Prefect server's password"]}


def test_a_flow_runs_through_a_server_that_asks(server, copied, demo):
    assert status(f"{server.url}/flows/count", None) == 401
    assert status(f"{server.url}/flows/count", "desk:guess") == 401
    settle(copied, server.url, server.secret)
    found = findings(copied)
    assert found["Prefect server's password"] == found["Prefect server's telemetry"] == "good"
    project = demo.release("aggregated")["project"]
    done = doj_release("run", project, "--kind", "identified", "--json", home=copied)
    assert done.code == 3, done.err  # the gate's own refusal came back through the server
    assert server.ask("flow_runs/count") >= 1


def test_an_order_goes_on_where_its_server_was_down(copied, demo):
    settle(copied, "http://127.0.0.1:1/api", "desk:word")
    project = demo.release("deidentified")["project"]
    done = doj_release("run", project, "--kind", "deidentified", "--json", home=copied)
    error = json.loads(done.out)["error"]
    assert (done.code, error["code"]) == (1, "FLOW-01")
    words = ("run", project, "--resume", error["facts"]["release"], "--no-orchestrator")
    assert run_here(*words, home=copied).code == 7


def after_a_power_cut(server: Prefect, worker: str, order: str, env: dict[str, str]) -> None:
    """A run whose process is gone keeps the deployment's only slot, until the next worker of that name begins."""
    numbers = [server.order("release/release", order=order) for _ in range(2)]
    for number in numbers:
        for state in ("PENDING", "RUNNING"):
            server.ask(f"flow_runs/{number}/set_state", {"state": {"type": state}})
        server.ask(f"flow_runs/{number}", {"infrastructure_pid": "4194304"}, method="PATCH")
    labels = {"prefect.worker.name": worker}
    server.ask(f"flow_runs/{numbers[0]}/labels", labels, method="PATCH")
    took = [server.run(number)["state_type"] for number in numbers]
    assert took == ["RUNNING", "SCHEDULED"]
    code = f"from pipelines.orchestration import end_abandoned; print(end_abandoned({worker!r}))"
    assert ran([sys.executable, "-c", code], env, 0) == "1\n"
    assert server.run(numbers[0])["state_type"] == "CRASHED"
    assert {one["active_slots"] for one in server.ask("v2/concurrency_limits/filter")} == {0}


def what_nobody_ordered(server: Prefect, home: Path, order: str) -> None:
    """Whoever has the password asks for a run with parameters of their own: refused, recorded, and nothing is made.

    What else they may be, and what comes of it: `tests/unit/pipelines/flows/test_tasks.py`.
    """
    runs = sorted(path.name for path in (home / "runs").iterdir())
    asked = server.order("release/release", order=order, home="/srv/another/home")
    found = server.until(asked, ended)
    assert (found["state_name"], found["state_type"]) == ("Refused", "CANCELLED")
    assert "FLOW-06" in found["state"]["message"]
    assert sorted(path.name for path in (home / "runs").iterdir()) == runs
    shown = run_here("ledger", "show", "--json", home=home).json
    told = [e["facts"] for e in shown if e["facts"].get("code") == "FLOW-06"]
    assert [f["step"] for f in told] == ["flow.release"]


def somebody_elses_code(server: Prefect, home: Path, place: Path) -> None:
    """Whoever has the password says where code is, what fetches it, what starts it, with what around it: none is run."""
    mark, module = place / "mark", place / "hostile.py"
    place.mkdir()
    module.write_text(
        f"import pathlib; from prefect import flow; pathlib.Path({str(mark)!r}).touch()\n"
        "@flow(name='release')\ndef release(order, home=None): pass"
    )
    shell = {"prefect.deployments.steps.run_shell_script": {"script": f"touch {mark}"}}
    there = {"prefect.deployments.steps.set_working_directory": {"directory": str(place)}}
    loud = {"PYTHONPATH": str(place), "PYTHONSTARTUP": str(module), "DOJ_RELEASE_HOME": str(place), "PREFECT_LOGGING_CONFIG_PATH": str(module)}  # fmt: skip
    pool = server.ask("work_pools/doj-release", method="GET")["base_job_template"]
    pool["job_configuration"] |= {"command": f"touch {mark}", "env": loud}
    server.ask("work_pools/doj-release", {"base_job_template": pool}, method="PATCH")
    variables = {"command": f"touch {mark}", "env": loud, "working_dir": str(place)}
    for flow, name, how in (
        ("release", "steps", {"entrypoint": "hostile.py:release", "pull_steps": [shell, there], "job_variables": variables}),
        ("remind.hostile", "path", {"entrypoint": f"{module}:release", "path": str(place)}),
    ):  # fmt: skip
        flow_id = server.ask("flows/", {"name": flow})["id"]
        made = {"name": name, "flow_id": flow_id, "work_pool_name": "doj-release"} | how
        deployment = server.ask("deployments/", made)["id"]
        asked = {"parameters": {"order": "2026-999-R002"}, "state": {"type": "SCHEDULED"}}
        number = server.ask(f"deployments/{deployment}/create_flow_run", asked)["id"]
        found = server.until(number, ended)
        assert (found["state_name"], found["state_type"]) == ("Refused", "CANCELLED"), name
        assert not mark.exists(), name
    shown = run_here("ledger", "show", "--json", home=home).json
    steps = [e["facts"]["step"] for e in shown if e["facts"].get("code") == "FLOW-06"]
    assert steps[-2:] == ["flow.release", "flow.other"]


def somebody_elses_result(server: Prefect, place: Path, env: dict[str, str]) -> None:
    """A run that somebody ended meanwhile has a result, where they say and in their form: Prefect's engine unpickles it."""
    place.mkdir()
    mark = place / "mark"
    kind = server.ask("block_types/slug/local-file-system", method="GET")["id"]
    wanted = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
    schema = server.ask("block_schemas/filter", wanted)[0]["id"]
    made = {"block_type_id": kind, "block_schema_id": schema, "data": {"basepath": str(place)}}
    block = server.ask("block_documents/", {"name": "hostile"} | made)["id"]
    record = {"storage_key": "result", "storage_block_id": block, "serializer": {"type": "pickle"}}
    pickled = base64.b64encode(pickle.dumps(_Makes(str(mark)))).decode()
    (place / "result").write_text(json.dumps({"metadata": record, "result": pickled}))
    number = server.order("release/release", order="2026-999-R003")
    completed = {"state": {"type": "COMPLETED", "data": record}, "force": True}
    server.ask(f"flow_runs/{number}/set_state", completed)
    env = env | {"PREFECT__FLOW_RUN_ID": number, "PREFECT__FLOW_ENTRYPOINT": "pipelines.flows.release"}  # fmt: skip
    ours = ["-c", "from pipelines.flows.engine import main; main()", "release"]
    for words, code in ((ours, 0), (["-m", "prefect.engine"], None)):
        done = subprocess.run([sys.executable, "-P", *words], env=env, cwd=place, check=False)
        assert code is None or done.returncode == code
        assert mark.exists() == (code is None), words


class _Makes:
    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.folder,)


def test_a_worker_runs_an_order_by_its_deployment(server, copied, demo, tmp_path):
    settle(copied, server.url, server.secret)
    project = demo.release("deidentified")["project"]
    session = Session(open_home(copied))
    order = order_release(session, Request(project, "deidentified"))
    other = demo.release("identified")["project"]
    second = order_release(session, Request(other, "identified"))
    session.close()
    page = f"release-{order.lower()}"
    env = environment(
        tmp_path / "worker",
        DOJ_RELEASE_HOME=str(copied),
        DOJ_RELEASE_CODE=str(ROOT),
        PREFECT_API_URL=server.url,
        PREFECT_API_AUTH_STRING=server.secret,
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    place = tmp_path / "worker.log"
    with running([program("doj-release"), "deployment", "worker"], env, place) as worker:
        server.wait_for("work_pools/doj-release")
        names = ("--name", "release", "--name", "refresh-aggregates", "--name", "remind")
        ran([program("prefect"), "--no-prompt", "deploy", *names], env, 0)
        number = server.order("release/release", order=order)
        found = server.until(number, ended)
        assert (found["state_name"], found["state_type"]) == ("Waiting for approval", "PAUSED")
        limits = server.ask("v2/concurrency_limits/filter")
        assert {(one["limit"], one["active_slots"]) for one in limits} == {(1, 0)}
        shown = server.artifacts(number)[page]
        walked = re.findall(r"^\| (\w+) \| [\d.]+ ", shown, re.MULTILINE)
        assert walked == ["gate", "extract", "validate"]
        assert "[department.html](file:///" in shown

        before = run_here("ledger", "show", "--json", home=copied).json
        server.ask(f"flow_runs/{number}/resume")
        found = server.until(
            number, lambda run: ended(run) and run["state_id"] != found["state_id"]
        )
        assert (found["state_name"], found["state_type"]) == ("Waiting for approval", "PAUSED")
        after = run_here("ledger", "show", "--json", home=copied).json
        known = {event["seq"] for event in before}
        assert "release_approved" not in {e["kind"] for e in after if e["seq"] not in known}
        assert "ERROR" not in place.read_text()

        suspended = ("project", "event", project, "project_suspended", "reason=inquiry")
        assert run_here(*suspended, home=copied).code == 0
        server.ask(f"flow_runs/{number}/resume")
        found = server.until(
            number, lambda run: ended(run) and run["state_id"] != found["state_id"]
        )
        assert (found["state_name"], found["state_type"]) == ("Refused", "CANCELLED")
        assert found["name"] == f"{order} deidentified"
        assert "**Refused** at stage `gate`" in server.artifacts(number)[page]

        what_nobody_ordered(server, copied, order)
        somebody_elses_code(server, copied, tmp_path / "code")
        somebody_elses_result(server, tmp_path / "result", env)
        number = server.order("release/release", order=second)
        gate = copied / "runs" / second / "stages" / "gate.json"
        server.until(number, lambda run: run["state_type"] == "RUNNING" and gate.exists())
        began = time.monotonic()
        worker.terminate()  # it alone
        assert worker.wait(20) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10
        found = server.run(number)
        assert found["state_type"] == "CRASHED"
        outcome = json.loads((copied / "runs" / second / "outcome.json").read_text())
        assert (outcome["exit"], outcome["state"]) == (143, "Interrupted")
        limits = server.ask("v2/concurrency_limits/filter")
        assert {one["active_slots"] for one in limits} == {0}
    after_a_power_cut(server, (copied / "prefect" / "worker" / "name").read_text(), second, env)
    planned = server.planned("remind/remind")
    assert {t.astimezone(ZoneInfo("America/Los_Angeles")).strftime("%H:%M") for t in planned} == {
        "07:30"
    }
    off = told(copied)["schedule of remind/remind"]
    assert off["state"] == "note"
    deployment = server.ask("deployments/name/remind/remind", method="GET")
    (schedule,) = deployment["schedules"]
    assert off["detail"].endswith(f"schedule resume remind/remind {schedule['id']}`")
    server.ask(
        f"deployments/{deployment['id']}/schedules/{schedule['id']}", {"active": True}, "PATCH"
    )
    ran([program("prefect"), "--no-prompt", "deploy", "--name", "remind"], env, 0)
    assert server.ask("deployments/name/remind/remind", method="GET")["schedules"][0]["active"]
    server.wait_for_runs(deployment["id"])
    on = told(copied)["schedule of remind/remind"]
    assert on["state"] == "good"
    assert on["detail"].endswith("07:30 (America/Los_Angeles)")


@pytest.mark.parametrize("secret", ["desk:another", None])
def test_without_the_right_password_nothing_runs_and_nothing_is_told(server, copied, demo, secret):
    settle(copied, server.url, secret)
    assert finding(copied)["state"] == "bad"
    project = demo.release("aggregated")["project"]
    # without one it is not even asked, and no client of Prefect's is set up in this process
    command = doj_release if secret else run_here
    done = command("run", project, "--kind", "identified", "--json", home=copied)
    assert done.code == (1 if secret else 3), done.err
    assert secret or done.err.startswith("FLOW-07")
    for text in (done.out, done.err):
        assert "another" not in text
        assert server.secret not in text


def test_a_password_that_others_can_read_is_not_used(server, copied, demo):
    settle(copied, server.url, server.secret)
    (copied / "prefect" / "auth").chmod(0o644)
    assert finding(copied)["state"] == "bad"
    project = demo.release("aggregated")["project"]
    done = run_here("run", project, "--kind", "identified", home=copied)
    assert done.code == 3
    assert done.err.startswith("HOME-09")
