"""No process of a release talks to another machine, though a terminal is there and CI is not."""

import subprocess
import sys

import pytest

from tests.leak.story import HERE


def calls(stage) -> list[tuple[str, str, str, str]]:
    """(process, event, near or FAR, host) of everything that the guard saw."""
    lines = (stage / "guard" / "sockets.tsv").read_text().splitlines()
    return [tuple(line.split("\t")) for line in lines]


def test_nothing_leaves_this_machine(stage):
    far = [call for call in calls(stage) if call[2] != "near"]
    assert far == []


def test_every_process_was_guarded(stage):
    seen = calls(stage)
    commands = [
        c for c in seen if c[1] == "started" and "began.py" in c[3] and "--driver" not in c[3]
    ]
    assert len(commands) >= 15
    driver = next(c[0] for c in seen if c[1] == "started" and "--driver" in c[3])
    server = next(c[0] for c in seen if c[1] == "started" and "uvicorn" in c[3])
    assert server != driver
    for act in ("bind", "connect"):  # the server is given what it listens at
        assert (driver, f"socket.{act}", "near", "127.0.0.1") in seen


@pytest.mark.parametrize(
    "attempt",
    [
        "s = socket.socket(); s.settimeout(1); s.connect(('192.0.2.1', 80))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.getaddrinfo('api.example.org', 443)",
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=1)",
    ],
)
def test_the_guard_stops_and_notes_an_attempt(stage, tmp_path, attempt):
    log = tmp_path / "sockets.tsv"
    environment = {"PYTHONPATH": str(HERE / "guard"), "LEAK_GUARD_LOG": str(log)}
    done = subprocess.run(
        [sys.executable, "-c", f"import socket\n{attempt}"],
        capture_output=True,
        check=False,
        env=environment,
    )
    assert done.returncode != 0
    assert b"guard" in done.stderr
    assert "FAR" in log.read_text()
