"""Every parser of outside bytes: what it is given, and of which families its errors are.

`places.toml` beside says of each place of the program that parses bytes which of these reaches it, or why what it
parses is not from outside; `test_fuzz.py` looks for the places itself, so that a new one can't be forgotten.
"""

import csv
import datetime as dt
import functools
import io
import json
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from systems.tabular import Limits
from tests.unit.crypto.passkeys.authenticators import SITE, Authenticator

LIMITS = Limits(size=64 << 20, columns=500, memory=512 << 20, seconds=20)
Parse = Callable[[Path], object]


@dataclass(frozen=True)
class Parser:
    """A parser.

    Attributes:
        parse: reads a file.
        families: codes of its errors begin with one of these.
        seeds: makes valid files.
        ending: of the file's name, where it matters.
    """

    parse: Parse
    families: Sequence[str]
    seeds: Callable[[], list[bytes]]
    ending: str = ""


# -- tables

_ROWS = [
    ["cohort_id", "first_name", "last_name", "birth_date", "zip", "ssn"],
    ["1", "José", "Núñez", "1980-02-29", "02134", "123-45-6789"],
    ["2", "Ann, B.", 'O"Neil', "03/04/1975", "90001", ""],
    ["3", "", "Smith\nJr", "19900101", "9500", "000000000"],
]


def _text(delimiter: str = ",") -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter).writerows(_ROWS)
    return sink.getvalue()


def _parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def _book(title: str, rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _plain() -> pa.Table:
    return pa.table({n: [row[i] or None for row in _ROWS[1:]] for i, n in enumerate(_ROWS[0])})


@functools.cache
def tables() -> list[bytes]:
    """A cohort in every form."""
    typed = _plain().append_column("when", pa.array([dt.datetime(2020, 1, 1)] * 3))
    typed = typed.append_column("share", pa.array([1.0, None, 2.5]))
    typed = typed.append_column("names", pa.array([["a"], [], None]))
    return [
        _text().encode(), _text(";").encode("cp1252", "replace"), _text("\t").encode("utf-16"),
        _parquet(_plain()), _parquet(typed, compression="zstd"),
        _parquet(_plain(), use_dictionary=False, row_group_size=1), _book("Sheet", _ROWS),
    ]  # fmt: skip


def _table(path: Path) -> None:
    from systems.tabular import read_table

    for value in read_table(path, role="cohort", limits=LIMITS).table.to_pylist():
        str(value)


def _parts(path: Path) -> None:
    from systems.tabular import stream_table

    stream = stream_table(path, role="records", limits=LIMITS)
    for part in stream.parts([n for n in stream.names if n != "when"]):
        str(part.to_pylist())


def _cohort(path: Path) -> None:
    from matching.tables import ColumnMap
    from pipelines.cohort.reading import read_cohort, unusable_rows

    read = read_cohort(path, ColumnMap(), limits=LIMITS).read()
    unusable_rows(lambda names: [read.select(list(names))], read.column_names, dt.date(2026, 1, 1))


def _aliases(path: Path) -> None:
    from matching.linking.aliases import read_aliases

    read_aliases(path)


def _labels(path: Path) -> None:
    from matching.labels import Labels

    Labels.read(path)


def _labelled() -> list[bytes]:
    rows = [["cohort_id", "record_id", "decision"], ["1", "7", "same"], ["2", "8", "different"]]
    columns = {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}
    return [_book("Sheet", rows), _parquet(pa.table(columns)), "\n".join(map(",".join, rows)).encode()]  # fmt: skip


_SHEET = [
    ["pair", "cohort_id", "record_id", "probability", "decision", "last_name (cohort)"],
    [1, "c1", "1", 0.6, "same", "Roe"],
    [2, "c2", "2", 0.7, "different", "Doe"],
]


def _sheet(path: Path) -> None:
    from matching.review import import_filled

    import_filled(path, [("c1", "1"), ("c2", "2")])


def _register(path: Path) -> None:
    from crypto.secret import StagingKey
    from systems import database
    from systems.description import load_system
    from systems.register.incoming import stage_table
    from systems.register.sources import FileSource, Part

    system = load_system("CARPOS")
    with database.connect(threads=1) as con, tempfile.TemporaryDirectory(dir=path.parent) as work:
        key = StagingKey("fuzz", bytes(32))
        table, target = system.table("person"), Path(work) / "t"
        source = FileSource([path], LIMITS)
        part = Part("", lambda _con: source.read(path.stem, role="person"))
        stage_table(con, system, table, [part], target, key, dt.date(2026, 1, 1))


@functools.cache
def _persons() -> list[bytes]:
    from synthetic.registers.system import make_system

    with tempfile.TemporaryDirectory() as work:
        made = make_system("CARPOS", Path(work) / "r", records=30, seed=7)
        table = pq.read_table(next(p for p in made.files if p.stem == "person"))
    rows = [table.column_names, *([str(v) for v in row.values()] for row in table.to_pylist())]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return [_parquet(table), _parquet(table, compression="none"), text.getvalue().encode()]


# -- what disclosure control reads


def _cells(path: Path) -> None:
    from extracts.suppression.table_files import read_cells, read_published

    read_published(path, None, "count", "persons")
    read_cells(path, ["county", "year"], "count", None)


_CELLS = "county,year,count,persons,status\nA,2024,12,11,published\nB,2024,,,suppressed\nTOTAL,2024,20,19,published\n"


def _hierarchy(path: Path) -> None:
    from extracts.suppression.table_files import read_hierarchy

    read_hierarchy(path, "county")


def _asked(path: Path) -> None:
    from extracts.suppression.table_files import read_asked

    read_asked(path, ["county"], "may-hide", {("A",): 0, ("B",): 1}, "weight")


def _codebook(path: Path) -> None:
    from extracts.suppression.codebook import name_of, read_codebook

    for levels in read_codebook(path).levels.values():
        for atoms in levels.values():
            name_of(atoms, ())


_BOOK = "dimension,level,atoms\nage,0-17,0..17\nage,18+,18..\nday,Q1,2024-01-01..2024-03-31\nsex,ALL,*\nx,,age\n"
_BOOK_TOML = '[age]\n"0-17" = "0..17"\n"18+" = "18.."\n[sex]\nALL = "*"\n'


# -- small texts


def _application(path: Path) -> None:
    from approvals.application import parse_application, read_application_file, terms_of

    parse_application(read_application_file(path), terms=terms_of)


def _applications() -> list[bytes]:
    from approvals.application import example_application

    return [example_application(form).encode() for form in ("standard", "aggregated")]


def _people(path: Path) -> None:
    from approvals.people import People

    path.parent.chmod(0o755)
    path.chmod(0o644)
    People.read(path)


_PEOPLE = (
    b'service = "svc"\n[[person]]\nid = "p-me"\nname = "Ola"\nuser = "root"\nroles = ["engineer"]\n'
)


def _settings(path: Path) -> None:
    from pipelines.home import read_settings

    read_settings(path)


def _templates() -> list[bytes]:
    from pipelines.home.settings import TEMPLATE

    return [TEMPLATE.encode()]


def _column_map(path: Path) -> None:
    from matching.tables import ColumnMap

    ColumnMap.read(path)


def _register_mapping(path: Path) -> None:
    from systems.description import load_system
    from systems.mapping import read_mapping

    read_mapping(path, load_system("CARPOS"))


def _words(path: Path) -> None:
    from matching.own_words import OwnWords

    OwnWords.read(path).as_json()


def _model(path: Path) -> None:
    from matching.model import SavedModel

    SavedModel.read(path)


def _models() -> list[bytes]:
    from matching.comparison.fields import FIELDS

    table = {field.name: dict.fromkeys(field.levels[1:], 0.5) for field in FIELDS}
    return [json.dumps({"provenance": {}, "matches_for_each_row": 0.5, "m": table}).encode()]


# -- keys, signatures, packages


@functools.cache
def _member() -> tuple[bytes, bytes]:
    from crypto.cms.certificates import make_recipient

    return make_recipient("p384", "Fuzz")


@functools.cache
def _signer() -> Any:
    from crypto.cms.signing import FileSigner, make_signing_identity

    key, pem = make_signing_identity("Fuzz", b"correct horse battery staple")
    return FileSigner.load(key, pem, b"correct horse battery staple")


def _certificate(path: Path) -> None:
    from crypto.cms import Recipient
    from crypto.secret import Secret

    Recipient.from_pem(path.read_bytes(), on=dt.datetime.now(dt.UTC)).recipient_info(
        Secret("content key", bytes(32))
    )


def _certificates() -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    certificate = x509.load_pem_x509_certificate(_member()[1])
    spki = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [_member()[1], certificate.public_bytes(Encoding.DER), spki]


def _private_key(path: Path) -> None:
    from crypto.cms.signing import FileSigner

    FileSigner.load(path.read_bytes(), _signer().certificate_pem, b"passphrase")


def _signature(path: Path) -> None:
    from crypto.cms import verify_detached

    verify_detached(b"list", path.read_bytes(), _signer().certificate_pem)


def _package(path: Path) -> None:
    """The mutated bytes are the list; its signature is right, since a member of the Department may be hostile, too."""
    from crypto.package.sealed_package import verify_package

    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        listed = path.read_bytes()
        Path(work, "SHA256SUMS").write_bytes(listed)
        Path(work, "SHA256SUMS.p7s").write_bytes(_signer().sign_detached(listed))
        verify_package(Path(work), _signer().certificate_pem)


def _lists() -> list[bytes]:
    from crypto.package.sealed_package import write_sums

    return [write_sums({"README.txt": "0" * 64, "part-001.zip.cms": "a" * 64})]


def _backup(path: Path) -> None:
    from pipelines.deployment.backup import restore

    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        restore(path, Path(work) / "home")


def _backups() -> list[bytes]:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        manifest = json.dumps({"format": 1, "made": "x", "files": {"a": "b"}}).encode()
        for name, data in (("settings.toml", b"x" * 700), ("MANIFEST.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return [sink.getvalue()]


def _document(path: Path) -> None:
    from crypto.resting import decrypt_document
    from crypto.secret import Secret

    decrypt_document(path, Secret("x", bytes(32)))


def _stream(path: Path) -> None:
    from pipelines.cli.caller import _unpacked

    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        _unpacked(os.open(path, os.O_RDONLY), Path(work) / "folder")


def _passkey(path: Path) -> None:
    from crypto.passkeys import check_nothing_else, verify_registration

    client, _, attestation = path.read_bytes().partition(b"\n")
    verify_registration(SITE, bytes(32), client, attestation)
    check_nothing_else(client)


def _checkpoint(path: Path) -> None:
    from approvals.ledger import Statement

    Statement.from_json(path.read_bytes()).check_signature(_signer().certificate_pem)


_GIVEN = {
    "format": "doj-release ledger checkpoint 2",
    "root": "a" * 64,
    "at": "2026-01-01T00:00:00+00:00",
    "signature": "MA==",
}
_CHECKPOINT = _GIVEN | {"format": "doj-release ledger checkpoint 1", "size": 7}


class _Bucket:
    """A bucket whose owner answers everything with one object."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def small(self, _name: str, _longest: int) -> bytes:
        return self.content


def _manifest(path: Path) -> None:
    from pipelines.storage import ObjectStore

    store = ObjectStore.__new__(ObjectStore)  # its other parts ask a server
    store.__dict__ |= {"bucket": _Bucket(path.read_bytes()), "purpose": "register", "_ours": True}
    store.__dict__["_digest"] = lambda label, data: f"{label}{len(data)}"
    store.manifest("CARPOS-20260101-001")


_MANIFEST = {
    "body": {"format": 1, "set": "CARPOS-20260101-001", "purpose": "register", "files": {"a": {"sha256": "0", "bytes": 1}}},
    "mac": "x",
}  # fmt: skip


@functools.cache
def _stamped() -> tuple[bytes, bytes, int]:
    """An authority's certificate, its answer and the nonce that was asked with."""
    from crypto.cms import timestamp_request
    from tests.tsa import make_ca, make_signer, reply

    with tempfile.TemporaryDirectory() as work:
        make_ca(Path(work))
        make_signer(Path(work), "tsa")
        request, nonce = timestamp_request(b"list")
        return (Path(work) / "ca.pem").read_bytes(), reply(Path(work), request, "tsa"), nonce


def _timestamp(path: Path) -> None:
    from crypto.cms import check_timestamp, token_of

    authority, _, nonce = _stamped()
    check_timestamp(token_of(path.read_bytes()), b"list", authority, nonce=nonce)


def _authorities(path: Path) -> None:
    from crypto.cms import check_timestamp, token_of

    _, answer, nonce = _stamped()
    check_timestamp(token_of(answer), b"list", path.read_bytes(), nonce=nonce)


def _witness(path: Path) -> None:
    from approvals.ledger.witnesses import _parsed

    _parsed(path.read_bytes())


def _advisories(path: Path) -> None:
    from pipelines.deployment.advisories import known_weaknesses

    known_weaknesses(path, {"pyarrow": "26.0.1"})


def _osv() -> list[bytes]:
    events = [{"introduced": "0"}, {"fixed": "99.0"}]
    affected = {"package": {"ecosystem": "PyPI", "name": "pyarrow"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}  # fmt: skip
    text = json.dumps({"id": "X-1", "modified": "2026-01-01T00:00:00Z", "aliases": ["CVE-1"], "affected": [affected]})  # fmt: skip
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X-1.json", text)
    return [text.encode(), sink.getvalue()]


_MAPPING = b"""system = "CARPOS"
[codes.role.values]
RSP = "respondent"
[[tables.order_party]]
from = ["PARTY_*"]
columns = { order_id = { column = "ORD_NO", key = true }, person_id = "SUBJ", role = { column = "ROLE", codes = "role" } }
"""
TABLE = ("TABLE",)
PARSERS: dict[str, Parser] = {
    "table": Parser(_table, TABLE, tables),
    "parts": Parser(_parts, TABLE, tables),
    "cohort": Parser(_cohort, (*TABLE, "MATCH", "INTAKE"), tables),
    "aliases": Parser(_aliases, (*TABLE, "MATCH"), tables),
    "labels": Parser(_labels, (*TABLE, "MATCH"), _labelled),
    "sheet": Parser(_sheet, (*TABLE, "MATCH"), lambda: [_book("pairs", _SHEET)]),
    "register": Parser(_register, (*TABLE, "REGISTER"), _persons),
    "cells": Parser(_cells, ("SUPPRESS", "TABLE"), lambda: [_CELLS.encode()]),
    "cells in Parquet": Parser(
        _cells, ("SUPPRESS", "TABLE"),
        lambda: [_parquet(pa.table({"county": ["A", "B"], "year": [2024, 2025], "count": [12, None]}))],
        ".parquet",
    ),
    "hierarchy": Parser(_hierarchy, ("SUPPRESS",), lambda: [b"child,parent\nA,North\nB,South\nNorth,All\n"]),
    "asked": Parser(_asked, ("SUPPRESS",), lambda: [b"county,weight\nA,1.5\nB,0.1\n"]),
    "codebook": Parser(_codebook, ("SUPPRESS",), lambda: [_BOOK.encode()], ".csv"),
    "codebook in TOML": Parser(_codebook, ("SUPPRESS",), lambda: [_BOOK_TOML.encode()], ".toml"),
    "application": Parser(_application, ("APPROVAL",), _applications),
    "people": Parser(_people, ("PEOPLE",), lambda: [_PEOPLE]),
    "settings": Parser(_settings, ("HOME",), _templates),
    "column map": Parser(_column_map, ("MATCH",), lambda: [b'[cohort]\nfirst_name = "Vorname"\n[records]\nzip = "ZIP"\n']),
    "register's mapping": Parser(_register_mapping, ("REGISTER",), lambda: [_MAPPING]),
    "words": Parser(_words, ("MATCH",), lambda: [b'placeholders = ["TBD"]\nnicknames = [["Chuyito", "Jesus"]]\n']),
    "model": Parser(_model, ("MATCH",), _models),
    "certificate": Parser(_certificate, ("CRYPTO",), _certificates),
    "private key": Parser(_private_key, ("CRYPTO",), lambda: [_member()[0]]),
    "signature": Parser(_signature, ("CRYPTO",), lambda: [_signer().sign_detached(b"list")]),
    "package": Parser(_package, ("CRYPTO",), _lists),
    "passkey": Parser(_passkey, ("CRYPTO",), lambda: [b"\n".join(Authenticator().create(bytes(32)))]),
    "backup": Parser(_backup, ("HOME",), _backups),
    "checkpoint": Parser(_checkpoint, ("LEDGER",), lambda: [json.dumps(one).encode() for one in (_CHECKPOINT, _GIVEN)]),
    "timestamp": Parser(_timestamp, ("CRYPTO",), lambda: [_stamped()[1]]),
    "authorities": Parser(_authorities, ("CRYPTO",), lambda: [_stamped()[0]]),
    "witness": Parser(_witness, (), lambda: [json.dumps(_CHECKPOINT).encode()]),
    "advisories": Parser(_advisories, ("CLI",), _osv),
    "bucket": Parser(_manifest, ("BUCKET",), lambda: [json.dumps(_MANIFEST).encode()]),
    "stream of a folder": Parser(_stream, (), _backups),
    "document": Parser(_document, ("CRYPTO",), lambda: [b"doj-release document v1\n" + bytes(80)]),
}  # fmt: skip
