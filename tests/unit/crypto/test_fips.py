"""Sealing, signing and keys under a FIPS provider; what it refuses, and who asks for it.

`tests/fips_provider.sh DIR` builds the provider; DOJ_RELEASE_FIPS_PROVIDER names DIR.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.machine("FIPS provider")
STORY = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from crypto import process
from crypto.resting import document
from crypto.keyring.keyring import Keyring
from crypto.package.sealed_package import Part, verify_package, write_package
from crypto.cms.recipients import Recipient
from crypto.cms.certificates import make_recipient

folder = Path(sys.argv[1])
process.require_fips()
ring = Keyring.create(folder / "keys", department="Department", passphrase=b"a long passphrase")
ring = Keyring.open(folder / "keys", b"a long passphrase")
recipients = []
for kind in ("rsa3072", "p384"):
    key, certificate = make_recipient(kind, kind)
    (folder / f"{kind}.key").write_bytes(key)
    (folder / f"{kind}.pem").write_bytes(certificate)
    recipients.append(Recipient.from_pem(certificate, on=datetime.now(UTC)))
write_package(folder / "package", [Part.from_bytes("part-001.zip", b"content")], recipients, ring.signer())
verify_package(folder / "package", ring.signing_certificate())
document.encrypt_document(b"a paper", folder / "paper.enc", ring.document_key("2026-001", create=True))
ring.digest("cohort", b"rows")
"""


@pytest.fixture(scope="module")
def provider():
    folder = Path(os.environ["DOJ_RELEASE_FIPS_PROVIDER"])
    assert (folder / "openssl.cnf").is_file()
    return plain() | {"DOJ_RELEASE_FIPS_CONF": str(folder / "openssl.cnf")}


def plain():
    ours = ("OPENSSL_CONF", "OPENSSL_MODULES", "DOJ_RELEASE_FIPS_CONF")
    return {name: value for name, value in os.environ.items() if name not in ours}


def python(environment, *arguments):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_everything_that_leaves_or_rests_is_made_in_fips_mode(provider, tmp_path, openssl):
    made = python(provider, "-c", STORY, tmp_path)
    assert made.returncode == 0, made.stderr[-2000:]
    for kind in ("rsa3072", "p384"):  # opened by an openssl that is not in that mode
        opened = openssl(
            *("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "package/part-001.zip.cms"),
            *("-recip", f"{kind}.pem", "-inkey", f"{kind}.key", "-out", f"{kind}.zip"),
            cwd=tmp_path,
        )
        assert opened.returncode == 0, opened.stderr
        assert (tmp_path / f"{kind}.zip").read_bytes() == b"content"


def test_what_is_not_approved_is_refused_there(provider):
    asked = """
import crypto
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
for attempt in (lambda: ChaCha20Poly1305(bytes(32)), x25519.X25519PrivateKey.generate):
    try:
        attempt()
    except (UnsupportedAlgorithm, ValueError):
        continue
    raise SystemExit("not refused")
"""
    found = python(provider, "-c", asked)
    assert found.returncode == 0, found.stderr[-2000:]


def test_the_mode_is_asked_of_the_module_itself(provider):
    asked = "from crypto import process; process.require_fips(); print(process.fips_enabled())"
    assert python(provider, "-c", asked).stdout.strip() == "True"
    refused = python(plain(), "-c", asked)
    assert refused.returncode != 0
    assert "CRYPTO-40" in refused.stderr


def test_a_configuration_that_does_not_switch_it_on_stops_the_process(tmp_path):
    empty = tmp_path / "openssl.cnf"
    for named in (empty, tmp_path / "none.cnf"):
        found = python(plain() | {"DOJ_RELEASE_FIPS_CONF": str(named)}, "-c", "import crypto")
        assert found.returncode != 0
        assert "CRYPTO-40" in found.stderr
        empty.write_text("")


def test_pythons_own_openssl_stays_as_it_is_and_both_work(provider):
    asked = """
import hashlib, os
import crypto
from crypto.secret import Secret
from cryptography.hazmat.primitives import hashes

from crypto.cms import digest
assert "OPENSSL_CONF" not in os.environ
for _ in range(3):
    assert hashlib.sha256(b"x").hexdigest() == digest(b"x", hashes.SHA256()).hex()
    Secret("root", bytes(range(32))).derive("x")
    hashlib.blake2b(b"x")
"""
    found = python(provider, "-c", asked)
    assert found.returncode == 0, found.stderr[-2000:]


def test_a_home_that_requires_it_starts_only_there_and_doctor_says_so(provider, tmp_path):
    program, home = Path(sys.executable).with_name("doj-release"), tmp_path / "home"

    def run(environment, *arguments):
        command = [program, "--home", home, "--json", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)

    assert run(plain(), "init").returncode == 0
    settings = home / "settings.toml"
    settings.write_text(settings.read_text().replace("require_fips = false", "require_fips = true"))
    refused = run(plain(), "ledger", "verify")
    assert refused.returncode == 3
    assert "CRYPTO-40" in refused.stdout + refused.stderr
    assert run(provider, "ledger", "verify").returncode == 0
    found = {item["what"]: item["detail"] for item in json.loads(run(provider, "doctor").stdout)}
    assert found["FIPS mode"].startswith("on")
    assert "pyarrow's own module" in found["staging"]
