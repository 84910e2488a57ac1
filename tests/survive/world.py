"""A small home with poisoned rows, three approved projects and two recipients each: the ground of every round."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.leak.acts import KINDS, RECIPIENTS
from tests.leak.canaries import Needles, poison_register, write_cohort

ORDERS = 150
MEMBERS = {
    "identified": ("lead", "analyst"),
    "deidentified": ("lead", "analyst"),
    "aggregated": ("desk", "data-desk"),
}

LAST = date.today().year - 1
_MORE = {
    "identified": ("--doubtful", "exclude"),
    "aggregated": ("--years", f"{LAST - 1}-{LAST}", "--dims", "family,sex"),
}


@dataclass(frozen=True)
class World:
    """The template: ``home`` is copied for each round; ``keys`` open its packages."""

    root: Path
    numbers: dict[str, str]
    needles: Needles

    @property
    def source(self) -> list[Path]:
        """The register's files."""
        return sorted((self.root / "source").glob("*.parquet"))

    @property
    def home(self) -> Path:
        return self.root / "home"

    def key(self, member: str) -> tuple[Path, Path]:
        """(certificate, key) of a member."""
        position = next(m.index(member) for m in MEMBERS.values() if member in m)
        stem = self.root / "keys" / RECIPIENTS[position][0]
        return stem.with_suffix(".pem"), stem.with_suffix(".key")

    def wish(self, kind: str) -> tuple[str, ...]:
        """The command that orders a release of this kind."""
        words = ("run", self.numbers[kind], "--kind", kind, "--no-orchestrator")
        return (*words, *_MORE.get(kind, ()))


def make_world(root: Path, fork: Callable[[Callable[[], None]], int]) -> World:
    """Make the template in a process of its own, so that this one never computes and can be forked."""
    assert fork(lambda: _make(root)) == 0
    return world_at(root)


def make_world_here(root: Path, *, ledger_url: str = "") -> World:
    """The same in this process, with the ledger in another database."""
    _make(root, ledger_url)
    return world_at(root)


def world_at(root: Path) -> World:
    """The template that was made here, or a copy of one."""
    told = json.loads((root / "world.json").read_text())
    needles = Needles(numbers=set(told["needles"][0]), dates=set(told["needles"][1]))
    return World(root, told["numbers"], needles)


def _make(root: Path, ledger_url: str = "") -> None:
    from pipelines import registers
    from pipelines.cohort.registry import register_cohort
    from pipelines.deployment.init import init_home
    from pipelines.home.home import open_home
    from pipelines.session import Session, today
    from synthetic.registers.system import make_system

    init_home(root / "home", demo=True, ledger_url=ledger_url)
    session = Session(open_home(root / "home"))
    needles = Needles()
    source = root / "source"
    make_system("CARPOS", source, records=ORDERS, seed=7, first_year=LAST - 2, last_year=LAST)
    poison_register(source, needles)
    files = sorted(source.glob("*.parquet"))
    registers.load_register(session, "CARPOS", files, lambda _text: None)
    numbers = _projects(session, root)
    cohort = write_cohort(root / "cohort.csv", source, needles)
    register_cohort(session, numbers["identified"], cohort.path, None, None)
    session.projects.confirm_cohort(numbers["identified"], None, session.person, today())
    session.close()
    told = {"numbers": numbers, "needles": [sorted(needles.numbers), sorted(needles.dates)]}
    (root / "world.json").write_text(json.dumps(told))


def _projects(session, root: Path) -> dict[str, str]:
    from approvals.application.reading import example_application
    from crypto.cms.certificates import make_recipient
    from crypto.cms.recipients import Recipient
    from pipelines.keys import add_recipient, confirm_recipient
    from pipelines.made_up import record_checks
    from pipelines.session import today

    keys, numbers = root / "keys", {}
    keys.mkdir()
    for name, kind in RECIPIENTS:
        key, certificate = make_recipient(kind, f"Recipient {name}")
        (keys / f"{name}.key").write_bytes(key)
        (keys / f"{name}.pem").write_bytes(certificate)
    for kind in KINDS:
        form = "aggregated" if kind == "aggregated" else "standard"
        text = example_application(
            form, on=today(), kind=None if kind == "aggregated" else kind
        ).replace('order_scope = ["GV"]', 'order_scope = ["GV", "DV", "CH"]')
        (root / f"{kind}.toml").write_text(text)
        state = session.projects.submit(root / f"{kind}.toml", session.person, today())
        session.projects.approve(state.number, session.person, today())
        record_checks(session.projects, state.number, session.person, today(), root)
        numbers[kind] = state.number
        # Ids and order come from the project's secret, which the first release would make.
        session.keyring.project_secret(state.number, create=True)
        for member, (holder, _) in zip(MEMBERS[kind], RECIPIENTS, strict=True):
            add_recipient(session, state.number, keys / f"{holder}.pem", member)
    for name, _ in RECIPIENTS:
        pem = (keys / f"{name}.pem").read_bytes()
        confirm_recipient(session, Recipient.from_pem(pem, on=today()).fingerprint)
    return numbers


def copied(home: Path, place: Path) -> None:
    """A copy of a home, and folders for whatever else a command may write."""
    shutil.rmtree(place, ignore_errors=True)
    for name in ("tmp", "cwd"):
        (place / name).mkdir(parents=True, mode=0o700)
    shutil.copytree(home, place / "home")
