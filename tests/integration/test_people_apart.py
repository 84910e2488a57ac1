"""Three users of one machine: what each needs of the home comes and goes through their own descriptors."""

import json
import os

import pytest

from tests.integration.apart import Apart, a_release, why_not

pytestmark = [pytest.mark.machine("sudo"), pytest.mark.long]


@pytest.fixture(scope="module")
def apart(small_world):
    if reason := why_not():
        assert os.geteuid() == 0 or "CI" not in os.environ, reason
        pytest.skip(reason)
    with Apart(small_world.home) as made:
        made.put("engineer", "cohort.csv", (small_world.root / "cohort.csv").read_text())
        made.project = small_world.numbers["identified"]
        yield made


def test_a_release_by_two_people_whose_folders_are_closed(apart):
    a_release(apart)


def test_checkpoints_and_streams(apart):
    second = apart.folder("second")
    apart.run("second", "ledger", "checkpoint", "--out", "checkpoint.json")
    apart.holds("second", "checkpoint.json")
    streamed = apart.run("second", "ledger", "export", "--out", "-").out
    assert all(json.loads(line) for line in streamed.splitlines())
    apart.run("second", "ledger", "verify", "--checkpoint", "-",
              sent=(second / "checkpoint.json").read_text())  # fmt: skip
    assert sorted(p.name for p in second.iterdir() if p.name.startswith("-")) == []


def test_a_cohort_and_its_map_come_from_the_engineers_own_folder(apart):
    mine = apart.folder("engineer")
    text = (mine / "cohort.csv").read_text()
    apart.put("engineer", "other.csv", text.replace("last_name", "surname", 1))
    apart.put("engineer", "map.toml", '[cohort]\nlast_name = "surname"\n')
    words = ("cohort", "add", apart.project, "other.csv", "--columns", "map.toml", "--json")
    assert apart.run("engineer", *words).json["rows"] > 0


def test_nothing_is_followed_and_nothing_is_left(apart):
    second = apart.folder("second")
    (second / "link.jsonl").symlink_to(apart.home / "new.jsonl")
    apart.run("second", "ledger", "export", "--out", "link.jsonl", code=2)
    assert not (apart.home / "new.jsonl").exists()
    before = set(second.iterdir())
    apart.run("second", "release", "report", "2026-009-R001", "--out", "none.html", code=2)
    assert set(second.iterdir()) == before
    apart.run("second", "ledger", "verify", "--checkpoint", "nothing.json", code=6)
