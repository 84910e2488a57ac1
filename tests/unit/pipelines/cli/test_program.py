"""The installed program's end: its code and its last words, whatever a library's thread does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BEFORE = """\
import atexit, sys, threading
from pipelines.cli import app, program

def command(arguments=None):
    atexit.register(lambda: print("exit functions ran"))
    threading.Timer(0.2, lambda: print("threads are waited for")).start()
    print("said")
    {ending}

program.main = command
program.program()
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(6)", 6), ("sys.exit()", 0), ("pass", 0), ("sys.exit('no')", 1), ("1 / 0", 1)],
)
def test_the_code_and_the_last_words_survive(ending, code):
    run = subprocess.run(
        [sys.executable, "-c", BEFORE.format(ending=ending)], capture_output=True, text=True
    )
    assert run.returncode == code
    assert run.stdout.split("\n")[-2] == "exit functions ran"
    assert {"said", "threads are waited for"} <= set(run.stdout.split("\n"))


# A thread of a library that lets go of a Python object while the interpreter goes down: a frame of
# C++ that may not throw is what makes this an abort; here it is a thread that would print after the end.
LATE = """\
import threading, time
from pipelines.cli import program

class Late:
    def __del__(self):
        print("too late")

def command(arguments=None):
    kept = Late()
    threading.Thread(target=lambda held: time.sleep(60), args=(kept,), daemon=True).start()

program.main = command
program.program()
"""


def test_nobody_is_waited_for_whom_python_does_not_wait_for():
    run = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout) == (0, "")


FULL = """\
from pipelines.cli import program
program.main = lambda: print("said")
program.program()
"""


def test_words_that_found_no_room_are_told_as_python_does():
    with Path("/dev/full").open("w") as full:
        buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        run = subprocess.run([sys.executable, "-c", FULL], stdout=full, env=buffered)
    assert run.returncode == 120
