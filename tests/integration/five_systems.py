"""A demonstration home with the four registers besides CARPOS, and releases from each, for tests.

Every field that tells who somebody is holds a canary, so that the same releases are looked at twice:
whether they are right (``test_five_systems``), and whether anything leaked (``test_five_systems_leak``).
The stages run in this process, without Prefect: what Prefect adds is tested with the demonstration.
"""

import contextlib
import csv
import io
import logging
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from approvals.application.example import example_for
from crypto.cms.certificates import make_recipient
from errors import Exit
from pipelines.cohort.registry import register_cohort
from pipelines.deployment.init import init_home
from pipelines.home.home import open_home, write_private
from pipelines.keys import add_recipient
from pipelines.made_up import record_checks
from pipelines.orchestration.launch import launch_release
from pipelines.registers import load_register
from pipelines.release.orders import Request, order_release
from pipelines.session import Session, today
from synthetic.cohorts import make_cohort
from synthetic.registers.system import make_system
from systems.description.loading import load_system
from tests.leak.canaries import COHORT, Needles, poison_register

RECORDS, MEMBER = 900, "lead"
RELEASES = (
    ("ACHS", "identified"), ("ACHS", "deidentified"), ("ACHS", "aggregated"),
    ("JCPSS", "deidentified"), ("JCPSS", "aggregated"),
    ("CURES", "identified"), ("CURES", "deidentified"), ("CURES", "aggregated"),
    ("RIPA", "deidentified"), ("RIPA", "aggregated"),
)  # fmt: skip
LAST = today().year - 1
YEARS = (LAST - 1, LAST)
# Fewer cells than by county; so few children can't be protected by region and sex at once.
DIMS = {
    "ACHS": '["year", "region", "offense_group"]',
    "JCPSS": '["year", "level", "sex"]',
}
_NAMES = ("first_name", "middle_name", "last_name", "street", "city")


class World:
    """A demonstration home with the four registers, and one release of each kind of each.

    What is said and logged while it works is in ``said``.
    """

    def __init__(self, root: Path) -> None:
        self.needles, self.said = Needles(), io.StringIO()
        init_home(root / "home", demo=True)
        settings = root / "home" / "settings.toml"  # rare rows of a small register stay in, told
        text = settings.read_text().replace('row_risk = "refuse"', 'row_risk = "warn"')
        assert "opened_kinds = []" in text
        settings.write_text(
            text.replace("opened_kinds = []", 'opened_kinds = ["CURES.identified"]')
        )
        self.home = open_home(root / "home")
        self.session = Session(self.home)
        self.root = root
        self.truth: dict[str, Any] = {}
        self.projects: dict[tuple[str, str], str] = {}
        self._known: dict[tuple[str, str], Released] = {}
        self._keys()

    def _keys(self) -> None:
        key, certificate = make_recipient("p384", "Recipient of a test")
        write_private(self.root / "r.key", key.decode("ascii"))
        write_private(self.root / "r.pem", certificate.decode("ascii"))

    def load(self, code: str) -> None:
        folder = self.root / code
        self.truth[code] = make_system(
            code,
            folder / "register",
            records=RECORDS,
            seed=5,
            first_year=LAST - 2,
            last_year=LAST,
        )
        poison_register(folder / "register", self.needles, code)
        load_register(self.session, code, self.truth[code].files, lambda _said: None)

    def cohort(self, code: str) -> Path:
        """A cohort of people of whom half are in the register."""
        make_cohort(
            self.root / code, self.truth[code], rows=60, seed=3, share_with_order=0.5, level="low"
        )
        path = self.root / code / "cohort.csv"
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            names, rows = list(reader.fieldnames or ()), list(reader)
        for row in rows:
            row |= {name: f"{row[name]}{COHORT}" for name in _NAMES if row.get(name)}
            self.needles.numbers |= {"".join(filter(str.isdigit, row.get("ssn", ""))) or "-"}
        with path.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.DictWriter(sink, names)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def project(self, code: str, kind: str) -> str:
        if code not in self.truth:
            self.load(code)
        form = "aggregated" if kind == "aggregated" else "standard"
        path = self.root / f"{code}-{kind}.toml"
        text = example_for(code, form, on=today(), kind=kind)
        text = text.replace("local_suppression = true", "local_suppression = false")
        if form == "aggregated":
            text = text.replace('id = "desk"', f'id = "{MEMBER}"')
            if code in DIMS:
                text = re.sub(r"(?m)^# dimensions = \[.*?\]", f"dimensions = {DIMS[code]}", text)
        write_private(path, text)
        state = self.session.projects.submit(path, self.session.person, today())
        self.session.projects.approve(state.number, self.session.person, today())
        record_checks(self.session.projects, state.number, self.session.person, today(), self.root)
        add_recipient(self.session, state.number, self.root / "r.pem", MEMBER)
        added = self.session.projects.show(state.number).recipients[0].fingerprint
        self.session.projects.confirm_recipient(added, self.session.person, today(), state.number)
        if kind == "identified":
            register_cohort(self.session, state.number, self.cohort(code), None, None)
            self.session.projects.confirm_cohort(state.number, None, self.session.person, today())
        self.projects[code, kind] = state.number
        return state.number

    def released(self, code: str, kind: str) -> "Released":
        """The one release of this kind; made when it is first asked for."""
        if (code, kind) not in self._known:
            with self._listening():
                self._known[code, kind] = self._release(code, kind)
        return self._known[code, kind]

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        listener, root = logging.StreamHandler(self.said), logging.getLogger()
        level = root.level
        root.addHandler(listener)
        root.setLevel(logging.DEBUG)
        try:
            with contextlib.redirect_stdout(self.said), contextlib.redirect_stderr(self.said):
                yield
        finally:
            root.removeHandler(listener)
            root.setLevel(level)

    def _release(self, code: str, kind: str) -> "Released":
        number = self.project(code, kind)
        years = f"{YEARS[0]}-{YEARS[1]}"
        wish = Request(number, kind, years=years, doubtful="exclude")
        release = order_release(self.session, wish)
        waiting = launch_release(self.home, release, orchestrated=False)
        assert waiting.exit is Exit.WAITING, waiting.error
        self.session.releases.approve(release, self.session.person, today())
        done = launch_release(self.home, release, orchestrated=False)
        assert done.exit is Exit.DONE, done.error
        package = self.home.outbox / number / release / MEMBER
        report = self.home.projects / number / "reports" / release / "recipient.html"
        return Released(code, kind, self._opened(package), report.read_text("utf-8"))

    def _opened(self, package: Path) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for part in sorted(package.glob("part-*.zip.cms")):
            opened = self.root / part.stem
            subprocess.run(
                ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(part),
                 "-recip", str(self.root / "r.pem"), "-inkey", str(self.root / "r.key"), "-out", str(opened)],
                check=True, capture_output=True,
            )  # fmt: skip
            with zipfile.ZipFile(opened) as bag:
                files |= {name: bag.read(name) for name in bag.namelist()}
            opened.unlink()
        return files


class Released:
    """What a recipient has in hand."""

    def __init__(self, code: str, kind: str, files: dict[str, bytes], report: str) -> None:
        self.system, self.kind, self.files, self.report = load_system(code), kind, files, report
        text = files["data/extract.csv"].decode("utf-8")
        reader = csv.DictReader(io.StringIO(text))
        self.rows = list(reader)
        self.columns = tuple(reader.fieldnames or ())

    def text(self, name: str) -> str:
        return self.files[name].decode("utf-8")
