"""What a process of ours takes from itself: core files, other rights, memory that goes to swap."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from crypto import process
from crypto.errors import MemoryNotLocked, PrivilegesMixed
from crypto.secret import Secret

PROGRAM = Path(sys.executable).with_name("doj-release")


def status(code: str) -> dict[str, str]:
    """What the kernel says of a process that ran some Python of ours."""
    code += "\nprint(open('/proc/self/status').read(), open('/proc/self/limits').read())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(re.findall(r"(?m)^\s*([\w ]+?)(?::\s|\s{2,})(.+)$", shown.stdout))


def test_nothing_that_is_started_gets_other_rights():
    assert status("import crypto.process as p; p.no_new_privileges()")["NoNewPrivs"] == "1"


def test_neither_core_files_nor_a_way_back_to_them():
    told = status("import crypto.process as p; p.harden_process()")
    assert told["Max core file size"].split()[:2] == ["0", "0"]
    assert told["Umask"] == "0077"


@pytest.mark.parametrize("mixed", ["getresuid", "getresgid"])
def test_a_process_with_the_rights_of_two_is_refused(monkeypatch, mixed):
    monkeypatch.setattr(process.os, mixed, lambda: (1000, 0, 0))
    with pytest.raises(PrivilegesMixed) as caught:
        process.harden_process()
    assert caught.value.exit == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes two users at once")
def test_the_program_says_so_before_it_does_anything():
    """As a setuid copy of Python's would start it: the user is another one than the rights."""
    code = (
        "import os, sys; os.setresuid(4242, 0, 0)\n"
        "sys.argv = ['doj-release', 'status', '--json']\n"
        "from pipelines.cli.app import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "CRYPTO-41" in done.stderr) == (3, True), done.stderr
    assert '"CRYPTO-41"' in done.stdout


def locked_kibibytes() -> int:
    found = re.search(r"VmLck:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


def test_the_pages_of_secrets_are_locked():
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == 0:
        pytest.skip("no memory may be locked here")
    kept = [Secret("a", os.urandom(8192)) for _ in range(4)]
    assert locked_kibibytes() >= 4 * 8
    assert process.keep_out_of_swap(kept[0].reveal())


def test_where_memory_cant_be_locked_a_secret_is_still_one(monkeypatch):
    monkeypatch.setattr(process.sys, "platform", "elsewhere")
    assert Secret("a", bytes(32)).reveal() == bytes(32)
    with pytest.raises(MemoryNotLocked):
        process.lock_memory()


def test_all_memory_is_locked_or_the_process_does_not_start():
    code = "import resource as r, crypto.process as p\nr.setrlimit(r.RLIMIT_MEMLOCK, (%s, %s))\n"
    code += "import os\nif os.geteuid() == 0: os.setresuid(4242, 4242, 4242)\np.lock_memory()"
    told = subprocess.run([sys.executable, "-c", code % (4096, 4096)], capture_output=True, text=True, check=False)  # fmt: skip
    assert "CRYPTO-42" in told.stderr
    if os.geteuid() == 0:
        told = status("import crypto.process as p; p.lock_memory()")
        assert int(told["VmLck"].split()[0]) > 1000
