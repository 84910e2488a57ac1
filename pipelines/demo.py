"""The demonstration: the main job, end to end, on made-up people.

It goes through the same functions as every command, plays all the people in it, and never touches a home that is not its own.
"""

import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from approvals.application import example_application
from crypto.cms import Recipient, make_recipient
from crypto.files import unfinished
from errors import Exit
from pipelines import registers
from pipelines.cohort import register_cohort
from pipelines.deployment import init_home
from pipelines.errors import DemoStopped, OpensslMissing
from pipelines.home import Home, empty, locked, open_home, write_private
from pipelines.keys import add_recipient, confirm_recipient
from pipelines.made_up import record_checks
from pipelines.orchestration import Orchestrator, launch_release
from pipelines.release import Outcome, Request, order_release
from pipelines.session import Session, today

if TYPE_CHECKING:
    from synthetic.people import RegisterTruth


Report = Callable[[str], None]

SEED = 20_261_123
SCOPE = ("GV", "DV", "CH", "WV", "EA", "SV", "CPO")
_SHARE = 0.30  # of the cohort's people are respondents on an order
_OPENS = "analyst"  # whose package is opened
_UNFINISHED = "unfinished"  # a file that is there while a demonstration is made


@dataclass(frozen=True)
class Team:
    """A demo project: its form and kind, and its recipients with the kind of their keys."""

    form: Literal["standard", "aggregated"]
    kind: str
    members: tuple[tuple[str, Literal["rsa3072", "p384"]], ...]


TEAMS = (
    Team("standard", "identified", (("lead", "rsa3072"), ("analyst", "p384"))),
    Team("standard", "deidentified", (("lead", "rsa3072"), ("analyst", "p384"))),
    Team("aggregated", "aggregated", (("desk", "rsa3072"), ("data-desk", "p384"))),
)


@dataclass
class Demonstration:
    """What was made, and how long it took."""

    home: Home
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    register: dict[str, object] = field(default_factory=dict[str, object])
    projects: dict[str, str] = field(default_factory=dict[str, str])
    releases: dict[str, str] = field(default_factory=dict[str, str])
    opened: dict[str, object] = field(default_factory=dict[str, object])


def demonstrate(
    root: Path, *, records: int, cohort: int, report: Report, ledger_url: str = ""
) -> Demonstration:
    """Make a demo home, run one release of each kind in it, and open one package.

    Args:
        root: a new or empty folder.
        records: orders in the register.
        cohort: rows of the researcher's cohort.
        report: takes a line for each step that begins.
        ledger_url: of a PostgreSQL database; empty: a SQLite file in the home.

    Raises:
        HomeExists: there is something in the folder, which no demonstration left that was ended in the middle.
        ReleaseHeld: another demonstration is being made in the folder.
        CodedError: whatever a step of the real code refuses; the home stays, and says why.
    """
    began = time.monotonic()
    department = "California DOJ Research Services (demo)"
    if (root / "demo" / _UNFINISHED).exists():
        with locked(root / "demo"):
            empty(root)
    init_home(root, department=department, demo=True, ledger_url=ledger_url)
    home = open_home(root)
    made = Demonstration(home)
    with _put_away_if_stopped(home.root), Orchestrator(home) as server, Session(home) as session:
        with _timed(made, "register"):
            truth = _register(session, made, records, report)
        with _timed(made, "projects"):
            _projects(session, made, truth, cohort, report)
        report("Waiting for Prefect")
        with _timed(made, "waiting for Prefect"):
            server.ready()
        for team in TEAMS:
            with _timed(made, f"{team.kind} release"):
                _release(session, made, team, server, report)
        report("Opening one package with openssl")
        made.opened = open_package(home, made.projects["identified"], made.releases["identified"])
    made.seconds["all"] = time.monotonic() - began
    return made


@contextmanager
def _put_away_if_stopped(root: Path) -> Generator[None, None, None]:
    """Empty the home where a signal ends the demonstration; where a machine does, the next one begins with that."""
    folder = root / "demo"
    try:
        with locked(folder):
            (folder / _UNFINISHED).touch(0o600)
            yield
    except Exception:
        (folder / _UNFINISHED).unlink(missing_ok=True)
        raise
    except BaseException:
        empty(root)
        raise
    (folder / _UNFINISHED).unlink()


@contextmanager
def _timed(made: Demonstration, name: str) -> Generator[None, None, None]:
    began = time.monotonic()
    yield
    made.seconds[name] = time.monotonic() - began


def _register(
    session: Session, made: Demonstration, records: int, report: Report
) -> "RegisterTruth":
    from synthetic.registers import make_system

    folder = made.home.root / "demo"
    report(f"Making up a register of {records:,} orders")
    last = today().year - 1
    source = folder / "source"
    years = {"first_year": last - 9, "last_year": last}
    truth = make_system("CARPOS", source, records=records, seed=SEED, **years)
    files = sorted(source.glob("*.parquet"))
    made.register = registers.load_register(session, "CARPOS", files, report)
    return truth


def _projects(
    session: Session, made: Demonstration, truth: "RegisterTruth", cohort: int, report: Report
) -> None:
    report("Approving three projects and confirming their recipients' keys")
    folder = made.home.root / "demo"
    (folder / "keys").mkdir(mode=0o700)
    (folder / "applications").mkdir(mode=0o700)
    known: set[str] = set()
    for team in TEAMS:
        path = folder / "applications" / f"{team.kind}.toml"
        write_private(path, _application(team, cohort))
        state = session.projects.submit(path, session.person, today())
        session.projects.approve(state.number, session.person, today())
        record_checks(session.projects, state.number, session.person, today(), folder)
        made.projects[team.kind] = state.number
        for member, kind in team.members:
            _recipient(session, state.number, member, kind, known)
    for member in sorted(known):
        pem = (folder / "keys" / f"{member}.pem").read_bytes()
        confirm_recipient(session, _fingerprint(pem))
    report(f"Making up a researcher's cohort of {cohort:,} rows, and registering it")
    from synthetic.cohorts import make_cohort

    make_cohort(folder, truth, rows=cohort, share_with_order=_SHARE, seed=SEED, families=SCOPE)
    number = made.projects["identified"]
    register_cohort(session, number, folder / "cohort.csv", None, None)
    session.projects.confirm_cohort(number, None, session.person, today())


def _application(team: Team, cohort: int) -> str:
    """The commented example as it ships, dated today, with a scope that shows something."""
    text = example_application(
        team.form, on=today(), kind=team.kind if team.form == "standard" else None
    )
    scope = ", ".join(f'"{family}"' for family in SCOPE)
    text = text.replace('order_scope = ["GV"]', f"order_scope = [{scope}]")
    text = text.replace("Gun violence restraining orders", "Restraining orders")
    text = text.replace("gun violence restraining orders", "restraining orders")
    return text.replace("max_rows = 80000", f"max_rows = {max(80_000, cohort)}")


def _recipient(
    session: Session, number: str, member: str, kind: Literal["rsa3072", "p384"], known: set[str]
) -> None:
    keys = session.home.root / "demo" / "keys"
    certificate = keys / f"{member}.pem"
    if member not in known:
        key_pem, certificate_pem = make_recipient(kind, f"Demo recipient {member}")
        write_private(keys / f"{member}.key", key_pem.decode("ascii"))
        write_private(certificate, certificate_pem.decode("ascii"))
        known.add(member)
    add_recipient(session, number, certificate, member)


def _fingerprint(pem: bytes) -> str:
    return Recipient.from_pem(pem, on=today()).fingerprint


def _release(
    session: Session, made: Demonstration, team: Team, server: Orchestrator, report: Report
) -> None:
    number = made.projects[team.kind]
    report(f"Releasing {team.kind} data to {len(team.members)} recipients")
    release = order_release(session, Request(number, team.kind, doubtful="exclude"))
    made.releases[team.kind] = release
    _expect(launch_release(made.home, release, orchestrated=True, ready=server.ready), Exit.WAITING)
    session.releases.approve(release, session.person, today())
    _expect(launch_release(made.home, release, orchestrated=True, ready=server.ready), Exit.DONE)


def _expect(outcome: Outcome, code: Exit) -> None:
    if outcome.exit is not code:
        raise DemoStopped(stage=outcome.stage, code=str((outcome.error or {}).get("code", "")))


def open_package(home: Home, project: str, release: str) -> dict[str, object]:
    """Verify, check and decrypt a package with stock programs; say what is inside.

    The plaintext stands in a temporary folder for as long as it takes to look at it.

    Raises:
        OpensslMissing: the program is missing, or does not open what we sealed.
    """
    package = home.outbox / project / release / _OPENS
    keys = home.root / "demo" / "keys"
    with (
        tempfile.TemporaryDirectory(dir=home.root / "demo") as scratch,
        unfinished(Path(scratch)),
    ):
        _run(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "SHA256SUMS.p7s",
            "-content", "SHA256SUMS", "-certfile", str(home.signing_certificate), "-nointern",
            "-noverify", "-out", "/dev/null", cwd=package,
        )  # fmt: skip
        _run("sha256sum", "--quiet", "-c", "SHA256SUMS", cwd=package)
        files: list[str] = []
        for part in sorted(package.glob("part-*.zip.cms")):
            opened = Path(scratch) / part.stem
            _run(
                "openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", part.name,
                "-recip", str(keys / f"{_OPENS}.pem"), "-inkey", str(keys / f"{_OPENS}.key"),
                "-out", str(opened), cwd=package,
            )  # fmt: skip
            with zipfile.ZipFile(opened) as bag:
                files += bag.namelist()
            opened.unlink()
    return {"package": str(package), "parts": len(list(package.glob("*.cms"))), "files": files}


def _run(*command: str, cwd: Path) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    except FileNotFoundError:
        raise OpensslMissing(program=command[0]) from None
    if done.returncode:
        raise OpensslMissing(program=command[0], status=done.returncode)
