"""The story, act by act: whole releases and their failures on poisoned rows, by the real commands."""

import csv
import shutil
from datetime import timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from approvals.application.reading import example_application
from crypto.cms.certificates import make_recipient
from crypto.cms.recipients import Recipient
from pipelines.home.home import open_home
from pipelines.operations.reminders import write_letters
from pipelines.session import Session, today
from tests.leak import at_a_cluster, at_the_desk, every
from tests.leak.canaries import COHORT, FREE, REGISTER, poison_register, write_cohort
from tests.leak.story import Driver, Stage

ORDERS = 400
SCOPE = ("GV", "DV", "CH", "WV", "EA", "SV", "CPO")
KINDS = ("identified", "deidentified", "aggregated")
RECIPIENTS = (("lead", "rsa3072"), ("analyst", "p384"))


def registers(stage: Stage, driver: Driver) -> None:
    """A poisoned register is made and loaded, after two that are refused."""
    from synthetic.registers.system import make_system

    source = stage / "inputs" / "register"
    last = today().year - 1
    make_system("CARPOS", source, records=ORDERS, seed=11, first_year=last - 9, last_year=last)
    poison_register(source, stage.needles)
    wrong = stage / "inputs" / "wrong"
    shutil.copytree(source, wrong)
    _spoil(wrong / "order_entry.parquet", "order_code", f"ZZ{REGISTER}")
    _spoil(wrong / "order_party.parquet", "age_at_issue", f"12{REGISTER}")
    _spoil(wrong / "person.parquet", "dob", f"1980-13-{REGISTER}")
    spoilt = [wrong / f"{name}.parquet" for name in ("order_entry", "order_party", "person")]
    stage.run("register", "load", "CARPOS", *spoilt, code=6)
    strange = stage / "inputs" / f"{FREE} of Jane.parquet"
    shutil.copy(source / "person.parquet", strange)
    driver.run("register", "load", "CARPOS", strange, code=6)
    headers = stage / "inputs" / "headers"
    headers.mkdir()
    person = pq.read_table(source / "person.parquet")
    extra = person.append_column(f"Jane {FREE}", pa.nulls(person.num_rows, pa.string()))
    pq.write_table(extra, headers / "person.parquet")
    driver.run("register", "load", "CARPOS", headers / "person.parquet", code=6)
    stage.run("register", "load", "CARPOS", *_files(source))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _spoil(path: Path, column: str, value: str) -> None:
    table = pq.read_table(path)
    values = [
        value if i < 3 else None if v is None else str(v)
        for i, v in enumerate(table[column].to_pylist())
    ]
    index = table.column_names.index(column)
    made = table.set_column(index, column, pa.array(values, pa.string()))
    pq.write_table(made.replace_schema_metadata(table.schema.metadata), path)


def projects(stage: Stage, driver: Driver) -> None:
    """Three projects are approved, with two recipients each."""
    keys = stage / "inputs" / "keys"
    keys.mkdir()
    for member, kind in RECIPIENTS:
        key, certificate = make_recipient(kind, f"Recipient {member}")
        (keys / f"{member}.key").write_bytes(key)
        (keys / f"{member}.pem").write_bytes(certificate)
    for kind in KINDS:
        text = example_application(
            "aggregated" if kind == "aggregated" else "standard",
            on=today(),
            kind=None if kind == "aggregated" else kind,
        )
        scope = ", ".join(f'"{family}"' for family in SCOPE)
        text = text.replace('order_scope = ["GV"]', f"order_scope = [{scope}]")
        (stage / "inputs" / f"{kind}.toml").write_text(text)
        driver.run("project", "submit", stage / "inputs" / f"{kind}.toml")
    listed = stage.run("--json", "project", "list").json
    stage.numbers = {row["kinds"][0]: row["project_number"] for row in listed}
    for kind, number in stage.numbers.items():
        driver.run("project", "approve", number)
        _checks(stage, driver, kind, number)
        members = ("desk", "data-desk") if kind == "aggregated" else ("lead", "analyst")
        for member, (holder, _) in zip(members, RECIPIENTS, strict=True):
            driver.run("recipient", "add", number, keys / f"{holder}.pem", "--member", member)
    for holder, _ in RECIPIENTS:
        fingerprint = Recipient.from_pem((keys / f"{holder}.pem").read_bytes(), on=today())
        driver.run("recipient", "confirm", fingerprint.fingerprint)


def _checks(stage: Stage, driver: Driver, kind: str, number: str) -> None:
    """What the Department finds out about the team, and the researcher's letter, of whatever words."""
    if kind == "aggregated":
        return
    event = ("project", "event", number)
    for member in ("lead", "analyst"):
        who = f"member={member}"
        driver.run(*event, "background_check", who, "outcome=passed", "reference=c-1")
        driver.run(*event, "person_confirmed", who, "what=background_check")
    letter = stage / "inputs" / f"letter {FREE}.pdf"
    letter.write_text(f"{FREE}\n")
    driver.run(*event, "checks_verified", "members=analyst", "--file", f"letter={letter}")


def cohorts(stage: Stage, driver: Driver) -> None:
    """Files that are refused, then the poisoned cohort."""
    project = stage.numbers["identified"]
    inputs = stage / "inputs"
    stage.cohort = write_cohort(
        inputs / f"cohort of {FREE}.csv", inputs / "register", stage.needles
    )
    lines = stage.cohort.path.read_text("utf-8").splitlines(keepends=True)
    with stage.cohort.path.open(encoding="utf-8", newline="") as given:
        rows = list(csv.reader(given))
    wrong: dict[str, list[list[str]]] = {
        "stray": [[*rows[0], f"Jane {COHORT}"], *([*row, f"x{COHORT}"] for row in rows[1:9])],
        "headless": rows[1:9],
        "twice": [*rows[:9], *rows[1:3]],
        "ragged": [*rows[:9], [*rows[1], COHORT, COHORT]],
    }
    for name, table in wrong.items():
        path = inputs / f"{name} {FREE}.csv"
        with path.open("w", encoding="utf-8", newline="") as sink:
            csv.writer(sink).writerows(table)
        driver.run("cohort", "add", project, path, code=6)
    (inputs / "torn.csv").write_text(lines[0] + '"' + "".join(lines[1:4]))
    stage.run("cohort", "add", project, inputs / "torn.csv", code=6)
    (inputs / "map.toml").write_text(f'[cohort]\nlast_name = "Jane {FREE}"\n')
    words = ("cohort", "add", project, stage.cohort.path)
    driver.run(*words, "--columns", inputs / "map.toml", code=6)
    (inputs / "bad.toml").write_text(f'[cohort]\n{FREE} = "last_name"\n= {FREE}')
    driver.run(*words, "--columns", inputs / "bad.toml", code=6)
    unregistered = ("run", project, "--kind", "identified", "--cohort")
    stage.run(*words)
    driver.run("cohort", "confirm", project)
    with (inputs / "other.csv").open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows(rows[:40])
    driver.run(*unregistered, inputs / "other.csv", "--no-orchestrator", code=3)


# Two years of two dimensions take seconds where ten of all take a minute, and go the same way.
_WISHES = {
    "aggregated": ("--years", f"{today().year - 2}-{today().year - 1}", "--dims", "county,family")
}


def releases(stage: Stage, driver: Driver) -> None:
    """One release of each kind through Prefect: ordered, reviewed, approved, sealed."""
    for kind in KINDS:
        number = stage.numbers[kind]
        done = driver.run("run", number, "--kind", kind, *_WISHES.get(kind, ()), code=7)
        release = newest(stage, number)
        stage.releases[kind] = release
        if kind == "identified":
            assert "review" in done.out
            at_the_desk.pages(stage)
            at_the_desk.forms(stage)
            _review(stage, driver, release)
            driver.run("run", number, "--resume", release, code=7)
        if kind == "aggregated":
            _return(stage, driver, number, release)
        driver.run("release", "approve", release)
        driver.run("run", number, "--resume", release)
    stage.run("release", "handover", stage.releases["identified"], "--to", "lead")


def _return(stage: Stage, driver: Driver, number: str, release: str) -> None:
    """An approver returns a release in words of whatever kind; the engineer answers in such, too."""
    said = stage / "inputs" / "comment"
    said.write_text(f"see the cell of {FREE}\n")
    driver.run("release", "return", release, "--comment", said)
    driver.run("run", number, "--resume", release, code=7)
    driver.run("release", "answer", release, "--comment", said)


def newest(stage: Stage, project: str) -> str:
    """The release of a project that was ordered last."""
    return max(path.name for path in (stage / "home" / "runs").glob(f"{project}-*"))


def _review(stage: Stage, driver: Driver, release: str) -> None:
    sheet = stage / "allowed" / "sheet.xlsx"
    weights = stage / "allowed" / "weights.html"
    stage.run("review", release, "--export", sheet, "--weights", weights)
    spoilt = stage / "allowed" / "spoilt.xlsx"
    book = openpyxl.load_workbook(sheet)
    page = book.active
    head = [str(cell.value).lower() for cell in page[1]]
    column = next(i for i, name in enumerate(head, start=1) if "decision" in name)
    for row in range(2, page.max_row + 1):
        page.cell(row, column).value = f"maybe {FREE}"
    book.save(spoilt)
    driver.run("review", release, "--import", spoilt, code=6)
    for row in range(2, page.max_row + 1):
        page.cell(row, column).value = ("same", "different", "unsure")[row % 3]
    book.save(sheet)
    stage.run("review", release, "--import", sheet)


def failures(stage: Stage, driver: Driver) -> None:
    """Stages that break with a value in their exception, through Prefect and without it."""
    identified, aggregated = stage.numbers["identified"], stage.numbers["aggregated"]
    run = ("run", identified, "--kind", "identified", "--doubtful", "exclude")
    ruins = (
        ("intake", "chain", ()),
        ("match", "value", ()),
        ("match", "arrow", ("--no-orchestrator",)),
        ("extract", "database", ()),
        ("extract", "file", ("--no-orchestrator",)),
        ("summary", "value", ()),
    )
    for where, how, words in ruins:
        ruin = {"where": where, "how": how, "text": stage.canary(where)}
        driver.run(*run, *words, ruin=ruin, code=7 if where == "summary" else 1)
    spoilt = {"where": "extract values", "how": "", "text": f"{REGISTER}"}
    driver.run(*run, ruin=spoilt, code=4)
    other = ("run", stage.numbers["deidentified"], "--kind", "deidentified")
    driver.run(*other, "--no-orchestrator", ruin=spoilt, code=4)
    driver.run(
        "release", "withdraw", newest(stage, stage.numbers["deidentified"]), "--reason", "other"
    )
    year = str(today().year)
    driver.run("run", aggregated, "--kind", "aggregated", "--years", year, code=3)
    driver.run("run", aggregated, "--kind", "identified", code=3)


def alone(stage: Stage, driver: Driver) -> None:
    """Linkage and disclosure control on files, done and refused."""
    inputs, outputs = stage / "inputs", stage / "outputs"
    assert stage.cohort is not None
    records = inputs / "records.csv"
    people = [
        {"record_id": str(i)} | {k: v for k, v in row.items() if k != "cohort_id"}
        for i, row in enumerate(stage.cohort.rows)
    ]
    with records.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, list(dict.fromkeys(k for row in people for k in row)))
        writer.writeheader()
        writer.writerows(people)
    cohort = stage.cohort.path
    stage.run("tools", "match", cohort, records, "--out", outputs / "LINKS.parquet")
    pair = f"{stage.cohort.rows[0]['cohort_id']},0"
    words = ("--out", stage / "allowed" / "LINKS.parquet", "--explain", pair)
    stage.run("tools", "match", cohort, records, *words, allowed=True)
    driver.run("tools", "match", cohort, cohort, "--out", outputs / "not.parquet", code=6)
    driver.run(
        "tools",
        "match",
        cohort,
        records,
        "--out",
        outputs / "not.parquet",
        "--cohort-id",
        "x",
        code=6,
    )
    cells = inputs / "cells.csv"
    cells.write_text(f"name,count\n{FREE}A,12\n{FREE}B,twelve {FREE}\n")
    words = (cells, "--dims", "name", "--count", "count")
    driver.run("tools", "suppress", *words, "--out", outputs / "cells.csv", code=6)
    driver.run("tools", "audit", *words, code=6)
    cells.write_text(f"name,count\n{FREE}A,12\n{FREE}A,13\n")
    driver.run("tools", "suppress", *words, "--out", outputs / "cells.csv", code=6)
    driver.run("tools", "audit", cells, "--dims", "other", "--count", "count", code=6)


def questions(stage: Stage, driver: Driver) -> None:
    """What people ask afterwards: the ledger, the lists, the state of the machine."""
    release, project = stage.releases["identified"], stage.numbers["identified"]
    stage.run("ledger", "export", "--out", stage / "outputs" / "ledger.jsonl")
    stage.run("--json", "ledger", "show", "--last", "500")
    driver.run("ledger", "verify")
    driver.run("--json", "project", "show", project)
    driver.run("project", "show", project)
    driver.run("--json", "release", "show", release)
    driver.run("register", "list")
    driver.run("deadlines", "--ics")
    stage.run("refresh", "CARPOS", "--project", stage.numbers["aggregated"], "--dry-run")
    stage.run("doctor", code=None)
    driver.run("tools", "verify", stage / "home" / "outbox" / project / release / "lead")
    stage.run("release", "withdraw", release, "--reason", "wrong_data", "--confirm", release)
    _letters(stage, project)
    driver.run("home", "upgrade")
    driver.run("ledger", "verify")
    _moved(stage, driver)


def _moved(stage: Stage, driver: Driver) -> None:
    """The home is backed up and restored where files are searched, and so is what is no backup."""
    archive = stage / "tmp" / "home.tar"
    driver.run("home", "backup", archive)
    driver.run("home", "backup", archive, code=2)
    driver.run(
        "--home", stage / "inputs" / "restored", "home", "restore", archive
    )  # searched as the archive
    wrong = stage / "inputs" / f"{FREE}.tar"
    wrong.write_text(f"no backup {FREE}")
    driver.run("--home", stage / "inputs" / "other", "home", "restore", wrong, code=5)


def _letters(stage: Stage, project: str) -> None:
    with Session(open_home(stage / "home")) as session:
        expires = session.projects.show(project).expires
        assert expires is not None
        assert write_letters(session, expires - timedelta(days=90)) > 0


STORY = (
    registers, projects, cohorts, every.escrow, releases, every.custody, failures, at_a_cluster.workers, alone, questions,
    every.every_command,
)  # fmt: skip
