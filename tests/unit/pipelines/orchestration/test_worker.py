"""A worker's processes when a signal comes twice, or its owner is killed: none is left standing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pipelines.orchestration import worker

_OWNER = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.DEVNULL)
time.sleep(0.5)
os.kill(child.pid, signal.SIGSTOP)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_worker_that_stands_still_ends_with_its_owner():
    code = worker._UNTIL_THE_OWNER_ENDS.replace(
        "from pipelines.orchestration.own_flows import main; gc.freeze(); gc.enable(); main(*sys.argv[1:])",
        "__import__('time').sleep(60)",
    )
    assert "sleep" in code
    words = [sys.executable, "-c", _OWNER, code]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        assert worker._alive(child)
        os.kill(owner.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while worker._alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not worker._alive(child)


def test_a_process_is_found_by_its_parent_and_gone_when_it_has_ended():
    with subprocess.Popen(["sleep", "60"]) as child:
        assert child.pid in worker._children(os.getpid())
        assert worker._alive(child.pid)
        assert not worker._runs(str(child.pid))  # another program took a run's number
        child.kill()
        while worker._alive(child.pid):
            time.sleep(0.01)
        assert Path(f"/proc/{child.pid}").exists()  # nobody has taken note yet
    assert not worker._runs(None)
    assert not worker._runs("nonsense")
