"""A PostgreSQL server of one's own, where the machine has the programs: made, used, removed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts import postgres_programs, require


def _as_server(folder: Path, *command: str | Path) -> None:
    """Run one of the server's programs as the server's user.

    By a program of its own: a change of user within ``subprocess`` forks this process, and a test
    process that holds as much memory as the machine has free can't be forked.
    """
    words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
    before = words if os.geteuid() == 0 else []
    subprocess.run([*before, *command], check=True, capture_output=True, cwd=folder)


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
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        words = ("-A", "trust", "-U", "owner", "-E", "UTF8")
        _as_server(folder, bin_folder / "initdb", "-D", folder / "data", *words)
        _start(folder, fsync=fsync)
        try:
            yield f"host={folder}"
        finally:
            _control(folder, "-m", "immediate", "stop")
