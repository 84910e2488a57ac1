"""The clock against an authority that signs what time it is: off by more than the limit is refused and recorded."""

import re
import shutil
import time
from datetime import datetime, timedelta

import pytest

from approvals.ledger import Event
from crypto.cms import token_of
from crypto.errors import NotACertificate, TimestampDoesNotHold, TimestampUnreadable
from errors import CodedError
from pipelines import safeguards
from pipelines.deployment.init import init_home
from pipelines.home.home import Home
from pipelines.safeguards import clock
from pipelines.safeguards.errors import AuthorityUnavailable, ClockDiffers
from pipelines.session import Session
from tests.in_process import run_here
from tests.tsa import Authority, make_ca, make_signer


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tsa")
    make_ca(folder)
    make_signer(folder, "tsa")
    with Authority(folder).running() as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("clock") / "home"
    init_home(root, demo=True)
    return root


@pytest.fixture
def home(made, tmp_path, authority):
    authority.asked, authority.how = 0, authority.stamps
    shutil.copytree(made, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    home = Home(tmp_path / "home")
    settle(home, authority.settings)
    return home


def settle(home, lines):
    """The section [time], with these lines instead of those of the same names."""
    text = home.settings_file.read_text()
    for line in lines.strip().splitlines():
        name = line.split(" = ")[0]
        head, body = text.split("[time]\n")
        body = re.sub(rf"(?m)^{name} = .*$", lambda _, line=line: line, body, count=1)
        text = f"{head}[time]\n{body}"
    home.settings_file.write_text(text)


def off_by(monkeypatch, seconds):
    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr(clock, "datetime", Wrong)


def test_a_right_clock_is_compared_each_time_and_changes_nothing(home, authority):
    safeguards.check_before(Session(home))
    assert authority.asked == 1
    assert len(Session(home).ledger.events()) == 1
    (said,) = [f for f in run_here("doctor", "--json", home=home.root).json if f["what"] == "clock"]
    assert said["state"] == "good"


@pytest.mark.parametrize("seconds", [-100, 100])
def test_a_clock_may_differ_a_little(home, monkeypatch, seconds):
    off_by(monkeypatch, seconds)
    safeguards.check_before(Session(home))


@pytest.mark.parametrize("seconds", [-400 * 86400, -200, 200, 400 * 86400])
def test_a_clock_that_is_off_is_refused_and_recorded(home, monkeypatch, seconds):
    before = Session(home).ledger.events()[-1].at
    off_by(monkeypatch, seconds)
    with pytest.raises(ClockDiffers) as caught:
        safeguards.check_before(Session(home))
    way = "ahead" if seconds > 0 else "behind"
    assert (caught.value.exit, caught.value.facts["direction"]) == (5, way)
    last = Session(home).ledger.events()[-1]
    assert (last.kind, last.facts["direction"], last.facts["limit"]) == ("clock_differs", way, 120)
    assert abs(last.facts["seconds"] - abs(seconds)) <= 3
    assert last.at == before  # a wrong clock does not move the ledger's time
    Session(home).ledger.append(Event("settings_changed", "p-a", facts={"settings": "0" * 64}))


def test_the_limit_is_a_setting(home, monkeypatch):
    settle(home, "limit_seconds = 10")
    off_by(monkeypatch, 30)
    with pytest.raises(ClockDiffers):
        safeguards.check_before(Session(home))


@pytest.mark.long
def test_a_clock_that_is_wrong_stops_an_order(home, monkeypatch):
    off_by(monkeypatch, 7200)
    done = run_here("run", "2026-001", "--kind", "aggregated", "--json", home=home.root)
    assert (done.code, done.json["error"]["code"]) == (5, "LEDGER-11")


SILENCES = {
    "an error": lambda _: (500, b"no"),
    "a redirect": lambda _: (302, b""),
    "nobody there": None,
}


@pytest.mark.long
@pytest.mark.parametrize("silence", SILENCES)
def test_an_authority_that_does_not_answer_is_refused_or_said(home, authority, silence):
    if SILENCES[silence] is None:
        settle(home, 'authority_url = "http://127.0.0.1:9/tsr"')
    else:
        authority.how = SILENCES[silence]
    with pytest.raises(AuthorityUnavailable) as caught:
        safeguards.check_before(Session(home))
    assert caught.value.exit == 3
    assert authority.asked in (0, 3)  # tries
    settle(home, 'unavailable = "warn"\nattempts = 1')
    session = Session(home)
    safeguards.check_before(session)
    assert "LEDGER-12" in session.warnings[0]
    assert session.ledger.events()[-1].kind == "clock_unchecked"


@pytest.mark.long
def test_an_answer_that_drips_ends(home, authority):
    settle(home, "timeout_seconds = 1\nattempts = 1")
    authority.how = lambda _: (time.sleep(3), (200, b""))[1]
    began = time.monotonic()
    with pytest.raises(AuthorityUnavailable):
        safeguards.check_before(Session(home))
    assert time.monotonic() - began < 2.5


def test_an_answer_that_does_not_hold_is_never_let_pass(home, authority, tmp_path):
    settle(home, 'unavailable = "warn"')
    kept = []

    def replays(request):
        kept.append(authority.stamps(request)[1])
        return 200, kept[0]

    authority.how = replays
    safeguards.check_before(Session(home))
    with pytest.raises(TimestampDoesNotHold):  # yesterday's answer
        safeguards.check_before(Session(home))
    for answer in (b"", b"<html>", kept[0][:-1], token_of(kept[0]), b"\x30" * 200_000):
        authority.how = lambda _, answer=answer: (200, answer)
        with pytest.raises(TimestampUnreadable):
            safeguards.check_before(Session(home))
    other = tmp_path / "other"
    other.mkdir()
    make_ca(other)
    make_signer(other, "tsa")
    stranger = Authority(other)
    authority.how = stranger.stamps
    with pytest.raises(TimestampDoesNotHold):
        safeguards.check_before(Session(home))
    (other / "ca.pem").write_text("")
    settle(home, f'ca_file = "{other / "ca.pem"}"')
    with pytest.raises(NotACertificate):
        safeguards.check_before(Session(home))
    settle(home, 'ca_file = "/nowhere"\nunavailable = "refuse"')
    with pytest.raises(CodedError):
        safeguards.check_before(Session(home))


def test_without_an_authority_nobody_is_asked(made):
    safeguards.check_clock(Session(Home(made)))


@pytest.mark.parametrize("url", ["ftp://x/", "http://me:word@x/", "x", "file:///etc/passwd"])
def test_an_address_is_of_the_web_and_without_a_password(home, url):
    settle(home, f'authority_url = "{url}"')
    with pytest.raises(CodedError):
        home.settings()


def test_a_checkpoint_is_stamped_and_verified_with_its_stamp(home):
    out = home.root.parent / "c.json"
    assert run_here("ledger", "checkpoint", "--out", out, home=home.root).code == 0
    (_,) = home.checkpoints.glob("*.tsr")
    found = run_here("ledger", "verify", "--json", home=home.root)
    assert (found.code, found.json["time_stamps"]) == (0, 1)
    run_here("ledger", "checkpoint", home=home.root)
    first, second = sorted(home.checkpoints.glob("*.tsr"))
    second.write_text(first.read_text())  # one that is of another checkpoint
    assert run_here("ledger", "verify", home=home.root).code == 5
