"""A standing desk: who comes in with what, what they sign, and what is refused and recorded."""

from datetime import timedelta

import pytest

from approvals.passkeys import in_force, passkeys
from crypto.passkeys import Site, from_base64url
from pipelines import passkeys as steps
from pipelines.desk.errors import ChallengeOver, StandingUnusable
from pipelines.desk.standing import Challenges, Proxy, Standing, tls_of
from pipelines.desk.visitors import SignedIn
from pipelines.desk.web import Desk
from pipelines.home import DeskSettings, open_home
from pipelines.session import Session, today
from tests.in_process import run_here
from tests.standing import Visitor, answer_fields
from tests.unit.crypto.passkeys.authenticators import (
    COPIED,
    PRESENT,
    SITE,
    VERIFIED,
    Authenticator,
)

SUBJECT = "CN=Adi.Example.1234567890,O=State of California"
PROXY = Proxy("s" * 40, "x-client-subject", {SUBJECT: "adi-1", "CN=Nobody": "gone-1"})


@pytest.fixture
def desk(home):
    settings = home / "settings.toml"
    text = settings.read_text().replace('origin = ""', f'origin = "{SITE.origin}"', 1)
    settings.write_text(text)
    place = Standing(SITE, proxy=PROXY)
    return Desk(
        open_home(home), frozenset({SITE.name}), SignedIn(900, 36000), "https", standing=place
    )


def as_person(home, who, step, *more):
    with Session(open_home(home), lambda people: people.active(who)) as session:
        return step(session, *more)


def invited(home, who):
    return as_person(home, "adi-1", steps.invite, who)["open"].partition("#")[2]


def enrolled(desk, who, second="sam-1"):
    """A visitor with a passkey in force."""
    visitor, home = Visitor(desk), desk.home.root
    page = visitor.register(invited(home, who))
    assert "Registered, and waiting" in page.text, page.text
    with Session(desk.home) as session:
        fingerprint = passkeys(session.ledger)[-1].fingerprint
    as_person(home, second, steps.confirm, fingerprint[:16])
    return visitor, fingerprint


def events(home, kind):
    with Session(open_home(home)) as session:
        return session.ledger.events(kind=kind)


def refusals(home):
    return [
        (e.actor, e.facts["code"], e.facts.get("passkey")) for e in events(home, "attempt_refused")
    ]


def test_registered_confirmed_signed_in_and_out(desk, home):
    visitor, fingerprint = enrolled(desk, "avery-1")
    assert visitor.get("/").headers["location"] == "/sign-in"
    answer = visitor.sign_in()
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Name of avery-1" in visitor.get("/").text
    [entry] = events(home, "desk_entered")
    assert (entry.actor, entry.facts["by"], entry.facts["passkey"]) == (
        "avery-1",
        "passkey",
        fingerprint,
    )
    kept = visitor.client.cookies["__Host-desk"]
    assert visitor.post("/leave").status_code == 303
    visitor.client.cookies.set("__Host-desk", kept, domain="desk.example")  # who stole it before
    assert visitor.get("/").headers["location"] == "/sign-in"


def test_who_signs_in_again_leaves_the_visit_before(desk, home):
    visitor, _ = enrolled(desk, "avery-1")
    visitor.sign_in()
    before = visitor.client.cookies["__Host-desk"]
    visitor.sign_in()
    other = Visitor(desk)
    other.client.cookies.set("__Host-desk", before, domain="desk.example")
    assert other.get("/").headers["location"] == "/sign-in"
    assert visitor.get("/").status_code == 200


def test_what_waits_lets_nobody_in(desk, home):
    visitor = Visitor(desk)
    page = visitor.register(invited(home, "avery-1"))
    assert page.status_code == 200
    fingerprint = events(home, "passkey_registered")[0].facts["passkey"]
    assert fingerprint[:4] in page.text
    assert visitor.sign_in().status_code == 403
    assert refusals(home) == [("UNKNOWN", "PASSKEY-03", fingerprint)]


def test_an_invitation_is_good_once(desk, home):
    code = invited(home, "avery-1")
    assert Visitor(desk).post("/register", code="x" * 30).status_code == 403
    first, second = Visitor(desk), Visitor(desk)
    begun = second.answered(second.post("/register", code=code).text)
    assert first.register(code).status_code == 200
    assert second.answered(begun.text).status_code == 403
    assert second.post("/register", code=code).status_code == 403
    assert len(events(home, "passkey_registered")) == 1


def test_a_passkey_that_may_be_copied_is_not_taken(desk, home):
    copied = Authenticator(flags=PRESENT | VERIFIED | COPIED)
    answer = Visitor(desk, copied).register(invited(home, "avery-1"))
    assert "CRYPTO-44" in answer.text


WRONG = {
    "another origin": ("CRYPTO-45", lambda a, c: a.sign(c, Site("https://evil.example", "desk.example"))),
    "another site": ("CRYPTO-45", lambda a, c: a.sign(c, data=a.data(Site("", "evil.example")))),
    "nobody verified": ("CRYPTO-45", lambda a, c: a.sign(c, data=a.data(flags=PRESENT))),
    "another challenge": ("CRYPTO-45", lambda a, c: a.sign(b"another")),
    "another key": ("CRYPTO-45", lambda a, c: Authenticator(credential=a.credential).sign(c)),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_answers_that_let_nobody_in(desk, home, what):
    visitor, fingerprint = enrolled(desk, "avery-1")
    code, sign = WRONG[what]
    answer = visitor.sign_in(lambda challenge: sign(visitor.authenticator, challenge))
    assert (answer.status_code, code in answer.text) == (403, True)
    assert "set-cookie" not in answer.headers
    assert refusals(home) == [("UNKNOWN", code, fingerprint)]


def test_an_answer_that_is_sent_again_and_a_copied_passkey(desk, home):
    still = Authenticator(counts=False, credential=b"one that counts nothing")
    visitor = Visitor(desk, still)
    visitor.register(invited(home, "avery-1"))
    with Session(desk.home) as session:
        as_person(home, "sam-1", steps.confirm, passkeys(session.ledger)[0].fingerprint)
    page, seen = visitor.get("/sign-in").text, []

    def keep(challenge):
        seen.append(still.sign(challenge))
        return seen[0]

    assert visitor.answered(page, keep).status_code == 303
    thief = Visitor(desk, still)
    assert "DESK-20" in thief.answered(page, lambda _: seen[0]).text
    counting, fingerprint = enrolled(desk, "rory-1")
    twin = Visitor(desk, counting.authenticator.copy())
    assert counting.sign_in().status_code == 303
    assert counting.sign_in().status_code == 303
    assert "CRYPTO-46" in twin.sign_in().text
    assert refusals(home)[-1] == ("UNKNOWN", "CRYPTO-46", fingerprint)


def test_a_revoked_passkey_ends_its_visits_at_once(desk, home):
    visitor, fingerprint = enrolled(desk, "avery-1")
    other, _ = enrolled(desk, "rory-1")
    assert visitor.sign_in().status_code == other.sign_in().status_code == 303
    as_person(home, "sam-1", steps.revoke, fingerprint, "stolen")
    answer = visitor.get("/")
    assert (answer.status_code, "Name of" in answer.text) == (401, False)
    assert ("avery-1", "DESK-21", None) in refusals(home)
    assert visitor.get("/").status_code == 303
    assert visitor.sign_in().status_code == 403
    assert other.get("/").status_code == 200


def test_a_decision_is_signed_by_whoever_takes_it(desk, home):
    admin, _ = enrolled(desk, "sam-1", second="avery-1")
    admin.sign_in()
    Visitor(desk).register(invited(home, "avery-1"))
    waits = events(home, "passkey_registered")[-1].facts["passkey"]
    page = admin.post("/passkeys/confirm", fingerprint=waits)
    assert "Passkey confirmed" in page.text
    assert waits in page.text
    assert len(events(home, "passkey_confirmed")) == 1  # nothing yet
    done = admin.answered(page.text)
    assert done.headers["location"] == "/passkeys"
    entry = events(home, "passkey_confirmed")[-1]
    assert (entry.actor, "signature" in entry.facts) == ("sam-1", True)
    assert admin.answered(page.text).status_code == 403  # the same again
    with Session(desk.home) as session:
        assert len(in_force(session.ledger)) == 2
        found = session.check_signatures()
    assert (found.signed, found.unsigned) == (3, 1)


@pytest.mark.parametrize("what", WRONG)
def test_a_signature_that_does_not_hold_decides_nothing_and_is_recorded(desk, home, what):
    admin, _ = enrolled(desk, "sam-1", second="avery-1")
    admin.sign_in()
    Visitor(desk).register(invited(home, "avery-1"))
    waits = events(home, "passkey_registered")[-1].facts["passkey"]
    code, sign = WRONG[what]
    answer = admin.decide(
        "/passkeys/confirm", lambda c: sign(admin.authenticator, c), fingerprint=waits
    )
    assert (answer.status_code, code in answer.text) == (403, True)
    assert len(events(home, "passkey_confirmed")) == 1
    assert ("sam-1", code, None) in refusals(home)


def test_a_signature_is_of_the_step_that_was_shown(desk, home):
    admin, own = enrolled(desk, "sam-1", second="avery-1")
    admin.sign_in()
    Visitor(desk).register(invited(home, "avery-1"))
    waits = events(home, "passkey_registered")[-1].facts["passkey"]
    page = admin.post("/passkeys/confirm", fingerprint=waits).text
    _, options, fields = admin.asked(page)
    answer = answer_fields(admin.authenticator.sign(from_base64url(options["challenge"])))
    elsewhere = admin.post(
        "/passkeys/revoke", **fields | answer | {"fingerprint": own, "reason": "lost"}
    )
    assert "DESK-20" in elsewhere.text
    assert events(home, "passkey_revoked") == []


def test_by_a_certificate_that_a_proxy_verified(desk, home):
    said = {"x-desk-proxy": PROXY.secret, "x-client-subject": SUBJECT}
    visitor = Visitor(desk, headers=said)
    assert "certificate" in visitor.get("/sign-in").text
    assert visitor.post("/sign-in/certificate").status_code == 303
    assert "Name of adi-1" in visitor.get("/").text
    assert events(home, "desk_entered")[0].facts["by"] == "certificate"
    # without a passkey nothing is signed, until the home asks for it
    assert "An invitation for" in visitor.post("/passkeys/invite", person="avery-1").text
    cookie = visitor.client.cookies["__Host-desk"]
    for headers in ({}, said | {"x-client-subject": "CN=Else"}, said | {"x-desk-proxy": "s" * 39}):
        thief = Visitor(desk, headers=headers)
        thief.client.cookies.set("__Host-desk", cookie, domain="desk.example")
        assert thief.get("/").status_code in (401, 303)
    assert visitor.get("/").status_code == 303  # and the visit has ended


@pytest.mark.parametrize(
    "said",
    [{}, {"x-client-subject": SUBJECT}, {"x-desk-proxy": "x" * 40, "x-client-subject": SUBJECT},
     {"x-desk-proxy": PROXY.secret}, {"x-desk-proxy": PROXY.secret, "x-client-subject": "CN=Else"},
     {"x-desk-proxy": PROXY.secret, "x-client-subject": "CN=Nobody"}],
)  # fmt: skip
def test_without_a_proxy_or_a_known_subject_nobody_comes_in(desk, home, said):
    answer = Visitor(desk, headers=said).post("/sign-in/certificate")
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    known = said.get("x-desk-proxy") == PROXY.secret and "x-client-subject" in said
    assert len(refusals(home)) == int(known)


def test_a_certificate_does_not_approve_where_passkeys_do(desk, home):
    settings = home / "settings.toml"
    settings.write_text(
        settings.read_text().replace(
            'passkeys_from = ""', f'passkeys_from = "{today() - timedelta(1)}"'
        )
    )
    said = {"x-desk-proxy": PROXY.secret, "x-client-subject": SUBJECT}
    visitor = Visitor(desk, headers=said)
    visitor.post("/sign-in/certificate")
    visitor.get("/")
    Visitor(desk).register(invited(home, "avery-1"))
    waits = events(home, "passkey_registered")[-1].facts["passkey"]
    answer = visitor.post("/passkeys/confirm", fingerprint=waits)
    assert "PEOPLE-05" in answer.text  # adi invited them
    with (
        Session(desk.home, lambda people: people.active("sam-1")) as session,
        pytest.raises(Exception, match="PASSKEY-02"),
    ):
        steps.confirm(session, waits)


def test_a_desk_of_ones_own_signs_nobody_in(home):
    from tests.desk import Browser, desk_of

    own = Browser(desk_of(home))
    for path in ("/sign-in", "/register"):
        assert own.get(path).status_code == 404
    assert own.post("/sign-in/certificate").status_code == 404


def test_challenges_are_asked_and_spent():
    now = [1000.0]
    challenges = Challenges(lambda: now[0])
    one = challenges.ask("sign-in")
    challenges.check("sign-in", one)
    for purpose, given in (
        ("else", one),
        ("sign-in", one[:-1]),
        ("sign-in", b""),
        ("sign-in", bytes(56)),
    ):
        with pytest.raises(ChallengeOver):
            challenges.check(purpose, given)
    challenges.spend("sign-in", one)
    with pytest.raises(ChallengeOver):
        challenges.spend("sign-in", one)
    old = challenges.ask("sign-in")
    now[0] += 301
    with pytest.raises(ChallengeOver):
        challenges.spend("sign-in", old)
    with pytest.raises(ChallengeOver):
        Challenges(lambda: now[0]).check("sign-in", challenges.ask("sign-in"))


def test_settings_that_serve_no_standing_desk(tmp_path):
    short = tmp_path / "secret"
    short.write_text("short")
    short.chmod(0o600)
    fine = {"origin": SITE.origin}
    for given in (
        {},
        fine | {"proxy_secret_file": str(short)},
        fine | {"proxy_secret_file": str(tmp_path / "none")},
    ):
        with pytest.raises(StandingUnusable):
            Standing.of(DeskSettings(**given))
    for given in (
        {},
        {"key_file": str(short), "certificate_file": str(short)},
        {"key_file": str(tmp_path / "none")},
    ):
        with pytest.raises(StandingUnusable):
            tls_of(DeskSettings(**fine | given))
    assert Standing.of(DeskSettings(**fine)).site == SITE


def test_the_command_says_what_the_settings_lack(home, monkeypatch):
    monkeypatch.setattr("approvals.people.acting_person", lambda people: people.active("adi-1"))
    for words, code in ((("--standing",), "DESK-23"), (("--standing", "--port", "0"), "RUN-11")):
        done = run_here("desk", *words, "--home", str(home))
        assert (done.code, code in done.err) == (2, True), done.err
