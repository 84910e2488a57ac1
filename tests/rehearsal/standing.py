"""Real servers for the rehearsal: PostgreSQL, a Prefect server on it, a worker; and Prefect's answers."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds for a server to start or a flow run to end, on a busy machine


def program(name: str) -> str:
    """A program of this environment."""
    return str(Path(sys.executable).with_name(name))


class Prefect:
    """A standing server's address and password, and questions to it."""

    def __init__(self, url: str, secret: str) -> None:
        self.url, self.secret = url, secret

    def ask(self, path: str, body: object = None, method: str = "POST") -> Any:
        """A call of the REST API; None where the server does not answer."""
        marked = base64.b64encode(self.secret.encode()).decode()
        headers = {"Authorization": f"Basic {marked}", "Content-Type": "application/json"}
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as got:
                return json.loads(got.read() or b"null")
        except OSError:
            return None

    def run(self, number: str) -> dict[str, Any]:
        """A flow run as it is now."""
        return self.ask(f"flow_runs/{number}", method="GET") or {}

    def artifacts(self, number: str) -> dict[str, str]:
        """What stands on a flow run's page: the newest data of each key."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [number]}}, "sort": "CREATED_DESC"}
        found = reversed(self.ask("artifacts/filter", wanted))
        return {one["key"]: one["data"] for one in found}

    def order(self, deployment: str, **parameters: str) -> str:
        """Ask for a run of a deployment; its id."""
        found = self.ask(f"deployments/name/{deployment}", method="GET")
        made = self.ask(f"deployments/{found['id']}/create_flow_run", {"parameters": parameters})
        return made["id"]

    def wait_for(
        self, path: str, holds: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Wait until something of this name is there and as it should be."""
        end = time.monotonic() + PATIENCE
        while (found := self.ask(path, method="GET")) is None or not holds(found):
            if time.monotonic() > end:
                raise TimeoutError(path)
            time.sleep(0.3)
        return found

    def planned(self, name: str) -> list[datetime]:
        """Switch a deployment's schedule on, wait for runs that are planned by it, and switch it off."""
        deployment = self.ask(f"deployments/name/{name}", method="GET")
        (schedule,) = deployment["schedules"]
        place = f"deployments/{deployment['id']}/schedules/{schedule['id']}"
        assert schedule["active"] is False
        self.ask(place, {"active": True}, method="PATCH")
        found = self.wait_for_runs(deployment["id"])
        self.ask(place, {"active": False}, method="PATCH")
        assert self.scheduled(deployment["id"]) == []
        return found

    def wait_for_runs(self, deployment: str) -> list[datetime]:
        """Wait until the server has planned runs of a deployment; when they are to begin."""
        end = time.monotonic() + PATIENCE
        while not (found := self.scheduled(deployment)):
            assert time.monotonic() < end, "no run was planned"
            time.sleep(0.5)
        return found

    def scheduled(self, deployment: str) -> list[datetime]:
        """When a deployment's runs are to begin."""
        wanted = {
            "deployments": {"id": {"any_": [deployment]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }
        found = self.ask("flow_runs/filter", wanted)
        return [datetime.fromisoformat(run["expected_start_time"]) for run in found]

    def until(self, number: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until something holds of a flow run."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if (now := self.run(number)) and holds(now):
                return now
            time.sleep(0.3)
        raise TimeoutError(json.dumps(self.run(number).get("state")))


def ended(run: dict[str, Any]) -> bool:
    """Whether a flow run is over, or waits for somebody."""
    return run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED"}


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the service's processes are started with."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PREFECT_", "DOJ_RELEASE"))}
    quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    return kept | quiet | {"PREFECT_HOME": str(home)} | more


@contextmanager
def running(words: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the service, ended with all its children."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            words, env=env, stdout=sink, stderr=sink, cwd=ROOT, start_new_session=True
        )
        try:
            yield process
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.wait(20)
                    break
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def prefect_server(folder: Path, database: str) -> Iterator[Prefect]:
    """A standing server whose database is PostgreSQL, behind a password, on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = f"desk:{secrets.token_urlsafe(24)}"
    env = environment(
        folder / "prefect-server",
        PREFECT_SERVER_DATABASE_CONNECTION_URL=database,
        PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS="5",  # a minute where nobody waits for it
        PREFECT_SERVER_API_AUTH_STRING=secret,
        PREFECT_API_AUTH_STRING=secret,
    )
    words = [program("prefect"), "server", "start", "--no-ui"]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    found = Prefect(f"http://127.0.0.1:{port}/api", secret)
    with ExitStack() as stack:
        process = stack.enter_context(running(words, env, folder / "server.log"))
        end = time.monotonic() + PATIENCE
        while found.ask("flows/count") is None:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "server.log").read_text()[-2000:])
            time.sleep(1)
        yield found


def refuses_without_password(server: Prefect) -> bool:
    """Whether the server turns away who does not know the password."""
    try:
        urllib.request.urlopen(f"{server.url}/admin/version", timeout=30)
    except urllib.error.HTTPError as error:
        return error.code == 401
    return False
