"""What an engineer does and gets wrong: exit codes, waiting, review, custody, on a real home."""

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from errors import Exit
from pipelines.home.home import open_home
from pipelines.home.processes import locked
from pipelines.orchestration.launch import launch_release
from pipelines.release.orders import Request, order_release
from pipelines.session import Session, today

IDENTIFIED, DEIDENTIFIED, AGGREGATED = "2026-001", "2026-002", "2026-003"


@pytest.fixture(autouse=True)
def numbers(demo):
    """Project numbers carry the year in which the demonstration ran."""
    global IDENTIFIED, DEIDENTIFIED, AGGREGATED
    IDENTIFIED, DEIDENTIFIED, AGGREGATED = (
        demo.release(kind)["project"] for kind in ("identified", "deidentified", "aggregated")
    )


def kinds(home: Path) -> list[str]:
    with sqlite3.connect(home / "ledger.sqlite3") as con:
        return [row[0] for row in con.execute("SELECT kind FROM events ORDER BY seq")]


def outbox(home: Path) -> set[str]:
    return {p.relative_to(home).as_posix() for p in (home / "outbox").rglob("*")}


# ------------------------------------------------------------------ refused, with every reason


def test_the_gate_refuses_with_all_reasons_and_sections(command, copied):
    before = outbox(copied)
    done = command("run", AGGREGATED, "--kind", "identified", "--no-orchestrator", "--json")
    assert done.code == 3
    text = done.json["error"]["text"]
    assert "§ 963(b)" in text
    assert "§ 963(a)" in text
    assert outbox(copied) == before
    assert kinds(copied)[-1] == "gate_refused"


def test_a_year_that_has_not_ended_is_refused(command):
    year = today().year
    done = command(
        "run", AGGREGATED, "--kind", "aggregated", "--years", f"{year}", "--no-orchestrator"
    )
    assert done.code == 3
    assert "§ 962(b)" in done.err


def test_a_cohort_that_is_not_registered_is_refused(command, demo, tmp_path):
    other = tmp_path / "other.csv"
    lines = (demo.home / "demo" / "cohort.csv").read_text().splitlines()
    other.write_text("\n".join(lines[:50]) + "\n")
    done = command(
        "run", IDENTIFIED, "--kind", "identified", "--cohort", other, "--no-orchestrator"
    )
    assert done.code == 3
    assert "§ 963(a)(3)" in done.err


def test_project_check_answers_for_another_day(command):
    assert command("project", "check", IDENTIFIED, "--kind", "identified").code == 0
    done = command(
        "project", "check", IDENTIFIED, "--kind", "identified", "--on", "2031-01-02", "--json"
    )
    assert done.code == 3
    assert {r["section"] for r in done.json["reasons"]} & {"§ 964(b)"}


def test_a_suspended_project_gets_nothing(command, copied):
    assert command("project", "event", IDENTIFIED, "project_suspended", "reason=inquiry").code == 0
    done = command("run", IDENTIFIED, "--kind", "identified", "--no-orchestrator")
    assert done.code == 3
    assert "§ 968(c)" in done.err


# ------------------------------------------------------------------ input that can't be used


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("no-ids.csv", "last_name,birth_date\nDOE,1990-01-01\n", "MATCH-01"),
        ("twice.csv", "cohort_id,last_name\n1,DOE\n1,ROE\n", "MATCH-03"),
        ("stray.csv", "cohort_id,last_name,Jane Canary\n1,DOE,x\n", "INTAKE-01"),
        ("blank-id.csv", "cohort_id,last_name\n1,DOE\n,ROE\n", "MATCH-02"),
        ("empty.csv", "", "TABLE-"),
        ("nobody.csv", "cohort_id,sex\n1,F\n", "INTAKE-02"),
    ],
)
def test_files_that_can_not_be_used(command, tmp_path, name, content, code):
    path = tmp_path / name
    path.write_text(content)
    for words in (
        ("cohort", "add", IDENTIFIED, path),
        ("run", IDENTIFIED, "--kind", "identified", "--cohort", path, "--no-orchestrator"),
    ):
        done = command(*words)
        assert done.code == 6, done.err
        assert done.err.startswith(code)
        assert "Canary" not in done.err


def test_a_folder_and_a_missing_file_are_not_read(command, tmp_path):
    for path in (tmp_path, tmp_path / "missing.csv"):
        done = command("cohort", "add", IDENTIFIED, path)
        assert done.code == 6
        assert str(tmp_path) not in done.err


def test_usage_errors(command):
    assert command("run", IDENTIFIED).code == 2
    assert command("run", IDENTIFIED, "--kind", "everything").code == 2
    assert command("run", IDENTIFIED, "--kind", "aggregated", "--years", "then").code == 2
    assert command("run", IDENTIFIED, "--resume", f"{IDENTIFIED}-R999").code == 2
    assert command("release", "show").code == 2


def test_a_mapped_cohort_keeps_its_map_and_its_overlap_is_told(command, copied, demo, tmp_path):
    lines = (demo.home / "demo" / "cohort.csv").read_text().splitlines()[:41]
    path, columns = tmp_path / "again.csv", tmp_path / "MAP.toml"
    path.write_text("\n".join([lines[0].replace("last_name", "called"), *lines[1:]]) + "\n")
    columns.write_text('[cohort]\nlast_name = "called"\n')
    assert command("cohort", "add", IDENTIFIED, path).code == 6
    assert command("cohort", "add", IDENTIFIED, path, "--columns", columns).code == 0
    assert command("cohort", "confirm", IDENTIFIED).code == 0
    words = ("run", IDENTIFIED, "--kind", "identified", "--cohort", path, "--doubtful", "exclude")
    done = command(*words, "--no-orchestrator", "--json")
    assert done.code == 7, done.err
    events = command("ledger", "show", "--kind", "intake_taken", "--json").json
    assert events[-1]["facts"]["overlap"] == 40
    other = tmp_path / "OTHER.toml"
    other.write_text('[cohort]\nlast_name = "first_name"\nfirst_name = "called"\n')
    assert command(*words, "--columns", other, "--no-orchestrator").code == 2


# ------------------------------------------------------------------ encodings, bad values


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_cohort_of_another_encoding_is_read(tmp_path, encoding, delimiter):
    path = tmp_path / "cohort.csv"
    rows = ["cohort_id;last_name;birth_date", "1;Núñez;1990-01-31", "2;Müller;1985-12-01"]
    path.write_bytes("\r\n".join(row.replace(";", delimiter) for row in rows).encode(encoding))
    from matching.tables import ColumnMap
    from pipelines.cohort.reading import read_cohort

    cohort = read_cohort(path, ColumnMap()).read()
    assert cohort["last_name"].to_pylist() == ["Núñez", "Müller"]


# ------------------------------------------------------------------ review, approval, resume


def register_cohort(command, path: Path) -> None:
    assert command("cohort", "add", IDENTIFIED, path).code == 0
    assert command("cohort", "confirm", IDENTIFIED).code == 0


@pytest.fixture
def waiting(copied, command):
    """A release that waits for a reviewer: its first three pairs are doubtful, and no others."""
    session = Session(open_home(copied))
    release = order_release(session, Request(IDENTIFIED, "identified", doubtful="wait"))
    from matching.linking.linking import link_sources

    linked = link_sources

    def doubtful(*words, **named):
        result = linked(*words, **named)
        sure = [i for i, d in enumerate(result.links["decision"].to_pylist()) if d == "link"]
        table = result.links.take(pa.array(sure))
        decision = pa.array(["review" if i < 3 else "link" for i in range(len(sure))])
        table = table.set_column(table.column_names.index("decision"), "decision", decision)
        result.__dict__["links"] = table  # made when it is first asked for
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.release.stages.match.link_sources", doubtful)
        outcome = launch_release(session.home, release, orchestrated=False)
    session.close()
    assert outcome.exit is Exit.WAITING, outcome.text
    assert outcome.stage == "review"
    return release


def test_a_reviewer_settles_doubtful_pairs(command, copied, waiting, tmp_path):
    sheet = tmp_path / "sheet.xlsx"
    assert command("review", waiting, "--export", sheet).code == 0
    assert sheet.stat().st_mode & 0o777 == 0o600
    assert command("review", waiting, "--import", sheet).code == 6  # nothing decided yet
    book = openpyxl.load_workbook(sheet)
    page = book.active
    head = [cell.value for cell in page[1]]
    column = next(i for i, name in enumerate(head, start=1) if "decision" in str(name).lower())

    def fill(*words, code=0):
        for i, word in enumerate(words, start=2):
            page.cell(i, column).value = word
        book.save(sheet)
        done = command("review", waiting, "--import", sheet, "--json")
        assert done.code == code, done.err
        return done.json

    def events(kind):
        return len(command("ledger", "show", "--release", waiting, "--kind", kind, "--json").json)

    left = {"same": 1, "different": 1, "unsure": 0, "new": 2, "changed": 0, "open": 1}
    assert fill("same", "different", None).items() >= left.items()
    assert (events("pair_decided"), events("sheet_imported")) == (2, 0)
    stays = command("run", IDENTIFIED, "--resume", waiting, "--no-orchestrator", "--json")
    assert (stays.code, stays.json["error"]["facts"]["undecided"]) == (7, 1)
    assert fill("same", "different").items() >= (left | {"new": 0}).items()
    assert fill("same", "diferent", "same", code=6)["error"]["facts"]["nearest"] == ["different"]
    assert fill("different", None, None)["changed"] == 1  # what is empty stays as it was decided
    assert fill("same", None, None)["changed"] == 1
    assert (events("pair_decided"), events("sheet_imported")) == (4, 0)
    done = fill("same", "different", "unsure")
    assert (done["new"], done["changed"], done["open"]) == (1, 0, 0)
    assert (events("pair_decided"), events("sheet_imported")) == (5, 1)
    again = command("run", IDENTIFIED, "--resume", waiting, "--no-orchestrator", "--json")
    assert again.code == 7
    assert again.json["stage"] == "approve"
    assert fill("same", "different", "unsure")["new"] == 0
    assert fill("same", "same", "unsure", code=2)["error"]["code"] == "RUN-22"
    assert (events("pair_decided"), events("sheet_imported")) == (5, 1)
    assert command("review", waiting, "--undo").code == 2  # the run has gone on with it
    assert "pair_decided" in kinds(copied)
    assert "sheet_imported" in kinds(copied)


def test_a_release_that_is_over_has_nothing_to_review(command, demo, tmp_path):
    over = command(
        "review", demo.release("identified")["release"], "--export", tmp_path / "no.xlsx", "--json"
    )
    assert (over.code, over.json["error"]["code"]) == (3, "RUN-07")


@pytest.mark.long
def test_a_run_starts_from_the_homes_own_model(copied):
    from matching.model.model import prior_model
    from matching.model.saved import saved_text

    home = open_home(copied)
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace('model = ""', 'model = "spring.json"'))
    with Session(home) as session:
        release = order_release(session, Request(IDENTIFIED, "identified", doubtful="exclude"))
    missing = launch_release(home, release, orchestrated=False)
    assert "MATCH-22" in missing.text
    (home.root / "spring.json").write_text(saved_text(prior_model(100, 100).m, 0.3, {}))
    launch_release(home, release, orchestrated=False)
    (report,) = (home.runs / release).rglob("LINKS.json")
    assert "saved model" in json.loads(report.read_text())["prior"]["source"]


def test_a_later_choice_leaves_the_doubtful_out(command, waiting):
    done = command(
        "run",
        IDENTIFIED,
        "--resume",
        waiting,
        "--doubtful",
        "exclude",
        "--no-orchestrator",
        "--json",
    )
    assert done.code == 7
    assert done.json["stage"] == "approve"


def test_dry_run_stops_after_validation(command, copied):
    before = outbox(copied)
    done = command(
        "run", DEIDENTIFIED, "--kind", "deidentified", "--dry-run", "--no-orchestrator", "--json"
    )
    assert done.code == 0, done.err
    assert done.json["stage"] == "validate"
    assert Path(done.json["report"]).is_file()
    assert outbox(copied) == before


def test_nothing_is_sealed_without_approval_and_nothing_after_withdrawal(command, copied):
    before = outbox(copied)
    done = command("run", DEIDENTIFIED, "--kind", "deidentified", "--no-orchestrator", "--json")
    release = done.json["release"]
    assert done.code == 7
    assert command("run", DEIDENTIFIED, "--resume", release, "--no-orchestrator").code == 7
    assert outbox(copied) == before
    assert command("release", "withdraw", release, "--reason", "other").code == 0
    assert command("release", "approve", release).code == 3
    assert command("run", DEIDENTIFIED, "--resume", release, "--no-orchestrator").code == 3
    assert not list((copied / "runs" / release).rglob("*.parquet"))


def test_a_finished_release_resumes_to_nothing(command, copied, demo):
    before = kinds(copied).count("release_recorded")
    release = demo.release("identified")["release"]
    assert command("run", IDENTIFIED, "--resume", release, "--no-orchestrator").code == 0
    assert kinds(copied).count("release_recorded") == before


# ------------------------------------------------------------------ failing validation


def test_a_failing_suite_stops_the_release(copied, tmp_path):
    session = Session(open_home(copied))
    before = outbox(copied)
    release = order_release(session, Request(DEIDENTIFIED, "deidentified"))
    from pipelines.release.content import deidentified

    real = deidentified.build_deidentified

    def repeated(*words, **named):
        made = real(*words, **named)
        table = pa.concat_tables([made.table, made.table.slice(0, 7)])
        return type(made)(table, *[getattr(made, f) for f in list(made.__dataclass_fields__)[1:]])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deidentified, "build_deidentified", repeated)
        outcome = launch_release(session.home, release, orchestrated=False)
    assert outcome.exit is Exit.FAILED
    assert outcome.stage == "validate"
    assert outbox(copied) == before
    assert str(session.releases.show(release).status) == "failed"
    report = copied / "projects" / DEIDENTIFIED / "reports" / release / "department.html"
    assert "Not so:" in report.read_text()
    with pytest.raises(Exception, match="APPROVAL-"):
        session.releases.approve(release, session.person, today())
    session.close()


def test_a_changed_stage_is_an_integrity_error(command, copied):
    done = command("run", DEIDENTIFIED, "--kind", "deidentified", "--no-orchestrator", "--json")
    release = done.json["release"]
    staged = copied / "runs" / release / "extract" / "extract.parquet"
    content = bytearray(staged.read_bytes())
    content[len(content) // 2] ^= 1
    staged.write_bytes(bytes(content))
    assert command("run", DEIDENTIFIED, "--resume", release, "--no-orchestrator").code == 5


def test_somebody_else_holds_the_project(command, copied):
    with locked(copied / "projects" / DEIDENTIFIED):
        done = command("run", DEIDENTIFIED, "--kind", "deidentified", "--no-orchestrator")
    assert done.code == 8
    assert done.err.startswith("RUN-02")


# ------------------------------------------------------------------ custody, ledger, schedules


def test_custody_from_handover_to_destruction(command, copied, demo):
    release = demo.release("identified")["release"]
    assert command("release", "handover", release, "--to", "lead").code == 0
    assert command("release", "handover", release, "--to", "stranger").code != 0
    assert command("release", "receipt", release, "--to", "lead").code == 0
    shown = command("release", "show", release, "--json").json
    assert shown["status"] == "received"
    outbox, ledger = copied / "outbox" / IDENTIFIED / release, kinds(copied)
    for once in (("destroy", release), ("withdraw", release, "--reason", "other")):
        done = command("release", *once, "--json")
        assert (done.code, done.json["error"]["code"]) == (2, "RUN-20")
        assert command("release", *once, "--confirm", "2026-001-R999").code == 2
        seen = command("release", *once, "--dry-run", "--json").json
        assert seen["handed_over_to"] == ["lead"]
        assert seen["copies_here"] == [f"outbox/{IDENTIFIED}/{release}"]
    assert outbox.is_dir()
    assert kinds(copied) == ledger
    assert command("release", "destroy", release, "--confirm", release).code == 0
    assert not (copied / "outbox" / IDENTIFIED / release).exists()
    assert command("ledger", "verify").code == 0


def test_the_ledger_notices_what_somebody_changed(command, copied, tmp_path):
    kept = tmp_path / "checkpoint.json"
    assert command("ledger", "checkpoint", "--out", kept).code == 0
    assert command("ledger", "verify", "--checkpoint", kept).code == 0
    exported = tmp_path / "ledger.jsonl"
    assert command("ledger", "export", "--out", exported).code == 0
    assert len(exported.read_text().splitlines()) == len(kinds(copied))
    with sqlite3.connect(copied / "ledger.sqlite3") as con:
        triggers = [
            r[0] for r in con.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
        ]
        for name in triggers:
            con.execute(f"DROP TRIGGER {name}")
        con.execute("DELETE FROM events WHERE seq = 5")
    done = command("ledger", "verify")
    assert done.code == 5
    assert done.err.startswith("LEDGER-")


def test_a_refresh_publishes_only_what_is_new(command):
    done = command("refresh", "CARPOS", "--project", AGGREGATED, "--dry-run", "--json")
    assert done.code == 0
    assert done.json["new_years"] == []
    assert "published already" in done.json["reason"]
    assert command("refresh", "CARPOS", "--project", AGGREGATED).code == 0


def test_letters_are_written_once(copied):
    from pipelines.operations.reminders import write_letters

    with Session(open_home(copied)) as session:
        day = session.projects.show(IDENTIFIED).expires - timedelta(days=90)  # § 966(i)
        first = write_letters(session, day)
        assert first > 0
        assert write_letters(session, day) == 0


def test_lists_for_people_and_machines(command):
    projects = command("project", "list", "--json").json
    assert {"project_number", "kinds", "state", "expires"} <= set(projects[0])
    assert len(command("release", "list", "--json").json) == 3
    assert len(command("register", "list", "--json").json) == 1
    assert IDENTIFIED in command("project", "list").out
    assert command("deadlines", "--on", "2026-12-01").code == 0
    assert command("deadlines", "--ics").out.startswith("BEGIN:VCALENDAR")
    assert command("doctor", "--json").json


def test_a_real_register_is_refused_by_a_demo_home(command, demo, tmp_path):
    for path in (demo.home / "demo" / "source").glob("*.parquet"):
        table = pq.read_table(path).replace_schema_metadata(None)
        pq.write_table(table, tmp_path / path.name)
    done = command("register", "load", "CARPOS", *sorted(tmp_path.glob("*.parquet")))
    assert done.code == 3
    assert done.err.startswith("HOME-05")


def test_a_register_with_faults_is_refused_whole(command, demo, tmp_path, copied):
    source = tmp_path / "source"
    shutil.copytree(demo.home / "demo" / "source", source)
    orders = pq.read_table(source / "order_entry.parquet")
    codes = ["ZZZ" if i < 3 else c for i, c in enumerate(orders["order_code"].to_pylist())]
    index = orders.column_names.index("order_code")
    meta = orders.schema.metadata
    orders = orders.set_column(index, "order_code", pa.array(codes)).replace_schema_metadata(meta)
    pq.write_table(orders, source / "order_entry.parquet")
    before = set((copied / "register").rglob("*"))
    done = command("register", "load", "CARPOS", *sorted(source.glob("*.parquet")))
    assert done.code == 6, done.err
    assert done.err.startswith("REGISTER-")
    assert "ZZZ" not in done.err
    after = {p for p in (copied / "register").rglob("*") if p.name != ".lock"}
    (problems,) = after - before
    said = "order_entry,order_code,unknown_code,codes that are not in the code list,3,,1 2 3,"
    assert said in problems.read_text()
    assert "ZZZ" not in problems.read_text() + done.out
    assert json.dumps(kinds(copied)[-1]) == '"register_refused"'
    good = sorted((demo.home / "demo" / "source").glob("*.parquet"))
    assert command("register", "load", "CARPOS", *good).code == 0
    assert not problems.exists()


# ------------------------------------------------------------------ what a command loads

AFTER_EACH = """
import sys
from pipelines.cli import main
for words in sys.argv[2:]:
    try: main(["--home", sys.argv[1], *words.split()])
    except SystemExit as ended: code = ended.code
    wrong = {"pandas", "recordlinkage", "sklearn", "great_expectations", "prefect", "distributed", "botocore",
             "pyreadstat", "scipy", "highspy", "duckdb", "openpyxl"} & set(sys.modules)
    print(words, code or 0, sorted(wrong), file=sys.stderr)
"""


def test_common_commands_import_no_library_of_other_commands(copied):
    """One process for all: what any of them loads is still there after the last."""
    one = f"{IDENTIFIED}-R001"
    common = [
        "status", "project list", f"project check {IDENTIFIED}", f"project show {IDENTIFIED}", "release list",
        f"release show {one}", f"release handover {one} --to lead --dry-run", "deadlines", "deadlines --ics", "ledger show",
        "ledger verify", "register list", "switch list", "escrow show", "remind", "home retention --dry-run",
    ]  # fmt: skip
    words = [sys.executable, "-c", AFTER_EACH, str(copied), *common]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    told = [line for line in done.stderr.splitlines() if line.endswith("]")]
    assert [line.rsplit(" ", 2)[0] for line in told] == common
    assert {line.rsplit(" ", 1)[1] for line in told} == {"[]"}
    assert sum(" 0 []" in line for line in told) >= len(common) - 1
