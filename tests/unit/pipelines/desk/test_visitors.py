"""Who is at the desk, for how long, and which requests are its own pages'."""

import pytest

from approvals.ledger import Ledger
from pipelines.desk.errors import CodeWrong, NotSignedIn
from pipelines.desk.visitors import OneTimeCode, SignedIn
from pipelines.session import Session
from tests.desk import HOST, ORIGIN, Browser, desk_of, token_in


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def events(home, kind):
    with Session(home) as session:
        ledger: Ledger = session.ledger
        return ledger.events(kind=kind)


def test_a_code_opens_once():
    code = OneTimeCode()
    first = code.renew()
    code.use(first)
    with pytest.raises(CodeWrong):
        code.use(first)


def test_a_code_is_void_when_another_is_made_when_it_is_old_and_after_wrong_tries():
    clock = Clock()
    code = OneTimeCode(clock)
    first = code.renew()
    second = code.renew()
    with pytest.raises(CodeWrong):
        code.use(first)
    clock.now += 601
    with pytest.raises(CodeWrong):
        code.use(second)
    third = code.renew()
    for _ in range(20):
        with pytest.raises(CodeWrong):
            code.use("x")
    with pytest.raises(CodeWrong):
        code.use(third)


def test_who_is_idle_or_stays_too_long_is_signed_out():
    clock = Clock()
    visitors = SignedIn(60, 200, clock)
    token, visitor = visitors.enter("a", "test")
    for _ in range(3):
        clock.now += 59
        assert visitors.find(token) is visitor
    clock.now += 59  # 236 s after coming
    with pytest.raises(NotSignedIn):
        visitors.find(token)
    token, _ = visitors.enter("a", "test")
    clock.now += 50
    visitors.find(token, step=False)  # what a page asks by itself keeps nobody here
    clock.now += 11
    with pytest.raises(NotSignedIn):
        visitors.find(token)


def test_whose_key_is_revoked_is_signed_out():
    visitors = SignedIn(60, 200)
    mine, _ = visitors.enter("a", "passkey", "k1")
    other, _ = visitors.enter("b", "passkey", "k2")
    visitors.end(lambda one: one.key == "k1")
    assert visitors.find(other).person == "b"
    with pytest.raises(NotSignedIn):
        visitors.find(mine)


def test_the_printed_address_opens_the_desk_once(desk):
    browser = Browser(desk)
    assert desk.code is not None
    code = desk.code.renew()
    assert "Code" in browser.get("/open").text
    opened = browser.post("/open", {"code": code})
    cookie = opened.headers["set-cookie"]
    assert opened.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert Browser(desk).post("/open", {"code": code}).status_code == 403


def test_a_stranger_sees_no_page(desk):
    answer = Browser(desk).get("/")
    assert answer.status_code == 401
    assert "DESK-01" in answer.text
    assert "Name of" not in answer.text


def test_a_forged_cookie_is_nobody(desk):
    browser = Browser(desk)
    browser.client.cookies.set(desk.cookie, "x" * 43, domain=HOST)
    assert browser.get("/").status_code == 401


def test_every_answer_says_what_a_browser_may_do_with_it(desk):
    for path in ("/", "/open", "/nothing", "/static/desk.css"):
        headers = Browser(desk, "erin-1").get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"


def test_no_page_has_inline_script_or_style(desk):
    page = Browser(desk, "erin-1").get("/").text
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8321"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
        {"host": "evil.example:8321"},
        {"host": "127.0.0.1:8321"},
        {"host": f"{HOST}.evil.example"},
    ],
)
def test_what_another_page_sends_is_refused(desk, home, headers):
    browser = Browser(desk, "erin-1")
    answer = browser.post("/leave", None, **headers)
    assert answer.status_code == 403
    assert "DESK-03" in answer.text
    last = events(desk.home, "attempt_refused")[-1]
    assert (last.actor, last.facts["step"], last.facts["code"]) == (
        "erin-1",
        "desk.leave",
        "DESK-03",
    )
    assert browser.get("/").status_code == 200  # still signed in


def test_a_name_that_resolves_to_this_machine_is_not_the_desk(desk):
    answer = Browser(desk, "erin-1").get("/", host="evil.example")
    assert answer.status_code == 403
    assert "Name of" not in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "ü"])
def test_a_form_without_its_token_is_refused_and_recorded(desk, token):
    browser = Browser(desk, "erin-1")
    answer = browser.post("/leave", {"token": token})
    assert answer.status_code == (400 if not token else 403)
    if token:
        last = events(desk.home, "attempt_refused")[-1]
        assert (last.actor, last.facts["step"], last.facts["code"]) == (
            "erin-1",
            "desk.leave",
            "DESK-03",
        )


def test_a_form_of_another_visitor_is_refused(desk):
    other = Browser(desk, "avery-1")
    assert Browser(desk, "erin-1").post("/leave", {"token": other.token}).status_code == 403


def test_who_left_is_nobody(desk):
    browser = Browser(desk, "erin-1")
    assert token_in(browser.get("/").text) == browser.token
    answer = browser.post("/leave")
    assert answer.headers["location"] == "/left"
    assert '"cache"' in answer.headers["clear-site-data"]
    assert browser.get("/").status_code == 401


def test_who_is_not_in_the_file_any_more_sees_nothing(desk, home):
    browser = Browser(desk, "erin-1")
    assert browser.get("/").status_code == 200
    file = home / "people.toml"
    file.write_text(file.read_text().replace('"erin-1"', '"nobody-1"'))
    assert browser.get("/").status_code == 403
    file.write_text(file.read_text().replace('"nobody-1"', '"erin-1"') + "active = false\n")
    assert (
        Browser(desk, "sam-1").get("/").status_code == 403
    )  # the last entry, which is inactive now


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"token=%ff", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"token=a&token=b", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * (65 << 10), "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(3000)), "application/x-www-form-urlencoded"),
        (b"token=%e2%80%ae", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_of_ours_is_refused(desk, body, kind):
    browser = Browser(desk, "erin-1")
    headers = {"origin": ORIGIN, "content-type": kind}
    answer = browser.client.post("/leave", content=body, headers=headers)
    assert answer.status_code == 400
    assert "DESK-05" in answer.text


def test_what_nobody_foresaw_shows_no_text_of_a_library(desk, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("SSN 123-45-6789")

    monkeypatch.setattr("pipelines.desk.pages.waiting.waiting_for", broken)
    answer = Browser(desk, "erin-1").get("/")
    assert answer.status_code == 500
    assert "CLI-01" in answer.text
    assert "123-45" not in answer.text


def test_visitors_are_those_of_their_desk(home):
    first, second = desk_of(home), desk_of(home)
    cookie, _ = first.visitors.enter("erin-1", "test")
    browser = Browser(second)
    browser.client.cookies.set(second.cookie, cookie, domain=HOST)
    assert browser.get("/").status_code == 401
