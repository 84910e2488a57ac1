"""Settings are in force by two people: a hand edit is found, said and refused until somebody else confirmed it."""

import json
import re
import shutil

import pytest

from approvals.errors import NothingToConfirm, RoleMissing, SamePerson, SwitchNotConfirmed
from approvals.people import settings_digest
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


def named(home, roles=ROLES, **more):
    """Write who is who; ``more`` are lines of a person's entry."""
    lines = [
        PERSON.format(p, f"u-{p}", r) + more.get(p.replace("-", "_"), "") for p, r in roles.items()
    ]
    home.people_file.write_text("\n".join(lines))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home whose people two of them confirmed."""
    home = Home(tmp_path_factory.mktemp("force") / "home")
    init_home(home.root)
    named(home)
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    return home.root


@pytest.fixture
def home(made, tmp_path):
    shutil.copytree(made, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    return Home(tmp_path / "home")


def acting(home, who):
    session = Session(home)
    session.person = session.people.by_user(f"u-{who}")
    return session


@pytest.fixture
def i_am(monkeypatch):
    """Who gives the next commands."""

    def become(who):
        for place in ("pipelines.session", "approvals.people"):
            monkeypatch.setattr(f"{place}.acting_person", lambda people: people.by_user(f"u-{who}"))

    return become


def settle(home, name, value):
    text, (section, _, key) = home.settings_file.read_text(), name.partition(".")
    head, body = text.split(f"[{section}]\n")
    body = re.sub(rf"(?m)^{key} = .*$", f"{key} = {json.dumps(value)}", body, count=1)
    home.settings_file.write_text(f"{head}[{section}]\n{body}")


def refused(home):
    with pytest.raises(SettingsNotConfirmed) as caught:
        safeguards.check_before(Session(home))
    assert caught.value.exit == 3
    return caught.value.facts


def test_a_new_home_is_in_force_and_comments_are_free(home):
    safeguards.check_before(acting(home, "erin-1"))
    assert len(acting(home, "erin-1").ledger.events()) == 3
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
def test_any_edit_takes_one_who_records_and_another_who_confirms(home, i_am, name, value):
    settle(home, name, value)
    if name == "storage.ledger_url":  # elsewhere there is no ledger
        i_am("erin-1")
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
    assert [(e.kind, e.actor) for e in events[3:]] == [
        ("settings_changed", "ada-1"), ("settings_confirmed", "sam-1"),
    ]  # fmt: skip
    assert events[3].facts["names"] == (name,)


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
    from pipelines import session

    digests = session.description_digests()
    monkeypatch.setattr(
        session, "description_digests", lambda _folder=None: digests | {"CARPOS": "0" * 64}
    )
    assert refused(home)["settings"] == ("systems.CARPOS",)
    monkeypatch.setattr(
        session, "description_digests", lambda _folder=None: digests | {"NEW": "0" * 64}
    )
    assert refused(home)["settings"] == ("systems.NEW",)


def test_a_mapping_is_in_force_by_two_people_and_stops_loads_alone(home):
    (home.systems / "carpos.mapping.toml").write_text('system = "CARPOS"')
    with pytest.raises(SettingsNotConfirmed) as caught:
        safeguards.check_mapping(acting(home, "erin-1"), "CARPOS", b'system = "CARPOS"')
    assert caught.value.facts["settings"] == ("systems.CARPOS.mapping",)
    safeguards.check_before(acting(home, "erin-1"))  # orders go on
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    safeguards.check_mapping(acting(home, "erin-1"), "CARPOS", b'system = "CARPOS"')
    for other in (b'system = "CARPOS" ', b""):  # not the one that was confirmed
        with pytest.raises(SettingsNotConfirmed):
            safeguards.check_mapping(acting(home, "erin-1"), "CARPOS", other)
    (home.systems / "carpos.mapping.toml").unlink()
    assert safeguards.standing(acting(home, "erin-1")).changed == ("systems.CARPOS.mapping",)


def test_what_a_home_adds_to_a_system_stops_orders_until_two_people_said_so(home):
    added = '[code_lists.contact_kind]\ncodes = [{ value = "shelter", label = "Shelter" }]\n'
    (home.systems / "carpos.local.toml").write_text(added)
    assert refused(home)["settings"] == ("systems.CARPOS.local",)
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    safeguards.check_before(acting(home, "erin-1"))


def test_a_setting_that_a_newer_version_brings_counts_at_its_default(home):
    """As if today's home had been made by a version without two of the settings."""
    session = acting(home, "ada-1")
    older = values_of(session.settings, session.people)
    del older["retention.intake_days"]
    home.settings_confirmed.write_text(json.dumps(older))
    settle(home, "department.name", "Other")  # so that it is recorded again, without them
    from approvals.ledger import Event

    digest = settings_digest(session.keyring.digest, older)
    facts = {"settings": digest, "on": "2026-11-29"}
    session.ledger.append(Event("settings_confirmed", "sam-1", facts=facts))
    settle(home, "department.name", older["department.name"])
    safeguards.check_before(acting(home, "erin-1"))
    settle(home, "retention.intake_days", 31)
    assert refused(home)["settings"] == ("retention.intake_days",)


def test_a_home_of_before_says_what_to_do_and_is_confirmed_once(home, i_am):
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
    i_am("ada-1")
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


def test_the_commands_say_who_must_confirm(home, i_am):
    i_am("ada-1")
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
    i_am("sam-1")
    (second,) = run_here("status", "--json", home=home.root).json
    assert second["command"] == f"doj-release settings confirm {shown['digest']}"
    assert run_here(*second["command"].split()[1:], home=home.root).code == 0
    assert run_here("status", "--json", home=home.root).json == []


def test_a_password_in_an_address_is_not_shown(home):
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


# ------------------------------------------------------------------ people.toml


def test_a_new_role_counts_when_two_people_confirmed_it(home):
    """One administrator makes an approver of themselves; no name and no address goes into the ledger."""
    named(home, ROLES | {"ada-1": '"administrator", "engineer", "approver"'})
    assert refused(home) == {"settings": ("people.ada-1",), "next": "record", "by": ("ada-1",)}
    assert acting(home, "ada-1").person.roles == {"administrator", "engineer"}
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    assert refused(home)["by"] == ("sam-1", "avery-1")
    with pytest.raises(SamePerson):
        safeguards.confirm_change(acting(home, "ada-1"), digest)
    safeguards.confirm_change(acting(home, "avery-1"), digest)
    safeguards.check_before(Session(home))
    assert "approver" in acting(home, "ada-1").person.roles
    assert not {"name", "user"} & acting(home, "ada-1").ledger.events()[-2].facts.keys()


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ('user = "u-avery-1"', 'user = "u-me"', "avery-1"),  # another login under their id
        ('user = "u-avery-1"', 'user = "u-avery-1"\nuid = 7', None),
        ('id = "avery-1"', 'id = "other-1"', "other-1"),
    ],
)
def test_somebody_else_under_a_persons_name_is_nobody_yet(home, old, new, changed):
    home.people_file.write_text(home.people_file.read_text().replace(old, new))
    refused(home)
    found = {one.id for one in Session(home).people.persons}
    assert found == ROLES.keys() - ({"avery-1"} if changed else set())


def test_what_is_taken_away_counts_at_once(home, i_am):
    named(home, avery_1="active = false\n")
    assert not acting(home, "avery-1").person.active
    assert refused(home)["settings"] == ("people.avery-1",)
    named(home, {k: v for k, v in ROLES.items() if k != "avery-1"})
    assert refused(home)["settings"] == ("people.avery-1",)
    i_am("avery-1")
    assert run_here("settings", "show", home=home.root).code == 3
    shown = safeguards.overview(Session(home))["changes"]
    assert [(one["in_force"], one["in_file"]) for one in shown] == [
        ("user u-avery-1; approver", None)
    ]
    named(home)  # whoever is put back as they were has their rights again
    safeguards.check_before(Session(home))


def test_names_and_comments_of_people_are_free(home):
    text = home.people_file.read_text()
    home.people_file.write_text("# who\n" + text.replace('name = "N"', 'name = "M"'))
    safeguards.check_before(Session(home))


def test_the_last_two_are_replaced_one_after_the_other(home):
    """A third is confirmed by those of before; then one of them may go."""
    two = {k: ROLES[k] for k in ("ada-1", "sam-1")}
    named(home, two)
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    named(home, {"ada-1": ROLES["ada-1"], "new-1": '"security"'})  # who came does not let sam-1 go
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    assert refused(home)["by"] == ("nobody in force",)
    named(home, two | {"new-1": '"security"'})
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    named(home, {"ada-1": ROLES["ada-1"], "new-1": '"security"'})
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    safeguards.confirm_change(acting(home, "new-1"), digest)
    safeguards.check_before(Session(home))


def test_without_the_copy_nobody_gains_a_right(home):
    home.settings_confirmed.unlink()
    assert acting(home, "ada-1").person  # the file is what was confirmed
    named(home, ROLES | {"me-1": '"approver"'})
    assert Session(home).people.persons == ()
    assert refused(home)["by"] == ("nobody in force",)


def test_the_first_list_of_people_is_confirmed_by_two_of_them(tmp_path, i_am):
    home = Home(tmp_path / "home")
    init_home(home.root)
    named(home)
    safeguards.check_before(Session(home))  # as yet there is nobody to answer for it
    i_am("ada-1")
    found = {one["what"]: one for one in run_here("doctor", "--json", home=home.root).json}
    assert found["settings in force"]["state"] == "note"
    assert "people.ada-1" in found["settings in force"]["detail"]
    (step,) = run_here("status", "--json", home=home.root).json
    assert step["command"] == "doj-release settings record"
    digest = safeguards.record_change(acting(home, "ada-1"))["digest"]
    with pytest.raises(SamePerson):
        safeguards.confirm_change(acting(home, "ada-1"), digest)
    safeguards.confirm_change(acting(home, "sam-1"), digest)
    named(home, ROLES | {"me-1": '"approver"'})
    assert refused(home)["settings"] == ("people.me-1",)
