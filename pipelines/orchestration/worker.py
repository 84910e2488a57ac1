"""A worker of the standing server's pool, of which each run comes to an end of its own before the worker does.

Prefect's own worker kills its runs when it is asked to end: what was under way has no outcome, and the server shows it as running
for good. So the worker is a child here; a signal goes to its runs first, and to it when they have ended. What an earlier worker
left behind all the same (power, memory) is set to Crashed before this one takes its first run.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines import signals
from pipelines.home import Home, locked, write_private
from pipelines.orchestration.errors import NoStandingServer, ServerUnavailable, WorkerEnded
from pipelines.orchestration.prefect_environment import prepare

POOL = "doj-release"

# Seconds after a signal. A worker is gone within ten, whatever its runs do.
_RUNS_END, _WORKER_ENDS, _BY_FORCE = 5.5, 2.5, 9.0
_SERVER_ANSWERS = 60  # seconds that a server has to answer: units of one machine start together

# PR_SET_PDEATHSIG: the kernel kills it when its owner ends, whichever way that is, also while it stands still.
_UNTIL_THE_OWNER_ENDS = "import ctypes, gc, sys; ctypes.CDLL(None).prctl(1, 9); gc.disable(); from pipelines.orchestration.own_flows import main; gc.freeze(); gc.enable(); main(*sys.argv[1:])"


def work(home: Home, pool: str = POOL, *, health: bool = False) -> None:
    """Take runs of the pool until a signal comes; one worker a home.

    Args:
        home: the deployment; its settings name the standing server.
        pool: a pool of processes, made where it is not there, for one run at a time. It has the limit, since a worker that has one
            dies where a paused run is resumed before its process has ended (seen with 3.8.8).
        health: answer on port 8080 of the loopback, for a container's health check.

    Raises:
        AuthFileUnsafe: the file of the server's password is open to others.
        NoStandingServer: settings name none.
        ReleaseHeld: another worker of this home runs.
        ServerUnavailable: the server does not answer, or refuses the password.
        WorkerEnded: Prefect's worker ended by itself.
        Stopped: a signal came; runs and worker have ended.
    """
    prepare(home)
    if not os.environ.get("PREFECT_API_URL"):
        raise NoStandingServer
    folder = home.prefect / "worker"
    with locked(folder), signals.patient(_BY_FORCE):
        name = _name(folder)
        _wait_for_pool(pool)
        end_abandoned(name)
        with _started([pool, name, *["health"] * health], folder) as worker:
            code = worker.wait()
        raise WorkerEnded(status=code)


def _name(folder: Path) -> str:
    """The same at each start, so that a worker knows the runs of the one before; no other home's."""
    place = folder / "name"
    with suppress(FileNotFoundError):
        return place.read_text()
    name = f"doj-release-{secrets.token_hex(8)}"
    write_private(place, name)
    return name


def _wait_for_pool(name: str) -> None:
    from httpx import HTTPError, HTTPStatusError
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    pool = WorkPoolCreate(name=name, type="process", concurrency_limit=1)
    until = time.monotonic() + _SERVER_ANSWERS
    while True:
        try:
            with suppress(ObjectAlreadyExists), get_client(sync_client=True) as client:
                client.create_work_pool(pool)
        except HTTPStatusError:  # the password is another one: waiting changes nothing
            raise ServerUnavailable from None
        except (HTTPError, OSError):
            if time.monotonic() > until:
                raise ServerUnavailable from None
            time.sleep(0.5)
        else:
            return


def end_abandoned(name: str) -> int:
    """Set runs of the worker of this name to Crashed whose process is gone; how many there were.

    They would keep their deployment's only slot, and the next run would wait for good.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    going_on = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=going_on))
    gone = 0
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state)):
            if run.labels.get("prefect.worker.name") == name and not _runs(run.infrastructure_pid):
                state = Crashed(message="The process of this run is gone; run the order again.")
                client.set_flow_run_state(run.id, state)
                gone += 1
    return gone


def _runs(process: str | None) -> bool:
    """Whether a run's process is there; a number that went to another program is not it."""
    try:
        return b"pipelines.flows.engine" in Path(f"/proc/{int(process or 0)}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False


@contextmanager
def _started(words: list[str], folder: Path) -> Generator[subprocess.Popen[bytes]]:
    temporary = folder / "tmp"  # Prefect's runner makes a name in /tmp that is the first user's
    temporary.mkdir(mode=0o700, exist_ok=True)
    worker = subprocess.Popen(
        [sys.executable, "-P", "-c", _UNTIL_THE_OWNER_ENDS, *words],
        env=os.environ | {"TMPDIR": str(temporary), "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C goes to all processes of a terminal's
    )
    try:
        yield worker
    finally:
        _end(worker)


def _end(worker: subprocess.Popen[bytes]) -> None:
    """End the runs, then the worker, which takes no other run meanwhile."""
    if worker.poll() is not None:
        return
    began = time.monotonic()
    worker.send_signal(signal.SIGSTOP)
    runs = list(_children(worker.pid))
    for run in runs:
        with suppress(ProcessLookupError):
            os.kill(run, signal.SIGTERM)
    while any(map(_alive, runs)) and time.monotonic() < began + _RUNS_END:
        time.sleep(0.05)
    worker.send_signal(signal.SIGCONT)
    worker.terminate()
    with suppress(subprocess.TimeoutExpired):
        worker.wait(_WORKER_ENDS)
    for one in (*runs, worker.pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    worker.wait()


def _children(parent: int) -> Iterator[int]:
    for place in Path("/proc").glob("[0-9]*/stat"):
        if (found := _stat(place)) is not None and int(found[1]) == parent:
            yield int(place.parent.name)


def _alive(process: int) -> bool:
    """Whether a process still runs; its parent, which stands still, has not yet taken note of its end."""
    found = _stat(Path(f"/proc/{process}/stat"))
    return found is not None and found[0] not in "ZX"


def _stat(place: Path) -> list[str] | None:
    """State, parent and the rest of a process; its name, which may hold anything, comes before (proc(5))."""
    try:
        return place.read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
