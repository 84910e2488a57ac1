"""A run that a signal stops: soon, with its release and the way to go on, with nothing left behind."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.home import is_unfinished
from tests.in_process import hear_signals, run_here
from tests.integration.conftest import Demo

WITHIN = 3  # seconds from the signal to the end of the process


@contextmanager
def stopped(
    number: int, home: Path, *words: str, stage: str = "extract", **env: str
) -> Generator[tuple[int, str, float], None, None]:
    """Start a command, signal its whole group (as a terminal does) when a stage has begun; code, stderr, seconds."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("DOJ_RELEASE", "PREFECT_"))}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("doj-release")), "--home", str(home), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=kept | {"DOJ_RELEASE_LOG": "json"} | env,
        start_new_session=True,
        preexec_fn=hear_signals,
    )
    assert process.stderr is not None
    try:
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("{") and json.loads(line).get("stage") == stage:
                break
        assert process.poll() is None, said
        began = time.monotonic()
        os.killpg(process.pid, number)
        said = process.stderr.read()
        code = process.wait(60)
        yield code, said, time.monotonic() - began
    finally:
        process.kill()


def look_at(home: Path, number: int, found: tuple[int, str, float]) -> list[str]:
    """What holds of every stopped run; the words with which it goes on."""
    code, said, seconds = found
    assert code == 128 + number, said
    assert seconds < WITHIN
    assert "CLI-03" in said
    assert "Traceback" not in said
    resume = shlex.split(next((line for line in said.splitlines() if "--resume" in line), said))
    assert "--resume" in resume, said
    release = resume[resume.index("--resume") + 1]
    outcome = json.loads((home / "runs" / release / "outcome.json").read_text())
    assert (outcome["exit"], outcome["state"]) == (128 + number, "Interrupted")
    assert not [p for p in (home / "runs" / release).rglob("*") if is_unfinished(p.name)]
    return resume[1:]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_without_prefect_is_stopped_and_goes_on(
    copied: Path, demo: Demo, number: signal.Signals
):
    project = demo.release("deidentified")["project"]
    words = ("run", project, "--kind", "deidentified", "--no-orchestrator")
    with stopped(number, copied, *words) as found:
        resume = look_at(copied, number, found)
    assert resume[-1] == "--no-orchestrator"
    if number == signal.SIGINT:
        done = run_here(*resume)
        assert done.code == 7, done.err  # it waits for its approval


@pytest.mark.long
def test_ctrl_c_stops_a_run_with_its_embedded_server(copied: Path, demo: Demo):
    project = demo.release("deidentified")["project"]
    words = ("run", project, "--kind", "deidentified")
    with stopped(signal.SIGINT, copied, *words) as found:
        resume = look_at(copied, signal.SIGINT, found)
    end = time.monotonic() + 5
    while servers(copied) and time.monotonic() < end:
        time.sleep(0.1)
    assert servers(copied) == []
    assert "--no-orchestrator" not in resume


def servers(home: Path) -> list[str]:
    """Processes of Prefect's server whose folder is this home's."""
    wanted = f"PREFECT_HOME={home / 'prefect'}".encode()
    found: list[str] = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            mine = wanted in (place / "environ").read_bytes().split(b"\0")
            if mine and b"create_app" in (place / "cmdline").read_bytes():
                found.append(place.name)
        except OSError:
            continue
    return found
