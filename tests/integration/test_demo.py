"""The main job, end to end: three releases through Prefect, opened by their recipients."""

import csv
import json
import re
import runpy
import shutil
import sqlite3
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import bagit
import jsonschema
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest
from frictionless import Package

from extracts.rows.plan import plan_for
from systems.companions import STATUSES, values_of
from systems.description.loading import load_system
from tests.in_process import run_here
from tests.integration.conftest import ROWS, Demo, doj_release
from tests.screen import ugly

KINDS = ("identified", "deidentified", "aggregated")
MEMBERS = {
    "identified": ("analyst", "lead"),
    "deidentified": ("analyst", "lead"),
    "aggregated": ("data-desk", "desk"),
}


def opened(demo: Demo, kind: str, member: str, into: Path) -> Path:
    """Run the commands that the package's own README prints, one after another, in a clean folder."""
    package, keys = into / "package", demo.home / "demo" / "keys"
    shutil.copytree(demo.package(kind, member), package)
    for source, name in ((f"{member}.key", "my.key"), (f"{member}.pem", "my.pem")):
        shutil.copy(keys / source, package / name)
    shutil.copy(demo.home / "signing.pem", package / "department.pem")
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(into), "LC_ALL": "C"}
    for line in (package / "README.txt").read_text().splitlines():
        if re.match(r"    (openssl|sha256sum|unzip) ", line):
            subprocess.run(
                ["sh", "-c", line], cwd=package, env=clean, check=True, capture_output=True
            )
    return package / "opened"


def test_nothing_of_the_callers_was_opened_or_run(demo):
    assert demo.told["of the caller"] == {"opened": [], "ran": []}


@pytest.mark.parametrize("kind", KINDS)
def test_every_release_went_to_both_kinds_of_key(demo: Demo, kind):
    assert tuple(demo.release(kind)["recipients"]) == MEMBERS[kind]


@pytest.mark.parametrize(("kind", "member"), [(k, m) for k in KINDS for m in MEMBERS[k]])
def test_a_recipient_opens_a_valid_bag(demo: Demo, kind, member, tmp_path):
    bag = opened(demo, kind, member, tmp_path)
    bagit.Bag(str(bag)).validate()
    report = Package(str(bag / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    names = {p.name for p in bag.iterdir()}
    assert {
        "CONDITIONS.txt", "datapackage.json", "dictionary.html", "provenance.json", "RELEASE.txt", "read", "codebook.xml",
        "catalogue.jsonld", "validation-report.html", "ledger-checkpoint.json", "data",
    } <= names  # fmt: skip
    assert ("DESTRUCTION.txt" in names) == (kind != "aggregated")
    code = json.loads((bag / "provenance.json").read_text())["receipt_code"]
    assert f"RECEIPT CODE      {code}\n" in (bag / "RELEASE.txt").read_text()
    frame = runpy.run_path(str(bag / "read" / "extract.py"))["extract"]
    assert len(frame) == pq.read_metadata(bag / "data" / "extract.parquet").num_rows
    parquet = pq.read_table(bag / "data" / "extract.parquet")
    texts = dict.fromkeys(parquet.column_names, "string")
    csv = pv.read_csv(
        bag / "data" / "extract.csv",
        convert_options=pv.ConvertOptions(
            column_types=texts, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    assert csv.num_rows == parquet.num_rows
    assert csv.column_names == parquet.column_names


def test_a_recipient_cannot_open_with_anothers_key(demo: Demo, tmp_path):
    part = next(demo.package("identified", "lead").glob("part-*.cms"))
    keys = demo.home / "demo" / "keys"
    done = subprocess.run(
        ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", part, "-recip", keys / "analyst.pem",
         "-inkey", keys / "analyst.key", "-out", tmp_path / "x"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0


def test_identified_rows_carry_what_was_supplied_and_nothing_personal_more(demo: Demo, tmp_path):
    bag = opened(demo, "identified", "lead", tmp_path)
    extract = pq.read_table(bag / "data" / "extract.parquet")
    cohort = pv.read_csv(
        demo.home / "demo" / "cohort.csv",
        convert_options=pv.ConvertOptions(
            column_types={
                "cohort_id": "string",
                "zip": "string",
                "ssn": "string",
                "phone": "string",
                "birth_date": "string",
            },
            strings_can_be_null=True,
        ),
    )
    assert extract.column_names[0] == "row_id"
    assert all(
        name == "row_id" or name == "matched" or name.startswith(("supplied_", "order_"))
        for name in extract.column_names
    )
    assert set(extract["row_id"].to_pylist()) == {str(i) for i in cohort["cohort_id"].to_pylist()}
    assert cohort.num_rows == ROWS
    by_id = {str(row["cohort_id"]): row for row in cohort.to_pylist()}
    for row in extract.to_pylist():
        given = by_id[row["row_id"]]
        assert row["supplied_last_name"] == given["last_name"]
        assert row["supplied_ssn"] == given["ssn"]
        assert (row["matched"] == "yes") == (row["order_family"] is not None)
    matched = {row["row_id"] for row in extract.to_pylist() if row["matched"] == "yes"}
    assert 0.15 * ROWS < len(matched) < 0.45 * ROWS


def test_matches_are_true_ones(demo: Demo, tmp_path):
    bag = opened(demo, "identified", "lead", tmp_path)
    extract = pq.read_table(bag / "data" / "extract.parquet").to_pylist()
    truth = pq.read_table(next((demo.home / "demo").rglob("truth_cohort.parquet"))).to_pylist()
    real = {row["cohort_id"] for row in truth if row["restrained"]}
    said = {row["row_id"] for row in extract if row["matched"] == "yes"}
    assert len(said & real) / len(said) > 0.97
    assert len(said & real) / len(real) > 0.80


def test_deidentified_rows_have_no_identifier(demo: Demo, tmp_path):
    bag = opened(demo, "deidentified", "analyst", tmp_path)
    extract = pq.read_table(bag / "data" / "extract.parquet")
    names = pq.read_table(demo.home / "demo" / "source" / "person_name.parquet")
    known = {str(v) for column in ("last", "first") for v in names[column].to_pylist()}
    codes = {code for listed in load_system("CARPOS").code_lists for code in listed.values}
    values = {v for column in extract.columns for v in column.to_pylist() if isinstance(v, str)}
    assert not {v for v in (values & known) - codes if len(v) > 3}
    pairs = list(
        zip(extract["person_ref"].to_pylist(), extract["order_ref"].to_pylist(), strict=True)
    )
    assert len(pairs) == len(set(pairs)) > 900


def test_aggregates_hide_small_cells_and_survive_the_audit(demo: Demo, tmp_path):
    bag = opened(demo, "aggregated", "desk", tmp_path)
    table = pq.read_table(bag / "data" / "extract.parquet").to_pylist()
    assert {row["status"] for row in table} == {"published", "suppressed"}
    for row in table:
        if row["status"] == "suppressed":
            assert row["orders"] is None
            assert row["persons"] is None
        else:
            assert row["persons"] == 0 or row["persons"] >= 10
    facts = json.loads(
        (
            demo.home / "runs" / demo.release("aggregated")["release"] / "stages" / "extract.json"
        ).read_text()
    )["facts"]
    assert facts["falls"] == 0


def test_nobody_in_the_rows_is_rarer_than_ten(demo: Demo, tmp_path):
    """By plain loops over what was packaged: all rows of a person, all quasi-identifiers, and why their cells are empty."""
    bag = opened(demo, "deidentified", "lead", tmp_path)
    rows = pq.read_table(bag / "data" / "extract.parquet").to_pylist()
    columns = values_of(tuple(rows[0]))
    quasi = set(plan_for(load_system("CARPOS"), "deidentified", columns).quasi_identifiers)
    assert {row["order_service_year_status"] for row in rows} <= set(STATUSES)
    quasi |= {f"{name}_status" for name in quasi}
    history: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        seen = tuple(str(value) for name, value in row.items() if name in quasi)
        history.setdefault(row["person_ref"], []).append(seen)
    assert min(Counter(tuple(sorted(one)) for one in history.values()).values()) >= 10


def test_the_explanation_of_a_table_stays_with_the_department(demo: Demo, tmp_path):
    kept = Path(demo.release("aggregated")["report"]).parent
    for name in ("explanation.html", "explanation.csv"):
        assert (kept / name).stat().st_mode & 0o777 == 0o600
    reasons = list(csv.DictReader((kept / "explanation.csv").open()))
    assert {row["reason"] for row in reasons} == {"primary", "secondary"}
    for member in MEMBERS["aggregated"]:
        (tmp_path / member).mkdir()
        bag = opened(demo, "aggregated", member, tmp_path / member)
        inside = [path for path in bag.rglob("*") if path.is_file()]
        assert not [p.name for p in inside if p.stem in {"explanation", "proposals", "cells"}]
        sheets = [zipfile.ZipFile(p) for p in inside if p.suffix == ".xlsx"]
        texts = [p.read_bytes() for p in inside] + [s.read(n) for s in sheets for n in s.namelist()]
        told = re.compile(rb"\bsecondary\b|attacker is left with")  # not "postsecondary", a school
        assert not [t for t in texts if told.search(t)]
        table = pq.read_table(bag / "data" / "extract.parquet")
        assert not {"reason", "low", "high"} & set(table.column_names)


def test_the_ledger_says_what_happened_and_holds(demo: Demo):
    assert doj_release("ledger", "verify", home=demo.home).code == 0
    with sqlite3.connect(demo.home / "ledger.sqlite3") as con:
        kinds = [row[0] for row in con.execute("SELECT kind FROM events ORDER BY seq")]
    assert kinds[0] == "home_created"
    assert kinds.count("release_recorded") == 3
    assert kinds.count("package_sealed") == 6
    assert kinds.count("release_approved") == 3


@pytest.mark.parametrize(
    "words",
    [
        "status", "status --all", "project list", "project show {}", "project history {}", "project check {}",
        "release list", "release show {}-R001", "release disclosures", "release destroy {}-R001 --dry-run",
        "register list", "ledger show", "ledger verify", "deadlines", "doctor", "switch list", "keys show",
        "home retention --dry-run", "remind --dry-run", "refresh CARPOS --dry-run",
    ],
)  # fmt: skip
def test_answers_are_whole_at_eighty_columns(copied: Path, words):
    done = run_here(*words.format("2026-001").split(), home=copied, terminal=True, COLUMNS="80")
    assert done.code in (0, 3)
    assert ugly(done.out + done.err) == []


def test_status_says_what_waits_and_the_command_that_does_it(copied: Path):
    found = run_here("status", "--json", home=copied).json
    commands = [one["command"] for one in found if "handover" in one["command"]]
    assert len(commands) == 6  # three packages, to two members each
    assert run_here(*commands[0].split()[1:], home=copied).code == 0
    left = [one["command"] for one in run_here("status", "--json", home=copied).json]
    assert commands[0] not in left
    assert set(commands[1:]) <= set(left)


def test_nothing_staged_is_left(demo: Demo):
    left = list((demo.home / "runs").rglob("*.parquet"))
    assert left == []
    assert list((demo.home / "keys" / "runs").iterdir()) == []


def test_a_flipped_byte_is_found_before_decryption(demo: Demo, copied: Path):
    package = copied / "outbox" / Path(demo.release("identified")["outbox"]).parent.name
    part = next(package.rglob("lead/part-001.zip.cms"))
    assert run_here("tools", "verify", part.parent, home=copied).code == 0
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.chmod(0o600)
    part.write_bytes(bytes(content))
    done = doj_release("tools", "verify", part.parent, home=copied)
    assert done.code == 5
    assert done.err.startswith("CRYPTO-")


def test_reports_come_in_two_editions(demo: Demo, tmp_path):
    for kind in KINDS:
        department = Path(demo.release(kind)["report"]).read_text()
        inside = (
            opened(demo, kind, MEMBERS[kind][0], tmp_path / kind)
            if (tmp_path / kind).mkdir() is None
            else None
        )
        assert inside is not None
        recipient = (inside / "validation-report.html").read_text()
        assert (
            recipient == Path(demo.release(kind)["report"]).with_name("recipient.html").read_text()
        )
        assert department != recipient
        for text in (department, recipient):
            assert "Synthetic data: every person" in text
            assert "http://" not in text.replace("http://www.w3.org", "")
            assert "<script" not in text


@pytest.mark.parametrize("file", ["department.html", "recipient.html", "report.json"])
def test_a_report_whose_file_changed_is_found(demo: Demo, command, copied: Path, file):
    release = demo.release("aggregated")
    folder = copied / "projects" / release["project"] / "reports" / release["release"]
    shown = command("project", "show", release["project"], "--json").json["releases"][0]
    assert shown["report_file"] == str(folder / "department.html")
    (folder / file).write_text(
        (folder / file).read_text().replace("may leave", "might leave", 1) + " "
    )
    for words in (
        ("project", "show", release["project"]),
        ("release", "show", release["release"]),
        ("release", "approve", release["release"]),
    ):
        done = command(*words)
        assert done.code == 5, (words, done.err)
        assert done.err.startswith("APPROVAL-13")


def test_the_report_as_json_fits_its_published_schema(demo: Demo):
    schema = json.loads(Path("expectations/report.schema.json").read_text())
    for kind in KINDS:
        model = json.loads(Path(demo.release(kind)["report"]).with_name("report.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(model)


def test_the_recipients_numbers_are_those_of_the_data(demo: Demo, tmp_path):
    """Every count that a recipient's edition shows is counted again in the data that it travels with."""
    for kind in KINDS:
        (tmp_path / kind).mkdir()
        inside = opened(demo, kind, MEMBERS[kind][0], tmp_path / kind)
        data = pq.read_table(inside / "data" / "extract.parquet").to_pylist()
        page = (inside / "validation-report.html").read_text()
        facts = page[
            page.index('<dl class="facts">') : page.index("</dl>", page.index('<dl class="facts">'))
        ]
        shown = re.findall(r"<dt>(.*?)</dt><dd>([0-9,]+)", facts)
        counted = {str(n) for n in _countable(data)}
        for label, value in shown:
            assert value.replace(",", "") in counted, (kind, label)


def _countable(data: list[dict[str, object]]) -> set[int]:
    """What a reader can count in the rows: rows, different values of a column, rows of a status."""
    found = {len(data)}
    for column in data[0]:
        values = [row[column] for row in data if row[column] is not None]
        found |= {len(values), len(set(values))}
        if column in {"matched", "status"}:
            found |= {values.count(v) for v in set(values)}
            ids = [(row.get("row_id"), row[column]) for row in data]
            found |= {len({i for i, v in ids if v == value}) for value in set(values)}
    return found


def test_prefect_knows_ids_and_counts_only(demo: Demo):
    with sqlite3.connect(demo.home / "prefect" / "prefect.db") as con:
        runs = con.execute(
            "SELECT name, parameters, state_name FROM flow_run ORDER BY start_time"
        ).fetchall()
        artifacts = con.execute("SELECT count(*) FROM artifact").fetchone()[0]
    assert len(runs) == 6
    assert next(name for name, _, _ in runs).endswith(" identified")
    for _, parameters, state in runs:
        given = json.loads(parameters)
        assert set(given) == {"order", "home"}
        assert state in {"Continued", "Released"}  # the wait of each went on
    assert artifacts >= 6


def test_two_runs_make_the_same_data(demo: Demo, command, copied: Path, tmp_path):
    first = opened(demo, "identified", "lead", tmp_path)
    project = demo.release("identified")["project"]
    done = command(
        "run",
        project,
        "--kind",
        "identified",
        "--doubtful",
        "exclude",
        "--no-orchestrator",
        "--json",
    )
    assert done.code == 7, done.err
    release = done.json["release"]
    assert command("release", "approve", release).code == 0
    assert command("run", project, "--resume", release, "--no-orchestrator").code == 0
    again = Demo(
        copied,
        {
            "releases": [
                {"kind": "identified", "outbox": str(copied / "outbox" / project / release)}
            ]
        },
    )
    (tmp_path / "again").mkdir()
    second = opened(again, "identified", "lead", tmp_path / "again")
    for name in (
        "data/extract.parquet",
        "data/extract.csv",
        "dictionary.html",
        "datapackage.json",
        "CONDITIONS.txt",
        "DESTRUCTION.txt",
        "codebook.xml",
        "catalogue.jsonld",
        "read/extract.R",
    ):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
