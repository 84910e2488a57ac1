"""People apart: users of this machine with folders closed to each other, and a home that another user owns.

As root alone: it makes the users, a rule of sudo's and folders, and takes all of it away again. A login sets the kernel's
``loginuid``; here the process sets it before it becomes the user. Where the interpreter lies in a folder of
root's alone, each command sees it through a mount of its own.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

import openpyxl

from tests.in_process import Done

PROGRAM = Path(sys.executable).with_name("doj-release")
SUDOERS = Path("/etc/sudoers.d")
_ROLES = {
    "service": [],
    "engineer": ["engineer", "administrator"],
    "second": ["reviewer", "approver"],
}
_BECOME = """\
set -e; umask 022
{mounts}
{{ echo "$(id -u "$1")" > /proc/self/loginuid; }} 2> /dev/null || true
cd "$2"
who=$1; shift 2
exec setpriv --reuid "$who" --regid "$(id -g "$who")" --clear-groups env -i "$@"
"""


def why_not(*, login: bool = True) -> str | None:
    """Why this machine can't have people apart; with ``login``, people who act as themselves behind sudo."""
    if os.geteuid() != 0:
        return "only root makes users"
    if _closed() and not _may("unshare", "--mount", "true"):
        return "Python lies in a folder of root's alone, and the kernel allows no mounts"
    if login and not _may("sh", "-c", "echo 0 > /proc/self/loginuid"):
        return "the kernel lets nobody log in: no loginuid"
    return None


def _may(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


class Apart:
    """A service's user, who owns ``home``, and two people, each with a folder closed to others."""

    def __init__(self, home: Path) -> None:
        self._from = home
        self.project = ""  # the one that the walk is about
        self.root = Path(tempfile.mkdtemp(prefix="apart-", dir="/dev/shm"))
        self.home = self.root / "home"
        self.users = {name: f"doj-{name}-{os.getpid()}" for name in _ROLES}
        self._rule = SUDOERS / f"doj-release-{os.getpid()}"

    def folder(self, person: str) -> Path:
        """Where a person works."""
        return self.root / person

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        self.root.chmod(0o711)
        for person, user in self.users.items():
            subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", self.folder(person), user], check=True)  # fmt: skip
            self.folder(person).mkdir(mode=0o700)
            shutil.chown(self.folder(person), user, user)
        shutil.copytree(self._from, self.home)
        self.home.chmod(0o700)
        people = [f'service = "{self.users["service"]}"']
        for person, roles in _ROLES.items():
            if roles:
                people.append(f'[[person]]\nid = "{person}"\nname = "{person}"\nuser = "{self.users[person]}"\nroles = {roles}')  # fmt: skip
        (self.home / "people.toml").write_text("\n".join(people) + "\n")
        subprocess.run(["chown", "-R", self.users["service"], self.home], check=True)
        lines = [f'Defaults!{PROGRAM} env_reset, use_pty, closefrom_override, env_keep += "DOJ_RELEASE_HOME"']  # fmt: skip
        lines += [
            f"{self.users[p]} ALL=({self.users['service']}) NOPASSWD: {PROGRAM}"
            for p, r in _ROLES.items()
            if r
        ]
        self._rule.touch(0o440)
        self._rule.write_text("\n".join(lines) + "\n")

    def __exit__(self, *ended: object) -> None:
        self._rule.unlink(missing_ok=True)
        for user in self.users.values():
            if any(entry.pw_name == user for entry in pwd.getpwall()):
                subprocess.run(["userdel", user], check=True, capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def put(self, person: str, name: str, content: str) -> None:
        """A file of a person's own."""
        path = self.folder(person) / name
        path.write_text(content)
        path.chmod(0o600)
        shutil.chown(path, self.users[person], self.users[person])

    def start(
        self, person: str, *words: object, sudo: bool = False, **how: object
    ) -> "subprocess.Popen[str]":
        """Start a command as a person types it, in their folder; with ``sudo``, by sudo and not by the variable."""
        said = {
            "DOJ_RELEASE_HOME": self.home,
            "DOJ_RELEASE_SERVICE": self.users["service"],
            "PATH": "/usr/bin:/bin",
        }
        if sudo:
            del said["DOJ_RELEASE_SERVICE"]
        mounts = _mounts(self.root)
        command = ["unshare", "--mount"] if mounts else []
        command += ["sh", "-c", _BECOME.format(mounts=mounts), "sh"]
        command += [self.users[person], str(self.folder(person))]
        command += [f"{name}={value}" for name, value in said.items()]
        command += ["sudo", "-u", self.users["service"]] if sudo else []
        command += [str(PROGRAM)]
        return subprocess.Popen([*command, *map(str, words)], text=True, **how)  # type: ignore[call-overload]

    def run(
        self,
        person: str,
        *words: object,
        code: int = 0,
        sent: str | None = None,
        sudo: bool = False,
    ) -> Done:
        """Run it; another exit code is an AssertionError with what it said."""
        pipe = subprocess.PIPE
        process = self.start(person, *words, sudo=sudo, stdin=pipe, stdout=pipe, stderr=pipe)
        out, err = process.communicate(sent, timeout=300)
        assert process.returncode == code, (words, process.returncode, out[-800:], err[-800:])
        return Done(process.returncode, out, err)

    def holds(self, person: str, *names: str) -> None:
        """These files or folders are a person's own, and closed to everybody else."""
        for name in names:
            top = self.folder(person) / name
            for path in (top, *(top.rglob("*") if top.is_dir() else ())):
                found = path.lstat()
                assert pwd.getpwuid(found.st_uid).pw_name == self.users[person], path
                assert found.st_mode & 0o7777 == (0o700 if path.is_dir() else 0o600), path


def _closed() -> Path | None:
    """The folder of root's alone that the interpreter lies in, if it does."""
    parents = reversed(Path(sys.base_prefix).resolve().parents)
    return next((p for p in parents if not p.stat().st_mode & 0o001), None)


def _mounts(root: Path) -> str:
    """Commands that let others see the interpreter, where it lies in a folder of root's alone."""
    base, closed = Path(sys.base_prefix).resolve(), _closed()
    if closed is None:
        return ""
    kept = root / "python"
    kept.mkdir(exist_ok=True)
    return (
        f"mount --bind '{base}' '{kept}'; mount -t tmpfs -o mode=755 none '{closed}'; "
        f"mkdir -p '{base}'; mount --bind '{kept}' '{base}'"
    )


def a_release(apart: Apart) -> str:
    """An identified release from its order to its hand-over, by an engineer and a reviewer who also approves; its id."""
    project, second = apart.project, apart.folder("second")
    settings = apart.home / "settings.toml"
    settings.write_text(
        settings.read_text()
        .replace("threshold = 0.90", "threshold = 0.999999")
        .replace("approval_names_report = false", "approval_names_report = true")
    )
    ordered = apart.run(
        "engineer", "run", project, "--kind", "identified", "--no-orchestrator", "--json", code=7
    )
    release = ordered.json["release"]
    apart.run("second", "review", release, "--export", "sheet.xlsx")
    apart.holds("second", "sheet.xlsx")
    pairs = decide(second / "sheet.xlsx")
    told = apart.run("second", "review", release, "--import", "./sheet.xlsx", "--json").json
    assert told["same"] == pairs > 0
    resume = ("run", project, "--resume", release, "--no-orchestrator", "--json")
    assert apart.run("engineer", *resume, code=7).json["stage"] == "approve"

    apart.run("second", "release", "report", release, "--out=report.html")
    apart.holds("second", "report.html")
    apart.run("second", "release", "approve", release, code=2)
    apart.run("second", "release", "approve", release, "--report", "report.html")
    apart.run("engineer", *resume)

    apart.run("engineer", "release", "handover", release, "--to", "lead", "--out", "package")
    apart.holds("engineer", "package")
    signer = apart.folder("engineer") / "package" / "department.pem"
    apart.run("engineer", "tools", "verify", "package", "--signer", signer)  # by themselves
    return release


def decide(path: Path) -> int:
    """Fill a reviewer's sheet in; how many pairs."""
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    head = [str(cell.value).lower() for cell in page[1]]
    column = next(i for i, name in enumerate(head, start=1) if "decision" in name)
    for row in range(2, page.max_row + 1):
        page.cell(row, column).value = "same"
    book.save(path)
    return page.max_row - 1
