"""A project's letters by the commands: written when something happens, for its system and kind, pinned, and found where changed."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.session import today
from tests.examples import first_of
from tests.in_process import run_here

sys.path.insert(0, str(Path(__file__).parents[2] / "approvals"))
from laws import foreign

PERSON = '[[person]]\nid = "{}"\nname = "N"\nuser = "{}"\nroles = [{}]\n'
ROLES = {"erin-1": '"engineer", "administrator"', "avery-1": '"approver"', "rory-1": '"reviewer"'}
OF_SYSTEMS = [("CARPOS", "standard"), ("CARPOS", "aggregated"), ("CURES", "standard"), ("CURES", "aggregated"),
              ("RIPA", "standard"), ("RIPA", "aggregated"), ("ACHS", "standard"), ("JCPSS", "standard")]  # fmt: skip
TODAY = today()


class Desk:
    """A home, and who acts on it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def does(self, who: str, *words: object, code: int = 0):
        user = pwd.getpwuid(os.geteuid()).pw_name
        lines = [PERSON.format(p, user if p == who else f"u-{p}", r) for p, r in ROLES.items()]
        (self.home / "people.toml").write_text("\n".join(lines))
        done = run_here(*words, "--json", home=self.home)
        assert done.code == code, (words, done.err, done.out)
        return done.json if done.out else {}

    def event(self, who: str, number: str, kind: str, *words: object, code: int = 0):
        return self.does(who, "project", "event", number, kind, *words, code=code)

    def submitted(self, system: str, form: str) -> str:
        path = self.home.parent / f"{system}-{form}.toml"
        path.write_text(
            run_here("project", "example", form, "--system", system, home=self.home).out
        )
        return self.does("erin-1", "project", "submit", path)["project_number"]

    def approved(self, system: str, form: str) -> str:
        number = self.submitted(system, form)
        self.does("avery-1", "project", "approve", number)
        return number

    def letters(self, number: str) -> dict[str, str]:
        folder = self.home / "projects" / number / "letters"
        return {p.name: p.read_text("utf-8") for p in folder.glob("*.txt")}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    assert run_here("init", home=tmp_path / "home").code == 0
    return Desk(tmp_path / "home")


@pytest.mark.parametrize(("system", "form"), first_of(OF_SYSTEMS, 2, several=True))
def test_the_letters_of_a_project_say_the_law_of_its_system(desk, tmp_path, system, form):
    tables = form == "aggregated"
    statement = tmp_path / "statement.txt"
    statement.write_text("A table on page 3 shows two persons.\n\nRemove it.\n")
    number = desk.approved(system, form)
    given = f"draft={'d' * 64}"
    desk.event("erin-1", number, "draft_received", given)
    desk.event(
        "rory-1",
        number,
        "draft_reviewed",
        given,
        "finding=identity",
        "--file",
        f"statement={statement}",
    )
    desk.event("erin-1", number, "transfer_requested", "request=t1")
    desk.event("avery-1", number, "transfer_answered", "request=t1", "outcome=denied")
    desk.event("erin-1", number, "letter_requested")
    desk.event("erin-1", number, "letter_answered", "outcome=refused", code=3)  # reasons are owed
    desk.event(
        "erin-1", number, "letter_answered", "outcome=refused", "--file", f"statement={statement}"
    )
    desk.event("erin-1", number, "letter_requested")
    desk.event("erin-1", number, "letter_answered", "outcome=granted")
    desk.event("erin-1", number, "inspection_notice", "inspection=i1")
    desk.event("erin-1", number, "inspection_held", "inspection=i1")
    desk.event(
        "erin-1",
        number,
        "findings_sent",
        "inspection=i1",
        "violations=2",
        "--file",
        f"statement={statement}",
    )
    desk.event(
        "erin-1",
        number,
        "breach_reported",
        "breach=b1",
        f"discovered_on={TODAY}",
        "individuals=5200",
    )
    desk.event("avery-1", number, "sanction_imposed", "sanction=closure", "severity=high", "pii_involved=yes",
               "previous_violations=0", "culpability=negligence")  # fmt: skip
    desk.event("erin-1", number, "project_completed", f"completed_on={TODAY}")
    denied = desk.submitted(system, form)
    desk.event("rory-1", denied, "review_completed", "holds=C-03", "fails=C-48")
    desk.event("avery-1", denied, "project_denied", "--file", f"statement={statement}")
    (denial,) = (text for name, text in desk.letters(denied).items() if name.startswith("denial"))
    written = desk.letters(number) | {"denied": denial}
    names = {name.partition(".")[0] for name in written}
    assert names == {"approval", "review", "transfer", "support", "support_refused", "inspection", "findings",
                     "breach", "enforcement", "denied", *(() if tables else ("certificate",))}  # fmt: skip
    for name, text in written.items():
        assert not foreign(text, system, tables=tables), (name, text)
        assert system in text or name.startswith(
            ("review", "transfer", "support", "inspection", "findings", "enforce")
        )
    assert "Remove it." in next(t for n, t in written.items() if n.startswith("review"))
    assert "5,200" in written["breach.b1.txt"]
    for name in written.keys() - {"denied"}:
        for ending in (".html", ".docx"):
            path = desk.home / "projects" / number / "letters" / name.replace(".txt", ending)
            assert path.stat().st_mode & 0o077 == 0
    desk.does("erin-1", "project", "certificate", number, code=3 if tables else 0)
    pinned = desk.does("erin-1", "project", "documents", number)
    assert {row["state"] for row in pinned} == {"held"}
    assert {f"letters/{name}" for name in written if name != "denied"} <= {
        row["what"] for row in pinned
    }


def test_the_approval_tells_the_fingerprint_that_a_package_is_checked_against(desk):
    number = desk.approved("CARPOS", "standard")
    (name,) = desk.letters(number)
    command = [
        "openssl",
        "x509",
        "-in",
        str(desk.home / "signing.pem"),
        "-noout",
        "-fingerprint",
        "-sha256",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip().partition("=")[2] in desk.letters(number)[name]
    made = desk.does("erin-1", "project", "letter", number, "--again", "approval")
    assert Path(made["letter"]).name != name
    assert len(desk.letters(number)) == 2
    desk.does("erin-1", "project", "letter", number, "--again", "denial", code=3)
    desk.does("erin-1", "project", "letter", number, name, "--again", "approval", code=2)


def test_the_approval_says_to_whom_else_a_cohort_is_matched(desk):
    role = 'max_rows = 80000\nlinked_role = "protected"\nlinked_role_need = "Who asks for orders."'
    text = run_here("project", "example", "standard", home=desk.home).out
    path = desk.home.parent / "protected.toml"
    path.write_text(text.replace("max_rows = 80000", role))
    number = desk.does("erin-1", "project", "submit", path)["project_number"]
    desk.does("avery-1", "project", "approve", number)
    (letter,) = desk.letters(number).values()
    assert "Matched to: Persons who asked for an order or are protected by one" in letter
    assert "Protected persons (" in letter
    (other,) = desk.letters(desk.approved("CARPOS", "standard")).values()
    assert "Matched to" not in other
    assert "Protected persons (" not in other


@pytest.mark.parametrize("ending", [".txt", ".html", ".docx"])
def test_a_changed_letter_is_found_and_one_that_left_is_not_missed(desk, ending):
    number = desk.approved("CURES", "standard")
    (text,) = (desk.home / "projects" / number / "letters").glob("*.txt")
    letter = text.with_suffix(ending)
    before = letter.read_bytes()
    letter.write_bytes(before.replace(b"a", b"b", 1))
    for words in (("ledger", "verify"), ("project", "documents", number)):
        desk.does("erin-1", *words, code=5)
    letter.unlink()
    for words in (("ledger", "verify"), ("project", "documents", number)):
        desk.does("erin-1", *words)


def test_more_time_is_authorised_in_writing(desk, tmp_path):
    number = desk.approved("CARPOS", "standard")
    (tmp_path / "request.pdf").write_bytes(b"%PDF")
    desk.event("erin-1", number, "project_completed", f"completed_on={TODAY}")
    desk.event(
        "erin-1", number, "extension_requested", "--file", f"letter={tmp_path / 'request.pdf'}"
    )
    desk.event("avery-1", number, "extension_granted", f"until={TODAY}")
    (text,) = (t for n, t in desk.letters(number).items() if n.startswith("extension_granted"))
    assert "request 1 of at most 7" in text
    assert "§ 967(b)" in text
