"""What comes again: people with users of their own, a redeployment, a run that was interrupted, and a new year."""

import json
import os
import signal
import subprocess
import time
from datetime import date
from pathlib import Path

from tests.integration.apart import Apart, a_release, why_not
from tests.rehearsal.acts import Rehearsal, step
from tests.rehearsal.standing import PATIENCE, ROOT, ended, program
from tests.survive.world import make_world_here


def by_three_users(folder: Path) -> None:
    """A service's user, an engineer and a second person, whose folders are closed to one another."""
    with step("Three users: sheet, report and package through their own descriptors"):
        if reason := why_not():
            print(f" left out: {reason};", end="")
            return
        world = make_world_here(folder / "world")
        with Apart(world.home) as apart:
            apart.project = world.numbers["identified"]
            a_release(apart)


def redeployed(on: Rehearsal) -> None:
    """As after an upgrade: what was on is on, what was off is off."""
    with step("Redeployed: the schedule that was switched on is on, the other one is off"):
        found = on.server.ask("deployments/name/remind/remind", method="GET")
        place = f"deployments/{found['id']}/schedules"
        _switch(on, place, active=True)
        on.prefect("--no-prompt", "deploy", "--all")
        for name, active in (("remind/remind", True), ("refresh/refresh-aggregates", False)):
            (schedule,) = on.server.ask(f"deployments/name/{name}", method="GET")["schedules"]
            assert schedule["active"] is active, name
        _switch(on, place, active=False)


def _switch(on: Rehearsal, place: str, *, active: bool) -> None:
    (schedule,) = on.server.ask(place, method="GET")
    on.server.ask(f"{place}/{schedule['id']}", {"active": active}, method="PATCH")
    (schedule,) = on.server.ask(place, method="GET")
    assert schedule["active"] is active


def interrupted(on: Rehearsal, project: str) -> None:
    """Ctrl-C at the terminal of who runs it: the whole group of processes hears it."""
    with step("Ctrl-C in the middle of a run; it says how to go on, and goes on"):
        before = {path.name for path in (on.home / "runs").iterdir()}
        words = [program("doj-release"), "run", project, "--kind", "deidentified"]
        process = subprocess.Popen(
            words, env=on.env, cwd=ROOT, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not (made := [
            path.name for path in (on.home / "runs").iterdir()
            if path.name not in before and (path / "stages" / "gate.json").exists()
        ]):  # fmt: skip
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "no run began"
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        (order,) = made
        assert process.returncode == 130, (process.returncode, out[-800:], err[-800:])
        assert f"run {project} --resume {order}" in err + out, err[-800:]
        on.command("run", project, "--resume", order, code=7)
        on.command("release", "withdraw", order, "--reason", "other")


def new_year(on: Rehearsal, members: dict[str, Path]) -> None:
    """Aggregates up to the year before last are out; the refresh of January brings the last one."""
    with step("A new year: the refresh of every project brings the year that has closed"):
        last = date.today().year - 1
        form = on.folder / "yearly.toml"
        form.write_text(on.command("project", "example", "aggregated"))
        number = on.told("project", "submit", form)["project_number"]
        on.command("project", "approve", number)
        for member, certificate in members.items():
            added = on.told("recipient", "add", number, certificate, "--member", member)
            on.command("recipient", "confirm", added["fingerprint"])
        words = ("run", number, "--kind", "aggregated", "--dims", "family,sex")
        first = on.told(*words, "--years", f"{last - 2}-{last - 1}", code=7)["release"]
        on.command("release", "approve", first)
        on.command("run", number, "--resume", first)
        run = on.server.until(
            on.server.order("refresh/refresh-aggregates", system="CARPOS", project=number), ended
        )
        assert run["state_name"] == "Waiting for approval", json.dumps(run["state"])
        (second,) = (
            r for r in on.told("release", "list", "--project", number) if r["release"] != first
        )
        assert second["years"].endswith(str(last)), second["years"]
        on.command("release", "approve", second["release"])
        assert on.state_of(second["release"]) == "Released"
