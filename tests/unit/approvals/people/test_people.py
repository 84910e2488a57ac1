"""Who acts is what the kernel says, mapped by a file that only the administrator can write."""

import os
import pwd

import pytest

from approvals.errors import (
    PeopleFileMissing,
    PeopleFileUnsafe,
    PeopleFileWrong,
    PersonInactive,
    RoleMissing,
    SamePerson,
    UnknownPerson,
    UserAmbiguous,
    UserChanged,
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
    "a number that is none": GOOD.replace("roles", 'uid = "0"\nroles'),
    "a number twice": GOOD.replace("roles", "uid = 7\nroles"),
    "active as a word": GOOD.replace("roles", 'active = "no"\nroles'),
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


# ------------------------------------------------------------------ names and numbers


UID = os.geteuid()


def learned(file) -> People:
    """The people after the one who acts was seen."""
    people = People.read(file)
    people.remember(acting_person(people), file)
    return People.read(file)


def test_a_number_is_kept_from_the_first_time_on(file):
    assert learned(file).seen == {"p-me": (ME, UID)}
    assert file.with_name("people.uids").stat().st_mode & 0o777 == 0o600
    assert acting_person(People.read(file)).id == "p-me"


def test_a_name_that_has_another_number_now_is_somebody_else(file):
    learned(file)
    seen = file.with_name("people.uids")
    seen.write_text(seen.read_text().replace(str(UID), "4242"))
    with pytest.raises(UserChanged) as caught:
        acting_person(People.read(file))
    assert caught.value.facts == {"person": "p-me", "uid": UID}
    file.write_text(
        GOOD.replace("roles", f"uid = {UID}\nroles", 1)
    )  # the administrator says who it is
    assert acting_person(People.read(file)).id == "p-me"
    file.write_text(GOOD.replace("roles", "uid = 4242\nroles", 1))
    with pytest.raises(UserChanged):
        acting_person(People.read(file))


def test_a_number_that_was_another_persons_is_refused(file):
    other = GOOD.replace('roles = ["reviewer"]', f'uid = {UID}\nroles = ["reviewer"]')
    file.write_text(other)
    with pytest.raises(UserChanged):
        acting_person(People.read(file))
    file.write_text(GOOD)
    file.with_name("people.uids").write_text(f'{{"p-other": ["somebody-else", {UID}]}}')
    file.with_name("people.uids").chmod(0o600)
    with pytest.raises(UserChanged):
        acting_person(People.read(file))
    file.write_text(GOOD.replace("somebody-else", "another-name"))  # a user whom nobody has seen
    assert acting_person(People.read(file)).id == "p-me"


def test_two_names_of_one_number_are_refused(file, monkeypatch, tmp_path):
    users = tmp_path / "passwd"
    users.write_text(f"{ME}:x:{UID}:0::/:/bin/sh\nfriend:x:4242:4242::/:/bin/sh\nbroken\n")
    monkeypatch.setattr("approvals.people.people._USERS", users)
    assert acting_person(People.read(file)).id == "p-me"
    users.write_text(users.read_text() + f"second:x:{UID}:0::/:/bin/sh\n")
    with pytest.raises(UserAmbiguous):
        acting_person(People.read(file))


def test_who_is_deactivated_does_nothing(file):
    file.write_text(GOOD.replace("roles", "active = false\nroles", 1))
    with pytest.raises(PersonInactive) as caught:
        acting_person(People.read(file))
    assert caught.value.exit == 3
    people = People.read(file)
    assert people.active("p-me") is None is people.active("p-nobody")
    assert people.active("p-other").user == "somebody-else"


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"p": 1}', '{"p": ["u", "x"]}'])
def test_numbers_that_cant_be_read_are_refused(file, text):
    file.with_name("people.uids").write_text(text)
    file.with_name("people.uids").chmod(0o600)
    with pytest.raises(PeopleFileWrong):
        People.read(file)


def test_numbers_that_others_wrote_are_refused(file, tmp_path):
    file.with_name("people.uids").write_text("{}")
    file.with_name("people.uids").chmod(0o666)
    with pytest.raises(PeopleFileUnsafe):
        People.read(file)
