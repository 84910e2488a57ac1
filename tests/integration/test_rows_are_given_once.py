"""Two releases of a project's de-identified rows are joined by their references: the second one is the first, or there is none."""

import shutil

import pytest

from tests.in_process import run_here
from tests.survive.world import LAST, world_at

OTHER = ("--years", f"{LAST - 8}-{LAST - 1}")


@pytest.fixture
def command(small_world, tmp_path):
    world = world_at(shutil.copytree(small_world.root, tmp_path / "world"))

    def run(*words):
        return run_here(*words, "--json", home=world.home)

    run.rows = lambda *more: run(*world.wish("deidentified"), *more)
    run.project = world.wish("deidentified")[1]
    return run


def released(command, release):
    assert command("release", "approve", release).code == 0
    return command("run", command.project, "--resume", release, "--no-orchestrator").code


@pytest.fixture
def first(command):
    release = command.rows().json["release"]
    assert released(command, release) == 0
    return release


def test_other_rows_are_refused_until_the_first_are_back(command, first):
    assert command("release", "handover", first, "--to", "lead").code == 0
    refused = command.rows(*OTHER)
    assert refused.code == 3
    assert refused.json["error"]["code"] == "RUN-51"
    assert refused.json["error"]["facts"]["releases"] == [first]
    assert command.rows(*OTHER, "--dry-run").code == 0  # nothing of a trial leaves
    ended = ("withdraw", first, "--reason", "other", "--confirm", first)
    assert command("release", *ended).code == 0
    assert command.rows(*OTHER).code == 3  # lead has it
    back = ("recall_answered", f"recall={first}.lead", "outcome=destroyed")
    assert command("project", "event", command.project, *back).code == 0
    (answer,) = command("ledger", "show", "--kind", "recall_answered").json
    wrong = ("event_corrected", f"event={answer['seq']}", "reason=never_happened")
    assert command("project", "event", command.project, *wrong).code == 0
    assert command.rows(*OTHER).code == 3  # it was taken back: lead has it after all
    assert command("project", "event", command.project, *back).code == 0
    assert command.rows(*OTHER).code == 7


def test_the_same_rows_are_given_again(command, first):
    again = command.rows()
    assert again.code == 7
    assert released(command, again.json["release"]) == 0


def test_of_two_that_wait_the_one_that_leaves_first_stops_the_other(command):
    waiting = [command.rows(*more).json["release"] for more in ((), OTHER)]
    assert [released(command, one) for one in waiting] == [0, 3]
