"""How a process of the suite begins: guarded from its first line, as the program does, then in the story's own places.

Run as ``python -I began.py STAGE WORDS...`` for a command and ``python -I began.py STAGE --driver HOME READ WRITE``.
"""

import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def begin(stage: Path) -> Path:
    """Guard this process, leave the caller, and have what a deployment may set; the caller's folder."""
    os.environ["LEAK_GUARD_LOG"] = str(stage / "guard" / "sockets.tsv")
    spec = importlib.util.spec_from_file_location("guard", HERE / "guard" / "sitecustomize.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    from pipelines.start import leave_the_caller

    folder = leave_the_caller()
    # Stand-ins, to be searched, for the user's home and the folder that a process stands in.
    os.environ["HOME"] = str(stage / "user")
    os.chdir(stage / "cwd")
    # For children: the guard, and nothing left in the tree. As talkative as a deployment may make it.
    os.environ["LEAK_GUARD_LOG"] = str(stage / "guard" / "sockets.tsv")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE / "guard"), str(HERE.parent.parent)])
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.environ["PREFECT_LOGGING_LEVEL"] = "DEBUG"
    return folder


def main() -> None:
    """A command, or the driver."""
    stage = Path(sys.argv.pop(1))
    folder = begin(stage)
    if sys.argv[1] != "--driver":
        from pipelines.cli.program import program

        program(folder)
        return
    from tests.leak.driver import drive

    home, reading, writing = sys.argv[2:]
    with os.fdopen(int(reading)) as orders, os.fdopen(int(writing), "w") as answers:
        drive(home, orders, answers)


if __name__ == "__main__":
    main()
