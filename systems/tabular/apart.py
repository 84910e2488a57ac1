"""Outside files whose libraries can't be bounded (Parquet, XLSX) are read by a process of their own, under limits.

The process (`systems.tabular.confined`) is a new Python that holds no key and may write nothing. It gets the open file
and answers with Arrow tables through a socket; nothing lies on the disk between. What comes back is checked as if it
came from outside, since it does. One process that did well stays for the next file, because starting it takes
most of a small file's time.
"""

import atexit
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from errors import CodedError
from systems import errors


@dataclass(frozen=True)
class Limits:
    """What a table from outside may be and take; ``files`` of a home's settings, and these defaults elsewhere.

    Attributes:
        size: bytes on disk, and of all values once read: a cohort of 30 M rows has about 4 GiB.
        columns: of a table: the widest that we know has some hundred.
        memory: bytes that reading Parquet or XLSX may take, besides the file itself.
        seconds: of processor time that reading one file may take: a full sheet of 15 columns takes about 120.
    """

    size: int = 8 << 30
    columns: int = 4096
    memory: int = 8 << 30
    seconds: int = 600


DEFAULT = Limits()
_SETTING = {"size": "files.table_mebibytes", "columns": "files.columns", "memory": "files.memory_mebibytes", "seconds": "files.seconds"}  # fmt: skip
_HEADER, _FRAME = struct.Struct(">Q"), struct.Struct(">cQ")
_STALLED = (
    4  # times the seconds of processor time, of a clock on the wall: then nothing comes any more
)
_CODED: Mapping[str, type[CodedError]] = {
    kind.code: kind
    for kind in (
        errors.FormatUnknown, errors.HeaderWrong, errors.ColumnUnreadable, errors.RowsRagged, errors.TableEmpty,
        errors.SheetUnknown, errors.TooManyColumns, errors.EncodingUnknown, errors.TableTooLarge,
    )
}  # fmt: skip
_LIMITED: Mapping[type[CodedError], str] = {
    errors.TooManyColumns: "columns",
    errors.TableTooLarge: "size",
}
# The environment holds nothing of ours; libraries start no threads of their own beside Arrow's.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from systems.tabular import confined; confined.serve()"


def over(limit: str, limits: Limits) -> dict[str, int | str]:
    """The facts of an error about a limit: its value and the setting that holds it."""
    return {"limit": getattr(limits, limit), "setting": _SETTING[limit]}


def answers(
    job: str, path: Path, role: str, limits: Limits, **more: Any
) -> Generator[pa.Table | dict[str, Any], None, None]:
    """Have a job of `systems.tabular.confined` done on a file; its answers, one after another.

    Raises:
        TableMissing: no regular file that can be read.
        TableTooLarge, TooManyColumns, TableNeedsMemory, TableNeedsTime: a limit.
        TableReaderDied: the process ended otherwise.
        CodedError: what the job found wrong with the file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        raise errors.TableMissing(file=role) from None
    worker = None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise errors.TableMissing(file=role)
        worker = _taken()
        asked = {"job": job, "with": more, "memory": limits.memory, "seconds": limits.seconds}
        yield from worker.done(asked, handle, role, limits)
    finally:
        os.close(handle)
        if worker is not None:
            _idle(worker)


class _Worker:
    def __init__(self) -> None:
        self.owner = os.getpid()
        mine, theirs = socket.socketpair()
        with theirs:
            path = [place for place in sys.path if place]
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, json.dumps(path)],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT, cwd="/", start_new_session=True,
            )  # fmt: skip
        self._channel = mine
        self._at_work = self._last = False

    def done(
        self, asked: Mapping[str, Any], handle: int, role: str, limits: Limits
    ) -> Generator[pa.Table | dict[str, Any], None, None]:
        """Ask, and pass on what comes back until it is done."""
        self._channel.settimeout(_STALLED * limits.seconds)
        self._at_work = True
        taken = 0
        try:
            request = json.dumps(asked).encode()
            socket.send_fds(self._channel, [_HEADER.pack(len(request))], [handle])
            self._channel.sendall(request)
            while True:
                kind, length = _FRAME.unpack(self._received(_FRAME.size))
                taken += length
                if taken > limits.size:
                    raise errors.TableTooLarge(file=role, bytes=taken, **over("size", limits))
                content = self._received(length)
                if kind == b"D":
                    self._at_work = False
                    return
                if kind == b"E":
                    broken = _error(content, role, limits)
                    self._at_work = isinstance(
                        broken, errors.TableNeedsMemory | errors.TableReaderDied
                    )
                    raise broken
                if kind == b"L":
                    self._last = True
                    continue
                yield _answer(kind, content, role)
        except TimeoutError:
            raise errors.TableNeedsTime(file=role, **over("seconds", limits)) from None
        except (OSError, EOFError):
            raise self._death(role, limits) from None

    def _received(self, length: int) -> pa.Buffer:
        content = pa.allocate_buffer(length)
        view, at = memoryview(content).cast("B"), 0
        while at < length:
            count = self._channel.recv_into(view[at:])
            if not count:
                raise EOFError
            at += count
        return content

    def _death(self, role: str, limits: Limits) -> CodedError:
        """What the process died of: too much time, too much memory (the kernel ends the largest), or something else."""
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            code = 0
        if code == -signal.SIGXCPU:
            return errors.TableNeedsTime(file=role, **over("seconds", limits))
        if code in (-signal.SIGKILL, -signal.SIGABRT):  # C++ aborts where it gets no memory
            return errors.TableNeedsMemory(file=role, **over("memory", limits))
        return errors.TableReaderDied(file=role, signal=max(0, -code))

    def usable(self) -> bool:
        """Whether it is this process's, there, and came to an end with what it was asked."""
        free = not (self._at_work or self._last)
        return free and self.owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        """End the process; what it was at is lost."""
        self._channel.close()
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()


_PATIENCE = 5  # seconds in which a process whose channel broke is gone by itself
_spare: list[_Worker] = []
_lock = threading.Lock()


def _taken() -> _Worker:
    """A process that waits for work, or a new one."""
    with _lock:
        while _spare:
            worker = _spare.pop()
            if worker.usable():
                return worker
            worker.end()
    return _Worker()


def _idle(worker: _Worker) -> None:
    with _lock:
        if not _spare and worker.usable():
            _spare.append(worker)
            return
    worker.end()


@atexit.register
def _end_all() -> None:
    with _lock:
        while _spare:
            _spare.pop().end()


_FALSE = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, AttributeError)


def _answer(kind: bytes, content: pa.Buffer, role: str) -> pa.Table | dict[str, Any]:
    """What was sent: every offset and every text looked at before anything follows them."""
    try:
        if kind != b"T":
            return dict(json.loads(content.to_pybytes()))
        table = pa.ipc.open_stream(content).read_all()
        table.validate(full=True)
    except _FALSE:
        raise errors.TableReaderDied(file=role, signal=0) from None
    return table


def _error(content: pa.Buffer, role: str, limits: Limits) -> CodedError:
    """An error that the process names by its code; only numbers of it are told, whatever it says."""
    try:
        told = json.loads(content.to_pybytes())
        if told["code"] == "memory":
            return errors.TableNeedsMemory(file=role, **over("memory", limits))
        kind = _CODED[told["code"]]
        facts: dict[str, Any] = {
            name: [int(v) for v in value] if isinstance(value, list) else int(value)
            for name, value in told["facts"].items()
        }
    except _FALSE:
        return errors.TableReaderDied(file=role, signal=0)
    if kind in _LIMITED:
        facts |= over(_LIMITED[kind], limits)
    return kind(**({"file": role} | facts))
