"""A package is opened in an empty folder by the commands of its own README, as printed there."""

import datetime as dt
import functools
import os
import re
import shutil
import subprocess
import zipfile

import bagit
import frictionless
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crypto.cms.certificates import make_recipient
from crypto.cms.recipients import Recipient
from crypto.cms.signing import FileSigner, make_signing_identity, verify_detached
from crypto.package.sealed_package import Part, write_package
from extracts.package.bag import iter_parts
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.documents import recipient_readme
from tests.examples import first_of

ROWS = pa.table({"row_id": ["001", "002"], "matched": ["yes", "no"]})
MANY = pa.table(
    {"row_id": [os.urandom(500).hex() for _ in range(4_000)], "matched": ["yes"] * 4_000}
)
DICTIONARY = DataDictionary(
    "One row is one cohort row.",
    (FieldDoc("row_id", "text", "Your id."), FieldDoc("matched", "text", "Found.")),
)
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def signer():
    key, certificate = make_signing_identity("Department", b"passphrase")
    return FileSigner.load(key, certificate, b"passphrase"), certificate


@pytest.fixture(scope="module")
def made():
    """A key and certificate of each kind and name; making one of RSA takes a while."""
    return functools.cache(make_recipient)


@pytest.fixture
def seal(facts, signer, made, tmp_path):
    """Seal rows as a release does; the researcher's key and certificate are laid beside the parts."""

    def sealed(kind="p384", rows=ROWS, **more):
        key, certificate = made(kind, "Researcher")
        recipient = Recipient.from_pem(certificate, on=dt.datetime.now(dt.UTC))
        release = facts(recipients=(("m-2", recipient.fingerprint),))
        parts = iter_parts(
            release, rows, DICTIONARY, "<!DOCTYPE html>", sign=signer[0].sign_detached, **more
        )

        def readme(names):
            return recipient_readme(release, names, member="m-2", fingerprint=recipient.fingerprint)

        folder = tmp_path / "package"
        write_package(
            folder,
            (Part.from_bytes(p.name, p.content) for p in parts),
            [recipient],
            signer[0],
            readme=readme,
        )
        (folder / "my.key").write_bytes(key)
        (folder / "my.pem").write_bytes(certificate)
        return folder

    return sealed


@pytest.fixture(params=first_of(["p384", "rsa3072"]))
def sealed(request, seal):
    return seal(request.param)


def commands(text):
    """Every command of a README, in order: the lines that a reader copies."""
    lines = text.splitlines()
    return [line.strip() for line in lines if re.match(r"    (openssl|sha256sum|unzip) ", line)]


def by_name(folder, word):
    return next(c for c in commands((folder / "README.txt").read_text()) if word in c)


def run(command, folder):
    """Run a line as a researcher's terminal does: a shell with nothing of ours in its environment."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.long
@pytest.mark.parametrize("kind", ["p384", "rsa3072"])
def test_every_command_of_both_readmes_does_what_it_says(kind, seal):
    """Three parts, opened from the first line to the last, and the data read."""
    folder = seal(kind, MANY, max_part_bytes=4 * MIB, formats=("stata",))
    text = (folder / "README.txt").read_text()
    fingerprint, verify, check, *rest = commands(text)
    assert " x509 " in fingerprint
    assert "Fingerprint=" in run(fingerprint, folder).stdout
    verified = run(verify, folder)
    assert f"It prints: {verified.stderr.strip()}" in text
    checked = run(check, folder)
    assert checked.returncode == 0
    assert all(f"    {line}" in text for line in checked.stdout.splitlines())
    parts = sorted(p.name for p in folder.glob("part-*.cms"))
    assert len(parts) > 2
    assert len(rest) == 2 * len(parts)
    for command in rest:
        done = run(command, folder)
        assert done.returncode == 0, done.stderr
        if "decrypt" in command:
            assert done.stdout + done.stderr == ""
    opened = folder / "opened"
    for command in commands((opened / "README.txt").read_text()):
        assert run(command, opened).returncode == 0
    bagit.Bag(str(opened)).validate()
    assert frictionless.validate(str(opened / "datapackage.json")).valid
    assert pq.read_table(sorted(opened.glob("data/*.parquet"))).equals(MANY)
    assert len(list(opened.glob("data/*.dta"))) == len(list(opened.glob("data/*.csv")))


def test_what_is_inside_is_signed(sealed, signer):
    run(by_name(sealed, "-decrypt"), sealed)
    run(by_name(sealed, "unzip"), sealed)
    opened = sealed / "opened"
    verify_detached(
        (opened / "tagmanifest-sha256.txt").read_bytes(),
        (opened / "tagmanifest-sha256.txt.p7s").read_bytes(),
        signer[1],
    )


@pytest.mark.parametrize("kind", first_of(["p384", "rsa3072"]))
def test_a_wrong_key_leaves_nothing_behind(sealed, made, kind):
    key, certificate = made(kind, "Somebody else")
    (sealed / "my.key").write_bytes(key)
    (sealed / "my.pem").write_bytes(certificate)
    failed = run(by_name(sealed, "-decrypt"), sealed)
    assert not (sealed / "part-001.zip").exists()
    assert "no matching recipient" in failed.stderr or "using private key" in failed.stderr


def test_a_changed_part_is_found_by_the_second_command(sealed):
    part = sealed / "part-001.zip.cms"
    raw = bytearray(part.read_bytes())
    raw[-40] ^= 1
    part.write_bytes(raw)
    assert "FAILED" in run(by_name(sealed, "sha256sum"), sealed).stdout
    run(by_name(sealed, "-decrypt"), sealed)
    assert not (sealed / "part-001.zip").exists()


def test_a_changed_list_or_another_signer_is_found_by_the_first_command(sealed):
    """What the README says that it prints then."""
    text = (sealed / "README.txt").read_text()
    listing = sealed / "SHA256SUMS"
    kept = listing.read_bytes()
    listing.write_bytes(kept.replace(b"a", b"b", 1))
    failed = run(by_name(sealed, "-verify"), sealed)
    assert "CMS Verification failure" in failed.stderr
    assert '"CMS Verification failure"' in text
    listing.write_bytes(kept)
    _, other = make_signing_identity("Department", b"passphrase")
    (sealed / "department.pem").write_bytes(other)
    assert run(by_name(sealed, "-verify"), sealed).returncode != 0


def test_a_file_that_is_not_there_is_named_as_the_readme_says(sealed):
    (sealed / "my.key").rename(sealed / "another.key")
    failed = run(by_name(sealed, "-decrypt"), sealed)
    assert "Could not open file" in failed.stderr
    assert not (sealed / "part-001.zip").exists()


@pytest.mark.long
def test_line_ends_that_a_program_changed_are_found_as_the_readmes_say(sealed):
    """git with autocrlf, FTP in text mode and editors write CRLF; `unzip -a` does the same inside."""
    text = (sealed / "README.txt").read_text()
    kept = (sealed / "SHA256SUMS").read_bytes()
    (sealed / "SHA256SUMS").write_bytes(kept.replace(b"\n", b"\r\n"))
    assert "CMS Verification failure" in run(by_name(sealed, "-verify"), sealed).stderr
    assert "autocrlf" in text.partition('"CMS Verification failure"')[2].partition("2. CHECK")[0]
    said = run(by_name(sealed, "sha256sum"), sealed)  # which newer programs read past
    assert said.returncode == 0 or "No such file" in said.stderr
    (sealed / "SHA256SUMS").write_bytes(kept)
    run(by_name(sealed, "-decrypt"), sealed)
    run(by_name(sealed, "unzip"), sealed)
    opened = sealed / "opened"
    assert b"\r" not in (opened / "README.txt").read_bytes()
    csv = opened / "data" / "extract.csv"
    csv.write_bytes(csv.read_bytes().replace(b"\n", b"\r\n"))
    assert "extract.csv: FAILED" in run(by_name(opened, "sha256sum"), opened).stdout
    assert "never `unzip -a`" in (opened / "README.txt").read_text()


def test_parts_are_compressed_and_unzip_opens_them(seal):
    folder = seal(rows=MANY)
    run(by_name(folder, "-decrypt"), folder)
    part = folder / "part-001.zip"
    run(by_name(folder, "unzip"), folder)
    csv = folder / "opened" / "data" / "extract.csv"
    with zipfile.ZipFile(part) as archive:
        sizes = {i.filename: (i.compress_size, i.file_size) for i in archive.infolist()}
    assert sizes["data/extract.csv"][1] == csv.stat().st_size
    assert (
        sizes["data/extract.csv"][0] < 0.7 * sizes["data/extract.csv"][1]
    )  # figures of 4 bits in 8
    assert sizes["data/extract.parquet"][0] == sizes["data/extract.parquet"][1]


def test_the_programs_of_the_readme_are_there():
    assert all(shutil.which(program) for program in ("openssl", "sha256sum", "unzip"))
