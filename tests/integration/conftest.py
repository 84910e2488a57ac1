"""One demo home a test run, made by the real command through a real Prefect server."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.in_process import Done, run_here
from tests.integration.five_systems import World
from tests.poison import Poison, Watched
from tests.survive.world import World as SmallWorld
from tests.survive.world import make_world_here, world_at

ORDERS, ROWS = 1_200, 200


def doj_release(
    *words: object, home: Path | None = None, cwd: Path | None = None, **env: str
) -> Done:
    """Run the real command in a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DOJ_RELEASE", "PREFECT_"))}
    if home is not None:
        kept["DOJ_RELEASE_HOME"] = str(home)
    command = [str(Path(sys.executable).with_name("doj-release")), *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=kept | env, cwd=cwd, timeout=580
    )
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Demo:
    """A finished demonstration."""

    home: Path
    told: dict[str, Any]

    def release(self, kind: str) -> dict[str, Any]:
        return next(r for r in self.told["releases"] if r["kind"] == kind)

    def package(self, kind: str, member: str) -> Path:
        return Path(self.release(kind)["outbox"]) / member


@contextmanager
def made_once(factory: pytest.TempPathFactory, worker_id: str, name: str) -> Iterator[Path]:
    """A folder of all of xdist's processes, for one of them at a time."""
    mine = factory.getbasetemp()
    shared = mine if worker_id == "master" else mine.parent
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shared / name


@pytest.fixture(scope="session")
def demo(tmp_path_factory, worker_id: str) -> Demo:
    """The demonstration, made by the first of xdist's processes that needs it; nobody changes it.

    A caller who means harm starts it: `test_demo` asks whether anything of theirs was opened or ran.
    """
    with made_once(tmp_path_factory, worker_id, "demo") as folder:
        home, told, poisoned = folder / "home", folder / "told.json", folder / "caller"
        if not told.exists():
            folder.mkdir(exist_ok=True)
            for left in (home, poisoned):  # another process failed: it said why
                shutil.rmtree(left, ignore_errors=True)
            caller = Poison(poisoned).make()
            watched = Watched(caller.folder, caller.home, caller.root / "evil")
            words = ("demo", "--records", ORDERS, "--cohort", ROWS, "--json", "--home", home)
            done = doj_release(*words, cwd=caller.folder, **caller.environment())
            assert done.code == 0, done.err
            read = {"opened": watched.opened(), "ran": caller.ran()}
            watched.close()
            told.write_text(json.dumps(json.loads(done.out) | {"of the caller": read}))
    return Demo(home, json.loads(told.read_text()))


@pytest.fixture(scope="session")
def small_world(tmp_path_factory, worker_id: str) -> SmallWorld:
    """A small home with poisoned rows and three projects, before any release; nobody changes it."""
    with made_once(tmp_path_factory, worker_id, "small-world") as root:
        if not (root / "world.json").exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(mode=0o700)
            make_world_here(root)
    return world_at(root)


@pytest.fixture
def copied(demo: Demo, tmp_path: Path) -> Path:
    """A home of one's own, with everything that the demonstration left.

    Prefect's database is among it: to make an empty one takes its server as long as a small release.
    """
    target = tmp_path / "home"
    shutil.copytree(demo.home, target)
    target.chmod(0o700)
    return target


@pytest.fixture
def command(copied: Path) -> Callable[..., Done]:
    """The command on the copied home, in this process.

    That a process of its own does the same is shown by the demonstration, the leak suite and
    ``test_command_line``; whoever runs something through Prefect takes :func:`doj_release`.
    """
    return lambda *words, **env: run_here(*words, home=copied, **env)


@pytest.fixture(scope="session")
def five(tmp_path_factory) -> Iterator[World]:
    """The four registers besides CARPOS, with canaries; both files that look at it are one scope."""
    root = tmp_path_factory.mktemp("five")
    root.chmod(0o700)
    world = World(root)
    yield world
    world.session.close()
