"""An approval, or a return, names the report that was read: by digest, by the file, or typed at a terminal."""

import io
import shutil
import sys

import pytest

from pipelines.cli.console import Console
from tests.in_process import run_here
from tests.survive.world import world_at


@pytest.fixture
def standing(small_world, tmp_path):
    """A home of one's own whose release waits for approval, and the command on it."""
    world = world_at(shutil.copytree(small_world.root, tmp_path / "world"))
    done = run_here(*world.wish("deidentified"), "--json", home=world.home)
    assert done.code == 7, done.err
    return done.json["release"], lambda *words: run_here(*words, home=world.home)


@pytest.fixture
def waiting(standing, tmp_path):
    """The same where an approval has to name its report."""
    settings = tmp_path / "world" / "home" / "settings.toml"
    said = "approval_names_report = "
    settings.write_text(settings.read_text().replace(f"{said}false", f"{said}true"))
    return standing


def test_the_report_is_named_by_its_digest_or_by_the_file_that_was_read(waiting, tmp_path):
    release, command = waiting
    digest = command("release", "show", release, "--json").json["report"]
    refused = command("release", "approve", release)
    assert (refused.code, "--report" in refused.err) == (2, True)
    for edition in ("department", "recipient", "model"):
        out = tmp_path / edition
        assert command("release", "report", release, "--edition", edition, "--out", out).code == 0
        assert out.stat().st_mode & 0o777 == 0o600
    assert command("release", "report", release, "--out", out).code == 2  # is there already
    assert command("release", "report", release, "--edition", "report", "--out", "x").code == 2
    changed = tmp_path / "changed"
    changed.write_bytes((tmp_path / "department").read_bytes() + b" ")
    for other in ("0" * 64, tmp_path / "recipient", changed):
        assert command("release", "approve", release, "--report", other).code == 5
    assert command("release", "approve", release, "--report", tmp_path / "none").code == 6
    assert command("ledger", "show", "--kind", "release_approved", "--json").json == []
    done = command("release", "approve", release, "--report", tmp_path / "department", "--json")
    assert done.code == 0, done.err
    assert done.json["report"] == digest
    assert done.json["report_file"].endswith(f"{release}/department.html")
    (event,) = command("ledger", "show", "--kind", "release_approved", "--json").json
    assert event["facts"]["report"] == digest


def test_at_a_terminal_the_digest_is_shown_and_its_first_figures_are_asked_for(
    waiting, monkeypatch
):
    release, command = waiting
    digest = command("release", "show", release, "--json").json["report"]
    monkeypatch.setattr(Console, "asks", True)
    for typed, code in (("", 1), ("00000000\n", 5), (f"{digest[:7]}\n", 5), (f"{digest[:8]}\n", 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        done = command("release", "approve", release)
        assert done.code == code, (typed, done.err)
        assert digest in done.err


def test_a_return_names_its_report_too(waiting, tmp_path):
    release, command = waiting
    (tmp_path / "why.txt").write_text("One county alone in row 7.\n")
    digest = command("release", "show", release, "--json").json["report"]
    send = ("release", "return", release, "--comment", tmp_path / "why.txt")
    assert command(*send).code == 2
    assert command(*send, "--report", "0" * 64).code == 5
    assert command(*send[:-1], tmp_path / "none.txt", "--report", digest).code == 6
    assert command(*send, "--report", digest, "--json").json["status"] == "returned"


def test_a_return_waits_for_its_answer_in_a_run_that_is_resumed(standing, tmp_path):
    release, command = standing
    project, why = release.rpartition("-")[0], tmp_path / "why.txt"
    why.write_text("One county alone in row 7.\n")
    digest = command("release", "show", release, "--json").json["report"]
    assert command("release", "return", release, "--comment", why).code == 0
    waits = {one["command"] for one in command("status", "--json").json}
    assert f"doj-release release answer {release} --comment FILE" in waits
    resumed = command("run", project, "--resume", release, "--no-orchestrator", "--json")
    assert (resumed.code, resumed.json["error"]["code"]) == (7, "RUN-41")
    assert command("release", "approve", release, "--report", digest).code == 3
    assert "One county alone in row 7." in command("release", "show", release).out
    assert command("release", "answer", release, "--comment", why).code == 0
    shown = command("release", "show", release, "--json").json
    assert [(r["comment"], r["answer"]) for r in shown["returns"]] == [
        (why.read_text().strip(),) * 2
    ]
    assert command("release", "approve", release, "--report", digest).code == 0
    done = command("run", project, "--resume", release, "--no-orchestrator", "--json")
    assert (done.code, done.json["state"]) == (0, "Released"), done.err
