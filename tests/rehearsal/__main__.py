"""``python -m tests.rehearsal``: docs/operations.md from an empty folder, with real servers, step by step."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.rehearsal.standing import (
    ROOT,
    Prefect,
    ended,
    environment,
    prefect_server,
    program,
    refuses_without_password,
    running,
)

sys.path.insert(0, str(ROOT / "tests" / "unit" / "approvals"))


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
        return _ran([program("doj-release"), *map(str, words)], self.env, code)

    def told(self, *words: object, code: int = 0) -> Any:
        """The same with --json."""
        return json.loads(self.command("--json", *words, code=code))

    def prefect(self, *words: str) -> str:
        """A command of Prefect's."""
        return _ran([program("prefect"), *words], self.env, 0)

    def state_of(self, order: str) -> str:
        """Run the deployment on an order and wait; the state's name."""
        number = self.server.order("release/release", order=order)
        found = self.server.until(number, ended)
        assert order in found["name"], found["name"]
        return found["state_name"]


def _ran(words: list[str], env: dict[str, str], code: int) -> str:
    done = subprocess.run(words, env=env, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != code:
        raise AssertionError((words[1:4], done.returncode, done.stdout[-800:], done.stderr[-800:]))
    return done.stdout


@contextmanager
def _step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{what} ...", end="", flush=True)
    yield
    print(f" {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """Rehearse everything; what does not hold is an AssertionError with its step."""
    from postgres import server as postgres

    folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        place = stack.enter_context(postgres())
        with _step("PostgreSQL: two databases and a role that appends"):
            ledger = _databases(folder, place)
        with _step("Prefect server on PostgreSQL"):
            database = f"postgresql+asyncpg://owner@/prefect?{place}"
            server = stack.enter_context(prefect_server(folder, database))
        try:
            _rehearse(Rehearsal(folder, folder / "home", server), ledger)
        except BaseException:
            for log in (*folder.glob("*.log"), Path(place.removeprefix("host=")) / "log"):
                print(f"\n{log.name}:\n{log.read_text('utf-8', 'replace')[-1500:]}", flush=True)
            raise
    print("rehearsed")
    return 0


def _databases(folder: Path, place: str) -> str:
    """Make them as the guide says; the URL of the role that appends to the ledger."""
    from databases import raw
    from sqlalchemy import create_engine, text

    address = f"postgresql+psycopg://owner@/postgres?{place}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")  # no database in a transaction
    with engine.connect() as connection:
        for name in ("doj_ledger", "prefect"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    owner = f"postgresql+psycopg://owner@/doj_ledger?{place}"
    raw(owner, "CREATE ROLE doj_append LOGIN")
    words = [program("doj-release"), "ledger", "schema", "--role", "doj_append"]
    for statement in _ran(words, environment(folder), 0).split(";\n\n")[1:-1]:
        raw(owner, statement)
    return owner.replace("owner@", "doj_append@")


def _rehearse(on: Rehearsal, ledger: str) -> None:
    assert refuses_without_password(on.server)
    with _step("A home on PostgreSQL; three releases through the standing server"):
        size = ("--records", 3000, "--cohort", 200)
        told = on.told("demo", *size, "--ledger", ledger, "--home", on.home)
        _settle(on)
    with ExitStack() as stack:
        with _step("A pool, the deployments, a worker"):
            on.prefect("work-pool", "create", "doj-release", "--type", "process")
            on.prefect("--no-prompt", "deploy", "--all")
            _schedules(on.server)
            words = [program("prefect"), "worker", "start", "--pool", "doj-release"]
            log = on.folder / "worker.log"
            stack.enter_context(running([*words, "--limit", "2"], on.env, log))
        project = next(r["project"] for r in told["releases"] if r["kind"] == "deidentified")
        _release(on, project)
        _two_runs(on, project)
        _cancelled(on, project)
        _doctor(on)


def _settle(on: Rehearsal) -> None:
    settings = on.home / "settings.toml"
    settings.write_text(
        settings.read_text().replace('api_url = ""', f'api_url = "{on.server.url}"')
    )
    auth = on.home / "prefect" / "auth"
    auth.touch(0o600)
    auth.write_text(on.server.secret + "\n")


def _schedules(server: Prefect) -> None:
    for name in ("refresh/refresh-aggregates", "remind/remind"):
        deployment = server.ask(f"deployments/name/{name}", method="GET")
        (schedule,) = deployment["schedules"]
        assert schedule["schedule"]["timezone"] == "America/Los_Angeles"
        assert schedule["active"] is False
        assert deployment["global_concurrency_limit"]["limit"] == 1


def _ordered(on: Rehearsal, project: str) -> str:
    """An order that a person made and nobody has run yet."""
    from pipelines.home import open_home
    from pipelines.office import Office
    from pipelines.releases import Request, order_release

    office = Office(open_home(on.home))
    try:
        return order_release(office, Request(project, "deidentified"))
    finally:
        office.close()


def _release(on: Rehearsal, project: str) -> None:
    with _step("An order by the worker: waits for approval, then is released"):
        order = _ordered(on, project)
        assert on.state_of(order) == "WaitingForApproval"
        on.command("release", "approve", order)
        assert on.state_of(order) == "Released"
        shown = on.told("release", "show", order)
        assert shown["status"] == "recorded"
        assert len(shown["packages"]) == 2
    lines = [
        json.loads(x)
        for x in (on.folder / "worker.log").read_text().splitlines()
        if x.startswith('{"at"')
    ]
    assert {"run_began", "stage_done", "run_ended"} <= {line["event"] for line in lines}
    assert "doj_release_stage_seconds" in (on.home / "logs" / "doj_release.prom").read_text()


def _two_runs(on: Rehearsal, project: str) -> None:
    with _step("Two runs of one deployment: one at a time"):
        order = _ordered(on, project)
        numbers = [on.server.order("release/release", order=order) for _ in range(2)]
        most, states = 0, []
        while len([s for s in states if ended(s)]) < 2:
            states = [on.server.run(n) for n in numbers]
            most = max(most, sum(1 for s in states if s["state_type"] == "RUNNING"))
            time.sleep(0.2)
        assert most == 1, most
        assert {s["state_name"] for s in states} == {"WaitingForApproval"}
        on.command("release", "withdraw", order, "--reason", "other")


def _cancelled(on: Rehearsal, project: str) -> None:
    with _step("A run is cancelled in the middle, and resumed by hand"):
        order = _ordered(on, project)
        number = on.server.order("release/release", order=order)
        stages = on.home / "runs" / order / "stages"
        on.server.until(number, lambda _: (stages / "gate.json").exists())
        on.prefect("flow-run", "cancel", number)
        found = on.server.until(number, ended)
        assert found["state_type"] == "CANCELLED", found["state_name"]
        left = [p.name for p in (on.home / "runs" / order).rglob(".*") if p.name != ".lock"]
        assert left == [], left
        on.command("run", project, "--resume", order, "--no-orchestrator", code=7)


def _doctor(on: Rehearsal) -> None:
    with _step("doctor"):
        found = {f["what"]: f for f in on.told("doctor")}
        for what in (
            "Prefect server",
            "Prefect server's password",
            "ledger",
            "ledger database",
            "permissions",
        ):
            assert found[what]["state"] == "good", found[what]


if __name__ == "__main__":
    sys.exit(main())
