"""Database servers of one's own, where the machine has the programs: made, used, removed."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.parts import postgres_programs, require


def _as_server(folder: Path, *command: str | Path, user: str = "postgres") -> None:
    """Run one of the server's programs as the server's user.

    By a program of its own: a change of user within ``subprocess`` forks this process, and a test
    process that holds as much memory as the machine has free can't be forked.
    """
    subprocess.run([*_as(user), *command], check=True, capture_output=True, cwd=folder)


def _as(user: str) -> list[str]:
    words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
    return words if os.geteuid() == 0 else []


def _control(folder: Path, *words: str) -> None:
    bin_folder = postgres_programs()
    assert bin_folder is not None
    _as_server(
        folder, bin_folder / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", *words
    )


def _start(folder: Path, *, fsync: bool) -> None:
    sync = "on" if fsync else "off"
    _control(folder, "-o", f"-k {folder} -c listen_addresses='' -c fsync={sync}", "start")


@contextmanager
def stop_at_once(place: str) -> Iterator[None]:
    """The server is killed without a checkpoint (SIGQUIT), and started again at the end."""
    folder = Path(place.removeprefix("host="))
    _control(folder, "-m", "immediate", "stop")
    try:
        yield
    finally:
        _start(folder, fsync=True)


@contextmanager
def server(*, fsync: bool = False) -> Iterator[str]:
    """A running server on a socket in a folder of its own; yields the start of its URLs."""
    require("postgresql")
    bin_folder = postgres_programs()
    assert bin_folder is not None
    with tempfile.TemporaryDirectory(prefix="pg-", dir=None if fsync else _fast_folder()) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        words = ("-A", "trust", "-U", "owner", "-E", "UTF8", "--no-sync")
        _as_server(folder, bin_folder / "initdb", "-D", folder / "data", *words)
        _start(folder, fsync=fsync)
        try:
            yield f"host={folder}"
        finally:
            _control(folder, "-m", "immediate", "stop")


@contextmanager
def mariadb(*more: str) -> Iterator[str]:
    """A running MariaDB on a socket in a folder of its own; yields the address of its database ``records``.

    Args:
        more: options of the server's besides.
    """
    require("mariadb")
    with tempfile.TemporaryDirectory(prefix="maria-", dir=_fast_folder()) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "mysql", "mysql")
        small = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=32M", "--skip-log-bin")
        words = ("--no-defaults", f"--datadir={folder / 'data'}", *small)
        new = ("--skip-test-db", "--auth-root-authentication-method=normal")
        _as_server(folder, "mariadb-install-db", *words, *new, user="mysql")
        socket, log = folder / "socket", folder / "log"
        away = () if more else ("--skip-networking",)
        command = [*_as("mysql"), "/usr/sbin/mariadbd", *words, f"--socket={socket}", *away, *more]
        with log.open("wb") as out:
            running = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        try:
            until = time.monotonic() + 60
            while not socket.exists():
                alive = running.poll() is None
                assert alive, log.read_text()[-2000:]
                assert time.monotonic() < until
                time.sleep(0.02)
            address = f"mysql+pymysql://root@/mysql?unix_socket={socket}"
            engine = create_engine(address)
            with engine.begin() as connection:
                connection.execute(text("CREATE DATABASE records CHARACTER SET utf8mb4"))
            engine.dispose()
            yield f"mysql://root@/records?unix_socket={socket}"
        finally:
            running.kill()
            running.wait()


def _fast_folder() -> str | None:
    """In memory, where there is room."""
    memory = Path("/dev/shm")
    free = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free
    return str(memory) if free and free > 2 << 30 else None
