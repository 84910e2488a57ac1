"""Users whom root renames, gives other numbers or second names; links and open folders of a home: who acts is refused, with a reason.

They own the home that they act on, so that no kernel need let anybody log in; what goes through sudo is refused before it asks who acts.
"""

import json
import os
import pwd
import shutil
import subprocess

import pytest

from pipelines.deployment.init import init_home
from tests.integration.apart import Apart, why_not

pytestmark = [pytest.mark.machine("sudo"), pytest.mark.long]

PERSON = (
    '[[person]]\nid = "owner"\nname = "O"\nuser = "{user}"\nroles = ["engineer", "administrator"]\n'
)


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    if reason := why_not(login=False):
        assert os.geteuid() == 0 or "CI" not in os.environ, reason
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("apart") / "home"
    init_home(home)
    with Apart(home) as made:
        yield made


@pytest.fixture
def owner(apart):
    """Runs a command as the user who owns the home, and is a person; the code of its refusal, or nothing."""
    people, user = apart.home / "people.toml", apart.users["service"]
    before = people.read_text()
    people.write_text(PERSON.format(user=user))

    def run(*words: object) -> str | None:
        process = apart.start("service", *words, "--json", stdout=-1, stderr=-1)
        out, err = process.communicate(timeout=120)
        assert process.returncode in (0, 3, 5), (out, err)
        return err.partition(":")[0] if process.returncode else None

    seen = apart.home / "people.uids"
    seen.write_text(json.dumps({"owner": [user, pwd.getpwnam(user).pw_uid]}))
    seen.chmod(0o600)
    shutil.chown(seen, user)
    yield run
    people.write_text(before)


def root(*words: object) -> None:
    subprocess.run([str(w) for w in words], check=True, capture_output=True)


def test_a_user_who_was_made_again_with_another_number_is_somebody_else(apart, owner):
    user = apart.users["service"]
    was = pwd.getpwnam(user).pw_uid
    now = was + 20_000  # for good: somebody else may have taken the old one meanwhile
    root("usermod", "-u", now, user)
    root("chown", "-R", now, apart.home)
    assert owner("status") == "PEOPLE-09"
    people = apart.home / "people.toml"
    people.write_text(PERSON.format(user=user) + f"uid = {now}\n")
    assert owner("status") is None


def test_a_renamed_user_is_nobody(apart, owner):
    user = apart.users["service"]
    root("usermod", "-l", f"{user}x", user)
    apart.users["service"] = f"{user}x"
    try:
        assert owner("status") == "PEOPLE-03"
    finally:
        apart.users["service"] = user
        root("usermod", "-l", user, f"{user}x")


def test_two_names_of_one_number_are_nobody(apart, owner):
    user = apart.users["service"]
    uid = pwd.getpwnam(user).pw_uid
    root("useradd", "--non-unique", "--uid", uid, "--no-create-home", "--gid", "nogroup", f"{user}y")  # fmt: skip
    try:
        assert owner("status") == "PEOPLE-08"
    finally:
        root("userdel", "--force", f"{user}y")


def test_the_number_of_another_person_is_refused(apart, owner):
    uid = pwd.getpwnam(apart.users["service"]).pw_uid
    people = apart.home / "people.toml"
    gone = PERSON.format(user="somebody-who-left").replace('"owner"', '"gone"')
    people.write_text(people.read_text() + gone + f"uid = {uid}\n")
    assert owner("status") == "PEOPLE-09"


def test_who_is_deactivated_acts_no_more_and_it_is_recorded(apart, owner):
    people = apart.home / "people.toml"
    people.write_text(people.read_text() + "active = false\n")
    assert owner("status") == "PEOPLE-07"
    people.write_text(PERSON.format(user=apart.users["service"]))
    shown = apart.run("service", "ledger", "show", "--json").json
    assert any(e["facts"].get("code") == "PEOPLE-07" for e in shown)


def test_a_link_to_what_another_user_has_is_not_followed_nor_a_second_name_of_a_key(apart, owner):
    place, theirs = apart.home / "settings.toml", apart.folder("engineer") / "settings.toml"
    shutil.move(place, theirs)
    place.symlink_to(theirs)
    try:
        assert owner("status") == "HOME-26"
    finally:
        shutil.move(theirs, place)
    second = apart.folder("engineer") / "kept.key"
    os.link(apart.home / "keys" / "keyring.json", second)
    try:
        assert owner("status") == "HOME-26"
    finally:
        second.unlink()


def test_a_home_in_a_folder_of_somebody_elses_is_refused(apart, owner):
    os.chown(apart.root, pwd.getpwnam(apart.users["engineer"]).pw_uid, -1)
    try:
        assert owner("status") == "HOME-25"
    finally:
        os.chown(apart.root, 0, -1)


def test_behind_sudo_no_path_of_the_callers_is_opened(apart):
    """Without the variable, the program runs as the service for somebody else: it opens nothing that they name."""
    apart.put("engineer", "me.pem", "no certificate")
    secret = apart.home / "keys" / "passphrase"
    for words in (
        ("tools", "seal", secret, "--to", "me.pem", "--sign", "me.pem", "--sign-cert", "me.pem", "--out", "/tmp/sealed"),
        ("ledger", "export", "--out", apart.root / "service" / "ledger.jsonl"),
    ):  # fmt: skip
        told = apart.run("engineer", *words, sudo=True, code=3)
        assert "RUN-35" in told.err, told.err
    assert not (apart.root / "service" / "ledger.jsonl").exists()
