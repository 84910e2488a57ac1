"""Ending a release by two people: the first stops it, another ends it or lets it go on."""

import json
import shutil
from pathlib import Path

import pytest

from approvals.application import example_application
from approvals.errors import ReleaseMoveNotAllowed, SamePerson
from pipelines.custody import destroy_release, keep_release, withdraw_release
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.operations import waiting_for
from pipelines.session import Session, today
from tests.in_process import run_here

ENTRY = '[[person]]\nid = "{0}"\nname = "N"\nuser = "{2}"\nroles = [{1}]\n'
PEOPLE = {"erin-1": '"engineer"', "avery-1": '"approver"', "sam-1": '"security"'}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("ends") / "home"
    init_home(root)
    people = [ENTRY.format(*one, f"u-{one[0]}") for one in PEOPLE.items()]
    (root / "people.toml").write_text("\n".join(people))
    (root / "people.toml").chmod(0o600)
    settings = root / "settings.toml"
    text = settings.read_text().replace("endings_by_two = false", "endings_by_two = true")
    settings.write_text(text)
    (root.parent / "a.toml").write_text(example_application("aggregated", on=today(), kind=None))
    with acting(root, "erin-1") as session:
        number = session.projects.submit(root.parent / "a.toml", session.person, today()).number
    with acting(root, "avery-1") as session:
        session.projects.approve(number, session.person, today())
    with acting(root, "erin-1") as session:
        facts = {"years": "2020-2025"}
        release = session.releases.order(number, "aggregated", session.person, today(), facts)
        proof = {"outcome": "passed", "expectations": 9, "failed": 0}
        session.releases.record(release.release, "release_validated", proof)
        session.releases.attach_report(release.release, b"report")
    return root


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "home")


def acting(home: Path, who: str) -> Session:
    return Session(open_home(home), lambda people: next(p for p in people.persons if p.id == who))


def release_of(session: Session):
    (found,) = session.releases.list()
    return found


def test_the_first_stops_it_and_another_ends_it(home):
    with acting(home, "erin-1") as session:
        name = release_of(session).release
        told = withdraw_release(session, name, "wrong_data")
        assert (told["status"], told["ending_asked"]) == ("waiting_approval", "withdraw by erin-1")
        with pytest.raises(SamePerson):
            withdraw_release(session, name, "wrong_data")
        assert not [w for w in waiting_for(session) if w["about"] == {"release": name}]
    with acting(home, "avery-1") as session:
        with pytest.raises(ReleaseMoveNotAllowed):  # nothing goes on
            session.releases.approve(name, session.person, today())
        with pytest.raises(ReleaseMoveNotAllowed):  # another reason than was asked for
            withdraw_release(session, name, "other")
        (waits,) = [w for w in waiting_for(session) if w["step"] == "release.withdraw"]
        assert waits["command"] == f"doj-release release withdraw {name} --reason wrong_data"
        assert waits["others"] == ["sam-1"]
        assert withdraw_release(session, name, "wrong_data")["status"] == "withdrawn"
        told = destroy_release(session, name)
        assert (told["status"], told["ending_asked"]) == ("withdrawn", "destroy by avery-1")
    with acting(home, "sam-1") as session:
        assert destroy_release(session, name)["status"] == "destroyed"
        json.dumps(release_of(session).as_dict())


def test_what_was_asked_for_is_let_go(home):
    with acting(home, "sam-1") as session:
        name = release_of(session).release
        with pytest.raises(ReleaseMoveNotAllowed):
            keep_release(session, name)
        destroy_release(session, name)
        with pytest.raises(ReleaseMoveNotAllowed):
            withdraw_release(session, name, "other")
    with acting(home, "avery-1") as session:
        assert keep_release(session, name)["ending_asked"] is None
        assert release_of(session).status == "waiting_approval"
        assert [w["step"] for w in waiting_for(session) if name in w["what"]] == ["release.approve"]


def test_without_the_setting_one_person_ends_it_at_once(home):
    settings = home / "settings.toml"
    settings.write_text(
        settings.read_text().replace("endings_by_two = true", "endings_by_two = false")
    )
    with acting(home, "erin-1") as session:
        name = release_of(session).release
        assert withdraw_release(session, name, "other")["status"] == "withdrawn"


def test_keep_is_a_command(home):
    done = run_here("release", "keep", "2026-001-R001", home=home)
    assert done.code == 3  # this process's user is nobody there
