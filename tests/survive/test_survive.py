"""A sample of ``make survive``: aggregated releases in trouble, two commands at once, and the harness itself."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.leak.canaries import REGISTER, Needles
from tests.survive import checks
from tests.survive.checks import Finished
from tests.survive.rounds import boundaries
from tests.survive.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sample() -> str:
    """Rounds in a process of their own: one that forks must have no threads."""
    words = ("--rounds", "5", "--kind", "aggregated")
    done = subprocess.run(
        [sys.executable, "-m", "tests.survive", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_releases_survive_and_are_whole(sample):
    assert "\n0 went wrong; " in sample
    assert "5 rounds, " in sample


def test_the_troubles_really_happened(sample):
    (struck,) = re.findall(r", (\d+) ended a command", sample)
    assert int(struck) >= 2


def test_two_at_once_and_a_restore_drill(sample):
    assert "5 scenes" in sample


# ------------------------------------------------------------------ the harness can fail


def test_a_repeated_stage_is_seen():
    before = Finished({"gate": b"1", "match": b"1", "extract": b"1"})
    later = Finished({"gate": b"2", "match": b"1"})
    assert list(before.repeated(later)) == ["finished stage extract was repeated"]


def test_what_is_left_over_is_seen(tmp_path):
    for name in (
        "runs/R1/stages/.seal.json.77.tmp",
        "outbox/P/R1/.0123456789abcdef.partial",
        "runs/R1/extract/extract.parquet",
        "keys/runs/R1.key",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert len(list(checks.left_over(tmp_path, "R1"))) == 4


def test_plain_text_is_seen_where_it_was_written_in_this_round(tmp_path):
    for name in ("home", "tmp", "cwd"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / "old.json").write_text(REGISTER)
    os.utime(tmp_path / "home" / "old.json", (1, 1))
    (tmp_path / "home" / "new.json").write_text(f"somebody {REGISTER.title()}")
    (tmp_path / "cwd" / "core.123").touch()
    found = list(checks.plaintext(World(tmp_path, {}, Needles()), tmp_path, time.time() - 60))
    assert len(found) == 2
    assert "new.json" in found[0]
    assert "core.123" in found[1]


def test_a_second_package_is_seen(tmp_path):
    for name in ("R1/desk", "R1/data-desk", "R1/desk2"):
        (tmp_path / "outbox" / "P" / name).mkdir(parents=True)
    (complaint,) = checks.packages(tmp_path, "P", "R1", "aggregated")
    assert "desk2" in complaint


def test_boundaries_are_right_before_and_after_a_stages_record_gets_its_name():
    points = (
        "open home/runs/R/stages/.gate.json.7.tmp",
        "os.rename home/runs/R/stages/.gate.json.7.tmp",
        "sql INSERT",
        "os.mkdir home/runs/R/extract",
    )
    assert boundaries(points) == [1, 2]
