"""Positive controls: a canary planted in a file of each kind is found."""

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
import zlib

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.leak.canaries import COHORT, FREE, ID, REGISTER, Needles
from tests.leak.searching import Searcher

NEEDLES = Needles(numbers={"831947502"}, dates={"1976-01-30"})
TEXT = f"somebody's name is {REGISTER.title()}, it says here"


def _zip(data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", data)
    return whole.getvalue()


def _workbook(text: str) -> bytes:
    whole, book = io.BytesIO(), openpyxl.Workbook()
    book.active["B2"] = text
    book.save(whole)
    return whole.getvalue()


def _parquet(text: str, **named) -> bytes:
    whole = io.BytesIO()
    pq.write_table(pa.table({"a": [text, "b", text]}), whole, **named)
    return whole.getvalue()


def _arrow(text: str, compression: str) -> bytes:
    whole, table = io.BytesIO(), pa.table({"a": [text] * 99})
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(whole, table.schema, options=options) as writer:
        writer.write_table(table)
    return whole.getvalue()


def _tar(data: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        entry = tarfile.TarInfo("inner.txt")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


def _zstd(data: bytes) -> bytes:
    return _stream(data, "zstd")


def _stream(data: bytes, how: str) -> bytes:
    whole = io.BytesIO()
    with pa.CompressedOutputStream(whole, how) as stream:
        stream.write(data)
        stream.flush()
        return whole.getvalue()


PLANTED = {
    "utf-8": TEXT.encode(),
    "upper": TEXT.upper().encode(),
    "lower": TEXT.lower().encode(),
    "latin-1": f"Ñ{TEXT}é".encode("latin-1"),
    "utf-16-le": TEXT.encode("utf-16-le"),
    "utf-16-be": TEXT.encode("utf-16-be"),
    "utf-32": TEXT.encode("utf-32"),
    "json escapes": "".join(f"\\u{ord(c):04x}" for c in TEXT).encode(),
    "percent": "".join(f"%{ord(c):02X}" for c in TEXT).encode(),
    "hex": TEXT.encode().hex().encode(),
    "HEX, odd": b"f" + TEXT.encode().hex().upper().encode(),
    "base64, 0": base64.b64encode(TEXT.encode()),
    "base64, 1": base64.b64encode(b"x" + TEXT.encode()),
    "base64, 2": base64.b64encode(b"xx" + TEXT.encode()),
    "base64, after text": b"data:text/plain,AB" + base64.b64encode(TEXT.encode()),
    "base64, urlsafe": base64.urlsafe_b64encode(b"\xff\xfe\xfb" * 9 + TEXT.encode()),
    "base64, wrapped": base64.encodebytes(b"x" * 50 + TEXT.encode()),
    "base64 of utf-16": base64.b64encode(TEXT.encode("utf-16")),
    "base64, short": base64.b64encode(FREE.encode()).rstrip(b"="),
    "gzip": b"junk" + gzip.compress(TEXT.encode()),
    "zlib": b"junk" + zlib.compress(TEXT.encode()),
    "bzip2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zstd": _zstd(TEXT.encode() * 50),
    "lz4": _stream(TEXT.encode() * 50, "lz4"),
    "Arrow's file, lz4": _arrow(TEXT, "lz4"),
    "Arrow's file, zstd": _arrow(TEXT, "zstd"),
    "tar, gzip": _tar(TEXT.encode()),
    "decimal entities": "".join(f"&#{ord(c)};" for c in TEXT).encode(),
    "octal escapes": "".join(f"\\{ord(c):03o}" for c in TEXT).encode(),
    "zip": _zip(TEXT.encode()),
    "xlsx": _workbook(TEXT),
    "gzip in base64 in JSON": json.dumps(
        {"data": base64.b64encode(gzip.compress(TEXT.encode())).decode()}
    ).encode(),
    "pickle": pickle.dumps(ValueError(TEXT)),
    "pickle in base64": base64.b64encode(pickle.dumps({"a": [TEXT]})),
    "parquet": _parquet(TEXT, compression="zstd"),
    "parquet, no dictionary": _parquet(TEXT, compression="snappy", use_dictionary=False),
    "an id": f"<td>{ID}-0001</td>".encode(),
    "supplied": f'"{COHORT}"'.encode(),
    "a number": b"SSN 831947502",
    "a dashed number": b"831-94-7502",
    "a number with a point": b"[831947502.0]",
    "a birth date": b"born 1976-01-30",
    "an American birth date": b"born 1/30/1976",
    "a short birth date": b"[19760130]",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_canary_is_found(tmp_path, kind):
    (tmp_path / "sink.bin").write_bytes(PLANTED[kind])
    assert Searcher(NEEDLES).tree(tmp_path), kind


@pytest.mark.parametrize(
    "value",
    [
        TEXT,
        json.dumps({"a": [TEXT]}),
        TEXT.encode(),
        pickle.dumps(TEXT),
        base64.b64encode(pickle.dumps(TEXT)).decode(),
        zlib.compress(TEXT.encode()),
        831947502,
    ],
)
def test_a_value_in_a_database_is_found(tmp_path, value):
    with sqlite3.connect(tmp_path / "a.db") as con:
        con.execute("PRAGMA journal_mode = wal")
        con.execute("CREATE TABLE t (a, b)")
        con.execute("INSERT INTO t VALUES (?, ?)", (1, value))
        con.commit()
        hits = Searcher(NEEDLES).tree(tmp_path)
    assert any(hit.place == "a.db:t" for hit in hits)


def test_names_of_files_and_folders_are_looked_at(tmp_path):
    (tmp_path / f"of {FREE.lower()}").mkdir()
    assert Searcher(NEEDLES).tree(tmp_path)


def test_what_may_be_shown_is_not_reported(tmp_path):
    (tmp_path / "ids.csv").write_text(f"{ID}-1\n")
    (tmp_path / "part.zip.cms").write_text(TEXT)
    assert not Searcher(NEEDLES.but(ID)).tree(tmp_path, skip=(".cms",))
    innocent = b"2026-11-23 02:07:27.123456 9b1c 0x7f 1234567890 hello a831947502f"
    assert not Searcher(NEEDLES).data(innocent, "innocent")
