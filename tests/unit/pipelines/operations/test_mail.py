"""Letters by mail, against a real SMTP server on this machine: TLS, login, refusals, each once."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from pipelines.errors import MailRefused, MailUnavailable, MailUnsafe
from pipelines.home.settings import Mail
from pipelines.mail import Letter, as_message, post_office

pytestmark = pytest.mark.machine  # an SMTP server on the loopback
LETTER = Letter("robin@university.example", "Project 2026-001: § 966(i)", "Ninety days.\n", "m.1")


@dataclass
class Box:
    """What the server took; addresses at refused.example are turned away."""

    taken: list[object] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address.endswith("@refused.example"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        self.over_tls.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 taken"


def make_certificate(folder: Path, names: str) -> tuple[Path, Path]:
    key, pem = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         f"subjectAltName={names}", "-keyout", key, "-out", pem],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, pem


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"), "DNS:localhost,IP:127.0.0.1")


def authenticator(_server, _session, _envelope, _mechanism, data):
    right = isinstance(data, LoginPassword) and data.password == b"a pass phrase"
    return AuthResult(success=right, handled=False)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


@contextmanager
def serving(**options) -> Iterator[tuple[Box, Controller]]:
    box = Box()
    server = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    try:
        yield box, server
    finally:
        server.stop()


@pytest.fixture
def server(certificate):
    with serving(
        tls_context=tls(certificate), require_starttls=True, auth_required=True,
        authenticator=authenticator,
    ) as running:  # fmt: skip
        yield running


@pytest.fixture
def bare():
    with serving() as running:
        yield running


@pytest.fixture
def settings(tmp_path, certificate, server) -> Mail:
    password = tmp_path / "password"
    password.write_text("a pass phrase\n")
    password.chmod(0o600)
    return Mail(
        host="localhost", port=server[1].port, ca_file=str(certificate[1]), user="releases",
        password_file=str(password), sender="desk@doj.example",
    )  # fmt: skip


def test_a_letter_goes_out_under_tls_after_a_login(settings, server):
    with post_office(settings) as send:
        send(LETTER)
    (message,) = server[0].taken
    assert server[0].over_tls == [True]
    assert (message["To"], message["From"]) == ("robin@university.example", "desk@doj.example")
    assert message["Subject"] == "Project 2026-001: § 966(i)"
    assert message["Message-ID"] == "<m.1@doj.example>"
    assert message.get_content().splitlines() == ["Ninety days."]


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"ca_file": ""}, {"port": 1}],
    ids=["a wrong password", "an authority that nobody named", "nobody there"],
)
def test_no_letter_leaves_when_the_way_is_not_sure(settings, server, tmp_path, change):
    if change.pop("password", None):
        (tmp_path / "password").write_text("wrong")
    with (
        pytest.raises(MailUnavailable) as caught,
        post_office(settings.model_copy(update=change | {"timeout_seconds": 5})) as send,
    ):
        send(LETTER)
    assert server[0].taken == []
    assert "robin" not in str(caught.value)


def test_a_certificate_of_another_name_is_refused(tmp_path):
    other = make_certificate(tmp_path, "DNS:elsewhere.example")
    with serving(tls_context=tls(other), require_starttls=True) as (box, running):
        wanted = Mail(host="localhost", port=running.port, ca_file=str(other[1]))
        with pytest.raises(MailUnavailable, match="SSL"), post_office(wanted) as send:
            send(LETTER)
    assert box.taken == []


def test_a_server_without_tls_is_refused(bare):
    wanted = Mail(host="localhost", port=bare[1].port, sender="desk@doj.example")
    with pytest.raises(MailUnavailable), post_office(wanted) as send:
        send(LETTER)
    assert bare[0].taken == []


def test_without_tls_only_to_this_machine_and_without_a_login(bare, settings):
    here = Mail(host="127.0.0.1", port=bare[1].port, security="none", sender="desk@doj.example")
    with post_office(here) as send:
        send(LETTER)
    assert len(bare[0].taken) == 1
    for unsafe in (
        here.model_copy(update={"host": "mail.doj.example"}),
        settings.model_copy(update={"security": "none"}),
    ):
        with pytest.raises(MailUnsafe), post_office(unsafe):
            pass


def test_a_password_that_others_can_read_is_not_used(settings, tmp_path):
    (tmp_path / "password").chmod(0o644)
    with pytest.raises(MailUnsafe), post_office(settings):
        pass


def test_a_refused_address_stops_no_other_letter(settings, server):
    with post_office(settings) as send:
        with pytest.raises(MailRefused) as caught:
            send(Letter("kim@refused.example", "s", "t", "m.2"))
        send(LETTER)
    assert "kim" not in str(caught.value)
    assert len(server[0].taken) == 1


def test_implicit_tls(certificate, settings):
    with serving(ssl_context=tls(certificate)) as (box, server):
        quiet = settings.model_copy(
            update={"security": "tls", "port": server.port, "user": "", "password_file": ""}
        )
        with post_office(quiet) as send:
            send(LETTER)
    assert box.over_tls == [True]


@pytest.mark.parametrize("field", ["to", "subject"])
def test_no_header_can_be_slipped_in(field):
    letter = Letter(**{**LETTER.__dict__, field: "a@b.example\nBcc: canary@c.example"})
    with pytest.raises(ValueError, match=r"[Hh]eader|newline|linefeed|Address|addr_spec|CR"):
        as_message(letter, "desk@doj.example")
