"""Every command of the program with its files, its home and its database in trouble, in one process of a plain user.

Run as ``python -m tests.walk.walker FOLDER``: it makes a home with one approved project there, tries each command and prints
one JSON object a line. Commands and options come from the tree: a new one is walked by itself.
"""

import ctypes
import gc
import itertools
import json
import os
import re
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from approvals.application import example_application
from pipelines.cli.app import tree
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.made_up import record_checks
from pipelines.orchestration import worker
from pipelines.session import Session, today
from tests.in_process import Done, run_here

# Values that lead a command to its files; whatever else is asked for gets "x".
VALUES = {
    "system": "RIPA", "kind": "standard", "member": "lead", "dims": "a", "count": "n", "name": "disclosure.threshold",
    "fingerprint": "ab" * 32, "release": "2026-001-identified-1", "to": "lead", "reason": "other", "role": "doj_append",
}  # fmt: skip
# Besides what they ask for, so that it is the file that is in trouble.
BESIDES = {
    ("tools rates", "out"): ("--percent-of", "a"),
    ("tools suppress", "heat_map"): ("--explain", "{}/explained.csv"),
    ("refresh", None): ("--no-orchestrator",),
}
MAKES_ITS_FOLDERS = {("register make-up", "no folder"), ("register make-up", "folder")}
WRITTEN = {
    "out",
    "export",
    "weights",
    "save_model",
    "heat_map",
    "folder",
    "problems",
}  # and `suppress --explain`
NOT_IN_SCENES = {
    "demo",
    "tools match",
    "keys passphrase",
    "desk",
}  # a minute, a second, it would shut the keyring for good, and it ends with a signal
SOME = {
    "project list",
    "project submit",
    "ledger show",
    "keys rotate",
    "home backup",
    "remind",
    "doctor",
    "run",
    "bucket sweep",
    "deployment worker",
}
# Servers of settings where nobody answers. A release that meets them: tests/integration/test_standing_prefect.py
SERVERS: dict[str, dict[str, str | int]] = {
    "mail server": {"host": "127.0.0.1", "port": 1, "security": "none"},
    "bucket": {"register_url": "s3://bucket/prefix", "endpoint": "http://127.0.0.1:1"},
    "Prefect": {"api_url": "http://127.0.0.1:1/api"},
    "cluster": {"scheduler": "tls://127.0.0.1:1"},
}


def without_root() -> None:
    """Let rights count for root, too: this thread and those that it starts give up CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: low and high halves
    libc = ctypes.CDLL(None)
    assert libc.capget(header, sets) == 0
    for place in (0, 1, 2):
        sets[place] &= ~0b110
    assert libc.capset(header, sets) == 0


def leaves(group: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command by its words."""
    for name, child in group.commands.items():
        if hasattr(child, "commands"):
            yield from leaves(child, (*above, name))
        else:
            yield " ".join((*above, name)), child


class World:
    """A home with an approved project, and files of all sorts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, inputs = folder, folder / "home", folder / "in"
        init_home(self.home, demo=True)
        inputs.mkdir()
        form = inputs / "a.toml"
        form.write_text(example_application("standard", on=today()))
        with Session(open_home(self.home)) as session:
            self.number = session.projects.submit(form, session.person, today()).number
            session.projects.approve(self.number, session.person, today())
            record_checks(session.projects, self.number, session.person, today(), inputs)
        self.good = inputs / "good.csv"
        self.good.write_text("cohort_id,record_id,last_name,a,n\n1,1,Byron,x,30\n2,2,Turing,y,40\n")
        closed, shut, full = inputs / "closed.csv", folder / "shut", inputs / "folder"
        closed.touch(mode=0)
        shut.mkdir(mode=0o500)
        full.mkdir()
        (full / "kept").write_text("kept")
        self.inputs = {
            "no such file or directory": inputs / "nothing.csv",
            "is a directory": full,
            "permission denied": closed,
            "not a directory": self.good / "x.csv",
        }
        self.outputs = {
            "no folder": folder / "nowhere" / "out",
            "shut": shut / "out",
            "folder": full,
            "below a file": self.good / "out",
            "long": folder / ("x" * 300),
        }

    def words(self, name: str, command: Any, bad: Any = None, value: object = "") -> list[str]:
        """The command with all that it asks for, and one option given another value."""
        words = [*name.split()]
        for one in command.params:
            if one.name == "help" or not (one.required or one is bad):
                continue
            given = self._value(one) if one is not bad else str(value)
            words += [given] if one.param_type_name == "argument" else [one.opts[0], given]
        return words + [w.format(self.folder) for w in BESIDES.get((name, bad and bad.name), ())]

    def _value(self, one: Any) -> str:
        if one.name in {"project", "number"}:
            return self.number
        if "Path" in one.bare_type():
            if one.name in WRITTEN:
                return str(self.folder / "out")
            return str(self.good if one.metavar != "DIR" else self.good.parent)
        return VALUES.get(one.name, "x")


def files_of(name: str, command: Any) -> Iterator[tuple[Any, str, bool]]:
    """(option, what stands before the file in its value, whether it is written) of each that names a file."""
    for one in command.params:
        if "Path" in one.bare_type():
            yield one, "", one.name in WRITTEN or (name, one.name) == ("tools suppress", "explain")
        elif str(one.metavar).endswith(("=PATH", "=FILE")):
            yield one, "a=", False


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """This process may write no byte, or open no file more."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


@contextmanager
def rights(bits: int, *places: Path) -> Iterator[None]:
    """Files or folders under other rights."""
    before = [(place, place.stat().st_mode & 0o777) for place in places]
    for place in places:
        place.chmod(bits)
    try:
        yield
    finally:
        for place, mode in before:
            place.chmod(mode)


@contextmanager
def settled(home: Path, **values: str | int) -> Iterator[None]:
    """Other values in settings.toml."""
    file = home / "settings.toml"
    whole = changed = file.read_text()
    for name, value in values.items():
        line = rf"(?m)^{name} = \S+"
        changed, found = re.subn(line, f"{name} = {json.dumps(value)}", changed, count=1)
        assert found, name
    file.write_text(changed)
    try:
        yield
    finally:
        file.write_text(whole)


def is_free(number: int) -> bool:
    """No file of this process has this number."""
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def with_files_left(left: int) -> int:
    """The limit under which this process may open so many files, and none besides."""
    gc.collect()
    return next(itertools.islice(filter(is_free, itertools.count()), left, None))


Scene = Callable[[], AbstractContextManager[Any]]


def scenes(home: Path) -> Iterator[tuple[str, bool, Scene]]:
    """(what is wrong, whether every command is asked, how it comes about)."""
    folders = [home, *(p for p in home.rglob("*") if p.is_dir())]
    yield "full disk", True, lambda: limited(resource.RLIMIT_FSIZE, 0)
    yield (
        "no more files",
        False,
        lambda: limited(resource.RLIMIT_NOFILE, with_files_left(2)),
    )  # a pipe for signals
    yield "not one file", False, lambda: limited(resource.RLIMIT_NOFILE, with_files_left(0))
    yield "read only", False, lambda: rights(0o500, *folders)
    for name in ("keys", "home.json", "settings.toml", "people.toml", "ledger.sqlite3", "projects"):
        yield (
            f"closed {name}",
            name == "keys",
            lambda name=name: rights(0, home / name),
        )
    for url in (
        "postgresql+psycopg://nobody@127.0.0.1:1/none",
        "mysql://127.0.0.1/y",
        "nonsense",
        "sqlite:////no/where",
    ):
        asked = url.startswith("postgresql")
        yield f"ledger {url}", asked, lambda url=url: settled(home, ledger_url=url)
    yield "no psycopg", False, lambda: without_psycopg(home)
    auth = home / "prefect" / "auth"  # without a password no standing server is asked
    auth.parent.mkdir(mode=0o700, exist_ok=True)
    auth.touch(0o600)
    auth.write_text("desk:word\n")
    for server, values in SERVERS.items():
        yield f"no {server}", False, lambda values=values: settled(home, **values)


@contextmanager
def without_psycopg(home: Path) -> Iterator[None]:
    """A ledger of PostgreSQL, and no library that speaks to it."""
    with (
        mock.patch.dict(sys.modules, {"psycopg": None}),
        settled(home, ledger_url="postgresql+psycopg://127.0.0.1:1/none"),
    ):
        yield


def state(folder: Path) -> set[str]:
    """What stands there; a ledger that is read may leave SQLite's own files beside it."""
    return {str(p) for p in folder.rglob("*") if "ledger.sqlite3" not in p.name}


def tell(world: World, done: Done, before: set[str], **row: object) -> None:
    """One line for the test that asks."""
    told = json.loads(done.out) if done.out.startswith(("{", "[")) else {}
    error = told.get("error", {}) if isinstance(told, dict) else {}
    left = sorted(state(world.folder) - before)
    print(json.dumps(row | {"exit": done.code, "error": error, "err": done.err, "left": left}))


def main() -> None:
    """Walk."""
    without_root()
    worker._SERVER_ANSWERS = 0
    os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    world = World(Path(sys.argv[1]))
    every = list(leaves(tree()))
    for name, command in every:
        for option, prefix, written in files_of(name, command):
            said = option.opts[0] if option.param_type_name == "option" else option.name.upper()
            for what, place in (world.outputs if written else world.inputs).items():
                if (name, what) in MAKES_ITS_FOLDERS:
                    continue
                before, words = (
                    state(world.folder),
                    world.words(name, command, option, f"{prefix}{place}"),
                )
                done = run_here(*words, "--json", home=world.home)
                tell(
                    world,
                    done,
                    before,
                    command=name,
                    option=said,
                    what=what,
                    written=written,
                    dir=option.metavar == "DIR",
                )
    for scene, asked, enter in scenes(world.home):
        for name, command in every:
            if name in NOT_IN_SCENES or not (asked or name in SOME):
                continue
            home = world.folder / "new" if name in {"init", "home restore"} else world.home
            before, words = state(world.folder), world.words(name, command)
            with enter():
                done = run_here(*words, "--json", home=home)
            tell(world, done, before, command=name, scene=scene)
            for made in ("new", "out"):
                shutil.rmtree(world.folder / made, ignore_errors=True)


if __name__ == "__main__":
    main()
