"""A demonstration home with the four registers besides CARPOS, and releases from each, for tests.

The stages run in this process, without Prefect: what Prefect adds is tested with the demonstration.
"""

import csv
import io
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from approvals.application.example import example_for
from crypto.cms.certificates import make_recipient
from errors.coded import Exit
from pipelines.cohort.registry import register_cohort
from pipelines.deployment.init import init_home
from pipelines.home.home import open_home, write_private
from pipelines.keys.keys import add_recipient
from pipelines.orchestration.launch import launch_release
from pipelines.registers import load_register
from pipelines.release.ordering import Request, order_release
from pipelines.session.session import Session, today
from synthetic.cohorts import make_cohort
from synthetic.registers.system import make_system
from systems.description.loading import load_system

RECORDS, MEMBER = 900, "lead"
LAST = today().year - 1
YEARS = (LAST - 1, LAST)
# Fewer cells than by county; so few children can't be protected by region and sex at once.
DIMS = {
    "ACHS": '["year", "region", "offense_group"]',
    "JCPSS": '["year", "level", "sex"]',
}


class World:
    """A demonstration home with the four registers, and one release of each kind of each."""

    def __init__(self, root: Path, records: int = RECORDS) -> None:
        self.records = records
        init_home(root / "home", demo=True)
        settings = root / "home" / "settings.toml"  # rare rows of a small register stay in, told
        text = settings.read_text().replace('row_risk = "refuse"', 'row_risk = "warn"')
        assert "opened_kinds = []" in text
        settings.write_text(
            text.replace("opened_kinds = []", 'opened_kinds = ["CURES.identified"]')
        )
        self.home = open_home(root / "home")
        self.office = Session(self.home)
        self.root = root
        self.truth: dict[str, Any] = {}
        self.projects: dict[tuple[str, str], str] = {}
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
            records=self.records,
            seed=5,
            first_year=LAST - 2,
            last_year=LAST,
        )
        self.prepare(code, folder / "register")
        load_register(self.office, code, self.truth[code].files, lambda _said: None)

    def prepare(self, code: str, register: Path) -> None:
        """What a test changes in a made-up register before it is loaded."""

    def cohort(self, code: str) -> Path:
        """A cohort of people of whom half are in the register."""
        make_cohort(
            self.root / code, self.truth[code], rows=60, seed=3, share_with_order=0.5, level="low"
        )
        return self.root / code / "cohort.csv"

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
        state = self.office.projects.submit(path, self.office.person, today())
        self.office.projects.approve(state.number, self.office.person, today())
        add_recipient(self.office, state.number, self.root / "r.pem", MEMBER)
        added = self.office.projects.show(state.number).recipients[0].fingerprint
        self.office.projects.confirm_recipient(added, self.office.person, today(), state.number)
        if kind == "identified":
            register_cohort(self.office, state.number, self.cohort(code), None, None)
            self.office.projects.confirm_cohort(state.number, None, self.office.person, today())
        self.projects[code, kind] = state.number
        return state.number

    def release(self, code: str, kind: str) -> "Released":
        number = self.project(code, kind)
        years = f"{YEARS[0]}-{YEARS[1]}"
        wish = Request(number, kind, years=years, doubtful="exclude")
        release = order_release(self.office, wish)
        waiting = launch_release(self.home, release, orchestrated=False)
        assert waiting.exit is Exit.WAITING, waiting.error
        self.office.releases.approve(release, self.office.person, today())
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
