"""Custody from the shell: given out, receipted, accounted for, recalled, kept and ended."""

import json
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.custody.retention import enforce_retention, retention_items
from pipelines.home.home import open_home
from pipelines.session import Session, today


@pytest.fixture
def release(demo):
    return demo.release("identified")["release"]


@pytest.fixture
def project(demo):
    return demo.release("identified")["project"]


def opened(home: Path, package: Path, member: str, folder: Path) -> dict[str, object]:
    """What the member reads after opening the package with their own key; the checkpoint is kept."""
    keys, part = home / "demo" / "keys", folder / "part-001.zip"
    subprocess.run(
        ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "part-001.zip.cms",
         "-recip", keys / f"{member}.pem", "-inkey", keys / f"{member}.key", "-out", part],
        cwd=package, check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(part) as bag:
        names = {Path(n).name: n for n in bag.namelist()}
        (folder / "checkpoint.json").write_bytes(bag.read(names["ledger-checkpoint.json"]))
        return json.loads(bag.read(names["provenance.json"]))


def test_given_out_receipted_and_accounted_for(command, copied, release, project, tmp_path):
    assert command("release", "handover", release, "--to", "lead", "--by", "portal").code == 0
    assert command("release", "handover", release, "--to", "lead", "--by", "bottle post").code == 2
    package = copied / "outbox" / project / release / "lead"
    code = opened(copied, package, "lead", tmp_path)["receipt_code"]
    for wrong in ("AAAA-BBBB-CCCC", "", str(code)[:-1]):
        done = command("release", "receipt", release, "--to", "lead", "--code", wrong)
        assert done.code == 3
        assert str(code) not in done.err
    tried = command("ledger", "show", "--kind", "attempt_refused", "--json").json
    assert {(e["release"], e["facts"]["step"], e["facts"]["code"]) for e in tried} == {
        (release, "release.receipt", "APPROVAL-39")
    }
    assert len(tried) == 3
    assert command("release", "receipt", release, "--to", "lead", "--code", code).code == 0
    sent = tmp_path / "checkpoint.json"  # the one that left the building in the package
    assert command("ledger", "verify", "--checkpoint", sent).code == 0
    assert "size" not in json.loads(sent.read_text())
    sent.write_text(sent.read_text().replace('"root": "', '"root": "0'))
    assert command("ledger", "verify", "--checkpoint", sent).code == 5
    rows = command("release", "disclosures", "--member", "lead", "--json").json
    (row,) = [r for r in rows if r["release"] == release]
    assert row["handed_over"][0]["way"] == "portal"
    assert row["receipt_code_shown"]
    assert row["individuals"] > 0
    listed = (package / "SHA256SUMS").read_text()
    assert all(digest in listed for digest in row["hashes"])
    assert row["name"].split()[1] in command("release", "disclosures").out
    members = command("release", "disclosures", "--json").json
    assert len(members) == 6


def test_a_copy_that_was_changed_is_not_handed_over(command, copied, release, project):
    part = copied / "outbox" / project / release / "lead" / "part-001.zip.cms"
    part.chmod(0o600)
    content = bytearray(part.read_bytes())
    content[-20] ^= 1
    part.write_bytes(content)
    done = command("release", "handover", release, "--to", "lead", "--json")
    assert done.code == 5
    assert done.json["error"]["code"] == "APPROVAL-38"
    assert command("release", "handover", release, "--to", "analyst").code == 0
    part.unlink()
    assert command("release", "handover", release, "--to", "lead").code == 5
    shown = command("release", "show", release, "--json").json
    assert [p["member"] for p in shown["packages"] if p["handed_over"]] == ["analyst"]


def test_a_wrong_release_is_recalled(command, copied, release, project):
    assert command("release", "handover", release, "--to", "lead").code == 0
    done = command(
        "release", "withdraw", release, "--reason", "wrong_data", "--confirm", release, "--json"
    )
    assert done.code == 0, done.err
    (letter,) = done.json["recalls"]
    text = Path(letter).read_text()
    assert release in text
    assert Path(letter).stat().st_mode & 0o077 == 0
    assert not (copied / "outbox" / project / release).exists()
    assert command("release", "handover", release, "--to", "analyst").code == 3
    answer = ("project", "event", project, "recall_answered", "outcome=destroyed")
    assert command(*answer, "recall=2026-009-R001.lead").code == 3
    assert command(*answer, f"recall={release}.lead").code == 0


def test_a_breach_knows_its_individuals_and_has_its_letter_ready(command, demo, project, release):
    other = demo.release("deidentified")
    assert command("release", "handover", release, "--to", "lead").code == 0
    facts = ("breach=B1", "discovered_on=2026-11-20")
    done = command("project", "event", project, "breach_reported", *facts, "--json")
    assert done.code == 0, done.err
    (event,) = command("ledger", "show", "--kind", "breach_reported", "--json").json
    known = command("release", "show", release, "--json").json["individuals"]
    assert event["facts"]["individuals"] == known
    assert ("letter" in done.json) == (known >= 500)
    wrong = command(
        "project", "event", project, "breach_reported", *facts, f"releases={other['release']}"
    )
    assert wrong.code == 2  # another project's
    many = command(
        "project", "event", project, "breach_reported", "breach=B2", facts[1], "individuals=500",
        "--json",
    )  # fmt: skip
    assert "500" in Path(many.json["letter"]).read_text()
    due = command("deadlines", "--json").json
    assert [d["section"] for d in due if d["name"] == "breach_letter"].count("§ 964(k)(2)") >= 1


def test_the_certificate_lists_what_was_given_and_nothing_less_closes(command, project, release):
    assert command("release", "handover", release, "--to", "lead").code == 0
    assert command("release", "handover", release, "--to", "analyst").code == 0
    place = Path(command("project", "certificate", project, "--json").json["letter"])
    assert place.read_text().count(release) == 2
    completed = f"completed_on={today().isoformat()}"
    assert command("project", "event", project, "project_completed", completed).code == 0
    words = ("project", "event", project, "destruction_certified", "method=destroy",
             f"destroyed_on={today().isoformat()}", "witnesses=1")  # fmt: skip
    signed = ("--file", f"certificate={place}")
    assert command(*words, "items=1", *signed).code == 3
    assert command(*words, "items=2", *signed).code == 0


def test_a_changed_document_is_found_wherever_one_looks(command, copied, project, tmp_path):
    scan = tmp_path / "draft.pdf"
    scan.write_bytes(b"%PDF-1.7 a draft")
    filed = ("project", "event", project, "draft_received", "--file", f"draft={scan}")
    assert command(*filed).code == 0
    shown = command("project", "show", project, "--json")
    assert shown.code == 0
    assert shown.json["drafts"][0]["may_be_published"] is False
    assert {d["state"] for d in shown.json["documents"]} == {"held"}
    documents = (copied / "projects" / project / "documents").iterdir()
    stored = max(documents, key=lambda path: path.stat().st_mtime_ns)  # the draft came last
    assert b"%PDF" not in stored.read_bytes()
    kept = stored.read_bytes()
    stored.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    for words in (("project", "show", project), ("project", "documents", project),
                  ("ledger", "verify")):  # fmt: skip
        assert command(*words).code == 5
        assert command(*words, "--json").code == 5
    found = {f["what"]: f["state"] for f in command("doctor", "--json").json}
    assert found["ledger"] == "bad"
    stored.unlink()
    assert command("project", "show", project).code == 5


def test_what_is_kept_too_long_ends(command, copied, project, release):
    assert {row["what"] for row in command("home", "retention", "--dry-run", "--json").json} == {
        "outbox",
        "cohort",
    }
    assert command("home", "retention", "--json").json == []
    session = Session(open_home(copied))
    try:
        (cohort,) = session.projects.show(project).cohorts
        file = copied / "projects" / project / "cohorts" / f"{cohort.digest}.parquet"
        assert file.is_file()
        after_intake = today() + timedelta(days=session.settings.retention.intake_days + 1)
        assert [k.what for k in enforce_retention(session, after_intake)] == ["cohort"]
        assert not file.exists()
        assert [p for p in (copied / "keys" / "documents").iterdir() if "cohort" in p.name] == []
        # what was released from it can still be given out
        session.releases.hand_over(release, "lead", session.person, today())
        later = today() + timedelta(days=session.settings.retention.outbox_days + 1)
        assert len(enforce_retention(session, later)) == 3
        assert enforce_retention(session, later) == []
        assert retention_items(session) == []
    finally:
        session.close()
    assert not (copied / "outbox" / project / release).exists()
    assert command("release", "handover", release, "--to", "lead").code == 3
    assert command("run", project, "--resume", release, "--no-orchestrator").code != 0
    assert command("run", project, "--kind", "identified", "--no-orchestrator").code == 3
    assert command("ledger", "verify").code == 0
    assert len(command("release", "disclosures", "--json").json) == 6  # who was given what stays


def test_the_escrow_key_opens_what_was_sent_on_another_machine(command, copied, demo, tmp_path):
    key, cert = tmp_path / "escrow.key", tmp_path / "escrow.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
         "-noenc", "-keyout", key, "-out", cert, "-days", "365", "-subj", "/CN=escrow",
         "-addext", "keyUsage=critical,keyAgreement"],
        check=True, capture_output=True,
    )  # fmt: skip
    assert command("escrow", "add", key).code == 3
    added = command("escrow", "add", cert, "--json").json
    assert command("escrow", "confirm", added["fingerprint"]).code == 0  # a demo confirms itself
    project = demo.release("deidentified")["project"]
    done = command("run", project, "--kind", "deidentified", "--no-orchestrator", "--json")
    made = done.json["release"]
    assert command("release", "approve", made).code == 0
    assert command("run", project, "--resume", made, "--no-orchestrator").code == 0
    asked = command("escrow", "request", made, "--reason", "proof", "--json").json
    out = tmp_path / "out"
    assert command("escrow", "allow", asked["request"], "--out", out).code == 0
    assert command("escrow", "allow", asked["request"], "--out", tmp_path / "again").code == 3
    package = next(p for p in out.iterdir() if p.is_dir())
    subprocess.run(
        ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in",
         package / "part-001.zip.cms", "-recip", cert, "-inkey", key, "-out", tmp_path / "e.zip"],
        check=True, capture_output=True,
    )  # fmt: skip
    assert zipfile.is_zipfile(tmp_path / "e.zip")
    shown = command("escrow", "show", "--json").json
    assert shown["confirmed"] == added["fingerprint"]
    assert shown["uses"][0]["allowed_by"]
    assert command("doctor", "--json").json
