"""A fingerprint as people have it: what openssl prints of a certificate, a key's own, SHA-1 told apart."""

import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from approvals.application import example_application
from crypto.cms.certificates import make_recipient
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.keys import plain_digest
from pipelines.session import Session, today
from tests.in_process import run_here

SHA1 = ("AB:" * 20).rstrip(":")


@pytest.fixture
def home(tmp_path):
    init_home(tmp_path / "home", demo=True)
    return tmp_path / "home"


@pytest.fixture
def cert(tmp_path):
    (tmp_path / "lead.pem").write_bytes(make_recipient("p384", "Lead")[1])
    return tmp_path / "lead.pem"


def openssl(cert, *how):
    words = ["openssl", "x509", "-in", str(cert), "-noout", "-fingerprint", *how]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def own(cert):
    key = load_pem_x509_certificate(cert.read_bytes()).public_key()
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


FORMS = {
    "key": own,
    "key in capitals with colons": lambda cert: bytes.fromhex(own(cert)).hex(":").upper(),
    "key with its algorithm": lambda cert: f"SHA256:{own(cert)}",
    "key in blocks": lambda cert: bytes.fromhex(own(cert)).hex(" ", 4),
    "openssl's line": lambda cert: openssl(cert, "-sha256"),
    "openssl's figures": lambda cert: openssl(cert, "-sha256").partition("=")[2].strip(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_confirmed_by_its_own_fingerprint_or_its_certificates(home, cert, form):
    assert run_here("escrow", "add", cert, home=home).code == 0
    done = run_here("escrow", "confirm", FORMS[form](cert), "--json", home=home)
    assert done.json["fingerprint"] == own(cert)


@pytest.mark.parametrize(
    "words", [("escrow", "confirm"), ("recipient", "confirm"), ("keys", "revoke")]
)
def test_sha1_is_told_with_the_command_that_prints_the_right_one(home, words):
    for given in (SHA1, f"sha1 Fingerprint={SHA1}", SHA1.replace(":", "").lower()):
        done = run_here(*words, given, "--json", home=home)
        assert (done.code, done.json["error"]["code"]) == (2, "RUN-24")
        assert "-fingerprint -sha256" in done.json["error"]["cure"]
        assert "SHA-1" in done.err


def test_a_recipients_key_is_confirmed_and_revoked_by_its_certificate(home, cert, tmp_path):
    (tmp_path / "a.toml").write_text(example_application("standard", on=today()))
    with Session(open_home(home)) as session:
        number = session.projects.submit(tmp_path / "a.toml", session.person, today()).number
        session.projects.approve(number, session.person, today())
    assert run_here("recipient", "add", number, cert, "--member", "lead", home=home).code == 0
    line = openssl(cert, "-sha256")
    assert run_here("recipient", "confirm", line, "--json", home=home).json["projects"] == [number]
    revoked = run_here("recipient", "revoke", number, line, "--json", home=home).json
    assert revoked["fingerprint"] == own(cert)


def test_a_former_signing_key_is_revoked_by_the_fingerprint_of_the_letters(home):
    line = openssl(home / "signing.pem", "-sha256")
    former = run_here("keys", "rotate", "--json", home=home).json["former"]
    assert run_here("keys", "revoke", line, "--json", home=home).json["fingerprint"] == former


def test_a_digest_is_taken_in_capitals_and_with_its_algorithm():
    assert plain_digest("sha256: AB:cd ef") == plain_digest("SHA256 Fingerprint=abcdef") == "abcdef"
    assert plain_digest("nothing of the sort") == "nothing of the sort"
