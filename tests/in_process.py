"""The command within a test's process: the same words, outputs and exit codes, without a start of Python for each."""

import contextlib
import io
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.cli.app import main

_OURS = ("DOJ_RELEASE", "PREFECT_")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@contextlib.contextmanager
def clean_environment(**more: str) -> Iterator[None]:
    """Without what points at another home or server; afterwards everything is as it was."""
    before, folder, mask = dict(os.environ), Path.cwd(), os.umask(0o077)
    try:
        for name in [n for n in os.environ if n.startswith(_OURS)]:
            del os.environ[name]
        os.environ.update(more)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.umask(mask)
        os.chdir(folder)


def hear_signals() -> None:
    """In a child: have the signals end it that `nohup` or a shell's `&` took away where the tests were started."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Screen(io.StringIO):
    """What a terminal was told."""

    def isatty(self) -> bool:
        return True


def run_here(*words: object, home: Path | None = None, terminal: bool = False, **env: str) -> Done:
    """Run a command in this process, as its own process would; on a home where one is given."""
    out, err, code = (Screen(), Screen(), 0) if terminal else (io.StringIO(), io.StringIO(), 0)
    with clean_environment(**env), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([*(("--home", str(home)) if home else ()), *map(str, words)])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Done(code, out.getvalue(), err.getvalue())
