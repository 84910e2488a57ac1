"""Three users of one machine: what each needs of the home comes and goes through their own descriptors."""

import json
import os

import openpyxl
import pytest

from tests.integration.apart import Apart, why_not

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


def decide(path) -> int:
    """Fill a reviewer's sheet in; how many pairs."""
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    head = [str(cell.value).lower() for cell in page[1]]
    column = next(i for i, name in enumerate(head, start=1) if "decision" in name)
    for row in range(2, page.max_row + 1):
        page.cell(row, column).value = "same"
    book.save(path)
    return page.max_row - 1


def test_a_release_by_two_people_whose_folders_are_closed(apart):
    project, second = apart.project, apart.folder("second")
    # A second settings file is the administrator's: the walk is of files, not of settings.
    settings = apart.home / "settings.toml"
    settings.write_text(
        settings.read_text()
        .replace("threshold = 0.90", "threshold = 0.999999")
        .replace("approval_names_report = false", "approval_names_report = true")
    )
    ordered = apart.run(
        "engineer", "run", project, "--kind", "identified", "--no-orchestrator", "--json", code=7
    )
    release = ordered.json["release"]
    apart.run("second", "review", release, "--export", "sheet.xlsx")
    apart.holds("second", "sheet.xlsx")
    pairs = decide(second / "sheet.xlsx")
    told = apart.run("second", "review", release, "--import", "./sheet.xlsx", "--json").json
    assert told["same"] == pairs > 0
    resume = ("run", project, "--resume", release, "--no-orchestrator", "--json")
    assert apart.run("engineer", *resume, code=7).json["stage"] == "approve"

    apart.run("second", "release", "report", release, "--out=report.html")
    apart.holds("second", "report.html")
    apart.run("second", "release", "approve", release, code=2)
    apart.run("second", "release", "approve", release, "--report", "report.html")
    apart.run("engineer", *resume)

    apart.run("engineer", "release", "handover", release, "--to", "lead", "--out", "package")
    apart.holds("engineer", "package")
    signer = apart.folder("engineer") / "package" / "department.pem"
    apart.run("engineer", "tools", "verify", "package", "--signer", signer)  # by themselves


def test_checkpoints_calendars_and_streams(apart):
    second = apart.folder("second")
    apart.run("second", "ledger", "checkpoint", "--out", "checkpoint.json")
    apart.run("second", "deadlines", "--out", "due.ics")
    apart.holds("second", "checkpoint.json", "due.ics")
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
