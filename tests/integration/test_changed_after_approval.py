"""Whatever people read and the ledger pins is found where it was changed: by verifying, by listing, before anything leaves."""

import shutil

import pytest

from tests.in_process import run_here
from tests.survive.world import MEMBERS, world_at


@pytest.fixture
def approved(small_world, tmp_path):
    """A table that was approved and not sealed yet, and the command on its home."""
    world = world_at(shutil.copytree(small_world.root, tmp_path / "world"))
    run = lambda *words: run_here(*words, home=world.home)  # noqa: E731
    release = run(*world.wish("aggregated"), "--json").json["release"]
    assert run("release", "approve", release).code == 0
    return world, release, run


def _asked(world, release, run, *, out=False):
    """Exit code by what was asked: all of it looks, nothing of it passes over what was changed."""
    number = world.numbers["aggregated"]
    words = {
        "verify": ("ledger", "verify"),
        "documents": ("project", "documents", number),
        "show": ("project", "show", number),
    }
    if out:
        member = MEMBERS["aggregated"][0]
        words["handover"] = ("release", "handover", release, "--to", member)
    else:
        words["resume"] = ("run", number, "--resume", release, "--no-orchestrator")
    return {name: run(*said).code for name, said in words.items()}


def test_a_changed_copy_of_what_was_approved_is_found_before_anything_is_sealed(approved):
    world, release, run = approved
    folder = world.home / "projects" / world.numbers["aggregated"] / "reports" / release
    read = sorted(p for p in folder.iterdir() if p.suffix != ".enc")
    assert {"department.html", "recipient.html", "report.json", "explanation.html",
            "explanation.csv"} <= {p.name for p in read}  # fmt: skip
    for path in read:
        before = path.read_bytes()
        for change in (before.replace(b"e", b"3", 1), before + b" ", None):
            path.unlink() if change is None else path.write_bytes(change)
            codes = _asked(world, release, run)
            assert set(codes.values()) == {5}, (path.name, codes)
            path.write_bytes(before)
    shown = run("project", "documents", world.numbers["aggregated"], "--json").json
    assert {"held"} == {row["state"] for row in shown}
    assert f"reports/{release}/explanation.csv" in {row["what"] for row in shown}
    codes = _asked(world, release, run)
    assert codes.pop("resume") == 7  # a second person looks at it again
    assert set(codes.values()) == {0}


def test_nothing_is_handed_over_beside_a_changed_report_or_application(approved):
    world, release, run = approved
    number = world.numbers["aggregated"]
    assert run("run", number, "--resume", release, "--no-orchestrator").code == 0
    project = world.home / "projects" / number
    report = project / "reports" / release / "department.html"
    stored = [next((project / f"{kind}s").iterdir()) for kind in ("application", "report")]
    for path in (report, *stored):
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        codes = _asked(world, release, run, out=True)
        assert set(codes.values()) == {5}, (path.name, codes)
        path.write_bytes(before)
    assert set(_asked(world, release, run, out=True).values()) == {0}
