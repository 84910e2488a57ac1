"""A standing desk in a process of its own, over TLS, and people at it whose authenticators Chromium plays."""

import base64
import datetime as dt
import getpass
import hashlib
import json
import signal
import socket
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page

from pipelines import passkeys as steps
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.session import Session
from tests.accessible import violations
from tests.desk import PROGRAM

NAME = "desk.example"
ENTRY = '[[person]]\nid = "{0}"\nname = "Name of {0}"\nuser = "u-{0}"\nroles = ["{1}"]\n'
PEOPLE = {"adi-1": "administrator", "sam-1": "security", "avery-1": "approver", "erin-1": "engineer"}  # fmt: skip
KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    """One for all desks of a process, so that one browser trusts each of them."""
    return ec.generate_private_key(ec.SECP256R1())


def trusted() -> tuple[str, ...]:
    """Options of a Chromium that finds a standing desk by its name, whatever its port, and trusts its key alone."""
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    spki = _key().public_key().public_bytes(serialization.Encoding.DER, public)
    digest = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    return (
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        f"--ignore-certificate-errors-spki-list={digest}",
    )


def _certificate(folder: Path) -> None:
    """A certificate for the desk's name, and its key."""
    key = _key()
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


class Standing:
    """The desk, and what happens beside it by commands."""

    def __init__(self, folder: Path, program: Sequence[str] = PROGRAM) -> None:
        self.home = folder / "home"
        _certificate(folder)
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

    def register(self, by: str = "adi-1") -> str:
        """Open an invitation, and register; the figures to read out."""
        self.page.goto(self.desk.take(by, steps.invite, self.who)["open"])
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
    found = violations(page)
    assert found == [], [(v["id"], v["nodes"][0]["html"]) for v in found]
    before = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), page.url
    page.set_viewport_size(before or {"width": 1280, "height": 900})
