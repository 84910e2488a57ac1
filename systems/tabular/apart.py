"""Outside files whose libraries can't be bounded (Parquet, XLSX) are read by a process of their own, under limits.

The process (`systems.tabular.confined`) is a new Python that holds no key and may write nothing. It gets the open file
and answers with Arrow tables through a socket; nothing lies on the disk between. What comes back is checked as if it
came from outside, since it does. One process that did well stays for the next file, because starting it takes
most of a small file's time.
"""

import json
import os
import signal
import socket
import stat
import struct
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from errors import CodedError
from systems import errors
from systems.aside import Aside
from systems.reader import READER


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
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise errors.TableMissing(file=role)
        asked = {"job": job, "with": more, "memory": limits.memory, "seconds": limits.seconds}
        with READER.at_work() as reader:
            yield from _done(reader, asked, handle, role, limits)
    finally:
        os.close(handle)


def _done(
    reader: Aside, asked: Mapping[str, Any], handle: int, role: str, limits: Limits
) -> Generator[pa.Table | dict[str, Any], None, None]:
    """Ask, and pass on what comes back until it is done."""
    reader.channel.settimeout(_STALLED * limits.seconds)
    total, last = 0, False
    try:
        request = json.dumps(asked).encode()
        socket.send_fds(reader.channel, [_HEADER.pack(len(request))], [handle])
        reader.channel.sendall(request)
        while True:
            kind, length = _FRAME.unpack(_received(reader.channel, _FRAME.size))
            total += length
            if total > limits.size:
                raise errors.TableTooLarge(file=role, bytes=total, **over("size", limits))
            content = _received(reader.channel, length)
            if kind == b"D":
                reader.idle = not last
                return
            if kind == b"E":
                broken = _error(content, role, limits)
                died = isinstance(broken, errors.TableNeedsMemory | errors.TableReaderDied)
                reader.idle = not (last or died)
                raise broken
            if kind == b"L":
                last = True
                continue
            yield _answer(kind, content, role)
    except TimeoutError:
        raise errors.TableNeedsTime(file=role, **over("seconds", limits)) from None
    except (OSError, EOFError):
        raise _death(reader.died_of(), role, limits) from None


def _received(channel: socket.socket, length: int) -> pa.Buffer:
    content = pa.allocate_buffer(length)
    view, at = memoryview(content).cast("B"), 0
    while at < length:
        count = channel.recv_into(view[at:])
        if not count:
            raise EOFError
        at += count
    return content


def _death(number: int, role: str, limits: Limits) -> CodedError:
    """What the process died of: too much time, too much memory (the kernel ends the largest), or something else."""
    if number == signal.SIGXCPU:
        return errors.TableNeedsTime(file=role, **over("seconds", limits))
    if number in (signal.SIGKILL, signal.SIGABRT):  # C++ aborts where it gets no memory
        return errors.TableNeedsMemory(file=role, **over("memory", limits))
    return errors.TableReaderDied(file=role, signal=number)


_FALSE = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, AttributeError)


def _answer(kind: bytes, content: pa.Buffer, role: str) -> pa.Table | dict[str, Any]:
    """What was sent: every offset and every text looked at before anything follows them."""
    try:
        if kind != b"T":
            return dict(json.loads(content.to_pybytes()))
        table = pa.ipc.open_stream(content).read_all()
        table.validate()
    except _FALSE:
        raise errors.TableReaderDied(file=role, signal=0) from None
    try:
        table.validate(full=True)
    except (
        pa.ArrowInvalid
    ):  # what is left to be wrong, if nobody is hostile, is a text that is no UTF-8
        raise errors.EncodingUnknown(file=role) from None
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
