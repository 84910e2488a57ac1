"""Notices to those who operate a home, against a real SMTP and a real HTTP server on this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from errors import Exit
from pipelines.home import lay_out
from pipelines.operations import (
    Notice,
    hand_over_notices,
    notify,
    unsafe_notices,
    waiting_notices,
)
from pipelines.operations.errors import NoticeUnsafe
from tests.unit.pipelines.operations.test_mail import certificate, free_port, serving, tls  # noqa: F401

pytestmark = pytest.mark.machine  # servers on the loopback
WAITS = Notice(
    "2026-001-R001", "2026-001", "deidentified", "WaitingForApproval", "approve", "RUN-04",
    "department.html",
)  # fmt: skip


class Web(ThreadingHTTPServer):
    """What was posted; answers what it is told to, then 204."""

    def __init__(self, *answers, cert=None):
        super().__init__(("127.0.0.1", 0), Taker)
        self.answers, self.taken, self.headers = list(answers), [], []
        self.scheme = "https" if cert else "http"
        if cert:
            self.socket = tls(cert).wrap_socket(self.socket, server_side=True)

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}/hook"

    def handle_error(self, *_):
        """A client that trusts no certificate goes away."""


class Taker(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answers.pop(0) if self.server.answers else 204
        if status == 204:
            self.server.taken.append(body)
            self.server.headers.append(dict(self.headers))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


@contextmanager
def web(*answers, **options) -> Iterator[Web]:
    server = Web(*answers, **options)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def home(tmp_path):
    return lay_out(tmp_path / "home")


def secret(home, name, text, mode=0o600):
    path = home.root / name
    path.write_text(text + "\n")
    path.chmod(mode)
    return str(path)


def settle(home, mail=None, **notices):
    values = "\n".join(f"{k} = {json.dumps(v)}" for k, v in notices.items())
    text = f"[notices]\n{values}\n"
    if mail is not None:
        text += f'[mail]\nhost = "127.0.0.1"\nport = {mail}\nsecurity = "none"\n'
    home.settings_file.write_text(text)
    return home


def test_everybody_on_the_list_is_told_and_of_nothing_else(home):
    with serving() as (box, post), web() as place:
        url = secret(home, "hook", place.url)
        token = secret(home, "token", "t0ken")
        settle(
            home,
            post.port,
            mail_to=["desk@a.example", "two@a.example"],
            url_file=url,
            token_file=token,
        )
        assert notify(home, WAITS, Exit.WAITING) == 0
    (body,) = place.taken
    assert {k: v for k, v in body.items() if k not in ("id", "text")} == {
        "release": "2026-001-R001", "project": "2026-001", "kind": "deidentified", "stage": "approve",
        "state": "WaitingForApproval", "code": "RUN-04", "report": "department.html",
    }  # fmt: skip
    assert place.headers[0]["Authorization"] == "Bearer t0ken"
    assert place.headers[0]["Idempotency-Key"] == body["id"]
    assert sorted(m["To"] for m in box.taken) == ["desk@a.example", "two@a.example"]
    assert {m["Subject"] for m in box.taken} == {"2026-001-R001: Waiting for approval"}
    assert len({m["Message-ID"] for m in box.taken}) == 1
    said = box.taken[0].get_content()
    assert said.rstrip("\r\n") == body["text"] == (
        "2026-001-R001 is waiting for approval (2026-001, deidentified, approve, RUN-04);"
        " department.html: `doj-release release show 2026-001-R001`"
    )  # fmt: skip
    assert waiting_notices(home) == []


@pytest.mark.parametrize(
    ("ended", "state", "told"),
    [
        (Exit.DONE, "Released", "released"),
        (Exit.WAITING, "WaitingForReview", "waiting"),
        (Exit.REFUSED, "Refused", "refused"),
        (Exit.FAILED, "ValidationFailed", "broken"),
        (Exit.INTERNAL, "Broken", "broken"),
        (Exit.HELD, "Held", None),
    ],
)
def test_each_state_is_told_where_the_settings_name_it(home, ended, state, told):
    notice = Notice("2026-001-R001", "2026-001", "identified", state, "gate", "X-01")
    with web() as place:
        url = secret(home, "hook", place.url)
        for states in (["waiting"], ["refused"], ["broken"], ["released"]):
            place.taken.clear()
            settle(home, url_file=url, states=states)
            assert notify(home, notice, ended) == 0
            assert [b["state"] for b in place.taken] == [state] * (states == [told])


def test_nobody_is_told_where_nobody_is_named(home):
    assert notify(home, WAITS, Exit.WAITING) == 0
    assert not (home.logs / "notices").exists()


def test_a_server_that_is_busy_is_asked_again(home):
    with web(503, 429) as place:
        settle(home, url_file=secret(home, "hook", place.url), attempts=3)
        assert notify(home, WAITS, Exit.WAITING) == 0
    assert len(place.taken) == 1


@pytest.mark.parametrize("answer", [400, 302, 500])
def test_what_is_not_taken_waits_and_comes_later(home, answer):
    with web(answer) as place:
        settle(home, url_file=secret(home, "hook", place.url), attempts=1)
        assert notify(home, WAITS, Exit.WAITING) == 1
        (kept,) = waiting_notices(home)
        assert kept.stat().st_mode & 0o777 == 0o600
        assert hand_over_notices(home) == 0
    assert len(place.taken) == 1


def test_who_has_it_is_not_told_again_for_somebody_who_has_not(home):
    with serving() as (box, post), web() as place:
        hook = secret(home, "hook", f"http://127.0.0.1:{free_port()}/closed")
        everybody = ["desk@a.example", "gone@refused.example"]
        settle(home, post.port, mail_to=everybody, url_file=hook, attempts=1)
        assert notify(home, WAITS, Exit.WAITING) == 1
        assert hand_over_notices(home) == 1
        assert [m["To"] for m in box.taken] == ["desk@a.example"]
        secret(home, "hook", place.url)
        assert hand_over_notices(home) == 1  # who is refused for good
        settle(home, post.port, mail_to=everybody[:1], url_file=hook)
        assert hand_over_notices(home) == 0  # no longer on the list
    assert (len(place.taken), len(box.taken)) == (1, 1)


def test_a_mail_server_that_is_down_keeps_no_web_address_waiting(home):
    with web() as place:
        url = secret(home, "hook", place.url)
        settle(home, free_port(), mail_to=["desk@a.example"], url_file=url, attempts=1)
        assert notify(home, WAITS, Exit.WAITING) == 1
    assert len(place.taken) == 1


def test_the_address_and_its_secrets_are_kept(home, certificate):  # noqa: F811
    with web(cert=certificate) as place:
        url = secret(home, "hook", place.url)
        settle(home, url_file=url, attempts=1)
        assert notify(home, WAITS, Exit.WAITING) == 1  # its authority is nobody we know
        settle(home, url_file=url, ca_file=str(certificate[1]), attempts=1)
        assert hand_over_notices(home) == 0
    assert len(place.taken) == 1


@pytest.mark.parametrize("url", ["http://hooks.example/x", "ftp://127.0.0.1/", "hello", "https://"])
def test_nothing_goes_out_in_the_clear(home, url):
    settle(home, url_file=secret(home, "hook", url), attempts=1)
    assert "https://" in unsafe_notices(home.settings().notices)
    with pytest.raises(NoticeUnsafe) as caught:
        notify(home, WAITS, Exit.WAITING)
    assert "hooks.example" not in str(caught.value)
    assert len(waiting_notices(home)) == 1


def test_an_address_that_others_can_read_is_not_used(home):
    with web() as place:
        settle(home, url_file=secret(home, "hook", place.url, 0o644))
        assert unsafe_notices(home.settings().notices)
        with pytest.raises(NoticeUnsafe):
            notify(home, WAITS, Exit.WAITING)
    assert place.taken == []


def test_a_month_later_nobody_wants_to_know(home):
    settle(home, url_file=secret(home, "hook", f"http://127.0.0.1:{free_port()}/"), attempts=1)
    notify(home, WAITS, Exit.WAITING)
    (kept,) = waiting_notices(home)
    kept.rename(kept.with_name("20200101T000000-0.json"))
    assert hand_over_notices(home) == 0
