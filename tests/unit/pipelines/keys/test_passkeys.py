"""Passkeys by commands: invited, confirmed, revoked; and what `ledger verify` says of decisions from a day on."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from approvals.ledger import Event
from approvals.passkeys import open_invitation, register_passkey
from crypto.passkeys import verify_registration
from pipelines.deployment.init import init_home
from pipelines.home import Home
from pipelines.session import Session, today
from tests.in_process import run_here
from tests.passkeys import CHALLENGE, signed
from tests.unit.crypto.passkeys.authenticators import SITE, Authenticator
from tests.unit.pipelines.safeguards.test_in_force import i_am, named, settle

__all__ = ["i_am"]
APPROVED = {"application": "d" * 64, "on": "2026-11-30", "expires": "2027-11-30"}


@pytest.fixture
def home(tmp_path, i_am):
    home = Home(tmp_path / "home")
    init_home(home.root)
    named(home)
    settle(home, "desk.origin", SITE.origin)
    i_am("ada-1")
    return home


def run(home, *words, code=0):
    done = run_here(*words, "--home", str(home.root), "--json")
    assert done.code == code, done.err
    return done.json if code == 0 else done


def enrolled(home, person="avery-1"):
    """A person opens what they were invited with, and registers an authenticator."""
    invited = run(home, "passkey", "invite", person)
    code = invited["open"].removeprefix(f"{SITE.origin}/register#")
    mine = Authenticator()
    with Session(home) as session:
        ledger = session.ledger
        who, invitation = open_invitation(ledger, code, ledger.clock()[1], session.keyring.digest)
        passkey = verify_registration(SITE, CHALLENGE, *mine.create(CHALLENGE))

        def step():
            return register_passkey(ledger, who, invitation, passkey, SITE.place, today())

        return mine, signed(ledger, step, mine, new=passkey)


def test_invited_registered_confirmed_and_revoked(home, i_am):
    _, fingerprint = enrolled(home)
    [row] = run(home, "passkey", "list")
    assert (row["person"], row["state"], row["fingerprint"]) == ("avery-1", "waits", fingerprint)
    [waits] = [r for r in run(home, "status", "--all") if r["step"] == "passkey.confirm"]
    assert (waits["what"], waits["others"]) == ("confirm the passkey of avery-1", ["sam-1"])
    for who in ("ada-1", "avery-1"):  # who invited, and whose it is
        i_am(who)
        assert "PEOPLE" in run(home, "passkey", "confirm", fingerprint, code=3).err
    i_am("sam-1")
    told = " ".join(fingerprint[at : at + 4] for at in range(0, 16, 4)).upper()  # as it is read out
    assert run(home, "passkey", "confirm", told)["confirmed"] is True
    assert run(home, "passkey", "list")[0]["state"] == "in force"
    i_am("erin-1")
    run(home, "passkey", "revoke", fingerprint, code=3)
    i_am("avery-1")
    run(home, "passkey", "revoke", fingerprint, "--reason", "stolen")
    assert run(home, "passkey", "list")[0]["state"] == "revoked"
    verified = run(home, "ledger", "verify")
    assert (verified["decisions_signed"], verified["decisions_not_signed"]) == (1, 2)


def test_whom_an_invitation_reaches(home, i_am):
    run(home, "passkey", "invite", "nobody-1", code=3)
    i_am("sam-1")
    run(home, "passkey", "invite", "avery-1", code=3)
    i_am("ada-1")
    settle(home, "desk.origin", "")
    run(home, "passkey", "invite", "avery-1", code=2)
    with Session(home) as session:
        assert session.ledger.events(kind="passkey_invited") == []


def test_from_a_day_on_a_decision_without_a_signature_is_found(home, i_am):
    with Session(home) as session:
        session.ledger.append(Event("project_approved", "avery-1", "2026-001", facts=APPROVED))
    settle(home, "desk.passkeys_from", (today() + timedelta(days=1)).isoformat())
    run(home, "ledger", "verify")
    settle(home, "desk.passkeys_from", today().isoformat())
    assert "not signed with a passkey" in run(home, "ledger", "verify", code=5).err
    _, fingerprint = enrolled(home)
    i_am("sam-1")
    assert "PASSKEY-02" in run(home, "passkey", "confirm", fingerprint, code=3).err


def test_the_day_that_two_people_confirmed_counts_whatever_the_file_says(home, i_am):
    settle(home, "desk.passkeys_from", today().isoformat())
    digest = run(home, "settings", "record")["digest"]
    i_am("sam-1")
    run(home, "settings", "confirm", digest)
    settle(home, "desk.passkeys_from", "")
    with Session(home) as session, pytest.raises(Exception, match="PASSKEY-02"):
        session.ledger.append(Event("project_approved", "avery-1", "2026-001", facts=APPROVED))


def told(home, what="passkeys"):
    return [
        one
        for one in run_here("doctor", "--home", str(home.root), "--json").json
        if one["what"] == what
    ]


def test_doctor_says_before_it_is_too_late_who_has_none(home, i_am):
    settle(home, "desk.origin", "")
    assert told(home) == []
    settle(home, "desk.passkeys_from", (today() + timedelta(days=30)).isoformat())
    assert told(home)[0]["state"] == "bad"  # nowhere to sign
    settle(home, "desk.origin", SITE.origin)
    assert told(home)[0]["state"] == "note"
    settle(home, "desk.passkeys_from", (today() + timedelta(days=9)).isoformat())
    [found] = told(home)
    assert (found["state"], "no approver" in found["detail"]) == ("bad", True)
    for person, second in (("avery-1", "sam-1"), ("sam-1", "avery-1")):
        i_am("ada-1")
        _, fingerprint = enrolled(home, person)
        i_am(second)
        run(home, "passkey", "confirm", fingerprint)
    [found] = told(home)
    assert (found["state"], found["detail"]) == (
        "good",
        "2 people have one in force, 1 of them approve",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("passkeys_from", "2026-13-01"), ("passkeys_from", "soon"), ("origin", "http://desk.example"),
     ("origin", "https://desk.example/"), ("origin", "https://Desk"), ("synced_passkeys", "maybe")],
)  # fmt: skip
def test_settings_that_say_nothing(home, name, value):
    settle(home, f"desk.{name}", value)
    assert f"settings desk.{name})" in run(home, "passkey", "list", code=6).err


def certificate(folder, days):
    """PEM of a certificate that ends in so many days."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    ends = datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, ends - timedelta(90), ends)
    path = folder / f"{days}.pem"
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


def test_doctor_says_until_when_the_desks_certificate_holds(home, tmp_path):
    assert told(home, "desk's certificate") == []
    for days, state in ((60, "good"), (10, "note"), (-1, "bad")):
        settle(home, "desk.certificate_file", str(certificate(tmp_path, days)))
        [found] = told(home, "desk's certificate")
        ends = datetime.now(UTC).date() + timedelta(days=days)
        assert (found["state"], found["detail"]) == (state, f"until {ends}")
    settle(home, "desk.certificate_file", str(tmp_path / "none.pem"))
    assert told(home, "desk's certificate")[0]["state"] == "bad"
