"""Log lines, metrics, backup and upgrade: what those who operate a home rely on."""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tomllib

import pytest

from errors import Exit
from pipelines.deployment import backup
from pipelines.deployment.backup import MANIFEST, back_up, restore
from pipelines.deployment.doctor import machine
from pipelines.deployment.doctor.examination import examine
from pipelines.deployment.init import init_home, upgrade
from pipelines.errors import BackupDisturbed, BackupDoesNotHold, BackupIncomplete, FileExists
from pipelines.home.errors import HomeExists, HomeNewer
from pipelines.home.home import FORMAT, Home, open_home
from pipelines.home.settings import TEMPLATE, Settings
from pipelines.keys import verify_ledger
from pipelines.operations.logs import LogFormUnknown, RunLog, run_log
from pipelines.release import metrics
from pipelines.release.metrics import StageMetrics
from pipelines.release.staging import StageRecord
from pipelines.session import Session


@pytest.fixture(scope="module")
def founded(tmp_path_factory) -> Home:
    root = tmp_path_factory.mktemp("operated") / "home"
    init_home(root, demo=True)
    return open_home(root)


@pytest.fixture
def home(founded, tmp_path) -> Home:
    """A copy, so that each test may change it."""
    import shutil

    shutil.copytree(founded.root, tmp_path / "home")
    return open_home(tmp_path / "home")


# ------------------------------------------------------------------ the log

ABOUT = {"release": "2026-001-R001", "project": "2026-001", "kind": "identified"}


def test_a_json_line_is_an_object_with_known_fields_alone(capsys):
    RunLog("json", ABOUT).emit("stage_done", stage="match", seconds=1.5, rows=9, bytes=77)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info", "event": "stage_done", **ABOUT,
        "stage": "match", "seconds": 1.5, "rows": 9, "bytes": 77,
    }  # fmt: skip


def test_a_field_that_is_not_named_never_gets_into_a_line(capsys):
    RunLog("json", {**ABOUT, "person": "Jane"}).emit("run_ended", message="Jane Doe", code="RUN-05")
    said = capsys.readouterr().err
    assert "Jane" not in said
    assert "RUN-05" in said


def test_text_is_for_people_and_off_is_silence(capsys):
    RunLog("text", ABOUT).emit("run_began")
    assert " info run_began release=2026-001-R001 project=2026-001" in capsys.readouterr().err
    RunLog("off", ABOUT).emit("run_began")
    assert capsys.readouterr() == ("", "")


def test_the_environment_has_the_last_word(home, monkeypatch):
    assert run_log(home, ABOUT).form == "off"
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace('log = "off"', 'log = "text"'))
    assert run_log(home, ABOUT).form == "text"
    monkeypatch.setenv("DOJ_RELEASE_LOG", "json")
    assert run_log(home, ABOUT).form == "json"
    monkeypatch.setenv("DOJ_RELEASE_LOG", "loud")
    with pytest.raises(LogFormUnknown):
        run_log(home, ABOUT)


# ------------------------------------------------------------------ metrics

STAGES = [StageMetrics("match", 1.25, 300, 4096), StageMetrics("extract", 0.5, 120, 1024)]


def test_stages_are_measured_by_their_records():
    record = StageRecord("match", {"match/links.parquet": "ab"}, {"rows": 3, "linked": 2}, 1.25, 99)
    assert metrics.stage_metrics([record]) == [StageMetrics("match", 1.25, 3, 99)]
    assert metrics.metrics_facts(STAGES) == {
        "stages": ["match", "extract"],
        "milliseconds": ["1250", "500"],
        "rows": ["300", "120"],
        "bytes": ["4096", "1024"],
    }


def test_prometheus_counts_runs_and_shows_the_last_of_each_stage(home):
    metrics.write_metrics(home, "identified", "Waiting", STAGES)
    metrics.write_metrics(home, "identified", "Waiting", [StageMetrics("match", 2.0, 310, 5000)])
    metrics.write_metrics(home, "aggregated", "Released", [])
    path = metrics.metrics_path(home)
    lines = path.read_text().splitlines()
    assert 'doj_release_runs_total{kind="identified",state="Waiting"} 2' in lines
    assert 'doj_release_runs_total{kind="aggregated",state="Released"} 1' in lines
    assert 'doj_release_stage_seconds{kind="identified",stage="match"} 2.000' in lines
    assert 'doj_release_stage_rows{kind="identified",stage="match"} 310' in lines
    assert 'doj_release_stage_bytes{kind="identified",stage="extract"} 1024' in lines
    assert lines.count("# TYPE doj_release_runs_total counter") == 1
    assert len(lines) == len(set(lines))
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_a_small_number_of_rows_is_not_told(home, rows):
    """What a cohort of one gave says what it was about; nor does the last larger number stay."""
    metrics.write_metrics(home, "identified", "Released", STAGES)
    metrics.write_metrics(
        home, "identified", "Released", [StageMetrics("extract", 2.0, rows, 5000)]
    )
    told = metrics.metrics_path(home).read_text()
    assert 'doj_release_stage_seconds{kind="identified",stage="extract"} 2.000' in told
    assert 'doj_release_stage_rows{kind="identified",stage="extract"}' not in told
    assert 'doj_release_stage_bytes{kind="identified",stage="extract"}' not in told


def test_a_file_outside_the_home_can_be_read_by_the_exporter(home, tmp_path):
    outside = tmp_path / "textfile" / "doj_release.prom"
    outside.parent.mkdir()
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace('metrics_file = ""', f'metrics_file = "{outside}"'))
    metrics.write_metrics(home, "identified", "Released", STAGES)
    assert outside.stat().st_mode & 0o777 == 0o644
    assert "2026" not in outside.read_text().replace(str(outside), "").split("timestamp")[0]


def test_no_metrics_are_no_reason_for_a_run_to_fail(home, tmp_path):
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace('metrics_file = ""', 'metrics_file = "/proc/no/x"'))
    metrics.write_metrics(home, "identified", "Released", STAGES)


# ------------------------------------------------------------------ backup and restore


def _names(backup) -> set[str]:
    with tarfile.open(backup) as archive:
        return {entry.name for entry in archive}


def test_a_backup_has_what_is_needed_and_nothing_that_must_not_live_on(home, tmp_path):
    for name in (
        "runs/R1/extract/extract.parquet",
        "runs/R1/order.json",
        "runs/R1/system.toml",
        "keys/runs/R1.key",
        "keys/snapshots/S.key",
        "register/CARPOS/.CARPOS-1/person.parquet",
        "logs/failures.jsonl",
        "prefect/prefect.db",
    ):
        (home.root / name).parent.mkdir(parents=True, exist_ok=True)
        (home.root / name).write_bytes(b"x")
    told = back_up(home, tmp_path / "b.tar")
    found = _names(tmp_path / "b.tar")
    assert told["files"] == len(found) - 1
    assert {"ledger.sqlite3", "ledger.head", "settings.toml", "people.toml", "keys/keyring.json",
            "keys/snapshots/S.key", "runs/R1/order.json", "runs/R1/system.toml", MANIFEST} <= found  # fmt: skip
    assert not {
        n for n in found if "extract" in n or n.startswith(("keys/runs", "logs", "prefect"))
    }
    assert not {n for n in found if "/." in n or n.endswith("passphrase")}
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExists):
        back_up(home, tmp_path / "b.tar")


def test_a_restored_home_verifies_and_goes_on(home, tmp_path):
    passphrase = (home.keys / "passphrase").read_bytes()
    writer = sqlite3.connect(home.root / "ledger.sqlite3")  # somebody has it open meanwhile
    back_up(home, tmp_path / "b.tar")
    writer.close()
    restore(tmp_path / "b.tar", tmp_path / "elsewhere")
    again = tmp_path / "elsewhere"
    (again / "keys" / "passphrase").write_bytes(passphrase)
    (again / "keys" / "passphrase").chmod(0o600)
    session = Session(open_home(again))
    assert verify_ledger(session)["size"] == 1
    session.close()
    open_to_others = [p.name for p in again.rglob("*") if p.stat().st_mode & 0o077]
    assert open_to_others == ["signing.pem"]


def _tampered(source, target, change) -> None:
    with tarfile.open(source) as given, tarfile.open(target, "w") as made:
        for entry in given:
            content = given.extractfile(entry).read()
            for name, data in change(entry.name, content):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                made.addfile(info, io.BytesIO(data))


CHANGES = {
    "a byte": lambda n, c: [(n, c[:-1] + b"!" if n == "people.toml" else c)],
    "a file gone": lambda n, c: [] if n == "settings.toml" else [(n, c)],
    "a file more": lambda n, c: [(n, c), *([("keys/x", b"")] if n == MANIFEST else [])],
    "no manifest": lambda n, c: [] if n == MANIFEST else [(n, c)],
    "a way out": lambda n, c: [(n, c), *([("../x", b"")] if n == MANIFEST else [])],
    "twice": lambda n, c: [(n, c), (n, c)] if n == "people.toml" else [(n, c)],
}


@pytest.mark.parametrize("change", ["gone", "cut"])
def test_a_file_that_goes_away_meanwhile_is_told_by_a_code(home, tmp_path, monkeypatch, change):
    kept = home.projects / "kept"
    kept.write_bytes(b"x" * 100_000)
    listed, out = backup._files, tmp_path / "out"
    out.mkdir()

    def files(folder, place):
        for path in listed(folder, place):
            if path == kept and change == "gone":
                kept.unlink()
            yield path

    class Cut(backup._Hashed):
        def read(self, size=-1):
            return super().read(size)[:-1]

    monkeypatch.setattr(backup, "_files", files)
    if change == "cut":
        monkeypatch.setattr(backup, "_Hashed", Cut)
    with pytest.raises(BackupDisturbed):
        back_up(home, out / "b.tar")
    assert list(out.iterdir()) == []


def test_what_somebody_is_writing_is_left_out(home, tmp_path):
    (home.history / "tmpabcd1234.tmp").write_text("half")
    back_up(home, tmp_path / "b.tar")
    assert not any("tmp" in name for name in _names(tmp_path / "b.tar"))


def test_the_doctor_says_which_loops_run(monkeypatch, tmp_path):
    def loops():
        return next(f for f in machine.check_machine() if f.what == "linkage's inner loops")

    (tmp_path / "loops.so").write_bytes(b"loops")
    monkeypatch.setattr("matching.native.LIBRARY_FILE", tmp_path / "loops.so")
    monkeypatch.setattr("matching.native.compiled", lambda: object())
    assert loops().state == "good"
    assert loops().detail == f"compiled, SHA-256 {hashlib.sha256(b'loops').hexdigest()}"
    monkeypatch.setattr("matching.native.compiled", lambda: None)
    assert loops().state == "note"
    assert "install gcc" in loops().detail


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_backup_is_refused_and_leaves_nothing(home, tmp_path, change):
    back_up(home, tmp_path / "b.tar")
    _tampered(tmp_path / "b.tar", tmp_path / "c.tar", CHANGES[change])
    before = {p.name for p in tmp_path.iterdir()}
    with pytest.raises(BackupDoesNotHold) as caught:
        restore(tmp_path / "c.tar", tmp_path / "new")
    assert caught.value.exit is Exit.INTEGRITY
    assert {p.name for p in tmp_path.iterdir()} == before


def test_what_is_no_tar_file_or_was_cut_is_refused(home, tmp_path):
    (tmp_path / "text").write_text("no backup")
    back_up(home, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "cut"):
        with pytest.raises(BackupDoesNotHold):
            restore(tmp_path / name, tmp_path / "new")
    with pytest.raises(HomeExists):
        restore(tmp_path / "b.tar", home.root)


@pytest.mark.parametrize("name", ["signing.pem", "settings.toml", "people.toml"])
def test_a_home_that_lacks_a_file_is_neither_backed_up_nor_restored(home, tmp_path, name):
    back_up(home, tmp_path / "b.tar")

    def without(entry: str, content: bytes) -> list[tuple[str, bytes]]:
        if entry != MANIFEST:
            return [(entry, content)] if entry != name else []
        manifest = json.loads(content)
        del manifest["files"][name]
        return [(entry, json.dumps(manifest).encode())]

    _tampered(tmp_path / "b.tar", tmp_path / "c.tar", without)  # holds, and is no home
    with pytest.raises(BackupIncomplete) as caught:
        restore(tmp_path / "c.tar", tmp_path / "new")
    assert caught.value.facts["files"] == (name,)
    (home.root / name).unlink()
    with pytest.raises(BackupIncomplete):
        back_up(home, tmp_path / "d.tar")
    assert sorted(p.name for p in tmp_path.glob("*.tar")) == ["b.tar", "c.tar"]
    assert not (tmp_path / "new").exists()


# ------------------------------------------------------------------ doctor


def test_the_doctor_looks_at_the_home_as_a_service(home, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    found = {f.what: f for f in examine(home.root)}
    assert [found[n].state for n in ("home's format", "room on the disk")] == ["good", "good"]
    assert found["unfinished files"].state == "good"
    assert "deployments" not in found
    (home.root / "home.json").unlink()
    old = home.root / "runs" / ".outcome.json.7.tmp"
    old.touch()
    os.utime(old, (1, 1))
    found = {f.what: f for f in examine(home.root)}
    assert found["home's format"].state == "note"
    assert "upgrade" in found["home's format"].detail
    assert found["unfinished files"].detail.startswith("1 ")
    assert found["notices"].state == "note"
    (home.root / "hook").write_text("https://hooks.example/secret")
    (home.root / "hook").chmod(0o600)
    told = home.settings_file.read_text().replace(
        'url_file = ""', f'url_file = "{home.root}/hook"', 1
    )
    home.settings_file.write_text(told)
    assert {f.what: f for f in examine(home.root)}["notices"].state == "good"
    home.settings_file.write_text(told.replace('token_file = ""', f'token_file = "{home.root}"', 1))
    assert {f.what: f for f in examine(home.root)}["notices"].state == "bad"


def test_the_doctor_finds_what_a_home_adds_and_does_not_fit(home):
    added = home.systems / "carpos.local.toml"
    assert "CARPOS, local" not in {f.what for f in examine(home.root)}
    added.write_text(
        '[code_lists.ours]\ntitle = "x"\nsource = "ours"\ncodes = [{ value = "A", label = "A" }]\n'
    )
    assert {f.what: f for f in examine(home.root)}["CARPOS, local"].state == "good"
    added.write_text("[tables.nope]\ncolumns = []")
    found = {f.what: f for f in examine(home.root)}["systems, local"]
    assert (found.state, found.detail.split(":")[0]) == ("bad", "SYSTEM-06")


def test_a_server_that_does_not_answer_has_no_deployments(home, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    found = {f.what: f for f in examine(home.root)}
    assert found["deployments"].state == "bad"
    assert found["work pool"].state == "bad"


# ------------------------------------------------------------------ upgrade


def test_a_new_home_has_todays_format(home):
    assert home.format == FORMAT
    assert upgrade(home) == {"from": FORMAT, "to": FORMAT, "changed": []}


def test_a_home_of_the_first_format_is_upgraded_and_keeps_what_was_written(home):
    (home.root / "home.json").unlink()
    old = TEMPLATE.split("\n[drift]")[0].replace("threshold = 10 ", "threshold = 11 ")
    home.settings_file.write_text(old)
    (home.root / "checkpoints").rmdir()
    told = upgrade(home)
    assert told["from"] == 1
    assert "folder checkpoints" in told["changed"]
    assert "settings [operations]" in told["changed"]
    text = home.settings_file.read_text()
    assert text.startswith(old.rstrip("\n"))
    assert home.settings().disclosure.threshold == 11
    assert set(tomllib.loads(text)) == set(Settings.model_fields)
    assert upgrade(home)["changed"] == []


def test_a_home_of_the_first_format_works_before_it_is_upgraded(home):
    (home.root / "home.json").unlink()
    assert open_home(home.root).format == 1


def test_a_home_of_a_later_version_is_refused(home):
    (home.root / "home.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(HomeNewer) as caught:
        open_home(home.root)
    assert caught.value.exit is Exit.USAGE
