"""Switches, escrow, passwords, copies that are kept: on a real home, between two people."""

import subprocess
from pathlib import Path

import pytest

from approvals.errors import EscrowChanged, EscrowRefused, SamePerson, SwitchNotConfirmed
from approvals.ledger.events import Event
from pipelines import safeguards as switches
from pipelines.custody import escrow
from pipelines.deployment.init import init_home
from pipelines.errors import OptionsDisagree
from pipelines.home.errors import SettingsUnusable
from pipelines.home.home import Home
from pipelines.keys import verify_ledger
from pipelines.orchestration.errors import AuthFileUnsafe
from pipelines.orchestration.prefect_environment import password
from pipelines.session import Session

FIRST, SECOND = "p-first", "p-second"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    init_home(tmp_path / "home", department="Test Department")
    return Home(tmp_path / "home")


def acting(home: Home, person: str) -> Session:
    """The same user of the operating system, whom the administrator maps to another person."""
    import os
    import pwd

    user = pwd.getpwuid(os.geteuid()).pw_name
    roles = '["engineer", "administrator", "approver", "security"]'
    text = f'[[person]]\nid = "{person}"\nname = "N"\nuser = "{user}"\nroles = {roles}\n'
    home.people_file.write_text(text)
    return Session(home)


def settle(home: Home, old: str, new: str) -> None:
    text = home.settings_file.read_text()
    assert old in text
    home.settings_file.write_text(text.replace(old, new, 1))


# ------------------------------------------------------------------ switches


def test_a_less_cautious_setting_takes_two_people(home):
    switches.check_switches(acting(home, FIRST))
    with pytest.raises(OptionsDisagree):
        switches.override_setting(acting(home, FIRST), "disclosure.threshold")
    settle(home, "threshold = 10 ", "threshold = 5 ")
    settle(home, 'release_approval = "second_person"', 'release_approval = "auto"')
    with pytest.raises(SwitchNotConfirmed) as caught:
        switches.check_switches(acting(home, FIRST))
    names = ("disclosure.threshold", "release.release_approval")
    assert (caught.value.facts["switches"], caught.value.exit) == (names, 3)
    for name in names:
        switches.override_setting(acting(home, FIRST), name)
        with pytest.raises(SamePerson):
            switches.confirm_setting(acting(home, FIRST), name)
        switches.confirm_setting(acting(home, SECOND), name)
    switches.check_switches(acting(home, FIRST))
    rows = {row["switch"]: row for row in switches.switch_overview(acting(home, FIRST))}
    assert rows["disclosure.threshold"]["confirmed"]
    settle(home, "threshold = 5 ", "threshold = 4 ")
    with pytest.raises(SwitchNotConfirmed):
        switches.check_switches(acting(home, FIRST))


def test_a_model_of_ones_own_takes_two_people_and_lies_in_the_home(home):
    settle(home, 'model = ""', 'model = "spring.json"')
    with pytest.raises(SwitchNotConfirmed):
        switches.check_switches(acting(home, FIRST))
    switches.override_setting(acting(home, FIRST), "linkage.model")
    switches.confirm_setting(acting(home, SECOND), "linkage.model")
    switches.check_switches(acting(home, FIRST))
    settle(home, 'model = "spring.json"', 'model = "../spring.json"')
    with pytest.raises(SettingsUnusable):
        home.settings()


def test_every_switch_is_a_setting_and_its_default_is_cautious(home):
    assert switches.less_cautious(home.settings()) == {}


# ------------------------------------------------------------------ escrow


@pytest.fixture
def escrow_key(tmp_path):
    """Made with openssl, as on another machine: (certificate, private key)."""
    key, cert = tmp_path / "escrow.key", tmp_path / "escrow.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
         "-noenc", "-keyout", key, "-out", cert, "-days", "3650", "-subj", "/CN=escrow",
         "-addext", "keyUsage=critical,keyAgreement"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def test_the_escrow_key_is_confirmed_by_two_and_its_private_part_refused(home, escrow_key):
    cert, key = escrow_key
    assert escrow.confirmed_escrow(acting(home, FIRST)) is None
    both = cert.with_name("both.pem")
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    for private in (key, both):
        with pytest.raises(EscrowRefused):
            escrow.add_escrow_certificate(acting(home, FIRST), private)
    added = escrow.add_escrow_certificate(acting(home, FIRST), cert)
    assert escrow.confirmed_escrow(acting(home, FIRST)) is None  # nothing is sealed to it yet
    with pytest.raises(SamePerson):
        escrow.confirm_escrow_certificate(acting(home, FIRST), added["fingerprint"])
    escrow.confirm_escrow_certificate(acting(home, SECOND), added["fingerprint"].upper())
    found = escrow.confirmed_escrow(acting(home, FIRST))
    assert found is not None
    assert found.fingerprint == added["fingerprint"]
    for path in home.root.rglob("*"):
        assert path.is_dir() or b"-----BEGIN PRIVATE KEY" not in path.read_bytes()


def test_another_certificate_in_the_keyring_is_not_sealed_to(home, escrow_key):
    cert, _ = escrow_key
    (home.keys / "escrow.pem").write_bytes(cert.read_bytes())
    with pytest.raises(EscrowChanged) as caught:
        escrow.confirmed_escrow(acting(home, FIRST))
    assert caught.value.exit == 5
    (home.keys / "escrow.pem").unlink()
    added = escrow.add_escrow_certificate(acting(home, FIRST), cert)
    escrow.confirm_escrow_certificate(acting(home, SECOND), added["fingerprint"])
    (home.keys / "escrow.pem").unlink()
    with pytest.raises(EscrowChanged):
        escrow.confirmed_escrow(acting(home, FIRST))


# ------------------------------------------------------------------ the server's password


def test_the_servers_password_is_read_from_a_closed_file_alone(home):
    assert password(home) is None
    place = home.prefect / "auth"
    place.write_text("admin:long secret\n")
    place.chmod(0o640)
    with pytest.raises(AuthFileUnsafe) as caught:
        password(home)
    assert "secret" not in str(caught.value)
    place.chmod(0o600)
    assert password(home) == "admin:long secret"
    for nothing in ("", "no colon", ":"):
        place.write_text(nothing)
        with pytest.raises(AuthFileUnsafe):
            password(home)
    place.unlink()
    place.symlink_to(home.settings_file)
    with pytest.raises(AuthFileUnsafe):
        password(home)


# ------------------------------------------------------------------ the ledger of a home


def test_the_homes_ledger_shows_a_cut_end_by_itself(home):
    import sqlite3

    from approvals.errors import LedgerBroken

    session = acting(home, FIRST)
    for n in range(3):
        session.ledger.append(Event("settings_changed", FIRST, facts={"settings": f"{n:064x}"}))
    assert verify_ledger(acting(home, FIRST))["size"] == 4
    with sqlite3.connect(home.root / "ledger.sqlite3") as raw:
        raw.execute("DROP TRIGGER events_no_delete")
        raw.execute("DELETE FROM events WHERE seq = 4")
    with pytest.raises(LedgerBroken) as caught:
        verify_ledger(acting(home, FIRST))
    assert caught.value.facts["event"] == 4
