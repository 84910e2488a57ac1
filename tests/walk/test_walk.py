"""What a person can cause has a code of its own: told by option or place, with the documented exit code, and nothing is left."""

import json
import subprocess
import sys

import pytest

from pipelines.cli.app import tree
from tests.walk.walker import NOT_IN_SCENES, leaves

# What stays though a command could not end: its own, which the next try goes on with or writes over.
KEPT = ("/prefect", "/prefect.db", "/worker", "/.lock", "/name", "/keys/former", "/new", "/out")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walk")
    words = [sys.executable, "-m", "tests.walk.walker", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(rows, *right):
    return [
        (row["command"], row.get("option"), row.get("what") or row.get("scene"), row["exit"], row["err"][:200], row["left"])
        for row in rows
        if not all(one(row) for one in right)
    ]  # fmt: skip


def coded(row):
    """A code of its own, its documented exit, no words of Python."""
    code = row["error"].get("code")
    known = code is not None and code not in {"CLI-01", "CLI-02"}
    return known and row["exit"] == row["error"]["exit"] and "Traceback" not in row["err"]


def named_so(row):
    """By the option that names the file; an input's problem besides."""
    problem = None if row["written"] else row["what"]
    facts = row["error"].get("facts", {})
    return facts.get("option") == row["option"] and problem in (None, facts.get("problem"))


def nothing_left(row):
    return not [path for path in row["left"] if not path.endswith(KEPT)]


@pytest.mark.long
def test_an_input_that_can_not_be_read_is_told_by_its_option(told):
    inputs = [row for row in told if row.get("written") is False]
    named = [
        row
        for row in inputs
        if not row["dir"] or row["what"] in {"no such file or directory", "not a directory"}
    ]
    assert len(inputs) > 100
    assert not wrong(named, coded, nothing_left, named_so, lambda row: row["exit"] == 6)


@pytest.mark.long
def test_an_output_that_can_not_be_written_is_told_by_its_option_and_nothing_was_done(told):
    outputs = [
        row for row in told if row.get("written") and (row["dir"], row["what"]) != (True, "folder")
    ]
    assert len(outputs) > 30
    assert not wrong(outputs, coded, named_so, nothing_left, lambda row: row["exit"] == 2)


@pytest.mark.long
def test_a_disk_a_home_or_a_database_in_trouble_has_its_own_code(told):
    failed = [row for row in told if "scene" in row and row["exit"] and row["command"] != "doctor"]
    verdicts = {"project check"}  # exit 3 with its reasons: that is its answer
    rows = [row for row in failed if row["command"] not in verdicts or row["error"]]
    assert not wrong(rows, coded, nothing_left)
    scenes = {row["scene"] for row in failed}
    assert len(scenes) == 19


@pytest.mark.long
def test_what_is_wrong_with_the_database_is_said(told):
    problems = {
        row["scene"]: row["error"].get("facts", {})
        for row in told
        if row.get("command") == "ledger show"
        and row.get("scene", "").startswith(("ledger ", "no "))
    }
    said = {scene: facts.get("problem") for scene, facts in problems.items()}
    assert said["ledger postgresql+psycopg://nobody@127.0.0.1:1/none"] == "no connection"
    assert (
        said["ledger mysql://127.0.0.1/y"] == said["ledger nonsense"] == "not the URL of a database"
    )
    assert said["no psycopg"] == "psycopg is not installed"


@pytest.mark.long
def test_a_server_that_is_down_is_named_by_its_own_code(told):
    said = {
        (row["command"], row["scene"]): row["error"].get("code")
        for row in told
        if row.get("scene", "").startswith("no ") and row["exit"]
    }
    assert said["bucket sweep", "no bucket"] == "BUCKET-03"
    assert said["deployment worker", "no Prefect"] == "FLOW-01"
    assert said["deployment worker", "no bucket"] == "FLOW-04"


@pytest.mark.long
def test_the_doctor_ends_whatever_is_closed(told):
    seen = [row for row in told if row.get("command") == "doctor" and "scene" in row]
    assert len(seen) == 19
    assert not [
        row for row in seen if row["error"] and row["error"]["code"] in {"CLI-01", "HOME-06"}
    ]
    none = next(row for row in seen if row["scene"] == "not one file")  # it can not even begin
    assert (none["error"]["code"], none["error"]["facts"]["what"]) == ("RUN-30", "disk")


@pytest.mark.long
def test_every_command_was_walked(told):
    walked = {row["command"] for row in told if row.get("scene") == "full disk"}
    assert walked == {name for name, _ in leaves(tree())} - NOT_IN_SCENES
