"""A command that is refused leaves who, what and why in the ledger, and stays refused."""

import contextlib
import io
import json
import os
import pwd
from pathlib import Path

import pytest

from approvals.application.reading import example_application
from approvals.errors import LedgerUnavailable
from approvals.ledger.ledger import Ledger
from pipelines.cli.app import main, step_of
from pipelines.deployment.init import init_home
from pipelines.home.home import Home
from pipelines.keys import verify_ledger
from pipelines.session import Session, today


@pytest.fixture
def home(tmp_path: Path) -> Home:
    init_home(tmp_path / "home", department="Test Department")
    return Home(tmp_path / "home")


def i_am(home: Home, person: str, *roles: str, user: str | None = None) -> None:
    user = user or pwd.getpwuid(os.geteuid()).pw_name
    named = f'id = "{person}"\nname = "Erin Example"\nuser = "{user}"'
    home.people_file.write_text(f"[[person]]\n{named}\nroles = {json.dumps(roles)}\n")


def command(home: Home, *words: str) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(["--home", str(home.root), *words])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()


def attempts(home: Home) -> list[tuple[str, ...]]:
    entries = Session(home).ledger.events(kind="attempt_refused")
    return [(e.actor, e.project, e.facts["step"], e.facts["code"]) for e in entries]


@pytest.fixture
def number(home: Home, tmp_path: Path) -> str:
    i_am(home, "p-all", "engineer", "approver")
    file = tmp_path / "application.toml"
    file.write_text(example_application("aggregated", on=today()))
    code, out, err = command(home, "project", "submit", str(file), "--json")
    assert code == 0, err
    return json.loads(out)["project_number"]


def test_each_refused_command_is_recorded_and_shown(home, number):
    assert command(home, "project", "approve", number)[0] == 3  # who submitted it
    i_am(home, "p-reader", "reviewer")
    assert command(home, "project", "approve", number)[0] == 3
    i_am(home, "p-else", "engineer", user="somebody")
    assert command(home, "project", "approve", number)[0] == 3
    assert attempts(home) == [
        ("p-all", number, "project.approve", "PEOPLE-05"),
        ("p-reader", number, "project.approve", "PEOPLE-06"),
        ("UNKNOWN", number, "project.approve", "PEOPLE-03"),
    ]
    assert command(home, "project", "show", number)[0] == 3  # who is not known reads nothing either
    i_am(home, "p-all", "engineer", "approver")
    shown = json.loads(command(home, "project", "show", number, "--json")[1])
    assert [row["who"] for row in shown["refused"]] == ["p-all", "p-reader", "UNKNOWN", "UNKNOWN"]
    assert shown["state"] == "submitted"
    table = command(home, "project", "show", number)[1]
    assert "PEOPLE-06" in table
    assert "attempt_refused" in command(home, "ledger", "show", "--project", number)[1]
    assert verify_ledger(Session(home))["size"]


def test_asking_and_mistyping_are_no_attempts(home, number):
    assert command(home, "project", "check", number)[0] == 3
    assert command(home, "project", "show", "Jane Doe")[0] == 2
    assert command(home, "project", "event", number, "no_such_kind")[0] == 2
    assert attempts(home) == []


def test_a_refusal_stays_one_where_the_ledger_fails(home, number, monkeypatch):
    def broken(*_args, **_more):
        raise LedgerUnavailable

    monkeypatch.setattr(Ledger, "append", broken)
    code, out, err = command(home, "project", "approve", number, "--json")
    assert code == 3
    told = json.loads(out)
    assert (told["error"]["code"], told["besides"]["code"]) == ("PEOPLE-05", "LEDGER-09")
    assert "LEDGER-09" in err
    monkeypatch.undo()
    assert attempts(home) == []
    assert Session(home).projects.show(number).recorded == "submitted"


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (["--home", "H", "--json", "release", "approve", "2026-001-R001"], "release.approve"),
        (["--home=H", "run", "2026-001", "--kind", "aggregated"], "run"),
        (["escrow", "allow", "E001"], "escrow.allow"),
        ([], ""),
    ],
)
def test_a_step_is_the_command_without_what_was_given_to_it(words, step):
    assert step_of(words) == step
