"""Settings are in force by two people: a hand edit is found, said and refused until somebody else confirmed it."""

import json
import os
import pwd
import re
import shutil

import pytest

from approvals.errors import NothingToConfirm, RoleMissing, SamePerson, SwitchNotConfirmed
from pipelines import safeguards
from pipelines.deployment.init import init_home, upgrade
from pipelines.home.home import Home
from pipelines.home.settings import Settings
from pipelines.safeguards.errors import SettingsNotConfirmed
from pipelines.safeguards.in_force import ALONE, values_of
from pipelines.safeguards.switches import CAUTIOUS
from pipelines.session import Session
from tests.in_process import run_here

ROLES = {
    "ada-1": '"administrator", "engineer"',
    "sam-1": '"security"',
    "avery-1": '"approver"',
    "erin-1": '"engineer"',
}
PERSON = '[[person]]\nid = "{}"\nname = "N"\nuser = "{}"\nroles = [{}]\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("force") / "home"
    init_home(root)
    return root


@pytest.fixture
def home(made, tmp_path):
    shutil.copytree(made, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    return Home(tmp_path / "home")


def acting(home, who):
    user = pwd.getpwuid(os.geteuid()).pw_name
    home.people_file.write_text(
        "\n".join(PERSON.format(p, user if p == who else f"u-{p}", r) for p, r in ROLES.items())
    )
    return Session(home)


def settle(home, name, value):
    text, (section, _, key) = home.settings_file.read_text(), name.partition(".")
    head, body = text.split(f"[{section}]\n")
    body = re.sub(rf"(?m)^{key} = .*$", f"{key} = {json.dumps(value)}", body, count=1)
    home.settings_file.write_text(f"{head}[{section}]\n{body}")


def refused(home):
    with pytest.raises(SettingsNotConfirmed) as caught:
        safeguards.check_before(acting(home, "erin-1"))
    assert caught.value.exit == 3
    return caught.value.facts


def test_a_new_home_is_in_force_and_comments_are_free(home):
    safeguards.check_before(acting(home, "erin-1"))
    assert len(acting(home, "erin-1").ledger.events()) == 1
    text = home.settings_file.read_text()
    home.settings_file.write_text("# ours\n" + re.sub(r"(?m) *#.*$", "", text))
    safeguards.check_before(acting(home, "erin-1"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("disclosure.threshold", 12),  # more cautious, and still another
        ("disclosure.zeros", "hidden"),
        ("mail.host", "mail.elsewhere.example"),
        ("notices.url_file", "/tmp/x"),
        ("storage.ledger_url", "sqlite:////tmp/elsewhere"),
        ("retention.outbox_days", 1),
        ("operations.metrics_file", "/tmp/x"),
        ("department.contact", "me@elsewhere.example"),
    ],
)
def test_any_edit_takes_one_who_records_and_another_who_confirms(home, name, value):
    settle(home, name, value)
    if name == "storage.ledger_url":  # elsewhere there is no ledger
        assert run_here("run", "2026-001", "--kind", "aggregated", home=home.root).code == 5
        return
    assert refused(home) == {"settings": (name,), "next": "record", "by": ("ada-1",)}
    with pytest.raises(RoleMissing):
        safeguards.record_change(acting(home, "erin-1"))
    with pytest.raises(NothingToConfirm):
        safeguards.confirm_change(acting(home, "sam-1"), "0" * 64)
    recorded = safeguards.record_change(acting(home, "ada-1"))
    assert refused(home) == {"settings": (name,), "next": "confirm", "by": ("sam-1", "avery-1")}
    with pytest.raises(SamePerson):
        safeguards.confirm_change(acting(home, "ada-1"), recorded["digest"])
    with pytest.raises(RoleMissing):
        safeguards.confirm_change(acting(home, "erin-1"), recorded["digest"])
    for wrong in ("", recorded["digest"][:11], "0" * 64):
        with pytest.raises(NothingToConfirm):
            safeguards.confirm_change(acting(home, "sam-1"), wrong)
    safeguards.confirm_change(acting(home, "sam-1"), recorded["digest"][:12].upper())
    safeguards.check_before(acting(home, "erin-1"))
    events = acting(home, "erin-1").ledger.events()
    assert [(e.kind, e.actor) for e in events[1:]] == [
        ("settings_changed", "ada-1"), ("settings_confirmed", "sam-1"),
    ]  # fmt: skip
    assert events[1].facts["names"] == (name,)


def test_what_was_edited_between_two_people_is_not_what_they_confirmed(home):
    settle(home, "disclosure.threshold", 12)
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    settle(home, "mail.host", "mail.elsewhere.example")
    with pytest.raises(NothingToConfirm):
        safeguards.confirm_change(acting(home, "sam-1"), digest)
    assert refused(home)["settings"] == ("disclosure.threshold", "mail.host")
    later = safeguards.overview(acting(home, "sam-1"))["digest"]
    with pytest.raises(NothingToConfirm):  # nobody recorded it
        safeguards.confirm_change(acting(home, "sam-1"), later)


def test_what_is_put_back_is_in_force_and_what_was_in_force_before_is_not(home):
    settle(home, "disclosure.threshold", 12)
    settle(home, "disclosure.threshold", 10)
    safeguards.check_before(acting(home, "erin-1"))
    settle(home, "disclosure.threshold", 12)
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "avery-1"), digest)
    settle(home, "disclosure.threshold", 10)
    assert refused(home)["settings"] == ("disclosure.threshold",)


@pytest.mark.parametrize("content", [None, "{}", "no json", '{"disclosure.threshold": 2}', "[1]"])
def test_without_the_copy_of_what_was_confirmed_a_change_is_found_and_has_no_name(home, content):
    if content is None:
        home.settings_confirmed.unlink()
    else:
        home.settings_confirmed.write_text(content)
    safeguards.check_before(acting(home, "erin-1"))
    settle(home, "disclosure.threshold", 11)
    assert refused(home)["settings"] == ("settings.toml",)


def test_a_copy_that_was_edited_with_the_file_is_no_way_around(home):
    settle(home, "disclosure.threshold", 11)
    copy = json.loads(home.settings_confirmed.read_text()) | {"disclosure.threshold": 11}
    home.settings_confirmed.write_text(json.dumps(copy))
    refused(home)


def test_presentation_is_recorded_by_one_person(home):
    settle(home, "department.name", "Department of Examples")
    assert refused(home)["next"] == "record"
    assert safeguards.record_change(acting(home, "ada-1"))["in_force"]
    safeguards.check_before(acting(home, "erin-1"))
    assert acting(home, "erin-1").ledger.events()[-1].facts["alone"] is True
    settle(home, "department.name", "Another")
    settle(home, "mail.host", "elsewhere.example")
    assert not safeguards.record_change(acting(home, "ada-1"))["in_force"]


def test_what_one_person_may_change_is_a_setting_and_guards_nothing():
    names = values_of(Settings()).keys()
    assert names >= ALONE
    assert not ALONE & CAUTIOUS.keys()
    shaping = (
        "disclosure.",
        "drift.",
        "linkage.",
        "release.",
        "approvals.",
        "storage.",
        "systems.",
    )
    assert not any(name.startswith(shaping) for name in ALONE)


def test_a_switch_that_two_people_confirmed_is_in_force_with_that(home):
    settle(home, "disclosure.threshold", 5)
    with pytest.raises(SwitchNotConfirmed):
        safeguards.check_before(acting(home, "erin-1"))
    safeguards.override_setting(acting(home, "ada-1"), "disclosure.threshold")
    safeguards.confirm_setting(acting(home, "sam-1"), "disclosure.threshold")
    safeguards.check_before(acting(home, "erin-1"))
    assert acting(home, "erin-1").ledger.events()[-1].kind == "settings_confirmed"
    settle(home, "disclosure.threshold", 10)  # back again is a change, too
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    settle(home, "disclosure.threshold", 5)  # though two people confirmed it once
    assert refused(home)["settings"] == ("disclosure.threshold",)


def test_a_switch_does_not_carry_another_change(home):
    settle(home, "disclosure.threshold", 5)
    settle(home, "mail.host", "elsewhere.example")
    safeguards.override_setting(acting(home, "ada-1"), "disclosure.threshold")
    safeguards.confirm_setting(acting(home, "sam-1"), "disclosure.threshold")
    assert refused(home)["settings"] == ("disclosure.threshold", "mail.host")


def test_another_description_of_a_system_is_a_change(home, monkeypatch):
    from pipelines.safeguards import in_force

    digests = in_force.description_digests()
    monkeypatch.setattr(in_force, "description_digests", lambda: digests | {"CARPOS": "0" * 64})
    assert refused(home)["settings"] == ("systems.CARPOS",)
    monkeypatch.setattr(in_force, "description_digests", lambda: digests | {"NEW": "0" * 64})
    assert refused(home)["settings"] == ("systems.NEW",)


def test_a_setting_that_a_newer_version_brings_counts_at_its_default(home):
    """As if today's home had been made by a version without two of the settings."""
    session = acting(home, "ada-1")
    older = values_of(session.settings)
    del older["retention.intake_days"]
    home.settings_confirmed.write_text(json.dumps(older))
    settle(home, "department.name", "Other")  # so that it is recorded again, without them
    from approvals.ledger import Event
    from pipelines.safeguards.in_force import _digest

    facts = {"settings": _digest(session.keyring, older), "on": "2026-11-29"}
    session.ledger.append(Event("settings_confirmed", "sam-1", facts=facts))
    settle(home, "department.name", older["department.name"])
    safeguards.check_before(acting(home, "erin-1"))
    settle(home, "retention.intake_days", 31)
    assert refused(home)["settings"] == ("retention.intake_days",)


def test_a_home_of_before_says_what_to_do_and_is_confirmed_once(home, monkeypatch, tmp_path):
    """Its first event has no digest."""
    from approvals.ledger import Ledger

    session = acting(home, "ada-1")
    for gone in (home.settings_confirmed, home.ledger_head, home.root / "ledger.sqlite3"):
        gone.unlink()
    ledger = Ledger.open(home.ledger_url(), create=True, witness=session._note_head)
    from approvals.ledger import Event

    ledger.append(Event("home_created", "ada-1", facts={"demo": False}))
    (home.root / "home.json").write_text('{"format": 4}')
    assert upgrade(home)["from"] == 4
    assert refused(home) == {"settings": ("settings.toml",), "next": "record", "by": ("ada-1",)}
    done = run_here("home", "upgrade", home=home.root)
    assert (done.code, "HOME-24" in done.err) == (0, True)
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    safeguards.check_before(acting(home, "erin-1"))


def test_a_demo_home_says_so_and_goes_on(tmp_path):
    init_home(tmp_path / "home", demo=True)
    home = Home(tmp_path / "home")
    settle(home, "disclosure.threshold", 12)
    safeguards.check_before(Session(home))
    assert safeguards.as_error(Session(home)) is not None
    found = run_here("doctor", "--json", home=home.root).json
    (said,) = [one for one in found if one["what"] == "settings in force"]
    assert said["state"] == "note"
    digest = safeguards.record_change(Session(home))["digest"]
    safeguards.confirm_change(Session(home), digest)
    assert safeguards.as_error(Session(home)) is None


def test_the_commands_say_who_must_confirm(home):
    acting(home, "ada-1")
    settle(home, "disclosure.threshold", 12)
    settle(home, "storage.ledger_url", f"sqlite:///{home.root / 'ledger.sqlite3'}")
    found = {one["what"]: one for one in run_here("doctor", "--json", home=home.root).json}
    assert found["settings in force"]["state"] == "bad"
    assert "HOME-24" in found["settings in force"]["detail"]
    assert "ada-1" in found["settings in force"]["detail"]
    run = run_here("refresh", "CARPOS", "--project", "2026-001", "--json", home=home.root)
    assert run.code != 0
    shown = run_here("settings", "show", "--json", home=home.root).json
    assert [one["setting"] for one in shown["changes"]] == ["disclosure.threshold", "storage.ledger_url"]  # fmt: skip
    (first,) = run_here("status", "--json", home=home.root).json
    assert first["command"] == "doj-release settings record"
    assert run_here("settings", "record", home=home.root).code == 0
    assert run_here("settings", "record", home=home.root).code == 3
    assert run_here("settings", "confirm", shown["digest"], home=home.root).code == 3
    acting(home, "sam-1")
    (second,) = run_here("status", "--json", home=home.root).json
    assert second["command"] == f"doj-release settings confirm {shown['digest']}"
    assert run_here(*second["command"].split()[1:], home=home.root).code == 0
    assert run_here("status", "--json", home=home.root).json == []


def test_a_password_in_an_address_is_not_shown(home):
    acting(home, "ada-1")
    session = Session(home)
    session.settings = session.settings.model_copy(
        update={"bucket": session.settings.bucket.model_copy(update={"endpoint": "https://me:word@h"})}
    )  # fmt: skip
    (change,) = safeguards.overview(session)["changes"]
    assert change["in_file"] == "https://…@h"


@pytest.mark.parametrize("longer", [False, True])
def test_another_homes_ledger_makes_no_demonstration_of_this_one(home, tmp_path, longer):
    """One person points storage.ledger_url at the ledger of a demonstration, where one may confirm everything."""
    from approvals.errors import LedgerBroken
    from approvals.ledger import Event

    acting(home, "ada-1").note("settings_changed", settings="0" * 64)
    init_home(tmp_path / "demo", demo=True)
    own = Session(Home(tmp_path / "demo"))
    for number in range(5 * longer):
        own.ledger.append(Event("settings_changed", "ada-1", facts={"settings": f"{number:064x}"}))
    settle(home, "storage.ledger_url", f"sqlite:///{tmp_path / 'demo' / 'ledger.sqlite3'}")
    for _ in range(2):
        with pytest.raises(LedgerBroken) as caught:
            safeguards.check_before(acting(home, "ada-1"))
        assert caught.value.exit == 5
        with pytest.raises(LedgerBroken):  # nor does the head follow it
            acting(home, "ada-1").note("settings_changed", settings="1" * 64)


def test_a_head_that_is_gone_is_not_made_anew(home):
    from approvals.errors import HeadWrong

    home.ledger_head.unlink()
    with pytest.raises(HeadWrong):
        acting(home, "ada-1").note("settings_changed", settings="0" * 64)
