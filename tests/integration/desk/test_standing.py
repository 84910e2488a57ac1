"""A standing desk in a process of its own, over TLS, with real browsers whose authenticators Chromium plays.

Two people enrol, one confirms the other with a signature, and what a thief may have is tried: a cookie, an answer, a copied passkey.
"""

import http.client
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from approvals.application import example_application
from approvals.passkeys import passkeys
from pipelines import passkeys as steps
from pipelines.home import open_home
from pipelines.keys import verify_ledger
from pipelines.session import Session, today
from tests import confined
from tests.desk import PROGRAM
from tests.integration.desk.standing import NAME, Person, Standing, looked
from tests.parts import require

pytestmark = pytest.mark.machine("chromium")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Standing]:
    found = Standing(tmp_path)
    yield found
    found.end()


def sent_by_hand(desk: Standing, path: str, form: str) -> http.client.HTTPResponse:
    """What no browser of the desk's sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    line = http.client.HTTPSConnection("127.0.0.1", desk.port, context=context)
    headers = {
        "host": f"{NAME}:{desk.port}",
        "origin": desk.origin,
        "content-type": "application/x-www-form-urlencoded",
    }
    line.request("POST", path, form, headers)
    return line.getresponse()


def test_two_people_enrol_one_confirms_and_one_approves(
    desk: Standing, browser: Browser, tmp_path: Path
):
    sam, avery = Person(browser, desk, "sam-1"), Person(browser, desk, "avery-1")
    desk.take("avery-1", steps.confirm, sam.register())
    sam.page.goto(desk.origin)
    assert sam.page.url == f"{desk.origin}/sign-in"
    looked(sam.page)
    sam.click("Sign in with your passkey")
    sam.page.wait_for_url(f"{desk.origin}/")
    assert "Name of sam-1" in sam.page.inner_text("header")

    figures = avery.register()
    avery.sign_in(but="PASSKEY-03")  # nobody has confirmed it
    sam.page.goto(f"{desk.origin}/passkeys")
    looked(sam.page)
    assert figures not in sam.page.inner_text("main")
    sam.page.get_by_label("Fingerprint, as its owner reads it").fill(figures)
    sam.click("Confirm")
    sam.page.wait_for_selector("text=Nothing is recorded yet")
    looked(sam.page)
    assert len(desk.events("passkey_confirmed")) == 1
    sam.click("Sign with your passkey")
    sam.page.wait_for_selector("text=The passkey of avery-1 is in force")
    entry = desk.events("passkey_confirmed")[-1]
    assert (entry.actor, entry.facts["person"], "signature" in entry.facts) == (
        "sam-1",
        "avery-1",
        True,
    )
    avery.sign_in()
    with Session(open_home(desk.home)) as session:
        assert session.check_signatures().signed == 3
    assert [text for text in sam.wrong if "status of 403" not in text] == []

    # An application, approved on what was on the screen
    (tmp_path / "a.toml").write_text(example_application("standard", on=today(), kind="identified"))

    def submit(session: Session) -> str:
        return session.projects.submit(tmp_path / "a.toml", session.person, today()).number

    number = desk.take("erin-1", submit)
    avery.page.goto(f"{desk.origin}/projects/{number}/papers")
    avery.click(f"Approve {number}")
    avery.page.wait_for_selector("text=Nothing is recorded yet")
    looked(avery.page)
    [digest] = [one.facts["application"] for one in desk.events("project_submitted")]
    assert str(digest) in avery.page.inner_text("main")
    assert desk.events("project_approved") == []
    avery.click("Sign with your passkey")
    avery.page.wait_for_selector("text=its letter lies ready")
    [entry] = desk.events("project_approved")
    assert (entry.actor, "signature" in entry.facts) == ("avery-1", True)
    with Session(open_home(desk.home)) as session:
        assert verify_ledger(session)["decisions_signed"] == 4

    avery.click("Sign out")
    avery.page.wait_for_url(f"{desk.origin}/left")
    avery.page.goto(desk.origin)
    assert avery.page.url == f"{desk.origin}/sign-in"


def test_what_a_thief_may_have(desk: Standing, browser: Browser):
    sam = Person(browser, desk, "sam-1")
    desk.take("avery-1", steps.confirm, sam.register())
    sent: list[str] = []
    sam.page.on(
        "request", lambda one: sent.append(one.post_data or "") if one.method == "POST" else None
    )
    sam.sign_in()
    [cookie] = sam.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
        "__Host-desk",
        True,
        True,
        "Strict",
    )
    assert sam.page.evaluate("document.cookie") == ""

    # The answer of a passkey, sent again
    thief = browser.new_context()
    again = sent_by_hand(desk, "/sign-in", sent[-1])
    assert again.status == 403
    assert (
        "UNKNOWN",
        "CRYPTO-46",
    ) in desk.refused()  # its counter stands still; without one it is DESK-20

    # The desk under another name, where no passkey of it answers either
    page = thief.new_page()
    answer = page.goto(f"https://else.example:{desk.port}/sign-in", wait_until="commit")
    assert answer is not None
    assert (answer.status, page.locator("#ceremony").count()) == (403, 0)

    # A copy of the passkey in another authenticator, that counts by itself
    [credential] = sam.line.send("WebAuthn.getCredentials", {"authenticatorId": sam.authenticator})[
        "credentials"
    ]
    twin = Person(browser, desk, "sam-1")
    old = credential | {"signCount": 1}
    twin.line.send(
        "WebAuthn.addCredential", {"authenticatorId": twin.authenticator, "credential": old}
    )
    twin.sign_in(but="CRYPTO-46")

    # The cookie, after its owner signed out
    sam.click("Sign out")
    sam.page.wait_for_url(f"{desk.origin}/left")
    thief.add_cookies([cookie])
    page.goto(desk.origin)
    assert page.url == f"{desk.origin}/sign-in"

    # A passkey that was revoked, while its owner is there and when they come again
    sam.sign_in()
    with Session(open_home(desk.home)) as session:
        fingerprint = passkeys(session.ledger)[0].fingerprint
    desk.take("sam-1", steps.revoke, fingerprint, "stolen")
    sam.page.goto(desk.origin)
    assert "DESK-21" in sam.page.inner_text("main")
    sam.sign_in(but="PASSKEY-03")
    assert [code for _, code in desk.refused()][-2:] == ["DESK-21", "PASSKEY-03"]


def test_a_person_who_is_not_verified_does_not_come_in(desk: Standing, browser: Browser):
    sam = Person(browser, desk, "sam-1")
    desk.take("avery-1", steps.confirm, sam.register())
    verified = {"authenticatorId": sam.authenticator, "isUserVerified": False}
    sam.line.send("WebAuthn.setUserVerified", verified)
    sam.page.goto(f"{desk.origin}/sign-in")
    sam.click("Sign in with your passkey")
    sam.page.wait_for_function("document.getElementById('trouble').textContent.length > 0")
    looked(sam.page)
    assert sam.page.url == f"{desk.origin}/sign-in"


def test_nothing_older_than_tls_1_3(desk: Standing):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", desk.port)) as line,
        context.wrap_socket(line, server_hostname=NAME) as found,
    ):
        assert found.version() == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", desk.port)) as line, pytest.raises(ssl.SSLError):
        context.wrap_socket(line, server_hostname=NAME)


@pytest.mark.machine("systemd-analyze")
def test_it_answers_under_its_unit(tmp_path: Path):
    require("libseccomp")
    unit = Path(confined.__file__).parents[1] / "deploy" / "doj-release-desk.service"
    desk = Standing(tmp_path, [sys.executable, confined.__file__, str(unit), *PROGRAM])
    assert sent_by_hand(desk, "/sign-in", "token=x").status == 400
    desk.end()
