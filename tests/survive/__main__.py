"""``python -m tests.survive --rounds 300``: troubles at every stage boundary and at random, then a table."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.survive import rounds, steps, together
from tests.survive.world import MEMBERS, make_world


def main() -> int:
    wanted = argparse.ArgumentParser(prog="tests.survive", description=__doc__)
    wanted.add_argument("--rounds", type=int, default=300)
    wanted.add_argument("--seed", type=int, default=1)
    wanted.add_argument("--kind", choices=list(MEMBERS), action="append")
    given = wanted.parse_args()
    root = Path(tempfile.mkdtemp(prefix="survive-"))
    mounted = _mount(root)
    try:
        return _play(root, given, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(root)], check=False)
        shutil.rmtree(root, ignore_errors=True)


def _mount(root: Path) -> bool:
    """A small file system of our own, which can be full; needs the right to mount."""
    words = ["mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "survive", str(root)]
    return os.geteuid() == 0 and subprocess.run(words, capture_output=True).returncode == 0


def _play(root: Path, given: argparse.Namespace, mounted: bool) -> int:
    began = time.monotonic()
    steps.warm()
    field = rounds.Field(root, make_world(root / "world", steps.fork))
    kinds = given.kind or list(MEMBERS)
    for kind in kinds:
        usual = field.learn(kind)
        shown = " + ".join(str(len(p)) for p in usual.points)
        print(f"{kind}: {shown} points, {sum(usual.seconds):.1f} s undisturbed", flush=True)
    wrong = _scenes(field, root)
    count, struck, played_rounds = Counter[str](), 0, 0
    for kind in kinds:
        for troubles in rounds.chosen(field, kind, given.rounds // len(kinds), given.seed, mounted):
            played = field.play(kind, troubles)
            played_rounds += 1
            count.update(t.action for t in troubles if t)
            struck += played.struck
            if played.complaints:
                wrong += 1
                said = (f"-> {e.code}: {' '.join(e.said.split())[-300:]}" for e in played.ended)
                print(f"WRONG {played}", *played.complaints[:6], *said, sep="\n   ", flush=True)
    shown = ", ".join(f"{n} {action}" for action, n in sorted(count.items()))
    print(
        f"{played_rounds} rounds, {sum(count.values())} troubles ({shown}), {struck} ended a command"
    )
    print(f"{wrong} went wrong; {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def _scenes(field: rounds.Field, root: Path) -> int:
    found = together.play(field, root)
    for name, complaints in found.items():
        if complaints:
            print(f"WRONG {name}", *complaints, sep="\n   ", flush=True)
    print(f"{len(found)} scenes: two at once, and a restore drill", flush=True)
    return sum(1 for complaints in found.values() if complaints)


if __name__ == "__main__":
    sys.exit(main())
