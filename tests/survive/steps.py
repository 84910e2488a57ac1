"""One command in a process that is forked from this one, which has imported everything already."""

import contextlib
import gc
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.survive.trouble import Trouble, Watch

PATIENCE = 90  # seconds for one command
_POINTS = "points.json"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or minus the signal; what it said; whether it had to be ended."""

    words: tuple[str, ...]
    code: int
    said: str
    seconds: float
    hung: bool = False
    points: tuple[str, ...] = ()


def fork(work: Callable[[], None]) -> int:
    """Do some work in a child and wait for it; its exit code."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@dataclass
class Running:
    """A command at work in a child process, and the pipe in which it says something."""

    place: Path
    words: tuple[str, ...]
    child: int
    reading: int
    trouble: Trouble | None
    began: float

    def wait(self) -> Ended:
        """Until it ends; its trouble may come from here."""
        said, hung = _listen(self.child, self.reading, self.trouble, self.began)
        code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        os.close(self.reading)
        path = self.place / _POINTS
        points = tuple(json.loads(path.read_text())) if path.exists() else ()
        path.unlink(missing_ok=True)
        return Ended(self.words, code, said, time.monotonic() - self.began, hung, points)

    def stopped(self) -> None:
        """Wait until it has stopped where its trouble says."""
        _, status = os.waitpid(self.child, os.WUNTRACED)
        assert os.WIFSTOPPED(status), (self.words, os.waitstatus_to_exitcode(status))

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.child, number)


def start(place: Path, words: tuple[str, ...], trouble: Trouble | None = None) -> Running:
    """Start a command of ``doj-release`` on ``<place>/home``, and let the trouble happen to it."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    gc.freeze()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_command(place, words, trouble, writing)
    os.close(writing)
    return Running(place, words, child, reading, trouble, began)


def run(place: Path, words: tuple[str, ...], trouble: Trouble | None = None) -> Ended:
    """The same, and wait for its end."""
    return start(place, words, trouble).wait()


def _be_the_command(
    place: Path, words: tuple[str, ...], trouble: Trouble | None, writing: int
) -> None:
    code = 71
    try:
        for number in (1, 2):
            os.dup2(writing, number)
        os.environ["TMPDIR"] = str(place / "tmp")
        tempfile.tempdir = None
        os.chdir(place / "cwd")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]  # none once a command was here
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        watch = Watch(place, trouble)
        watch.begin()
        code = _command(place, words)
        if trouble is None:
            (place / _POINTS).write_text(json.dumps(watch.points))
    except BaseException:  # noqa: BLE001
        with contextlib.suppress(BaseException):
            traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _command(place: Path, words: tuple[str, ...]) -> int:
    from pipelines.cli.app import main

    try:
        main(["--home", str(place / "home"), *words])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _listen(child: int, reading: int, trouble: Trouble | None, began: float) -> tuple[str, bool]:
    """What it says until it ends; ends it where it hangs, or when its time has come."""
    said: list[bytes] = []
    outside = trouble is not None and trouble.point is None
    while True:
        left = began + PATIENCE - time.monotonic()
        if outside:
            left = min(left, began + trouble.seconds - time.monotonic())
        ready, _, _ = select.select([reading], [], [], max(0.0, left))
        if ready:
            data = os.read(reading, 65536)
            if not data:
                return b"".join(said).decode("utf-8", "replace"), False
            said.append(data)
        elif outside:
            outside = False
            _from_outside(child, trouble)
        else:
            os.kill(child, signal.SIGKILL)
            return b"".join(said).decode("utf-8", "replace"), True


def _from_outside(child: int, trouble: Trouble) -> None:
    if trouble.action == "kill":
        os.kill(child, signal.SIGKILL)
    elif trouble.action == "term":
        os.kill(child, signal.SIGTERM)
    elif trouble.action == "disk":
        resource.prlimit(child, resource.RLIMIT_FSIZE, (trouble.room, resource.RLIM_INFINITY))
    elif trouble.action == "memory":
        pages = int(Path(f"/proc/{child}/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + trouble.room
        resource.prlimit(child, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def warm() -> None:
    """Import what the commands import, so that no process that is forked from this one has to."""
    import importlib

    for name in _IMPORTED:
        importlib.import_module(name)


_IMPORTED = (
    "pipelines.cli.app", "pipelines.release.stages", "pipelines.orchestration.launch", "pipelines.release.orders",
    "pipelines.cli.console", "expectations.validation", "matching.linking.linking",
    "matching.persons.register", "matching.persons.within_cohort", "extracts.package.workbook", "extracts.package.bag",
    "great_expectations", "recordlinkage", "highspy", "duckdb", "pyarrow.parquet", "pyarrow.dataset",
    "pandas", "openpyxl", "sqlalchemy.dialects.sqlite", "rich.table", "jinja2", "synthetic.registers.system",
)  # fmt: skip
