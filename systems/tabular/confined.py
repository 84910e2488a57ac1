"""The other side of `systems.tabular.apart`: a process that reads outside files and can do nothing else.

It has one socket and, for each job, one open file. It writes no file, starts no program, gets no new privilege and,
where the kernel has Landlock, opens nothing but the program's own code and reaches no network. It holds no key: it is
a new Python, no copy of the process that asked. What it dies of is the other side's to tell.
"""

import ctypes
import json
import mimetypes
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa

from errors import CodedError
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
_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38  # prctl(2)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = (
    444,
    445,
    446,
)  # landlock(7); the same on every architecture
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_OPEN_PATH = getattr(os, "O_PATH", 0)


def serve() -> None:
    """Do jobs until the other side is gone."""
    channel = socket.socket(fileno=0)
    memory = os.open("/proc/self/statm", os.O_RDONLY)
    mimetypes.init(())  # openpyxl's import reads the machine's otherwise, which it may not
    _confine()
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
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, answer.schema) as writer:
        writer.write_table(answer)
    _frame(channel, b"T", memoryview(sink.getvalue()))


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


def _confine() -> None:
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as worst:  # noqa: PTH123
            worst.write("1000")  # where memory ends for all, this process is the one to go
    except OSError:
        pass
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    _close_file_system(libc)


def _close_file_system(libc: ctypes.CDLL) -> None:
    """Landlock: read the program and its libraries, and nothing else of files, network and other processes."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:  # not in this kernel: the limits remain
        return
    # Every right that this version knows is taken away: of files, of TCP, of sockets and signals.
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    rights = struct.pack("=QQQ", files, 0b11, 0b11)[: 8 if version < 4 else 16 if version < 6 else 24]  # fmt: skip
    rules = libc.syscall(_CREATE_RULESET, rights, len(rights), 0)
    for place in {
        *sys.path,
        sys.base_prefix,
        sys.prefix,
        "/usr",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
    }:
        try:
            handle = os.open(place, _OPEN_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = _READ_FILE | (_READ_DIR if os.path.isdir(place) else 0)  # noqa: PTH112
        libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", allowed, handle), 0)
        os.close(handle)
    if libc.syscall(_RESTRICT_SELF, rules, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock")
    os.close(rules)
