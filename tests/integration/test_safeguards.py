"""Edits between the steps of a release, and a home that is put back after it: found by the real commands."""

import re
import shutil

import pytest

from tests.in_process import run_here
from tests.survive.world import world_at

pytestmark = pytest.mark.long


def edited(home, old, new):
    path = home / "settings.toml"
    before = path.read_text()
    assert len(re.findall(old, before)) >= 1
    path.write_text(re.sub(old, new, before, count=1))
    return lambda: path.write_text(before)


def test_a_threshold_that_is_lowered_between_any_two_steps_is_found(small_world, tmp_path):
    world = world_at(shutil.copytree(small_world.root, tmp_path / "world"))
    outside = tmp_path / "outside"
    outside.mkdir()
    edited(world.home, '(?m)^folder = "" +# a folder of another', f'folder = "{outside}" # a folder of another')  # fmt: skip
    lower = ("(?m)^threshold = 10 ", "threshold = 2 ")

    def command(*words, code=0):
        done = run_here(*words, "--json", home=world.home)
        assert done.code == code, (words, done.out, done.err)
        return done.json

    wish = world.wish("deidentified")
    release = command(*wish, code=7)["release"]
    project = command("release", "show", release)["project_number"]
    resume = ("run", project, "--resume", release, "--no-orchestrator")

    def found(*words):
        put_back = edited(world.home, *lower)
        told = command(*words, code=5)
        error = told.get("error", told)
        assert (error["code"], error["facts"]["settings"]) == ("RUN-19", ["disclosure.threshold"])
        put_back()

    found("release", "approve", release)  # between the report and the approval
    command("release", "approve", release)
    found(*resume)  # between the approval and the hand-over
    command(*resume, code=7)  # what stopped is approved anew
    command("release", "approve", release)
    copy = shutil.copytree(world.home, tmp_path / "copy")
    command(*resume)
    members = command("release", "show", release)["packages"]
    member = members[0]["member"] if isinstance(members, list) else next(iter(members))
    found("release", "handover", release, "--to", member)  # while it stands in the outbox
    put_back = edited(world.home, *lower)
    digest = command("settings", "record")["digest"]
    command("settings", "confirm", digest)
    command("release", "handover", release, "--to", member)  # two people changed them since
    put_back()

    shutil.rmtree(world.home)  # as it was before anything left
    shutil.copytree(copy, world.home)
    world.home.chmod(0o700)
    assert command("ledger", "verify", code=5)["error"]["code"] == "LEDGER-14"
    assert command("status", code=5)["error"]["code"] == "LEDGER-14"
    told = command(*resume, code=5)
    assert told.get("error", told)["code"] == "LEDGER-14"
    assert not (world.home / "outbox" / project / release).exists()
