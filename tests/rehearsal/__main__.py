"""``python -m tests.rehearsal``: docs/operations.md from an empty folder, with real servers, step by step."""

import json
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.rehearsal.acts import Rehearsal, ran, step
from tests.rehearsal.again import by_three_users, interrupted, new_year, redeployed
from tests.rehearsal.shards import sharded
from tests.rehearsal.standing import (
    ROOT,
    environment,
    prefect_server,
    program,
    refuses_without_password,
    running,
)
from tests.rehearsal.states import (
    cancelled,
    failed,
    one_at_a_time,
    refused,
    released,
    reviewed,
    schedules,
)

sys.path.insert(0, str(ROOT / "tests" / "unit" / "approvals"))


def main() -> int:
    """Rehearse everything; what does not hold is an AssertionError with its step."""
    from tests.servers import server as postgres

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds: no server stays behind
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        place = stack.enter_context(postgres())
        by_three_users(folder)
        with step("PostgreSQL: two databases and a role that appends"):
            ledger = _databases(folder, place)
        with step("Prefect server on PostgreSQL"):
            database = f"postgresql+asyncpg://owner@/prefect?{place}"
            server = stack.enter_context(prefect_server(folder, database))
        try:
            _rehearse(Rehearsal(folder, folder / "home", server), ledger)
        except BaseException:
            for log in (
                *folder.glob("*.log"),
                *folder.glob("cluster/*.log"),
                *folder.glob("home/logs/*.jsonl"),
                Path(place.removeprefix("host=")) / "log",
            ):
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
    for statement in ran(words, environment(folder), 0).split(";\n\n")[1:-1]:
        raw(owner, statement)
    return owner.replace("owner@", "doj_append@")


def _rehearse(on: Rehearsal, ledger: str) -> None:
    assert refuses_without_password(on.server)
    with step("A home on PostgreSQL; three releases through the standing server"):
        size = ("--records", 1500, "--cohort", 100)
        told = on.told("demo", *size, "--ledger", ledger, "--home", on.home)
        _settle(on)
    with ExitStack() as stack:
        with step("A pool, the deployments, a worker"):
            on.prefect("work-pool", "create", "doj-release", "--type", "process")
            on.prefect("--no-prompt", "deploy", "--all")
            log = on.folder / "worker.log"
            stack.enter_context(
                running([program("doj-release"), "deployment", "worker"], on.env, log)
            )
            on.server.wait_for("work_pools/doj-release", lambda pool: pool["status"] == "READY")
        made = {r["kind"]: r for r in told["releases"]}
        rows, persons = made["deidentified"]["project"], made["identified"]["project"]
        schedules(on)
        redeployed(on)
        released(on, rows)
        _logged(on)
        refused(on, rows)
        failed(on, rows)
        reviewed(on, persons)
        one_at_a_time(on, rows)
        cancelled(on, rows)
        interrupted(on, rows)
        keys = on.home / "demo" / "keys"
        new_year(on, {member: keys / f"{member}.pem" for member in ("desk", "data-desk")})
        sharded(on, persons, made["identified"]["release"])
        _doctor(on)


def _logged(on: Rehearsal) -> None:
    log = (on.folder / "worker.log").read_text().splitlines()
    events = {json.loads(line)["event"] for line in log if line.startswith('{"at"')}
    assert {"run_began", "stage_done", "run_ended"} <= events
    assert "doj_release_stage_seconds" in (on.home / "logs" / "doj_release.prom").read_text()


def _settle(on: Rehearsal) -> None:
    settings = on.home / "settings.toml"
    settings.write_text(
        settings.read_text().replace('api_url = ""', f'api_url = "{on.server.url}"')
    )
    auth = on.home / "prefect" / "auth"
    auth.touch(0o600)
    auth.write_text(on.server.secret + "\n")


def _doctor(on: Rehearsal) -> None:
    with step("doctor"):
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
