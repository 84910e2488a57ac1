"""A standing desk in a process of its own, over TLS, with real browsers whose authenticators Chromium plays.

Two people enrol, one confirms the other with a signature, and what a thief may have is tried: a cookie, an answer, a copied passkey.
"""

import base64
import datetime as dt
import getpass
import hashlib
import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page, sync_playwright

from approvals.application import example_application
from approvals.passkeys import passkeys
from pipelines import passkeys as steps
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.keys import verify_ledger
from pipelines.session import Session, today
from tests import confined
from tests.parts import CHROMIUM, require

pytestmark = pytest.mark.machine("chromium")
NAME = "desk.example"
PROGRAM = [str(Path(sys.executable).with_name("doj-release"))]
ENTRY = '[[person]]\nid = "{0}"\nname = "Name of {0}"\nuser = "u-{0}"\nroles = ["{1}"]\n'
PEOPLE = {
    "adi-1": "administrator",
    "sam-1": "security",
    "avery-1": "approver",
    "erin-1": "engineer",
}
KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def _certificate(folder: Path) -> str:
    """A certificate for the desk's name and its key; the SHA-256 of its public key, as Chromium is told to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    )
    builder = (
        builder.serial_number(7).not_valid_before(now).not_valid_after(now + dt.timedelta(days=9))
    )
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False
    )
    found = builder.sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "desk.pem").write_bytes(found.public_bytes(pem))
    (folder / "desk.key").touch(0o600)
    (folder / "desk.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


class Standing:
    """The desk, and what happens beside it by commands."""

    def __init__(self, folder: Path, program: Sequence[str] = PROGRAM) -> None:
        self.home, self.key = folder / "home", _certificate(folder)
        init_home(self.home)
        people = [ENTRY.format(*one) for one in PEOPLE.items()]
        own = ENTRY.format("desk-1", "engineer").replace("u-desk-1", getpass.getuser())
        (self.home / "people.toml").write_text("\n".join([*people, own]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.origin = f"https://{NAME}:{self.port}"
        settings = self.home / "settings.toml"
        text = settings.read_text()
        for name, before, value in (
            ("origin", '""', f'"{self.origin}"'), ("port", "8443", self.port),
            ("certificate_file", '""', f'"{folder}/desk.pem"'), ("key_file", '""', f'"{folder}/desk.key"'),
        ):  # fmt: skip
            head, _, body = text.partition("[desk]\n")
            text = f"{head}[desk]\n" + body.replace(f"{name} = {before}", f"{name} = {value}", 1)
        settings.write_text(text)
        words = [*program, "--home", str(self.home), "--json", "desk", "--standing"]
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = ""
        assert self.process.stdout is not None
        while not said.endswith("\n}\n"):
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            said += line
        assert json.loads(said) == {"open": f"{self.origin}/", "port": self.port}

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=20)
        assert (self.process.returncode, "Traceback" in errors) == (143, False), errors

    def take(self, who: str, step: Any, *more: str) -> Any:
        """What a command of somebody does."""
        with Session(open_home(self.home), lambda people: people.active(who)) as session:
            return step(session, *more)

    def events(self, kind: str) -> list[Any]:
        with Session(open_home(self.home)) as session:
            return session.ledger.events(kind=kind)

    def refused(self) -> list[tuple[str, object]]:
        return [(one.actor, one.facts["code"]) for one in self.events("attempt_refused")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Standing]:
    found = Standing(tmp_path)
    yield found
    found.end()


@pytest.fixture
def browser(desk: Standing) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                f"--host-resolver-rules=MAP *.example 127.0.0.1:{desk.port}",
                f"--ignore-certificate-errors-spki-list={desk.key}",
            ],
        )  # fmt: skip
        yield found
        found.close()


class Person:
    """Somebody with a browser of their own and an authenticator in it."""

    def __init__(self, browser: Browser, desk: Standing, who: str) -> None:
        self.desk, self.who, self.wrong = desk, who, list[str]()
        self.context = browser.new_context()
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self.wrong.append(said.text))
        self.line = self.context.new_cdp_session(self.page)
        self.line.send("WebAuthn.enable")
        made = self.line.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        self.authenticator = made["authenticatorId"]

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def register(self) -> str:
        """Open an invitation, and register; the figures to read out."""
        self.page.goto(self.desk.take("adi-1", steps.invite, self.who)["open"])
        self.page.wait_for_selector("text=Make your passkey")
        looked(self.page)
        self.click("Make a passkey")
        self.page.wait_for_selector("text=Sign its registration")
        self.click("Sign with the new passkey")
        self.page.wait_for_selector("text=Registered, and waiting")
        looked(self.page)
        return self.page.locator(".fingerprint").inner_text()

    def sign_in(self, but: str = "") -> None:
        """Sign in; or be told why not."""
        self.page.goto(f"{self.desk.origin}/sign-in")
        self.click("Sign in with your passkey")
        if but:
            self.page.wait_for_selector(f"h1:has-text('{but}')")
        else:
            self.page.wait_for_url(f"{self.desk.origin}/")


def looked(page: Page) -> None:
    """Nothing for axe, nothing wider than a phone."""
    found = Axe().run(page).response["violations"]
    assert found == [], [(v["id"], v["nodes"][0]["html"]) for v in found]
    before = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), page.url
    page.set_viewport_size(before or {"width": 1280, "height": 900})


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
