"""In at a standing desk: with a passkey, by a certificate that a proxy verified, or for the first time with an invitation."""

import json
from functools import partial

from starlette.responses import Response

from approvals.errors import PasskeyNotInForce
from approvals.gate import UNKNOWN_ACTOR, record_attempt
from approvals.passkeys import (
    RegisteredPasskey,
    Signing,
    Statement,
    StatementWanted,
    enter,
    in_force,
    open_invitation,
    passkeys,
    register_passkey,
    signature_counter,
)
from crypto.errors import PasskeyUnsuitable
from crypto.passkeys import (
    LONGEST,
    Assertion,
    Passkey,
    assertion_options,
    from_base64url,
    registration_options,
    to_base64url,
    verify_assertion,
    verify_registration,
)
from errors import CodedError
from pipelines.desk.errors import CertificateUnknown, ChallengeOver, PageUnknown
from pipelines.desk.pages.entrance import signed_in
from pipelines.desk.standing import Standing
from pipelines.desk.web import Pages, Visit
from pipelines.session import Session, today

PAGES = Pages()
_STEP, _ENTER = "desk.sign-in", "sign-in"
_CODE = 64  # characters, more than any invitation has
_TITLE = "doj-release"  # what an authenticator calls the desk


def _standing(visit: Visit) -> Standing:
    if visit.desk.standing is None:
        raise PageUnknown
    return visit.desk.standing


# Known already: with a passkey, or by a certificate


@PAGES.get("/sign-in", known=False)
def sign_in(visit: Visit) -> Response:
    """Where whoever is not known begins."""
    standing = _standing(visit)
    challenge = standing.challenges.ask(_ENTER)
    return visit.page(
        "sign_in.html.j2",
        challenge=to_base64url(challenge),
        options=json.dumps(assertion_options(standing.site, challenge)),
        proxy=standing.proxy is not None and standing.proxy.subject(visit.request.headers),
    )


@PAGES.post("/sign-in", step=_STEP, known=False)
def enter_by_passkey(visit: Visit) -> Response:
    """Take a passkey's signature, and know this browser from here on as its owner's."""
    standing, answer = _standing(visit), visit.assertion()
    challenge = from_base64url(visit.value("challenge"))
    standing.challenges.check(_ENTER, challenge)
    with visit.desk.open_as() as session, standing.entering:
        known = [p for p in passkeys(session.ledger) if p.credential == answer.credential]
        try:
            passkey, counter = _verified(session, standing, known, challenge, answer)
            person = visit.desk.person(session, passkey.person)
        except CodedError as error:
            if known:  # what names no passkey may be anything, and as often as somebody likes
                _note(session, error, known[0].fingerprint)
            raise
        enter(session.ledger, person.id, today(), passkey.fingerprint, counter)
    token, _ = visit.desk.visitors.enter(person.id, "passkey", passkey.fingerprint)
    return signed_in(visit, token)


def _verified(
    session: Session,
    standing: Standing,
    known: list[RegisteredPasskey],
    challenge: bytes,
    answer: Assertion,
) -> tuple[RegisteredPasskey, int]:
    """The passkey in force that signed, and its counter."""
    ledger, place = session.ledger, standing.site.place
    passkey = next((p for p in known if p.in_force and p.site == place), None)
    if passkey is None:
        raise PasskeyNotInForce
    before = signature_counter(ledger, passkey)
    counter = verify_assertion(standing.site, passkey.public_key, challenge, answer, before)
    standing.challenges.spend(_ENTER, challenge)
    return passkey, counter


@PAGES.post("/sign-in/certificate", step=_STEP, known=False)
def enter_by_certificate(visit: Visit) -> Response:
    """Know this browser as whose certificate the proxy in front of the desk verified."""
    proxy, headers = _standing(visit).proxy, visit.request.headers
    subject = proxy.subject(headers) if proxy else None
    if proxy is None or subject is None:
        raise CertificateUnknown
    with visit.desk.open_as() as session:
        try:
            named = proxy.people.get(subject)
            if named is None:
                raise CertificateUnknown
            person = visit.desk.person(session, named)
        except CodedError as error:
            _note(session, error)
            raise
        enter(session.ledger, person.id, today())
    token, _ = visit.desk.visitors.enter(person.id, "certificate", proxy.key(headers))
    return signed_in(visit, token)


def _note(session: Session, error: CodedError, passkey: str | None = None) -> None:
    """Record that somebody was refused; who it was nobody knows."""
    record_attempt(
        session.ledger, error, actor=UNKNOWN_ACTOR, step=_STEP, on=today(), passkey=passkey
    )


# For the first time: an invitation's code, a new passkey, and its signature under its own registration


@PAGES.get("/register", known=False)
def invited(visit: Visit) -> Response:
    """Where an invitation leads: its code stands behind the # and is sent by the form alone."""
    _standing(visit)
    return visit.page("invited.html.j2")


@PAGES.post("/register", step="desk.register", known=False)
def asked_for_passkey(visit: Visit) -> Response:
    """Take the code, and ask the browser for a new passkey."""
    standing, code = _standing(visit), visit.value("code", longest=_CODE)
    with visit.desk.open_as() as session:
        person, invitation = _invitation(session, code)
        known = [p.credential for p in in_force(session.ledger, person)]
    challenge = standing.challenges.ask(invitation)
    options = registration_options(standing.site, _TITLE, person, challenge, known)
    return visit.page(
        "new_passkey.html.j2",
        who=person,
        code=code,
        challenge=to_base64url(challenge),
        options=json.dumps(options),
    )


@PAGES.post("/register/passkey", step="desk.register", known=False)
def made(visit: Visit) -> Response:
    """Take the new passkey, and ask it to sign its own registration."""
    standing, code = _standing(visit), visit.value("code", longest=_CODE)
    challenge = from_base64url(visit.value("challenge"))
    with visit.desk.open_as() as session:
        person, invitation = _invitation(session, code)
    standing.challenges.check(invitation, challenge)
    sent = (from_base64url(visit.value(n, longest=2 * LONGEST)) for n in ("client", "attestation"))
    passkey = verify_registration(standing.site, challenge, *sent)
    if passkey.copied and not standing.copies:
        raise PasskeyUnsuitable(what="it may leave its device")
    standing.challenges.spend(invitation, challenge)
    try:
        _register(visit, person, invitation, passkey)
    except StatementWanted as wanted:
        visit.desk.kept[invitation] = (passkey, wanted.statement)
        options = assertion_options(standing.site, wanted.statement.challenge, wanted.allowed)
        return visit.page("first_signature.html.j2", code=code, options=json.dumps(options))
    raise ChallengeOver  # not reached: a registration is always signed


@PAGES.post("/register/signature", step="desk.register", known=False)
def registered(visit: Visit) -> Response:
    """Take its signature: it is registered, and waits for somebody who confirms its fingerprint."""
    _standing(visit)
    with visit.desk.open_as() as session:
        person, invitation = _invitation(session, visit.value("code", longest=_CODE))
    kept = visit.desk.kept.pop(invitation, None)
    if not isinstance(kept, tuple):
        raise ChallengeOver
    passkey, statement = kept
    fingerprint = _register(visit, person, invitation, passkey, (statement, visit.assertion()))
    return visit.page("registered.html.j2", fingerprint=fingerprint, who=person)


def _register(
    visit: Visit,
    person: str,
    invitation: str,
    passkey: Passkey,
    given: tuple[Statement, Assertion] | None = None,
) -> str:
    site = _standing(visit).site
    signing = partial(Signing, site=site, new=passkey, given=given)
    with visit.desk.open_as(person, signing) as session:
        ledger = session.ledger
        return register_passkey(ledger, session.person.id, invitation, passkey, site.place, today())


def _invitation(session: Session, code: str) -> tuple[str, str]:
    return open_invitation(session.ledger, code, session.ledger.clock()[1], session.keyring.digest)
