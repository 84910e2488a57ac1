"""A home: where one deployment keeps settings, keys, ledger, registers, projects, runs and outbox."""

import contextlib
import json
import os
import shutil
from collections.abc import Generator
from pathlib import Path

from pipelines.home.closed import check_closed, check_file, network_file_system
from pipelines.home.errors import HomeExists, HomeMissing, HomeNewer, HomeOnNetwork
from pipelines.home.settings import TEMPLATE, Settings, read_settings

VARIABLE = "DOJ_RELEASE_HOME"
FORMAT = 5  # of a home; see upgrade
FOLDERS = (
    "keys", "register", "projects", "runs", "outbox", "history", "checkpoints", "logs", "prefect", "systems",
)  # fmt: skip


class Home:
    """The paths of one home. Making one reads nothing and writes nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings_file = root / "settings.toml"  # policy, with reasons
        self.settings_confirmed = (
            root / "settings.confirmed.json"
        )  # those in force, to name changes
        self.people_file = root / "people.toml"  # which user of the system is which person
        self.signing_certificate = root / "signing.pem"  # that recipients verify with
        self.ledger_head = root / "ledger.head"  # under a key: shows an end that was cut off
        self.keys = root / "keys"  # of signing, digests, projects, runs and snapshots
        self.register = root / "register"  # snapshots, encrypted
        self.projects = (
            root / "projects"
        )  # of each: application, cohorts (encrypted), reports, letters
        self.runs = root / "runs"  # a staging folder of each release, encrypted, wiped at the end
        self.outbox = root / "outbox"  # sealed packages: <project>/<release>/<recipient>/
        self.history = (
            root / "history"
        )  # every aggregate ever published: later ones are held against it
        self.checkpoints = root / "checkpoints"  # every one of the ledger signed here, by its size
        self.logs = root / "logs"  # local logs, 0600
        self.systems = root / "systems"  # what the registers are called here: mappings, added codes
        self.prefect = root / "prefect"  # of the embedded Prefect server

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

    def settings(self) -> Settings:
        """Read ``settings.toml``."""
        return read_settings(self.settings_file)

    def ledger_url(self, settings: Settings | None = None) -> str:
        """SQLAlchemy URL of the ledger, by settings that were read already or by the file.

        Raises:
            HomeLinked: a file that the settings name for it is a link, or not the owner's alone.
        """
        url = (
            settings or self.settings()
        ).storage.ledger_url or f"sqlite:///{self.root / 'ledger.sqlite3'}"
        kind, _, place = url.partition(":///")
        if kind.startswith("sqlite") and place:
            check_file(Path(place), "the ledger's file")
        return url

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
        HomeTooOpen, HomeLinked, HomeExposed: somebody else could change it.
        HomeOnNetwork: it lies on a file system of the network, and no setting allows that.
        HomeNewer: a later version has upgraded it.
    """
    named = chosen_folder(root)
    settings = named / "settings.toml"
    if not (settings.is_symlink() or settings.is_file()):
        raise HomeMissing
    home = Home(named.resolve())
    check_closed(home.root, named)
    if (kind := network_file_system(home.root)) and not home.settings().storage.network_home:
        raise HomeOnNetwork(kind=kind)
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
    with emptied_unless_done(home.root):
        home.root.chmod(0o700)
        for name in FOLDERS:
            (home.root / name).mkdir(mode=0o700)
        place = f"ledger_url = {json.dumps(ledger_url)}"
        home.write_format()
        write_private(home.settings_file, TEMPLATE.replace('ledger_url = ""', place, 1))
    return home


@contextlib.contextmanager
def emptied_unless_done(root: Path) -> Generator[None, None, None]:
    """Take away what was begun in a folder that was empty: a full disk, a database that is another home's.

    The next try starts as this one did.
    """
    try:
        yield
    except BaseException:
        empty(root)
        raise


def empty(root: Path) -> None:
    """Remove what is in a folder, and leave the folder."""
    for path in root.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


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
