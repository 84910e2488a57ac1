"""What doctor is told, and that importing this room costs nothing."""

import os
import signal
import subprocess
import sys

import pytest

from crypto import errors, process
from crypto.keyring import health
from crypto.keyring.keyring import Keyring
from errors import every_error


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.delenv("DOJ_RELEASE_PASSPHRASE_FILE", raising=False)
    Keyring.create(tmp_path / "keys", department="Department")
    return tmp_path / "keys"


def by_name(keys):
    return {finding.what: finding for finding in health.crypto_findings(keys)}


def test_a_fresh_keyring_is_well_but_for_its_passphrase(keys):
    assert [f.what for f in health.crypto_findings(keys) if not f.ok and "keyring" in f.what] == [
        "keyring: passphrase"
    ]
    assert by_name(keys)["staging"].ok
    assert by_name(keys)["sealing, signing, hashing"].detail.startswith("OpenSSL ")


def test_open_permissions_links_and_missing_files_are_seen(keys):
    (keys / "runs").chmod(0o755)
    assert not by_name(keys)["keyring: permissions"].ok
    (keys / "runs").chmod(0o700)
    (keys / "runs" / "x.key").symlink_to("/etc/hostname")
    assert not by_name(keys)["keyring: permissions"].ok
    (keys / "digest.key").unlink()
    assert by_name(keys)["keyring: files"].detail == "1 missing"
    assert not by_name(keys / "nowhere")["keyring"].ok


def test_requiring_fips_follows_the_mode(monkeypatch):
    monkeypatch.setattr(process, "fips_enabled", lambda: True)
    process.require_fips()
    monkeypatch.setattr(process, "fips_enabled", lambda: False)
    with pytest.raises(errors.FipsRequired) as raised:
        process.require_fips()
    assert raised.value.exit == 3


def test_hardening_ends_core_dumps_and_open_files():
    code = (
        "import os, resource; from crypto import process; process.harden_process();"
        "assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0;"
        "assert os.umask(0) == 0o077; assert not process.core_dumps()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hardened_process_that_crashes_dumps_nothing(tmp_path):
    """Whatever the limit was before, and whoever takes the cores of this machine."""
    code = (
        "import os, resource, sys\n"
        "hard = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "from crypto import process\n"
        "assert process.core_dumps()\n"
        "process.harden_process()\n"
        "assert not process.core_dumps()\n"
        "status = open('/proc/self/status').read()\n"
        "os.abort()"
    )
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r})\n{code}"],
        os.environ,
    )
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("words", [["project", "kinds"], ["match", "a", "b", "--out", "c"]])
def test_every_command_is_hardened_also_without_a_home(words):
    code = (
        f"import os, sys; sys.argv[1:] = {words}\n"
        "from pipelines.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "from crypto import process\n"
        "assert not process.core_dumps()\n"
        "assert os.umask(0) == 0o077"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_importing_the_room_loads_nothing_heavy():
    code = (
        "import sys, crypto, crypto.errors;"
        "heavy = {'cryptography', 'pyarrow', 'duckdb', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_error_says_what_to_do_and_integrity_exits_with_five():
    ours = [error for error in every_error() if error.code.startswith("CRYPTO-")]
    assert len(ours) > 25
    assert {int(error.exit) for error in ours} == {2, 3, 5, 6}
    assert all("Exists" in e.__name__ or e.exit != 1 for e in ours)
