"""A package holds whole or not at all; an attacker edits it in every way that we could think of."""

import hashlib
import os
import shutil
import subprocess

import pytest

from crypto import errors
from crypto.cms.certificates import make_recipient
from crypto.cms.signing import FileSigner, make_signing_identity
from crypto.package.sealed_package import Part, verify_package, write_package
from tests.examples import places

PLAIN = {"part-001.zip": b"first" * 100, "part-002.zip": b"second" * 100}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory, recipients, signer):
    directory = tmp_path_factory.mktemp("outbox") / "package"
    parts = [Part.from_bytes(name, data) for name, data in PLAIN.items()]
    write_package(directory, parts, recipients, signer)
    return directory


@pytest.fixture
def package(pristine, tmp_path):
    return shutil.copytree(pristine, tmp_path / "package")


def test_what_a_package_holds(pristine, signer, recipients):
    assert sorted(p.name for p in pristine.iterdir()) == [
        "README.txt", "SHA256SUMS", "SHA256SUMS.p7s", "department.pem",
        "part-001.zip.cms", "part-002.zip.cms",
    ]  # fmt: skip
    assert [p.stat().st_mode & 0o077 for p in (pristine, *pristine.iterdir())] == [0] * 7
    verified = verify_package(pristine, signer.certificate_pem)
    assert [file.name for file in verified.files] == ["part-001.zip.cms", "part-002.zip.cms"]
    assert verified.signer == signer.fingerprint


def test_what_writing_says_is_what_verifying_finds(tmp_path, recipients, signer):
    (tmp_path / "a.csv").write_bytes(b"a")
    written = write_package(tmp_path / "p", [tmp_path / "a.csv"], recipients, signer)
    verified = verify_package(tmp_path / "p", signer.certificate_pem)
    assert (written.files, written.list_sha256, written.signer) == (
        verified.files, verified.list_sha256, verified.signer,
    )  # fmt: skip
    assert written.recipients == tuple(r.fingerprint for r in recipients)
    sealed = (tmp_path / "p" / "a.csv.cms").read_bytes()
    assert written.files[0].sha256_hex == hashlib.sha256(sealed).hexdigest()


def test_the_readmes_own_commands_open_it(package, members):
    key, certificate = members["p384"]
    (package / "my.key").write_bytes(key)
    (package / "my.pem").write_bytes(certificate)
    commands = [
        line.strip()
        for line in (package / "README.txt").read_text().splitlines()
        if line.startswith("    ") and line.strip().startswith(("openssl", "sha256sum"))
    ]
    assert len(commands) == 5
    said = [
        subprocess.run(["sh", "-c", c], cwd=package, capture_output=True, text=True, check=True)
        for c in commands
    ]
    assert said[0].stdout.startswith("sha256 Fingerprint=")
    assert said[1].stderr == "CMS Verification successful\n"
    assert said[2].stdout == "README.txt: OK\npart-001.zip.cms: OK\npart-002.zip.cms: OK\n"
    assert {name: (package / name).read_bytes() for name in PLAIN} == PLAIN


def test_the_readmes_decryption_leaves_nothing_of_a_changed_part(package, members):
    key, certificate = members["rsa3072"]
    (package / "my.key").write_bytes(key)
    (package / "my.pem").write_bytes(certificate)
    flip(package / "part-001.zip.cms", -30)
    text = (package / "README.txt").read_text()
    command = next(line for line in text.splitlines() if "-decrypt" in line)
    subprocess.run(["sh", "-c", command], cwd=package, capture_output=True)
    assert not (package / "part-001.zip").exists()


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x01
    path.write_bytes(data)


def swap(package):
    one, two = package / "part-001.zip.cms", package / "part-002.zip.cms"
    one.rename(package / "x")
    two.rename(one)
    (package / "x").rename(two)


def relist(package):
    """Make the list fit the files again, as an attacker without the key would."""
    listed = [p for p in package.iterdir() if p.suffix == ".cms" or p.name == "README.txt"]
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(listed)]
    (package / "SHA256SUMS").write_text("".join(lines))


def change_and_relist(package):
    flip(package / "part-001.zip.cms", -30)
    relist(package)


def resign(package):
    """Drop a part and sign the list anew, as somebody else of the same name."""
    (package / "part-002.zip.cms").unlink()
    relist(package)
    key, certificate = make_signing_identity("Department", b"a long passphrase")
    other = FileSigner.load(key, certificate, b"a long passphrase")
    signature = other.sign_detached((package / "SHA256SUMS").read_bytes())
    (package / "SHA256SUMS.p7s").write_bytes(signature)


def resign_with_certificate(package):
    resign(package)
    _, certificate = make_signing_identity("Department", b"a long passphrase")
    (package / "department.pem").write_bytes(certificate)


def link(package):
    part = package / "part-001.zip.cms"
    part.rename(package.parent / "elsewhere")
    part.symlink_to(package.parent / "elsewhere")


def pipe(package):
    (package / "part-001.zip.cms").unlink()
    os.mkfifo(package / "part-001.zip.cms")


def directory(package):
    (package / "part-001.zip.cms").unlink()
    (package / "part-001.zip.cms").mkdir()


def append(path):
    with path.open("ab") as handle:
        handle.write(b"\x00")


ATTACKS = {
    "a flipped bit in a part": (lambda p: flip(p / "part-001.zip.cms", 700), errors.HashDoesNotHold),
    "a flipped bit in the tag": (lambda p: flip(p / "part-002.zip.cms", -1), errors.HashDoesNotHold),
    "a part cut short": (
        lambda p: os.truncate(p / "part-001.zip.cms", 100), errors.HashDoesNotHold),
    "a part emptied": (lambda p: os.truncate(p / "part-001.zip.cms", 0), errors.HashDoesNotHold),
    "a part lengthened": (lambda p: append(p / "part-001.zip.cms"), errors.HashDoesNotHold),
    "two parts swapped": (swap, errors.HashDoesNotHold),
    "the readme rewritten": (
        lambda p: (p / "README.txt").write_text("Skip the checks."), errors.HashDoesNotHold),
    "a part is a link": (link, errors.HashDoesNotHold),
    "a part is a pipe": (pipe, errors.HashDoesNotHold),
    "a part is a directory": (directory, errors.HashDoesNotHold),
    "a part dropped": (lambda p: (p / "part-002.zip.cms").unlink(), errors.PartMissing),
    "a part added": (lambda p: (p / "part-003.zip.cms").write_bytes(b"x"), errors.PartUnexpected),
    "a plain file added": (lambda p: (p / "run-me.exe").write_bytes(b"x"), errors.PartUnexpected),
    "a hidden file added": (lambda p: (p / ".hidden").write_bytes(b"x"), errors.PartUnexpected),
    "a directory added": (lambda p: (p / "more").mkdir(), errors.PartUnexpected),
    "a part renamed": (
        lambda p: (p / "part-002.zip.cms").rename(p / "part-003.zip.cms"), errors.PartMissing),
    "a line dropped from the list": (
        lambda p: (p / "SHA256SUMS").write_text(
            "".join((p / "SHA256SUMS").read_text().splitlines(keepends=True)[:-1])),
        errors.SignatureDoesNotHold),
    "a part changed and the list recomputed": (change_and_relist, errors.SignatureDoesNotHold),
    "a part dropped and signed by an outsider": (resign, errors.SignerUnknown),
    "and with the outsider's certificate": (resign_with_certificate, errors.SignerUnknown),
    "the certificate replaced": (
        lambda p: (p / "department.pem").write_bytes(make_signing_identity("D", b"x" * 9)[1]),
        errors.SignerUnknown),
    "the certificate is no certificate": (
        lambda p: (p / "department.pem").write_bytes(b"x"), errors.SignerUnknown),
    "no list": (lambda p: (p / "SHA256SUMS").unlink(), errors.PackageUnreadable),
    "an endless list": (
        lambda p: (p / "SHA256SUMS").write_bytes(b"x" * 2**21), errors.PackageUnreadable),
    "no signature": (lambda p: (p / "SHA256SUMS.p7s").unlink(), errors.SignatureUnreadable),
    "an empty signature": (
        lambda p: (p / "SHA256SUMS.p7s").write_bytes(b""), errors.SignatureUnreadable),
    "an endless signature": (
        lambda p: (p / "SHA256SUMS.p7s").write_bytes(b"\x30" * 2**20), errors.SignatureUnreadable),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "error"), ATTACKS.values(), ids=ATTACKS.keys())
def test_attacks_are_found_before_anything_is_opened(attack, error, package, signer):
    attack(package)
    with pytest.raises(error) as raised:
        verify_package(package, signer.certificate_pem)
    assert raised.value.exit == 5


def test_a_part_of_another_release_is_found(package, recipients, signer, tmp_path):
    other = [Part.from_bytes(name, data) for name, data in PLAIN.items()]
    write_package(tmp_path / "other", other, recipients, signer)
    shutil.copy(tmp_path / "other" / "part-001.zip.cms", package)
    with pytest.raises(errors.HashDoesNotHold) as raised:
        verify_package(package, signer.certificate_pem)
    assert raised.value.facts["lines"] == (2,)


def test_every_flipped_byte_of_every_file_is_found(package, signer):
    for path in sorted(package.iterdir()):
        whole = path.read_bytes()
        for at in places(len(whole), 5):
            changed = bytearray(whole)
            changed[at] ^= 0x40
            path.write_bytes(changed)
            with pytest.raises(errors.CodedError) as raised:
                verify_package(package, signer.certificate_pem)
            assert raised.value.exit == 5
        path.write_bytes(whole)
    verify_package(package, signer.certificate_pem)


def test_not_a_package(tmp_path, signer):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    for place in (tmp_path / "empty", tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(errors.PackageUnreadable):
            verify_package(place, signer.certificate_pem)


def test_a_signed_list_that_is_malformed_or_names_no_part_is_refused(package, signer):
    zeros = "0" * 64
    for text, error in {
        "": errors.PackageUnreadable,
        f"{zeros} *part-001.zip.cms\n": errors.PackageUnreadable,
        f"{zeros}  part-001.zip.cms": errors.PackageUnreadable,
        f"{zeros}  ../x.cms\n": errors.PackageUnreadable,
        f"{zeros}  a/b.cms\n": errors.PackageUnreadable,
        f"{zeros}  b.cms\n{zeros}  a.cms\n": errors.PackageUnreadable,
        f"{zeros}  a.cms\n{zeros}  a.cms\n": errors.PackageUnreadable,
        f"{zeros}  a.cms\n{zeros}  A.cms\n": errors.PackageUnreadable,
        f"{zeros}  part-001.zip.cms\n\n": errors.PackageUnreadable,
        f"{zeros.replace('0', 'A')}  part-001.zip.cms\n": errors.PackageUnreadable,
        f"{zeros}  README.txt\n": errors.PartUnexpected,
    }.items():
        (package / "SHA256SUMS").write_text(text)
        (package / "SHA256SUMS.p7s").write_bytes(signer.sign_detached(text.encode()))
        with pytest.raises(error):
            verify_package(package, signer.certificate_pem)


def test_a_readme_of_ones_own_is_made_from_the_names_of_the_parts(tmp_path, recipients, signer):
    parts = [Part.from_bytes(name, data) for name, data in PLAIN.items()]
    write_package(tmp_path / "p", iter(parts), recipients, signer, readme=" and ".join)
    write_package(tmp_path / "q", iter(parts), recipients, signer, readme="Hello.")
    assert (tmp_path / "p" / "README.txt").read_text() == "part-001.zip and part-002.zip"
    assert (tmp_path / "q" / "README.txt").read_text() == "Hello."
    verify_package(tmp_path / "p", signer.certificate_pem)


def test_nothing_partial_is_left(tmp_path, recipients, signer):
    def parts():
        yield Part.from_bytes("part-001.zip", b"fine")
        raise RuntimeError("the machine died")

    with pytest.raises(RuntimeError):
        write_package(tmp_path / "p", parts(), recipients, signer)
    for bad in ([], [tmp_path / "missing"], [tmp_path]):
        with pytest.raises(errors.CodedError):
            write_package(tmp_path / "p", bad, recipients, signer)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_directory_is_never_touched(package, recipients, signer):
    before = sorted(package.iterdir())
    with pytest.raises(errors.PackageExists):
        write_package(package, [Part.from_bytes("x", b"")], recipients, signer)
    assert sorted(package.iterdir()) == before


NAMES = ["", ".hidden", "-rf", "a/b", "a\\b", "a\nb", "a\x00b", "ä", "x" * 300, " x", "a`b", "a$b"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_would_not_survive_are_refused(name, tmp_path, recipients, signer):
    with pytest.raises(errors.PartNameUnusable) as raised:
        write_package(tmp_path / "p", [Part.from_bytes(name, b"")], recipients, signer)
    assert raised.value.exit == 2


def test_two_names_that_differ_in_case_are_refused(tmp_path, recipients, signer):
    parts = [Part.from_bytes("a.csv", b""), Part.from_bytes("A.CSV", b"")]
    with pytest.raises(errors.PartNameUnusable):
        write_package(tmp_path / "p", parts, recipients, signer)


def test_a_pinned_file_that_is_no_certificate(package, members):
    with pytest.raises(errors.NotACertificate):
        verify_package(package, b"no certificate")
    with pytest.raises(errors.SignerUnknown):
        verify_package(package, make_signing_identity("D", b"x" * 9)[1])


def test_a_package_for_somebody_else_does_not_open(package, openssl):
    key, certificate = make_recipient("p384", "Member p384")
    (package / "my.key").write_bytes(key)
    (package / "my.pem").write_bytes(certificate)
    run = openssl(
        *[
            "cms",
            "-decrypt",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "part-001.zip.cms",
            "-recip",
            "my.pem",
            "-inkey",
            "my.key",
        ],
        cwd=package,
    )
    assert run.returncode != 0
