"""What the people of the guide do on the rehearsal's home, and what Prefect says of it."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.rehearsal.standing import ROOT, Prefect, ended, environment, program


class Rehearsal:
    """One home, its servers, and what was done so far."""

    def __init__(self, folder: Path, home: Path, server: Prefect) -> None:
        self.folder, self.home, self.server = folder, home, server
        self.env = environment(
            folder / "prefect-worker",
            DOJ_RELEASE_HOME=str(home),
            DOJ_RELEASE_CODE=str(ROOT),
            DOJ_RELEASE_LOG="json",
            PREFECT_API_URL=server.url,
            PREFECT_API_AUTH_STRING=server.secret,
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        )

    def command(self, *words: object, code: int = 0) -> str:
        """A command of ours; what it said on stdout."""
        return ran([program("doj-release"), *map(str, words)], self.env, code)

    def told(self, *words: object, code: int = 0) -> Any:
        """The same with --json."""
        return json.loads(self.command("--json", *words, code=code))

    def prefect(self, *words: str) -> str:
        """A command of Prefect's."""
        return ran([program("prefect"), *words], self.env, 0)

    def run(self, order: str) -> dict[str, Any]:
        """Run the deployment on an order, as the page does, and wait until the flow run is over."""
        number = self.server.order("release/release", order=order)
        found = self.server.until(number, ended)
        assert order in found["name"], found["name"]
        return found

    def state_of(self, order: str) -> str:
        """The same; the state's name."""
        return self.run(order)["state_name"]

    def ordered(self, project: str, kind: str, **more: str) -> str:
        """An order that a person made and nobody has run yet."""
        from pipelines.home.home import open_home
        from pipelines.release.orders import Request, order_release
        from pipelines.session import Session

        session = Session(open_home(self.home))
        try:
            return order_release(session, Request(project, kind, **more))
        finally:
            session.close()

    @contextmanager
    def settled(self, section: str, **changes: str) -> Iterator[None]:
        """Other settings of one section meanwhile, as a person with an editor makes them."""
        path = self.home / "settings.toml"
        before = path.read_text()
        head, mark, rest = before.partition(f"\n[{section}]\n")
        body, end, tail = rest.partition("\n\n[")
        for name, value in changes.items():
            body, found = re.subn(
                rf"^{name} = .*$",
                lambda _, line=f"{name} = {value}": line,
                body,
                flags=re.MULTILINE,
            )
            assert found == 1, name
        path.write_text(f"{head}{mark}{body}{end}{tail}")
        try:
            yield
        finally:
            path.write_text(before)


def ran(words: list[str], env: dict[str, str], code: int) -> str:
    """What a program said on stdout; another exit code is an AssertionError with what it said."""
    done = subprocess.run(words, env=env, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != code:
        raise AssertionError((words[1:4], done.returncode, done.stdout[-800:], done.stderr[-800:]))
    return done.stdout


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    began = time.monotonic()
    print(f"{what} ...", end="", flush=True)
    yield
    print(f" {time.monotonic() - began:.0f} s", flush=True)
