"""The other side of `systems.tabular.apart`: a process that reads outside files and can do nothing else.

It has one socket and, for each job, one open file. It writes no file, starts no program, gets no new privilege and,
where the kernel has Landlock, opens nothing but the program's own code and reaches no network. It holds no key: it is
a new Python, no copy of the process that asked. What it dies of is the other side's to tell.
"""

import json
import mimetypes
import os
import resource
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa

from errors import CodedError
from systems.confinement import confine
from systems.errors import FormatUnknown
from systems.tabular import columnar

Answer = pa.Table | Mapping[str, Any]


def _of_workbook(name: str, file: BinaryIO, **how: Any) -> Iterator[Answer]:
    from systems.tabular import workbook  # openpyxl takes as long to import as a small file to read

    yield from getattr(workbook, name)(file, **how)


JOBS: Mapping[str, Callable[..., Iterator[Answer]]] = {
    "schema": columnar.schema,
    "texts": columnar.texts,
    "native": columnar.native,
    "sheet": partial(_of_workbook, "sheet"),
    "cells": partial(_of_workbook, "cells"),
}
_HEADER, _FRAME = struct.Struct(">Q"), struct.Struct(">cQ")
_THREADS = 4  # each thread's stack and heap count as memory
_LEFT_BEHIND = 2  # a job that leaves more than this part of its memory behind is the last


def serve() -> None:
    """Do jobs until the other side is gone."""
    channel = socket.socket(fileno=0)
    memory = os.open("/proc/self/statm", os.O_RDONLY)
    mimetypes.init(())  # openpyxl's import reads the machine's otherwise, which it may not
    confine()
    pa.set_cpu_count(min(pa.cpu_count(), _THREADS))
    before = _taken(memory)
    while True:
        head, files, _, _ = socket.recv_fds(channel, _HEADER.size, 1)
        if len(head) < _HEADER.size or not files:
            return
        job = json.loads(channel.recv(_HEADER.unpack(head)[0], socket.MSG_WAITALL))
        with os.fdopen(files[0], "rb") as file:
            _limit(job, before + os.fstat(file.fileno()).st_size)
            try:
                kind, content = _do(channel, job, file)
            except BrokenPipeError:
                return
        pa.default_memory_pool().release_unused()
        # What a job leaves behind would be taken from the memory of the next.
        last = _taken(memory) - before > job["memory"] // _LEFT_BEHIND
        if last:
            _frame(channel, b"L", b"")
        _frame(channel, kind, content)
        if last:
            return


def _do(channel: socket.socket, job: Mapping[str, Any], file: BinaryIO) -> tuple[bytes, bytes]:
    """Answer a job; what is said at its end."""
    try:
        for answer in JOBS[job["job"]](file, **job["with"]):
            _send(channel, answer)
    except BrokenPipeError:
        raise
    except Exception as broken:  # noqa: BLE001 - libraries let anything out, and may quote a value
        return b"E", json.dumps(_as_code(broken)).encode()
    return b"D", b""


def _as_code(broken: Exception) -> dict[str, Any]:
    """An error as its code and the numbers among its facts."""
    if isinstance(broken, MemoryError | RecursionError):
        return {"code": "memory"}
    coded = broken if isinstance(broken, CodedError) else FormatUnknown()
    facts = {n: v for n, v in coded.facts.items() if not isinstance(v, str)}
    return {"code": coded.code, "facts": facts}


def _send(channel: socket.socket, answer: Answer) -> None:
    if isinstance(answer, Mapping):
        _frame(channel, b"J", json.dumps(answer).encode())
        return
    size = pa.MockOutputStream()  # a buffer that grows would be copied again and again
    _write(answer, size)
    content = pa.allocate_buffer(size.size())
    _write(answer, pa.FixedSizeBufferWriter(content))
    _frame(channel, b"T", memoryview(content))


def _write(table: pa.Table, sink: pa.NativeFile) -> None:
    with sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _frame(channel: socket.socket, kind: bytes, content: bytes | memoryview) -> None:
    channel.sendall(_FRAME.pack(kind, len(content)))
    channel.sendall(content)


def _taken(statm: int) -> int:
    """Bytes of addresses that the process has, which is what the kernel bounds."""
    return int(os.pread(statm, 64, 0).split()[0]) * resource.getpagesize()


def _limit(job: Mapping[str, Any], besides: int) -> None:
    """Bound one job: its memory, ``besides`` what the new process and the mapped file take, and its seconds of processor time.

    The process as it was when it was new: what it has now may be another job's, and free again.
    """
    _soft(resource.RLIMIT_AS, besides + job["memory"])
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + job["seconds"])


def _soft(kind: int, value: int) -> None:
    """Limits of a job are soft, since the next job has others; nothing that was given before is exceeded."""
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
