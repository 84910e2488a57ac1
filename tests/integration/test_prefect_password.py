"""A standing Prefect server asks for its password: real server, real flow, real refusal."""

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
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import doj_release

SECRET = f"desk:{secrets.token_urlsafe(24)}"


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
def server(tmp_path_factory) -> Iterator[str]:
    """A server of its own on the loopback, as an administrator starts it; the URL of its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("prefect")
    env = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    env |= {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_AUTH_STRING": SECRET,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [Path(sys.executable).with_name("prefect"), "server", "start", "--no-ui"]
    running = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}/api"
    try:
        deadline = time.monotonic() + 240
        while status(f"{url}/flows/count", SECRET) != 200 and time.monotonic() < deadline:
            assert running.poll() is None
            time.sleep(1)
        yield url
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def settle(home: Path, url: str, secret: str | None) -> None:
    settings = home / "settings.toml"
    settings.write_text(settings.read_text().replace('api_url = ""', f'api_url = "{url}"', 1))
    (home / "prefect").mkdir(mode=0o700, exist_ok=True)
    if secret is not None:
        place = home / "prefect" / "auth"
        place.touch(0o600)
        place.write_text(secret + "\n")


def finding(home: Path) -> dict[str, str]:
    done = doj_release("doctor", "--json", home=home)
    return next(f for f in json.loads(done.out) if f["what"] == "Prefect server's password")


def test_a_flow_runs_through_a_server_that_asks(server, copied, demo):
    assert status(f"{server}/flows/count", None) == 401
    assert status(f"{server}/flows/count", "desk:guess") == 401
    settle(copied, server, SECRET)
    assert finding(copied)["state"] == "good"
    project = demo.release("aggregated")["project"]
    done = doj_release("run", project, "--kind", "identified", "--json", home=copied)
    assert done.code == 3, done.err  # the gate's own refusal came back through the server
    assert status(f"{server}/flow_runs/count", SECRET) == 200
    counted = urllib.request.Request(
        f"{server}/flow_runs/count",
        b"{}",
        {
            "Content-Type": "application/json",
            "Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode(),
        },
    )
    with urllib.request.urlopen(counted, timeout=10) as answer:
        assert int(answer.read()) >= 1


@pytest.mark.parametrize("secret", ["desk:another", None])
def test_without_the_right_password_nothing_runs_and_nothing_is_told(server, copied, demo, secret):
    settle(copied, server, secret)
    assert finding(copied)["state"] == "bad"
    project = demo.release("aggregated")["project"]
    done = doj_release("run", project, "--kind", "identified", "--json", home=copied)
    assert done.code == 1, done.err
    for text in (done.out, done.err):
        assert "another" not in text
        assert SECRET not in text


def test_a_password_that_others_can_read_is_not_used(server, copied, demo):
    settle(copied, server, SECRET)
    (copied / "prefect" / "auth").chmod(0o644)
    assert finding(copied)["state"] == "bad"
    project = demo.release("aggregated")["project"]
    done = doj_release("run", project, "--kind", "identified", home=copied)
    assert done.code == 3
    assert done.err.startswith("HOME-09")
