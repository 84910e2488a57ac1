"""A whole identified release with doubtful pairs: the engineer at the shell, everybody else in a browser, by the keyboard alone.

Nobody is the operating system's user but the engineer; the others are whose passkeys answer. What they decide is signed, and
`ledger verify` checks each signature again.
"""

import getpass
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from approvals.application.reading import example_application
from crypto.cms.certificates import make_recipient
from pipelines import passkeys as steps
from pipelines.session import today
from synthetic.registers.system import make_system
from tests.in_process import Done, run_here
from tests.integration.desk.standing import Person, Standing
from tests.leak.canaries import Needles, poison_register, write_cohort

ENTRY = '[[person]]\nid = "{0}"\nname = "Name of {0}"\nuser = "{2}"\nroles = [{1}]\n'
PEOPLE = {
    "erin-1": '"engineer", "administrator"', "sam-1": '"security"', "avery-1": '"approver"', "rory-1": '"reviewer"',
    "robin-1": '"reviewer"', "rae-1": '"reviewer"',
}  # fmt: skip
LAST = today().year - 1
pytestmark = pytest.mark.machine("chromium")


class Deployment(Standing):
    """A standing desk with a register, and the engineer's commands beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        user = getpass.getuser()
        lines = [
            ENTRY.format(one, roles, user if one == "erin-1" else f"u-{one}")
            for one, roles in PEOPLE.items()
        ]
        (self.home / "people.toml").write_text("\n".join(lines))
        settings = self.home / "settings.toml"
        text = settings.read_text().replace("threshold = 0.90 ", "threshold = 0.99 ")
        text = text.replace("second_share = 0.10", "second_share = 1.00")
        settings.write_text(text)  # so that some pairs are doubtful, and each is asked twice
        source, needles = folder / "source", Needles()
        make_system("CARPOS", source, records=150, seed=7, first_year=LAST - 2, last_year=LAST)
        poison_register(source, needles)
        self.register = sorted(source.glob("*.parquet"))
        self.cohort = write_cohort(folder / "cohort.csv", source, needles).path
        text = example_application("standard", on=today(), kind="identified")
        scope = text.replace('order_scope = ["GV"]', 'order_scope = ["GV", "DV", "CH"]')
        (folder / "application.toml").write_text(scope)
        (folder / "letter.pdf").write_bytes(b"%PDF-1.7 letter")
        for member, kind in (("lead", "rsa3072"), ("analyst", "p384")):
            (folder / f"{member}.pem").write_bytes(make_recipient(kind, f"Recipient {member}")[1])

    def erin(self, *words: object, code: int = 0) -> Done:
        """A command of the engineer's."""
        done = run_here("--json", *words, home=self.home)
        assert done.code == code, (words, done.err, done.out)
        return done


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Deployment]:
    found = Deployment(tmp_path)
    yield found
    found.end()


class Member(Person):
    """Somebody who has no mouse."""

    def tab_to(self, words: str) -> None:
        """Go on with Tab until what has the focus says these words."""
        for _ in range(300):
            self.page.keyboard.press("Tab")
            if words in self.page.evaluate(_FOCUSED):
                return
        raise AssertionError((words, self.page.url, self.page.inner_text("main")[:2000]))

    def press(self, words: str) -> None:
        """Reach a link or a button, and take it."""
        self.tab_to(words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def signs(self, said: str) -> None:
        """Read what will be recorded, and sign it."""
        assert "Nothing is recorded yet" in self.page.inner_text("main"), self.page.inner_text(
            "main"
        )
        self.tab_to("Sign with your passkey")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(f".said:has-text('{said}')")

    def comes(self, first: str) -> None:
        """Enrol, be confirmed by somebody else, sign in."""
        self.desk.take(first, steps.confirm, self.register("erin-1"))
        self.sign_in()


_FOCUSED = "(e => /^(A|BUTTON)$/.test(e.tagName) ? e.innerText : '')(document.activeElement)"


def test_a_whole_release(desk: Deployment, browser: Browser):
    # People, settings, register: the engineer prepares, a second person confirms.
    sam, avery = Member(browser, desk, "sam-1"), Member(browser, desk, "avery-1")
    rory, robin, rae = (Member(browser, desk, f"{one}-1") for one in ("rory", "robin", "rae"))
    sam.comes("avery-1")
    for one in (avery, rory, robin, rae):
        one.comes("sam-1")
    desk.erin("settings", "record")
    sam.page.goto(desk.origin)
    sam.press("confirm the settings")
    sam.press("Confirm these settings")
    sam.signs("in force")
    desk.erin("register", "load", "CARPOS", *desk.register)

    # The application
    number = desk.erin("project", "submit", desk.folder / "application.toml").json["project_number"]
    avery.page.goto(desk.origin)
    avery.press(f"decide on the application {number}")
    avery.press(f"Approve {number}")
    avery.signs("approved")
    for member in ("lead", "analyst"):
        words = ("background_check", f"member={member}", "outcome=passed", "reference=c-1")
        desk.erin("project", "event", number, *words)
    words = ("checks_verified", "members=analyst", "--file", f"letter={desk.folder}/letter.pdf")
    desk.erin("project", "event", number, *words)
    desk.erin("cohort", "add", number, desk.cohort)
    for member in ("lead", "analyst"):
        desk.erin("recipient", "add", number, desk.folder / f"{member}.pem", "--member", member)
    avery.page.goto(desk.origin)
    avery.press(f"confirm the cohort of {number}")
    avery.press("Confirm this cohort")
    avery.signs("confirmed")
    for member in ("lead", "analyst"):
        _confirms_key(avery, number, member)

    # The run, and its doubtful pairs
    desk.erin("run", number, "--kind", "identified", "--no-orchestrator", code=7)
    release = f"{number}-R001"
    assert _answers(rory, release, "s") > 3
    assert _answers(robin, release, "d") > 0  # second looks, which differ where they can
    assert _answers(rae, release, "s") > 0  # and are settled by a third
    assert _answers(rory, release, "s") == 0
    stranger = avery.page.goto(f"{desk.origin}/review/{release}")
    assert stranger is not None
    assert stranger.status == 403  # no reviewer
    assert ("avery-1", "PEOPLE-05") in desk.refused() or "avery-1" in {
        who for who, _ in desk.refused()
    }
    desk.erin("run", number, "--resume", release, "--no-orchestrator", code=7)

    # The report, read and approved
    avery.page.goto(desk.origin)
    avery.press(f"approve the release {release}")
    frame = avery.page.frame_locator("iframe.framed")
    assert "This release may leave" in frame.locator("main").inner_text()
    avery.press(f"Approve {release}")
    avery.signs("approved")
    assert not (desk.home / "outbox" / number).exists()
    desk.erin("run", number, "--resume", release, "--no-orchestrator")
    desk.erin("release", "handover", release, "--to", "lead")
    shown = desk.erin("release", "show", release).json
    assert (shown["status"], shown["approved_by"]) == ("handed_over", "avery-1") or shown[
        "approved_by"
    ] == "avery-1"

    # What stands in the ledger is what people signed
    for kind in ("project_approved", "cohort_confirmed", "recipient_confirmed", "release_approved"):
        for entry in desk.events(kind):
            assert (entry.actor, "signature" in entry.facts) == ("avery-1", True), kind
    words = {entry.actor for entry in desk.events("pair_decided")}
    assert words == {"rory-1", "robin-1", "rae-1"}
    verified = desk.erin("ledger", "verify").json
    assert verified["decisions_signed"] >= 10, verified
    for one in (sam, avery, rory, robin, rae):
        assert [text for text in one.wrong if "status of 403" not in text] == [], one.who


def _confirms_key(avery: Member, number: str, member: str) -> None:
    """The fingerprint is followed while its owner reads it, and its last figures are typed."""
    avery.page.goto(avery.desk.origin)
    avery.press(f"confirm the key of {member}")
    card = avery.page.locator(".card", has=avery.page.locator(f"h3:has-text('{member}')"))
    read = re.sub(r"\W", "", card.locator("p.groups").first.inner_text())
    avery.page.locator("body").focus()
    avery.page.keyboard.press("Control+Home")
    for _ in range(300):
        avery.page.keyboard.press("Tab")
        if card.locator("input[name=said]").evaluate("e => e === document.activeElement"):
            break
    avery.page.keyboard.type(read[-8:])
    with avery.page.expect_navigation():
        avery.page.keyboard.press("Enter")
    avery.signs("confirmed")


def _answers(reviewer: Member, release: str, key: str) -> int:
    """Answer all that waits for a reviewer with one key each; how many there were."""
    reviewer.page.goto(f"{reviewer.desk.origin}/review/{release}")
    if reviewer.page.get_by_role("link", name="Begin with what waits").count() == 0:
        return 0
    reviewer.press("Begin with what waits")
    count = 0
    while reviewer.page.locator(".candidate").count() and count < 500:
        with reviewer.page.expect_navigation():
            reviewer.page.keyboard.press(key)
        count += 1
    return count
