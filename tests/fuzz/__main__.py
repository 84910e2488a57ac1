"""`make fuzz`: so many seconds, the parsers by turns; ends with 1 where one of them let anything else out."""

import argparse
import random
import sys
import time
from pathlib import Path

from tests.fuzz.parsers import PARSERS
from tests.fuzz.running import Finding, run


def main() -> int:
    """Fuzz, tell, and keep what was found."""
    words = argparse.ArgumentParser(prog="python -m tests.fuzz")
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--only", default="")
    words.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    said = words.parse_args()
    names = [n for n in PARSERS if not said.only or n in said.only.split(",")]
    print(f"seed {said.seed}; {len(names)} parsers, {said.seconds / len(names):.0f} s each")
    found: list[Finding] = []
    for name in names:
        began = time.monotonic()
        tried, mine = run(name, random.Random(said.seed), seconds=said.seconds / len(names))
        print(f"{name:18} {tried:8} files in {time.monotonic() - began:5.1f} s, {len(mine)} found", flush=True)  # fmt: skip
        found += mine
    for number, one in enumerate(found):
        folder = Path("fuzz-found")
        folder.mkdir(exist_ok=True)
        (folder / f"{one.parser.replace(' ', '-')}-{number}").write_bytes(one.data)
        print(f"{one.parser}: {one.what}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
