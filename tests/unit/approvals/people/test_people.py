"""Who acts is what the kernel says, mapped by a file that only the administrator can write."""

import os
import pwd

import pytest

from approvals.errors import (
    PeopleFileMissing,
    PeopleFileUnsafe,
    PeopleFileWrong,
    RoleMissing,
    SamePerson,
    UnknownPerson,
)
from approvals.people.people import People, acting_person, check_role, two_people_required

ME = pwd.getpwuid(os.geteuid()).pw_name
GOOD = f"""
[[person]]
id = "p-me"
name = "Mo Example"
user = "{ME}"
roles = ["engineer", "approver"]

[[person]]
id = "p-other"
name = "Ola Example"
user = "somebody-else"
roles = ["reviewer"]
"""


@pytest.fixture
def file(tmp_path):
    tmp_path.chmod(0o755)
    path = tmp_path / "people.toml"
    path.write_text(GOOD)
    path.chmod(0o644)
    return path


def test_the_acting_person_is_the_effective_user(file, monkeypatch):
    for variable in ("USER", "LOGNAME", "SUDO_USER", "DOJ_RELEASE_USER"):
        monkeypatch.setenv(variable, "somebody-else")
    person = acting_person(People.read(file))
    assert (person.id, person.roles) == ("p-me", {"engineer", "approver"})


def test_a_user_who_is_not_in_the_file_is_refused(file):
    file.write_text(GOOD.replace(f'"{ME}"', '"nobody-here"'))
    with pytest.raises(UnknownPerson) as caught:
        acting_person(People.read(file))
    assert caught.value.exit == 3


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o602])
def test_a_file_that_others_can_write_is_refused(file, mode):
    file.chmod(mode)
    with pytest.raises(PeopleFileUnsafe):
        People.read(file)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_folder_that_others_can_write_is_refused(file, mode):
    file.parent.chmod(mode)
    with pytest.raises(PeopleFileUnsafe):
        People.read(file)


def test_a_file_of_somebody_else_is_refused(file, monkeypatch):
    stat = os.stat_result
    real = os.fstat

    def foreign(handle):
        fields = list(real(handle))
        fields[4] = 4242  # st_uid
        return stat(fields)

    monkeypatch.setattr("approvals.people.people.os.fstat", foreign)
    with pytest.raises(PeopleFileUnsafe):
        People.read(file)


def test_a_link_is_not_followed(file):
    link = file.with_name("link.toml")
    link.symlink_to(file)
    with pytest.raises(PeopleFileMissing):
        People.read(link)


WRONG = {
    "empty": "",
    "no TOML": "[[person",
    "an unknown table": GOOD + "\n[other]\n",
    "an unknown role": GOOD.replace('"reviewer"', '"wizard"'),
    "roles of another type": GOOD.replace('["reviewer"]', '[["reviewer"]]'),
    "no roles": GOOD.replace('["reviewer"]', "[]"),
    "an id twice": GOOD.replace("p-other", "p-me"),
    "a user twice": GOOD.replace("somebody-else", ME),
    "an id with spaces": GOOD.replace("p-other", "Ola Example"),
    "a missing field": GOOD.replace('user = "somebody-else"\n', ""),
    "an unknown field": GOOD.replace('name = "Ola Example"', 'name = "Ola"\nphone = "1"'),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_whole(file, text):
    file.write_text(text)
    with pytest.raises(PeopleFileWrong) as caught:
        People.read(file)
    assert "Example" not in str(caught.value)


def test_two_people():
    two_people_required("p-a", "p-b", demo=False)
    two_people_required("p-a", "p-a", demo=True)
    with pytest.raises(SamePerson):
        two_people_required("p-a", "p-a", demo=False)


def test_roles(file):
    person = People.read(file).by_user("somebody-else")
    check_role(person, {"reviewer", "approver"})
    with pytest.raises(RoleMissing):
        check_role(person, {"approver"})


# ------------------------------------------------------------------ reached through sudo


def logged_in(monkeypatch, tmp_path, text):
    place = tmp_path / "loginuid"
    if text is not None:
        place.write_text(text)
    monkeypatch.setattr("approvals.people.people._LOGIN", place)


def of_service(tmp_path, service):
    path = tmp_path / "people.toml"
    body = "".join(
        f'[[person]]\nid = "p-{user}"\nname = "N"\nuser = "{user}"\nroles = ["engineer"]\n'
        for user in ("daemon", "root")
    )
    path.write_text(f'service = "{service}"\n{body}')
    path.chmod(0o600)
    return People.read(path)


def test_who_logged_in_acts_where_the_service_owns_the_home(tmp_path, monkeypatch):
    import os
    import pwd

    me = pwd.getpwuid(os.geteuid()).pw_name
    people = of_service(tmp_path, me)
    logged_in(monkeypatch, tmp_path, str(pwd.getpwnam("daemon").pw_uid))
    assert acting_person(people).id == "p-daemon"
    logged_in(monkeypatch, tmp_path, str(pwd.getpwnam("nobody").pw_uid))
    with pytest.raises(UnknownPerson):
        acting_person(people)
    for nobody in (str(2**32 - 1), None, "x"):  # a schedule, or a kernel that does not say
        logged_in(monkeypatch, tmp_path / "none", None) if nobody is None else logged_in(
            monkeypatch, tmp_path, nobody
        )
        if me == "root":
            assert acting_person(people).id == "p-root"


def test_the_login_counts_for_the_services_account_alone(tmp_path, monkeypatch):
    import os
    import pwd

    logged_in(monkeypatch, tmp_path, str(pwd.getpwnam("daemon").pw_uid))
    people = of_service(tmp_path, "somebody")
    me = pwd.getpwuid(os.geteuid()).pw_name
    if me == "root":
        assert acting_person(people).id == "p-root"
