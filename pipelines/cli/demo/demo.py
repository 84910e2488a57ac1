"""The demonstration: the main job, end to end, on made-up people, through the same code as always.

It founds a home, loads a synthetic register, has three projects approved with their recipients'
keys, runs one release of each kind through Prefect, has each approved, and opens one package with
the ``openssl`` program. The embedded server starts in the background while the register loads.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from approvals.application import example_application
from crypto.cms import make_recipient
from errors.coded import Exit
from pipelines import registers
from pipelines.cli.console import Console
from pipelines.cli.demo import opening as demo_opening
from pipelines.cli.demo import report as demo_report
from pipelines.cli.progress import steps
from pipelines.cohort import registry as cohort_registry
from pipelines.deployment import found_home
from pipelines.flows import Orchestrator, launch
from pipelines.home import Home, open_home, write_private
from pipelines.keys import add_recipient, confirm_recipient
from pipelines.release import Outcome, Request, order_release
from pipelines.session import Session, today

if TYPE_CHECKING:
    from synthetic.people import RegisterTruth

Tell = Callable[[str], None]
T = TypeVar("T")

SEED = 20_261_123
SCOPE = ("GV", "DV", "CH", "WV", "EA", "SV", "CPO")
_SHARE = 0.30  # of the cohort's people are respondents on an order


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
class Story:
    """What happened, for the closing table."""

    home: Home
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    register: dict[str, object] = field(default_factory=dict[str, object])
    projects: dict[str, str] = field(default_factory=dict[str, str])
    releases: dict[str, str] = field(default_factory=dict[str, str])
    opened: dict[str, object] = field(default_factory=dict[str, object])


def demonstrate(
    root: Path, *, records: int, cohort: int, console: Console, ledger_url: str = ""
) -> None:
    """Run the demonstration and print where everything is.

    Raises:
        HomeExists: there is something in the folder.
        CodedError: whatever a step of the real code refuses.
    """
    began = time.monotonic()
    department = "California DOJ Research Services (demo)"
    found_home(root, department=department, demo=True, ledger_url=ledger_url)
    home = open_home(root)
    story = Story(home)
    with Orchestrator(home) as server, steps() as tell:
        session = Session(home)
        try:
            truth = _timed(story, "register", lambda: _register(session, story, records, tell))
            _timed(story, "projects", lambda: _projects(session, story, truth, cohort, tell))
            tell("Waiting for Prefect")
            _timed(story, "waiting for Prefect", server.ready)
            for team in TEAMS:
                _timed(
                    story,
                    f"{team.kind} release",
                    lambda t=team: _release(session, story, t, server, tell),
                )
            tell("Opening one package with openssl")
            story.opened = demo_opening.open_one(
                home, story.projects["identified"], story.releases["identified"]
            )
        finally:
            session.close()
    story.seconds["all"] = time.monotonic() - began
    demo_report.tell(story, console)


def _timed(story: Story, name: str, work: Callable[[], T]) -> T:
    began = time.monotonic()
    done = work()
    story.seconds[name] = time.monotonic() - began
    return done


def _register(session: Session, story: Story, records: int, tell: Tell) -> "RegisterTruth":
    from synthetic.carpos import make_register

    folder = story.home.root / "demo"
    folder.mkdir(mode=0o700)
    tell(f"Making up a register of {records:,} orders")
    last = today().year - 1
    truth = make_register(
        folder / "source", orders=records, seed=SEED, first_year=last - 9, last_year=last
    )
    files = sorted((folder / "source").glob("*.parquet"))
    story.register = registers.load_register(session, "CARPOS", files, tell)
    return truth


def _projects(
    session: Session, story: Story, truth: "RegisterTruth", cohort: int, tell: Tell
) -> None:
    tell("Approving three projects and confirming their recipients' keys")
    folder = story.home.root / "demo"
    (folder / "keys").mkdir(mode=0o700)
    (folder / "applications").mkdir(mode=0o700)
    known: set[str] = set()
    for team in TEAMS:
        path = folder / "applications" / f"{team.kind}.toml"
        write_private(path, _application(team, cohort))
        state = session.projects.submit(path, session.person, today())
        session.projects.approve(state.number, session.person, today())
        story.projects[team.kind] = state.number
        for member, kind in team.members:
            _recipient(session, state.number, member, kind, known)
    for member in sorted(known):
        pem = (folder / "keys" / f"{member}.pem").read_bytes()
        confirm_recipient(session, _fingerprint(pem))
    tell(f"Making up a researcher's cohort of {cohort:,} rows, and registering it")
    from synthetic.cohort import make_cohort

    make_cohort(folder, truth, rows=cohort, share_with_order=_SHARE, seed=SEED, families=SCOPE)
    number = story.projects["identified"]
    cohort_registry.register(session, number, folder / "cohort.csv", None, None)
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
    from crypto.cms import Recipient

    return Recipient.from_pem(pem, on=today()).fingerprint


def _release(session: Session, story: Story, team: Team, server: Orchestrator, tell: Tell) -> None:
    number = story.projects[team.kind]
    tell(f"Releasing {team.kind} data to {len(team.members)} recipients")
    release = order_release(session, Request(number, team.kind, doubtful="exclude"))
    story.releases[team.kind] = release
    _expect(launch(story.home, release, orchestrated=True, ready=server.ready), Exit.WAITING)
    session.releases.approve(release, session.person, today())
    _expect(launch(story.home, release, orchestrated=True, ready=server.ready), Exit.DONE)


def _expect(outcome: Outcome, code: Exit) -> None:
    if outcome.exit is not code:
        raise fail_with(outcome)


def fail_with(outcome: Outcome) -> Exception:
    """A demo that stops early says what the release said."""
    from pipelines.cli.demo.errors import DemoStopped

    return DemoStopped(stage=outcome.stage, code=str((outcome.error or {}).get("code", "")))
