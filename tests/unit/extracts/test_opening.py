"""A package is opened in an empty folder by the commands of its own README, as printed there."""

import datetime as dt
import re
import shutil
import subprocess
import zipfile

import bagit
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import crypto
from extracts import DataDictionary, FieldDoc, iter_parts, recipient_readme

ROWS = pa.table({"row_id": ["001", "002"], "matched": ["yes", "no"]})
DICTIONARY = DataDictionary(
    "One row is one cohort row.",
    (FieldDoc("row_id", "text", "Your id."), FieldDoc("matched", "text", "Found.")),
)


@pytest.fixture(scope="module")
def signer():
    key, certificate = crypto.make_signing_identity("Department", b"passphrase")
    return crypto.FileSigner.load(key, certificate, b"passphrase"), certificate


@pytest.fixture(params=["rsa3072", "p384"])
def sealed(request, facts, signer, tmp_path):
    key, certificate = crypto.make_recipient(request.param, "Researcher")
    recipient = crypto.Recipient.from_pem(certificate, on=dt.datetime.now(dt.UTC))
    release = facts(recipients=(("m-2", recipient.fingerprint),))
    parts = iter_parts(release, ROWS, DICTIONARY, "<!DOCTYPE html>", sign=signer[0].sign_detached)
    readme = recipient_readme(release, member="m-2", fingerprint=recipient.fingerprint)
    folder = tmp_path / "package"
    crypto.write_package(
        folder, (crypto.Part(p.name, p.open) for p in parts), [recipient], signer[0], readme=readme
    )
    (folder / "my.key").write_bytes(key)
    (folder / "my.pem").write_bytes(certificate)
    return folder


def commands(folder):
    """The indented commands of the README, in order."""
    lines = (folder / "README.txt").read_text().splitlines()
    found = [line.strip() for line in lines if re.match(r"    (openssl cms|sha256sum)", line)]
    assert len(found) == 3
    return found


def run(command, folder):
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True)


def test_the_three_commands_open_it(sealed, tmp_path):
    verify, check, decrypt = commands(sealed)
    assert "CMS Verification successful" in run(verify, sealed).stderr
    checked = run(check, sealed)
    assert checked.returncode == 0
    readme = (sealed / "README.txt").read_text()
    assert all(f"    {line}" in readme for line in checked.stdout.splitlines())
    assert run(decrypt, sealed).returncode == 0
    opened = tmp_path / "opened"
    with zipfile.ZipFile(sealed / "part-001.zip") as part:
        part.extractall(opened)
    bagit.Bag(str(opened)).validate()
    assert pq.read_table(opened / "data" / "extract.parquet").equals(ROWS)
    assert run("sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt", opened).returncode == 0


def test_what_is_inside_is_signed(sealed, signer, tmp_path):
    run(commands(sealed)[2], sealed)
    with zipfile.ZipFile(sealed / "part-001.zip") as part:
        listing = part.read("tagmanifest-sha256.txt")
        signature = part.read("tagmanifest-sha256.txt.p7s")
    crypto.verify_detached(listing, signature, signer[1])


def test_a_wrong_key_leaves_nothing_behind(sealed):
    for kind in ("rsa3072", "p384"):
        key, certificate = crypto.make_recipient(kind, "Somebody else")
        (sealed / "my.key").write_bytes(key)
        (sealed / "my.pem").write_bytes(certificate)
        failed = run(commands(sealed)[2], sealed)
        assert not (sealed / "part-001.zip").exists()
        assert "no matching recipient" in failed.stderr or "using private key" in failed.stderr


def test_a_changed_part_is_found_by_the_second_command(sealed):
    part = sealed / "part-001.zip.cms"
    raw = bytearray(part.read_bytes())
    raw[-40] ^= 1
    part.write_bytes(raw)
    assert run(commands(sealed)[1], sealed).returncode != 0
    run(commands(sealed)[2], sealed)
    assert not (sealed / "part-001.zip").exists()


def test_the_openssl_program_is_there():
    assert shutil.which("openssl")
