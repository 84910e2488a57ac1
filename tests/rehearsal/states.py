"""What the states of flow runs tell apart: refused, failed validation, waiting for review or approval, released."""

import re
import time
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.apart import decide
from tests.rehearsal.acts import Rehearsal, step
from tests.rehearsal.standing import ended

CALIFORNIA = ZoneInfo("America/Los_Angeles")


def schedules(on: Rehearsal) -> None:
    """They ship inactive; switched on, runs are planned for the hour as California has it."""
    with step("Schedules: shipped inactive, switched on, planned in California's time"):
        for name, hour, minute in (
            ("refresh/refresh-aggregates", 6, 0),
            ("remind/remind", 7, 30),
        ):
            deployment = on.server.ask(f"deployments/name/{name}", method="GET")
            (schedule,) = deployment["schedules"]
            assert schedule["schedule"]["timezone"] == "America/Los_Angeles"
            assert deployment["global_concurrency_limit"]["limit"] == 1
            local = {t.astimezone(CALIFORNIA).time() for t in on.server.planned(name)}
            assert {(t.hour, t.minute) for t in local} == {(hour, minute)}, local


def released(on: Rehearsal, project: str) -> None:
    """An order waits for approval, and is released by running it again; the page shows what happened."""
    with step("An order by the worker: waits for approval, then is released"):
        order = on.ordered(project, "deidentified")
        assert on.state_of(order) == "Waiting for approval"
        on.command("release", "approve", order)
        found = on.run(order)
        assert found["state_name"] == "Released"
        assert found["name"] == f"{order} deidentified"
        shown = on.told("release", "show", order)
        assert shown["status"] == "recorded"
        assert len(shown["packages"]) == 2
        (page,) = on.server.artifacts(found["id"]).values()
        told = (f"doj-release release show {order}", "Released", project, "deidentified")
        assert all(word in page for word in told)
        rows = dict(re.findall(r"^\| (\w+) \| [\d.]+ \| (.+?) \|", page, re.MULTILINE))
        assert list(rows) == ["gate", "extract", "validate", "approve", "seal", "record"]
        assert int(rows["extract"]) > 1000


def refused(on: Rehearsal, project: str) -> None:
    """A project that is suspended meanwhile."""
    with step(
        "The project is suspended: Refused; the suspension is lifted: the same order goes on"
    ):
        order = on.ordered(project, "deidentified")
        on.command("project", "event", project, "project_suspended", "reason=inquiry")
        assert on.state_of(order) == "Refused"
        on.command("project", "event", project, "suspension_lifted")
        assert on.state_of(order) == "Waiting for approval"
        on.command("release", "withdraw", order, "--reason", "other")


def failed(on: Rehearsal, project: str) -> None:
    """Rows that say too much under a limit that nothing meets."""
    with step("Validation fails: ValidationFailed, nothing in the outbox"):
        with on.settled("disclosure", row_max_prosecutor="0.000001"):
            order = on.ordered(project, "deidentified")
            assert on.state_of(order) == "Validation failed"
        assert not (on.home / "outbox" / project / order).exists()
        on.command("release", "withdraw", order, "--reason", "other")


def reviewed(on: Rehearsal, project: str) -> None:
    """A run that ends for a reviewer goes on by running the deployment again, as from the page."""
    with step("Doubtful pairs: waiting for review; decided, and run again from Prefect"):
        with on.settled("linkage", threshold="0.999999"):
            order = on.ordered(project, "identified", doubtful="wait")
            assert on.state_of(order) == "Waiting for review"
            sheet = on.folder / "sheet.xlsx"
            on.command("review", order, "--export", sheet)
            decided = decide(sheet)
            told = on.told("review", order, "--import", sheet)
            assert decided > 0
            assert decided in told.values(), told
            sheet.unlink()
            assert on.state_of(order) == "Waiting for approval"
        on.command("release", "withdraw", order, "--reason", "other")


def one_at_a_time(on: Rehearsal, project: str) -> None:
    """The concurrency limit is strict."""
    with step("Two runs of one deployment: one at a time"):
        order = on.ordered(project, "deidentified")
        numbers = [on.server.order("release/release", order=order) for _ in range(2)]
        most, states = 0, list[dict[str, Any]]()
        while len([s for s in states if ended(s)]) < 2:
            states = [on.server.run(n) for n in numbers]
            most = max(most, sum(1 for s in states if s["state_type"] == "RUNNING"))
            time.sleep(0.2)
        assert most == 1, most
        names = {s["state_name"] for s in states}  # the second took over where the first waited
        assert names == {"Waiting for approval", "Continued"}, states
        on.command("release", "withdraw", order, "--reason", "other")


def cancelled(on: Rehearsal, project: str) -> None:
    """Cancelling cleans up, and the order is resumed."""
    with step("A run is cancelled in the middle, and resumed by hand"):
        order = on.ordered(project, "deidentified")
        number = on.server.order("release/release", order=order)
        stages = on.home / "runs" / order / "stages"
        on.server.until(number, lambda _: (stages / "gate.json").exists())
        on.prefect("flow-run", "cancel", number)
        found = on.server.until(number, ended)
        assert found["state_type"] == "CANCELLED", found["state_name"]
        left = [p.name for p in (on.home / "runs" / order).rglob(".*") if p.name != ".lock"]
        assert left == [], left
        on.command("run", project, "--resume", order, "--no-orchestrator", code=7)
