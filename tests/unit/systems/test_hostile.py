"""Files that are small on the disk and cost a machine: each ends in a coded error, within memory and time."""

import os
import signal
import subprocess
import sys
import time

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from errors import CodedError, Exit
from systems import errors
from systems.reader import READER
from systems.tabular import Limits, apart, confined, read_table, stream_table
from tests import hostile

TIGHT = Limits(size=1 << 30, columns=500, memory=256 << 20, seconds=10)
UNREADABLE = errors.FormatUnknown
EXPECTED = {
    hostile.laughs: UNREADABLE,
    hostile.quadratic: UNREADABLE,
    hostile.outside_entity: UNREADABLE,
    hostile.wide_rows: errors.TooManyColumns,
    hostile.far_row: UNREADABLE,
    hostile.shared_strings: errors.TableNeedsMemory,
    hostile.many_sheets: UNREADABLE,
    hostile.nested_xml: UNREADABLE,
    hostile.overlapping: errors.TableTooLarge,
    hostile.outside_relation: errors.SheetUnknown,
    hostile.long_texts: errors.TableNeedsMemory,
    hostile.packed_page: errors.TableNeedsMemory,
    hostile.deep: UNREADABLE,
    hostile.many_columns: errors.TooManyColumns,
    hostile.lying_rows: UNREADABLE,
    hostile.lying_offsets: UNREADABLE,
    hostile.no_text: errors.EncodingUnknown,
    hostile.wide_values: errors.ColumnUnreadable,
}
LONG = {hostile.shared_strings, hostile.packed_page, hostile.long_texts, hostile.many_columns,
        hostile.laughs, hostile.many_sheets}  # fmt: skip


def test_every_hostile_file_is_expected_to_end_somehow():
    harmless = {hostile.lying_sizes, hostile.many_row_groups}
    assert set(EXPECTED) | harmless == {*hostile.WORKBOOKS, *hostile.PARQUETS}


@pytest.mark.parametrize(
    ("make", "expected"),
    [pytest.param(m, e, id=m.__name__, marks=[pytest.mark.long] if m in LONG else [])
     for m, e in EXPECTED.items()],
)  # fmt: skip
def test_a_hostile_table_ends_in_a_coded_error(tmp_path, make, expected):
    path = make(tmp_path / "file")
    assert path.stat().st_size < 8 << 20
    began = time.monotonic()
    with pytest.raises(expected) as caught:
        read_table(path, role="cohort", limits=TIGHT)
    assert time.monotonic() - began < 60
    assert caught.value.exit == Exit.INPUT
    if expected in (errors.TooManyColumns, errors.TableNeedsMemory, errors.TableTooLarge):
        assert caught.value.facts["setting"].startswith("files.")
        assert caught.value.facts["limit"] > 0


@pytest.mark.parametrize("make", [hostile.long_texts, hostile.lying_rows, hostile.no_text], ids=lambda m: m.__name__)  # fmt: skip
def test_a_hostile_table_is_refused_in_parts_too(tmp_path, make):
    stream = stream_table(make(tmp_path / "file"), role="records", limits=TIGHT)
    with pytest.raises(EXPECTED[make]):
        list(stream.parts(list(stream.names)))


def test_a_part_that_lies_about_its_size_is_never_unpacked(tmp_path):
    assert read_table(hostile.lying_sizes(tmp_path / "b.xlsx"), role="c").rows == 1


@pytest.mark.parametrize("says", ["A1", "A1:XFD1048576", "A1:A1"])
def test_what_a_sheet_says_of_its_size_changes_nothing(tmp_path, says):
    path = hostile.of_sheet(hostile.sheet_of(hostile.GOOD, says))(tmp_path / "b.xlsx")
    read = read_table(path, role="c", limits=TIGHT)
    assert read.table.to_pylist() == [{"id": "1", "last_name": "Smith"}]


def test_a_column_too_many_of_a_text_is_refused(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(",".join(f"c{i}" for i in range(501)) + "\n")
    with pytest.raises(errors.TooManyColumns) as caught:
        read_table(path, role="c", limits=TIGHT)
    assert caught.value.facts["columns"] == 501


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"id," + b"x" * (20 << 20), id="one endless line"),
        pytest.param(b"id," + b"x" * (200 << 10) + b"\n1,2\n", id="an endless name"),
        pytest.param(b'id,n\n1,"' + b"x\n" * (9 << 20), id="a quote never closed"),
        pytest.param(b"id,n\n1,\0\n", id="zero bytes"),
        pytest.param(b"," * (1 << 20) + b"\n", id="a million columns"),
        pytest.param(b'"' * (2 << 20), id="quotes alone"),
    ],
)
def test_a_hostile_text_ends_in_a_coded_error(tmp_path, content):
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    began = time.monotonic()
    with pytest.raises(CodedError) as caught:
        read_table(path, role="c")
    assert caught.value.code.startswith("TABLE-")
    assert time.monotonic() - began < 20


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.TableMissing):
        read_table(tmp_path / "pipe", role="c")


# -- the process that reads


@pytest.fixture
def good(tmp_path):
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "good")
    return tmp_path / "good"


def dies(monkeypatch, how):
    """Whatever file it is given, the process that reads runs ``how``."""
    monkeypatch.setattr(READER, "_waiting", None)
    code = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"
        "from systems.tabular import confined\n"
        f"def how(*_, **__):\n    import os, signal, time\n    {how}\n    yield\n"
        "confined.JOBS = dict.fromkeys(confined.JOBS, how); confined.serve()"
    )
    monkeypatch.setattr(READER, "_start", code)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", errors.TableNeedsMemory),
        ("os.abort()", errors.TableNeedsMemory),
        ("os.kill(os.getpid(), signal.SIGSEGV)", errors.TableReaderDied),
        ("os.kill(os.getpid(), signal.SIGXCPU)", errors.TableNeedsTime),
        ("os._exit(0)", errors.TableReaderDied),
        ("raise MemoryError", errors.TableNeedsMemory),
        ("raise ValueError('Smith')", errors.FormatUnknown),
        ("bytearray(1 << 31)", errors.TableNeedsMemory),
        pytest.param("[0 for _ in iter(int, 1)]", errors.TableNeedsTime, marks=pytest.mark.long),
        pytest.param("time.sleep(99)", errors.TableNeedsTime, marks=pytest.mark.long),
    ],
)
def test_what_the_process_dies_of_is_a_coded_error(good, monkeypatch, how, expected):
    dies(monkeypatch, how)
    with pytest.raises(expected) as caught:
        read_table(good, role="c", limits=Limits(seconds=1, memory=1 << 30))
    assert "Smith" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    kept = READER._waiting is not None  # who came to an end with an answer serves the next file
    READER.end()
    assert kept == (expected is errors.FormatUnknown)


@pytest.mark.parametrize(
    "how",
    [
        "open('/dev/shm/files-test', 'w')",
        "open('/etc/passwd')",
        "os.listdir('/etc')",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "os.kill(os.getppid(), 0)",
        "os.write(os.memfd_create('x'), b'x')",
    ],
)
@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="Linux")  # noqa: PTH110
def test_the_process_can_do_nothing_else(good, monkeypatch, how):
    """Each is an OSError there, which the process tells as a file that it can't read."""
    dies(monkeypatch, f"try: {how}\n    except OSError: raise MemoryError from None")
    with pytest.raises(errors.TableNeedsMemory):
        read_table(good, role="c", limits=TIGHT)


def test_the_process_has_limits_and_nothing_of_ours(good, monkeypatch):
    monkeypatch.setattr(READER, "_waiting", None)
    monkeypatch.setenv("DOJ_SECRET", "x")
    read_table(good, role="c", limits=TIGHT)
    worker = READER._waiting
    with open(f"/proc/{worker._process.pid}/status") as status:  # noqa: PTH123
        assert "NoNewPrivs:\t1\n" in status
    with open(f"/proc/{worker._process.pid}/limits") as limits:  # noqa: PTH123
        told = {line[:26].strip(): line[26:].split() for line in limits}
    assert told["Max file size"][:2] == ["0", "0"]
    assert told["Max core file size"][:2] == ["0", "0"]
    assert int(told["Max address space"][0]) < TIGHT.memory + (2 << 30)
    assert int(told["Max cpu time"][0]) <= TIGHT.seconds + 10
    worker.end()


def test_one_process_serves_file_after_file_and_ends_with_ours(good):
    code = (
        "import sys; from pathlib import Path; from systems.tabular import read_table; from systems.reader import READER\n"
        "for _ in range(3): read_table(Path(sys.argv[1]), role='c')\n"
        "print(READER._waiting._process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code, good], capture_output=True, text=True, check=True)  # fmt: skip
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


@pytest.mark.parametrize("leaves", [8 << 20, 160 << 20])
def test_a_file_has_its_memory_whatever_was_read_before_it(good, monkeypatch, leaves):
    """A bound over what the process has by now would be the wider, the more an earlier file took."""
    dies(monkeypatch, f"global kept; kept = globals().get('kept', b'') or bytearray({leaves}); bytearray(64 << 20); return")  # fmt: skip
    read = lambda: list(apart.answers("schema", good, "c", TIGHT))  # noqa: E731
    assert read() == []
    worker = READER._waiting
    assert (worker is not None) == (leaves < TIGHT.memory // 2)  # else a new process reads the next
    if worker:
        bound = _address_space(worker)
        assert read() == []
        assert _address_space(worker) == bound
        worker.end()


def _address_space(worker) -> int:
    with open(f"/proc/{worker._process.pid}/limits") as limits:  # noqa: PTH123
        return next(int(line.split()[3]) for line in limits if line.startswith("Max address space"))


def test_a_stream_that_nobody_ends_ends_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(READER, "_waiting", None)
    pq.write_table(pa.table({"id": [str(i) for i in range(600_000)]}), tmp_path / "f")
    stream = stream_table(tmp_path / "f", role="c")
    worker = READER._waiting
    parts = stream.parts(["id"])
    next(parts)
    parts.close()
    assert READER._waiting is None
    assert worker._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "sent",
    [b"", b"X", b"T" + (10).to_bytes(8, "big") + b"0" * 10, b"T" + (1 << 60).to_bytes(8, "big"),
     b"E" + (2).to_bytes(8, "big") + b"{}", b"J" + (1).to_bytes(8, "big") + b"{"],
)  # fmt: skip
def test_a_process_that_was_taken_over_is_not_believed(good, monkeypatch, sent):
    dies(monkeypatch, f"os.write(0, {sent!r}); os._exit(0)")
    with pytest.raises(CodedError) as caught:
        read_table(good, role="c", limits=TIGHT)
    assert caught.value.code in ("TABLE-19", "TABLE-08")


def test_every_job_is_one_that_the_readers_ask_for():
    assert set(confined.JOBS) == {"schema", "texts", "native", "sheet", "cells"}


def test_a_reviewers_sheet_with_what_is_not_text(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "pairs"
    book.active.append(["a", 1, 1.5, True, None])
    book.save(tmp_path / "b.xlsx")
    from systems.tabular import sheet_cells

    rows = sheet_cells(tmp_path / "b.xlsx", role="sheet", sheet="pairs", width=6)
    assert rows == [["a", 1, 1.5, True, None, None]]
