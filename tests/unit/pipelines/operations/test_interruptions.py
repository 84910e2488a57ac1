"""What stops a run from outside says nothing about the release; what was begun is swept up."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest import mock

import pytest

from approvals.errors import LedgerMissing, LedgerUnavailable
from crypto.errors import FileUnusable, StagingDoesNotHold
from pipelines.home.home import Home, write_private
from pipelines.home.processes import sweep, sweep_home
from pipelines.operations.interruptions import RunInterrupted, as_interruption, if_possible
from pipelines.signals import SIGNALS, orderly
from tests.in_process import hear_signals, run_here


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "disk"),
        (OSError(errno.EFBIG, "File too large"), "disk"),
        (MemoryError("malloc of size 77 failed"), "memory"),
        (RuntimeError("can't start new thread"), "memory"),
    ],
)
def test_a_machine_that_lacks_something_interrupts(error, what):
    coded = as_interruption(error)
    assert isinstance(coded, RunInterrupted)
    assert coded.facts["what"] == what
    assert "/a/b" not in str(coded)


@pytest.mark.parametrize("error", [LedgerUnavailable(), LedgerMissing(), FileUnusable()])
def test_what_has_a_code_keeps_it(error):
    assert as_interruption(error) is error


@pytest.mark.parametrize(
    "error",
    [ValueError("no memory of this"), OSError(errno.ENOENT, "gone"), StagingDoesNotHold()],
)
def test_everything_else_is_a_failure(error):
    assert as_interruption(error) is None


def test_what_is_done_if_possible_never_hides_why_a_run_stopped():
    with if_possible():
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(ValueError), if_possible():
        raise ValueError


def _unfinished(home: Home) -> list[str]:
    made = [
        "runs/R1/extract/.0123456789abcdef.partial",
        "runs/R1/stages/.extract.json.77.tmp",
        "runs/R1/seal/.fedcba9876543210.partial/part-001.zip.cms",
        "history/CARPOS/tmpab12_x9z.tmp",
        "keys/runs/.00112233445566ff.partial",
        ".ledger.head.812",
    ]
    for name in made:
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return made


def test_the_holder_of_a_run_removes_what_was_begun_in_it_and_nothing_else(tmp_path):
    home = Home(tmp_path)
    _unfinished(home)
    write_private(home.runs / "R1" / "order.json", "{}")
    (home.runs / "R1" / ".lock").touch()
    assert sweep(home.runs / "R1") == 3
    left = {p.name for p in home.runs.rglob("*") if p.is_file()}
    assert left == {"order.json", ".lock"}
    assert (home.keys / "runs" / ".00112233445566ff.partial").exists()


def test_the_days_housekeeping_leaves_what_may_be_work_in_progress(tmp_path):
    home = Home(tmp_path)
    made = _unfinished(home)
    assert sweep_home(home) == 0
    yesterday = time.time() - 25 * 3600
    for name in made:
        os.utime(tmp_path / name, (yesterday, yesterday))
        os.utime((tmp_path / name).parent, (yesterday, yesterday))
    assert sweep_home(home) == len(made)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_path_is_no_home_to_sweep(tmp_path):
    with pytest.raises(AssertionError):
        sweep_home(tmp_path, older=1e12)  # its own `root` would be that of the machine


def test_a_file_that_could_not_be_written_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "outcome.json"
    write_private(path, "before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            write_private(path, "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [p.name for p in tmp_path.iterdir()] == ["outcome.json"]
    assert path.read_text() == "before"


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_who_has_heard_signals_has_every_file_again():
    before = open_files()
    for _ in range(50):
        with orderly(lambda *_: None):
            pass
        assert open_files() == before


def test_a_signal_that_was_obeyed_in_time_leaves_no_file_open():
    before, said = open_files(), []
    with pytest.raises(SystemExit) as ended, orderly(lambda number, _: said.append(number)):
        signal.raise_signal(signal.SIGTERM)  # `nohup` may have SIGHUP ignored
    assert (ended.value.code, said) == (128 + signal.SIGTERM, [signal.SIGTERM])
    assert open_files() == before


def test_a_command_that_gets_no_thread_says_so_by_code_and_leaves_no_file_open(tmp_path):
    """The thread that hears signals is the first that a command starts."""
    before, handlers = open_files(), [signal.getsignal(one) for one in SIGNALS]
    with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):  # fmt: skip
        done = run_here("doctor", "--json", home=tmp_path)
    error = done.json["error"]
    assert (error["code"], error["facts"]["what"], done.code) == ("RUN-30", "memory", error["exit"])
    assert [signal.getsignal(one) for one in SIGNALS] == handlers
    assert open_files() == before


_WORK = """
import sys, time
from pipelines.signals import orderly, raise_if_stopped, under_way
with orderly(lambda number, release: print("stopped", number, release.project, flush=True)):
    with under_way("2026-001-R001", "2026-001", orchestrated=False):
        try:
            {work}
        finally:
            print("put away", flush=True)
"""
_WAIT = 'print("at work", flush=True); time.sleep(60)'
# As DuckDB does where a signal comes in the middle of a query.
_TURNED = """
            try:
                {wait}
            except BaseException:
                try: raise RuntimeError("Query interrupted") from None
                except Exception: raise_if_stopped()
"""
# Native code that comes to no end, nor to Python, with a file half written.
_NATIVE = """
            import hashlib, pathlib
            from crypto import files
            from pipelines.signals import if_forced
            folder = pathlib.Path(sys.argv[1])
            said = lambda number: (folder / "ended").write_text(str(number))
            with if_forced(said), files.written_whole(folder / "out"):
                print("at work", flush=True)
                hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
"""


def _at_work(work: str, *words: object) -> subprocess.Popen[str]:
    code = _WORK.format(work=work.format(wait=_WAIT))
    command = [sys.executable, "-c", code, *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=hear_signals)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


@pytest.mark.parametrize("work", ["{wait}", _TURNED], ids=["python", "turned"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_lets_a_command_put_away_what_it_began_and_then_ends_it(number, work):
    process = _at_work(work)
    process.send_signal(number)
    told = process.stdout.read()
    assert told == f"put away\nstopped {int(number)} 2026-001\n"
    assert process.wait(30) == 128 + number


@pytest.mark.parametrize("again", [True, pytest.param(False, marks=pytest.mark.long)])
def test_what_does_not_come_back_from_native_code_is_ended_by_force(tmp_path, again):
    process = _at_work(_NATIVE, tmp_path)
    time.sleep(0.3)  # it is in there
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    if again:
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
    assert process.stdout.read() == "stopped 2 2026-001\n"
    assert process.wait(30) == 130
    assert time.monotonic() - began < (1.5 if again else 3)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"ended": "2"}


def test_what_a_shell_has_ignored_stays_ignored():
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    code = ignored + _WORK.format(work="print(signal.getsignal(signal.SIGHUP).name, flush=True)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "SIG_IGN\nput away\n"
