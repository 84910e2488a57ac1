"""What is looked at of Prefect: a server, its password, what is deployed there, and which schedules are on."""

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from errors import CodedError
from pipelines import home as homes
from pipelines.deployment.doctor.finding import Finding, State, judged
from pipelines.orchestration import auth_file, password

DEPLOYMENTS = ("release/release", "refresh/refresh-aggregates", "remind/remind")

POOL = "doj-release"

_NOT_DONE = {
    "remind/remind": "letters that the law asks for are not written",
    "refresh/refresh-aggregates": "tables are not refreshed in January",
}

_SERVER_SECONDS = 5  # that Prefect's server may take to answer

_OK, _UNAUTHORIZED = 200, 401


def check_server(home: homes.Home | None = None) -> Iterator[Finding]:
    """Ask the standing Prefect server, of the settings or of the environment, whether it is well."""
    what, url = "Prefect server", _standing_server(home)
    if not url:
        without = "embedded, for each run on 127.0.0.1; nothing is scheduled: run `doj-release remind` daily"
        yield Finding(what, "note", f"{without}, or name a server in orchestration.api_url")
    elif _answer(f"{url}/health")[0] == _OK:
        yield Finding(what, "good", "standing, answers")
    else:
        bad = "does not answer: start it, or mend orchestration.api_url; no letter is written meanwhile"
        yield Finding(what, "bad", bad)


def check_password(home: homes.Home) -> Iterator[Finding]:
    """See that a standing Prefect server asks for a password, and that ours opens it.

    Raises:
        AuthFileUnsafe: others could read the file of the password.
    """
    what, url = "Prefect server's password", _standing_server(home)
    if not url:
        yield Finding(what, "good", "embedded: a new one for each run")
        return
    ours = password(home)
    count = f"{url}/flows/count"
    without = _answer(count, body=b"{}")[0]
    with_ours = _answer(count, ours, body=b"{}")[0] if ours else 0
    if without == _UNAUTHORIZED and with_ours == _OK:
        yield Finding(what, "good", f"asked for, and {auth_file(home).name} opens it")
    elif without == _UNAUTHORIZED:
        yield Finding(
            what, "bad", "asked for, and ours does not open it; see orchestration.auth_file"
        )
    elif without == _OK:
        yield Finding(what, "bad", "not asked for: start it with PREFECT_SERVER_API_AUTH_STRING")
    else:
        yield Finding(what, "bad", "the server does not answer")


def check_deployments(home: homes.Home) -> Iterator[Finding]:
    """Look at a standing server's telemetry, our deployments on it, and the worker that runs them."""
    url = _standing_server(home)
    if not url:
        return
    try:
        secret = password(home)
    except CodedError:
        return  # `check_password` says so
    said = _json(f"{url}/admin/settings", secret)
    yield _telemetry(said.get("server"))
    yield _own_files(said)
    known = {n: d for n in DEPLOYMENTS if (d := _json(f"{url}/deployments/name/{n}", secret))}
    missing = [name for name in DEPLOYMENTS if name not in known]
    lost = f"not there: {', '.join(missing)}; `prefect --no-prompt deploy --all`"
    yield judged("deployments", missing, lost, f"{len(known)} of {len(DEPLOYMENTS)}")
    for name, deployment in known.items():
        for schedule in deployment.get("schedules", ()):
            yield _schedule(name, deployment, schedule, url, secret)
    status = str(_json(f"{url}/work_pools/{POOL}", secret).get("status", ""))
    states: dict[str, tuple[State, str]] = {
        "READY": ("good", "a worker asks for work"),
        "PAUSED": ("note", f"paused, nothing is run: `prefect work-pool resume {POOL}`"),
        "": ("bad", f"`prefect work-pool create {POOL} --type process`"),
    }
    no_worker: tuple[State, str] = ("bad", "no worker: `doj-release deployment worker`")
    state, detail = states.get(status, no_worker)
    yield Finding("work pool", state, detail)


def _schedule(
    name: str, deployment: dict[str, Any], schedule: dict[str, Any], url: str, secret: str | None
) -> Finding:
    """Whether a schedule is on, and when the server has it run next, by the schedule's own clock."""
    what = f"schedule of {name}"
    if not schedule["active"]:
        cure = f"`prefect deployment schedule resume {name} {schedule['id']}`"
        return Finding(what, "note", f"off, {_NOT_DONE.get(name, 'nothing runs')}: {cure}")
    if deployment["paused"]:
        return Finding(what, "note", "on, but the deployment is paused: resume it on its page")
    asked = {
        "deployments": {"id": {"any_": [deployment["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 1,
    }
    planned = _json(f"{url}/flow_runs/filter", secret, json.dumps(asked).encode())
    if not planned:
        return Finding(what, "note", "on, no run planned yet: look again in a minute")
    zone = schedule["schedule"].get("timezone") or "UTC"
    at = datetime.fromisoformat(planned[0]["expected_start_time"]).astimezone(ZoneInfo(zone))
    return Finding(what, "good", f"on, next {at:%A %Y-%m-%d %H:%M} ({zone})")


def _own_files(said: dict[str, Any]) -> Finding:
    """Profiles and a logging configuration can name code: they are to lie in the server's own folder."""
    what, own = "Prefect server's settings", f"{said.get('home')}/"
    named = (str(said.get("profiles_path")), str(said.get("logging", {}).get("config_path")))
    foreign = not all(name.startswith(own) for name in named)
    bad = "profiles or logging configuration are not of its PREFECT_HOME"
    good = "profiles and logging configuration are of its own PREFECT_HOME"
    return judged(what, foreign, bad, good, "note")


def _telemetry(server: object) -> Finding:
    """A standing server is started by its own unit, and would report home unless that says no."""
    what = "Prefect server's telemetry"
    if not isinstance(server, dict) or "analytics_enabled" not in server:
        return Finding(what, "note", "the server does not say whether it reports home")
    on = bool(cast("dict[str, object]", server)["analytics_enabled"])
    return judged(what, on, "on: start it with PREFECT_SERVER_ANALYTICS_ENABLED=false", "off")


def _standing_server(home: homes.Home | None) -> str:
    """The API's address without a slash at its end; empty where the server is embedded."""
    named = home.settings().orchestration.api_url if home else ""
    return (os.environ.get("PREFECT_API_URL") or named).rstrip("/")


def _json(url: str, secret: str | None, body: bytes | None = None) -> Any:
    """What the server answers; ``{}`` where it does not."""
    try:
        status, content = _answer(url, secret, body)
        return json.loads(content) if status < _OK + 100 else {}
    except ValueError:
        return {}


def _answer(url: str, secret: str | None = None, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and content of the server's answer; status 0 and ``{}`` where there is none."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if secret is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    try:
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SERVER_SECONDS) as answer:  # noqa: S310
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b"{}"
    except (urllib.error.URLError, OSError, ValueError):
        return 0, b"{}"
