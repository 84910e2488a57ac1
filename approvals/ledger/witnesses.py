"""Where checkpoints are kept outside: a file in somebody else's folder, a table of a second database.

Lines are appended and read back, each one JSON object; who may rewrite them is up to the place. It judges nothing.
"""

import fcntl
import json
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

_FILE = "checkpoints.jsonl"
_LARGEST = 256 << 20  # bytes of a file or table that is read: a century of them
_FLAGS, _APPEND_ONLY = 0x80086601, 0x20  # FS_IOC_GETFLAGS, FS_APPEND_FL of linux/fs.h
_SECONDS = 10  # that a database may take to be reached
TABLE = sa.Table(
    "checkpoints",
    sa.MetaData(),
    sa.Column("home", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
)


class Unreachable(Exception):
    """A place can't be written to or read; ``why`` is a library's own name for it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class WitnessFolder:
    """``checkpoints.jsonl`` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def append(self, line: dict[str, Any]) -> None:
        """Add a line, on the disk when this returns."""
        with self._opened(os.O_WRONLY | os.O_APPEND | os.O_CREAT) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            text = json.dumps(line, sort_keys=True).encode() + b"\n"
            if os.write(handle, text) != len(text):
                raise OSError
            os.fsync(handle)

    def lines(self) -> list[dict[str, Any] | None]:
        """All lines; none where there is no file yet in the folder."""
        if self._path.parent.is_dir() and not os.path.lexists(self._path):
            return []
        with self._opened(os.O_RDONLY) as handle, os.fdopen(os.dup(handle), "rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise Unreachable("TooLarge")
        return [_parsed(one) for one in content.splitlines()]

    def weakness(self) -> str:
        """Ours, or not append-only."""
        with self._opened(os.O_RDONLY) as handle:
            owner, flags = os.fstat(handle).st_uid, bytearray(8)
            try:
                fcntl.ioctl(handle, _FLAGS, flags)
            except OSError:
                flags = bytearray(8)
        if owner == os.geteuid():
            return "the file is this user's own, who can rewrite it: another user makes it"
        if not int.from_bytes(flags[:4], "little") & _APPEND_ONLY:
            return "the file is not append-only: root runs chattr +a on it"
        return ""

    @contextmanager
    def _opened(self, flags: int) -> Generator[int]:
        try:
            handle = os.open(
                self._path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o640
            )
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise Unreachable("NotAFile")
                yield handle
            finally:
                os.close(handle)
        except OSError as error:
            raise Unreachable(type(error).__name__) from None


class WitnessDatabase:
    """The table ``checkpoints`` of a database; it is made where the role may make it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def append(self, line: dict[str, Any]) -> None:
        """Add a line, committed when this returns."""
        row = {"home": line["home"], "size": line["checkpoint"]["size"]}
        with self._connected() as connection:
            if not sa.inspect(connection).has_table(TABLE.name):
                TABLE.create(connection)
            connection.execute(sa.insert(TABLE), row | {"line": json.dumps(line, sort_keys=True)})

    def lines(self) -> list[dict[str, Any] | None]:
        """All lines; none where there is no table yet."""
        with self._connected() as connection:
            if not sa.inspect(connection).has_table(TABLE.name):
                return []
            rows = connection.execute(sa.select(TABLE.c.line))
            return [_parsed(str(row[0]).encode()) for row in rows]

    def weakness(self) -> str:
        """More rights than to add and to read."""
        with self._connected() as connection:
            if connection.dialect.name != "postgresql":
                return "who may write this database's file can rewrite it: PostgreSQL has roles"
            asked = sa.text(
                "SELECT has_table_privilege('checkpoints', 'UPDATE, DELETE, TRUNCATE, TRIGGER') OR pg_has_role("
                "(SELECT relowner FROM pg_class WHERE oid = 'checkpoints'::regclass), 'MEMBER')"
            )
            if sa.inspect(connection).has_table(TABLE.name) and connection.execute(asked).scalar():
                return "this role may do more than add and read"
        return ""

    @contextmanager
    def _connected(self) -> Generator[sa.Connection]:
        engine: sa.Engine | None = None
        try:
            backend = sa.make_url(self._url).get_backend_name()
            wait = "connect_timeout" if backend == "postgresql" else "timeout"
            engine = sa.create_engine(
                self._url, poolclass=NullPool, hide_parameters=True, connect_args={wait: _SECONDS}
            )
            with engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, ImportError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        finally:
            if engine is not None:
                engine.dispose()


WitnessPlace = WitnessFolder | WitnessDatabase  # `append` and `lines` raise `Unreachable`


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
