"""What waits for a person: the second steps that others began, and nothing for a stranger."""

import os
import pwd
import re
from pathlib import Path

import pytest

from tests.in_process import run_here

ENDS = {"renewal", "timeframe_end", "irb_end", "institution_end", "authority_end"}
PERSON = '[[person]]\nid = "{}"\nname = "N"\nuser = "{}"\nroles = [{}]\n'


def acts_as(home: Path, who: str, *roles: str) -> None:
    """Make this process's user one of three people."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    people = {
        "erin-1": '"engineer", "administrator"', "avery-1": '"approver"', "sam-1": '"security"'
    }  # fmt: skip
    lines = [PERSON.format(p, user if p == who else f"u-{p}", r) for p, r in people.items()]
    (home / "people.toml").write_text("\n".join(lines))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a submitted project, and a switch that an administrator recorded."""
    made = tmp_path / "home"
    assert run_here("init", home=made).code == 0
    acts_as(made, "erin-1")
    (tmp_path / "a.toml").write_text(run_here("project", "example", home=made).out)
    assert run_here("project", "submit", tmp_path / "a.toml", home=made).code == 0
    settings = made / "settings.toml"
    settings.write_text(re.sub(r"(?m)^threshold = 10 ", "threshold = 5 ", settings.read_text()))
    assert run_here("switch", "override", "disclosure.threshold", home=made).code == 0
    return made


def test_what_one_began_waits_for_those_who_may_confirm_it(home):
    every = run_here("status", "--all", "--json", home=home).json
    (mine,) = run_here("status", "--json", home=home).json
    assert mine["command"] == "doj-release settings record"  # the list of these people
    assert [one["mine"] for one in every if one != mine] == [False, False]
    acts_as(home, "avery-1")
    found = run_here("status", "--json", home=home).json
    number = run_here("project", "list", "--json", home=home).json[0]["project_number"]
    told = {one["command"]: (one["by"], one["others"]) for one in found}
    assert told == {
        f"doj-release project approve {number}": ("§ 966", []),
        "doj-release switch confirm disclosure.threshold": ("disclosure.threshold", ["sam-1"]),
    }
    for command in told:  # it is the command that does it
        assert run_here(*command.split()[1:], home=home).code == 0
    event = f"project event {number} background_check member={{}} outcome=passed reference="
    for member in ("lead", "analyst"):  # the application's word is none of ours
        (first, *_) = run_here("status", "--json", home=home).json
        assert first["command"] == f"doj-release {event.format(member)}..."
        assert run_here(*f"{event.format(member)}c-1".split(), home=home).code == 0
    assert run_here("status", "--json", home=home).json == []
    assert "Waits for you: none" in run_here("status", home=home).out


def test_a_stranger_is_told_nothing(home):
    people = home / "people.toml"
    people.write_text(re.sub(r'user = ".*"', 'user = "nobody-here"', people.read_text(), count=1))
    done = run_here("status", "--json", home=home)
    assert (done.code, done.json["error"]["code"]) == (3, "PEOPLE-03")


def test_another_system_s_project_waits_by_its_own_law(home, tmp_path):
    example = run_here("project", "example", "--system", "CURES", home=home)
    (tmp_path / "c.toml").write_text(example.out)
    assert run_here("project", "submit", tmp_path / "c.toml", home=home).code == 0
    every = run_here("status", "--all", "--json", home=home).json
    assert [one["by"] for one in every if "application" in one["what"]] == [
        "§ 966",
        "11 CCR § 828.6; Data Request Process page",
    ]


def test_what_the_department_owes_by_a_day_waits_until_it_was_done(home, tmp_path):
    acts_as(home, "avery-1")
    number = run_here("project", "list", "--json", home=home).json[0]["project_number"]
    (tmp_path / "why.pdf").write_bytes(b"%PDF-1.4 why")
    statement = ("--file", f"statement={tmp_path / 'why.pdf'}")
    assert run_here("project", "event", number, "project_denied", *statement, home=home).code == 0
    rows = run_here("status", "--json", home=home).json
    (owed,) = [one for one in rows if one["step"] == "project.duty"]
    assert owed["about"] == {"project": number, "event": "denial_statement_sent"}
    (due,) = [
        one for one in run_here("deadlines", "--json", home=home).json if one["name"] == "denial_statement"
    ]  # fmt: skip
    assert (owed["due"], owed["by"]) == (due["due"], due["section"])
    assert owed["due"] in run_here("status", home=home).out
    assert run_here(*owed["command"].split()[1:], home=home).code == 0
    assert not [
        one for one in run_here("status", "--json", home=home).json if one["step"] == "project.duty"
    ]


def test_what_is_released_is_due_before_what_it_rests_on_ends(home, tmp_path):
    acts_as(home, "avery-1")
    number = run_here("project", "list", "--json", home=home).json[0]["project_number"]
    assert run_here("project", "approve", number, home=home).code == 0
    ends = {one["name"]: one for one in run_here("deadlines", "--json", home=home).json}
    first = min(one["due"] for name, one in ends.items() if name in ENDS)
    checks = [
        one
        for one in run_here("status", "--json", home=home).json
        if one["step"] == "project.check"
    ]
    assert {one["due"] for one in checks} == {first}
    assert {one["about"]["member"] for one in checks} == {"lead", "analyst"}
