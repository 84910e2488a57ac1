"""The people and processes of the suite: private folders, real commands, one driver with Prefect."""

import json
import os
import pty
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.leak.canaries import FREE, Needles, Supplied
from tests.poison import Poison, Watched

HERE = Path(__file__).resolve().parent
_PATIENCE = 240  # seconds for one command


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Stage:
    """Where everything happens: sinks are searched, inputs and what reviewers asked for are not."""

    root: Path
    needles: Needles = field(default_factory=Needles)
    cohort: Supplied | None = None
    numbers: dict[str, str] = field(default_factory=dict)
    releases: dict[str, str] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    caller: Poison = field(init=False)
    watched: Watched = field(init=False)

    SINKS = ("home", "tmp", "cwd", "user", "captured", "outputs", "cluster")
    OTHERS = ("inputs", "allowed", "guard")

    def __post_init__(self) -> None:
        for name in (*self.SINKS[1:], *self.OTHERS):
            (self.root / name).mkdir(mode=0o700, parents=True)
        self.caller = Poison(self.root / "caller").make()
        self.watched = Watched(*(self.caller.root / name for name in ("folder", "home", "evil")))

    def __truediv__(self, name: str) -> Path:
        return self.root / name

    def environment(self) -> dict[str, str]:
        """What a caller who means harm says, with a home and a temporary folder of the story's; no CI."""
        return self.caller.environment() | {
            "DOJ_RELEASE_HOME": str(self / "home"),
            "TMPDIR": str(self / "tmp"),
            "DOJ_RELEASE_LOG": "json",
        }

    def command(self, *words: str) -> list[str]:
        """A command line that starts as the program does, guarded."""
        return [sys.executable, "-I", str(HERE / "began.py"), str(self.root), *words]

    def run(
        self,
        *words: object,
        code: int | None = 0,
        allowed: bool = False,
        environment: dict[str, str] | None = None,
    ) -> Done:
        """The real command in a process of its own; both of its outputs are kept to be searched."""
        said = tuple(map(str, words))
        began = time.monotonic()
        ended = subprocess.run(
            self.command(*said),
            capture_output=True,
            text=True,
            check=False,
            env=self.environment() | (environment or {}),
            cwd=self.caller.folder,
            timeout=_PATIENCE,
        )
        done = Done(said, ended.returncode, ended.stdout, ended.stderr, time.monotonic() - began)
        self.keep(done, "allowed" if allowed else "captured")
        assert code is None or done.code == code, (said[:3], done.code, done.err[-400:])
        return done

    def keep(self, done: Done, where: str) -> None:
        """Write down what a command said."""
        self.done.append(done)
        for name, text in (("out", done.out), ("err", done.err)):
            path = self / where / f"{len(self.done):03d}-{done.words[0]}.{name}"
            path.write_text(text, "utf-8")

    def canary(self, what: str = "") -> str:
        """A value that no record holds but an exception or a path may quote."""
        return f"{FREE}{what}"


class Driver:
    """The process with the Prefect server; it has a terminal, since telemetry looks for one."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        to_child, self._orders = os.pipe()
        self._answers, from_child = os.pipe()
        self._terminal, child = pty.openpty()
        self._said: list[bytes] = []
        driver = ("--driver", str(stage / "home"), str(to_child), str(from_child))
        self._process = subprocess.Popen(
            stage.command(*driver),
            stdin=child,
            stdout=child,
            stderr=child,
            pass_fds=(to_child, from_child),
            env=stage.environment() | {"TERM": "xterm", "COLUMNS": "200"},
            cwd=stage.caller.folder,
            start_new_session=True,
        )
        for handle in (to_child, from_child, child):
            os.close(handle)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _listen(self) -> None:
        while True:
            try:
                data = os.read(self._terminal, 65536)
            except OSError:  # the other side is closed
                return
            if not data:
                return
            self._said.append(data)

    def run(self, *words: object, code: int | None = 0, ruin: dict[str, str] | None = None) -> Done:
        """One command in the driver; what it said on the terminal is kept."""
        said = tuple(map(str, words))
        before, began = len(self._said), time.monotonic()
        os.write(self._orders, (json.dumps({"words": said, "ruin": ruin}) + "\n").encode())
        answer = self._answer()
        assert answer["heavy"] == [], said[
            :3
        ]  # Prefect's server is imported by its own process alone
        time.sleep(0.05)  # the reader's turn
        text = b"".join(self._said[before:]).decode("utf-8", "replace")
        done = Done(said, answer["code"], text, "", time.monotonic() - began)
        self._stage.keep(done, "captured")
        assert code is None or done.code == code, (said[:3], done.code, text[-600:])
        return done

    def _answer(self) -> dict[str, Any]:
        line = b""
        end = time.monotonic() + _PATIENCE
        while not line.endswith(b"\n"):
            left = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self._answers], [], [], left)
            data = os.read(self._answers, 65536) if ready else b""
            assert data, b"".join(self._said)[-2000:].decode("utf-8", "replace")
            line += data
        return json.loads(line)

    def close(self) -> None:
        """End the orders, wait for the server to stop, and keep all that was said."""
        os.close(self._orders)
        try:
            self._process.wait(60)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait(30)
            self._reader.join(5)
            os.close(self._answers)
            (self._stage / "captured" / "terminal.out").write_bytes(b"".join(self._said))
