"""A home: where one deployment keeps settings, keys, ledger, registers, projects, runs and outbox."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pipelines.home.errors import HomeExists, HomeMissing, HomeNewer, HomeTooOpen
from pipelines.home.settings import TEMPLATE, Settings, read_settings

VARIABLE = "DOJ_RELEASE_HOME"
FORMAT = 4  # of a home; see upgrade
FOLDERS = (
    "keys", "register", "projects", "runs", "outbox", "history", "checkpoints", "logs", "prefect",
)  # fmt: skip


@dataclass(frozen=True)
class Home:
    """The paths of one home. Making one reads nothing and writes nothing."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Policy, with reasons."""
        return self.root / "settings.toml"

    @property
    def format(self) -> int:
        """The format that the home has; 1 where it was made before there was a number.

        Raises:
            HomeNewer: one that this version does not know.
        """
        path = self.root / "home.json"
        found = int(json.loads(path.read_text("utf-8"))["format"]) if path.is_file() else 1
        if found > FORMAT:
            raise HomeNewer(format=found, known=FORMAT)
        return found

    def write_format(self) -> None:
        """Say that the home has today's format."""
        write_private(self.root / "home.json", json.dumps({"format": FORMAT}))

    @property
    def people_file(self) -> Path:
        """Which user of the operating system is which person."""
        return self.root / "people.toml"

    @property
    def signing_certificate(self) -> Path:
        """The certificate that recipients verify with."""
        return self.root / "signing.pem"

    @property
    def keys(self) -> Path:
        """Signing key, digest key, secrets of projects, keys of runs and snapshots."""
        return self.root / "keys"

    @property
    def register(self) -> Path:
        """Snapshots, encrypted."""
        return self.root / "register"

    @property
    def projects(self) -> Path:
        """One folder a project: application, cohorts (encrypted), reports, letters."""
        return self.root / "projects"

    @property
    def runs(self) -> Path:
        """One staging folder a release, encrypted, wiped at the end."""
        return self.root / "runs"

    @property
    def outbox(self) -> Path:
        """Sealed packages: ``<project>/<release>/<recipient>/``."""
        return self.root / "outbox"

    @property
    def history(self) -> Path:
        """Every aggregate ever published, which later tables are protected against."""
        return self.root / "history"

    @property
    def checkpoints(self) -> Path:
        """Every checkpoint of the ledger that was ever signed here, by its size."""
        return self.root / "checkpoints"

    @property
    def ledger_head(self) -> Path:
        """How far the ledger had come, under a key: shows an end that was cut off."""
        return self.root / "ledger.head"

    @property
    def logs(self) -> Path:
        """Local logs, 0600."""
        return self.root / "logs"

    @property
    def prefect(self) -> Path:
        """The embedded Prefect server's folder."""
        return self.root / "prefect"

    def settings(self) -> Settings:
        """Read ``settings.toml``."""
        return read_settings(self.settings_file)

    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger."""
        return self.settings().storage.ledger_url or f"sqlite:///{self.root / 'ledger.sqlite3'}"

    def ledger_place(self) -> str:
        """Where the ledger is, for a person: without a password."""
        if self.settings().storage.ledger_url:
            return "the database of storage.ledger_url in settings.toml"
        return str(self.root / "ledger.sqlite3")


def chosen_folder(root: Path | None) -> Path:
    """The folder of a home: the one that the caller names, or ``DOJ_RELEASE_HOME``.

    Raises:
        HomeMissing: neither names one.
    """
    if root is None and not os.environ.get(VARIABLE):
        raise HomeMissing
    return root or Path(os.environ[VARIABLE])


def open_home(root: Path | None) -> Home:
    """Open an existing home, named by the caller or by ``DOJ_RELEASE_HOME``.

    Raises:
        HomeMissing: neither names a home.
        HomeTooOpen: group or others have any right in it.
        HomeNewer: a later version has upgraded it.
    """
    named = chosen_folder(root)
    if not (named / "settings.toml").is_file():
        raise HomeMissing
    home = Home(named.resolve())
    if stat.S_IMODE(home.root.stat().st_mode) & 0o077:
        raise HomeTooOpen
    _ = home.format  # one of a later version is refused
    return home


def lay_out(root: Path, *, ledger_url: str = "") -> Home:
    """Make the folders and the settings file of a new home, readable by its owner alone.

    Args:
        root: a new or empty folder.
        ledger_url: SQLAlchemy URL of the ledger; empty: a SQLite file in the home.

    Raises:
        HomeExists: there is something at that place already.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        occupied = any(root.iterdir())
    except (FileExistsError, NotADirectoryError):
        occupied = True
    if occupied:
        raise HomeExists
    home = Home(root.resolve())
    home.root.chmod(0o700)
    for name in FOLDERS:
        (home.root / name).mkdir(mode=0o700)
    place = f"ledger_url = {json.dumps(ledger_url)}"
    home.write_format()
    write_private(home.settings_file, TEMPLATE.replace('ledger_url = ""', place, 1))
    return home


def write_private(path: Path, text: str) -> None:
    """Write a text file, 0600, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as sink:
            sink.write(text)
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
