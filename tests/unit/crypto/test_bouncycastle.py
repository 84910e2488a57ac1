"""Another implementation opens what we seal: BouncyCastle, as a recipient on the JVM would."""

import subprocess
from pathlib import Path

import pytest

from tests.parts import JARS
from tests.unit.crypto.sealing import seal_bytes

pytestmark = [pytest.mark.machine("javac", "BouncyCastle"), pytest.mark.long]

HERE = Path(__file__).parent / "bouncycastle"
PLAIN = bytes(range(256)) * 4100  # over several blocks


@pytest.fixture(scope="module")
def bouncycastle(tmp_path_factory):
    """Run the opener."""
    classes = tmp_path_factory.mktemp("classes")
    path = ":".join(map(str, [classes, *JARS]))
    compiled = ["javac", "-cp", path, "-d", classes, HERE / "Opener.java"]
    subprocess.run(compiled, check=True, capture_output=True, timeout=120)

    def run(*arguments):
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", path, "Opener", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, timeout=120)

    return run


@pytest.mark.parametrize("kind", ["rsa3072", "p384"])
def test_it_opens_and_releases_nothing_of_a_changed_one(
    kind, members, recipients, bouncycastle, tmp_path
):
    sealed = seal_bytes(PLAIN, recipients)
    (tmp_path / "key").write_bytes(members[kind][0])
    (tmp_path / "part.cms").write_bytes(sealed)
    found = bouncycastle("open", tmp_path / "part.cms", tmp_path / "key", tmp_path / "out")
    assert found.returncode == 0, found.stderr[-2000:]
    assert (tmp_path / "out").read_bytes() == PLAIN
    changed = bytearray(sealed)
    changed[-40] ^= 1
    (tmp_path / "part.cms").write_bytes(changed)
    found = bouncycastle("open", tmp_path / "part.cms", tmp_path / "key", tmp_path / "none")
    assert found.returncode != 0
    assert not (tmp_path / "none").exists()


def test_it_verifies_the_signature(signer, bouncycastle, tmp_path):
    (tmp_path / "list").write_bytes(b"a list of hashes\n")
    (tmp_path / "list.p7s").write_bytes(signer.sign_detached(b"a list of hashes\n"))
    (tmp_path / "department.pem").write_bytes(signer.certificate_pem)
    asked = ("verify", tmp_path / "list.p7s", tmp_path / "list", tmp_path / "department.pem")
    found = bouncycastle(*asked)
    assert found.returncode == 0, found.stderr[-2000:]
    (tmp_path / "list").write_bytes(b"a list of lashes\n")
    assert bouncycastle(*asked).returncode != 0
