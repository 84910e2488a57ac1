"""Registrations and signatures of passkeys: what holds, and each thing that may be wrong with them.

The second opinion is `fido2.server`, which shares no check with ours.
"""

import contextlib
import hashlib
import json
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    AssertionDoesNotHold,
    CounterStoodStill,
    PasskeyUnreadable,
    PasskeyUnsuitable,
)
from crypto.passkeys import (
    Assertion,
    Site,
    assertion_options,
    check_nothing_else,
    from_base64url,
    passkey_fingerprint,
    registration_options,
    to_base64url,
    verify_assertion,
    verify_registration,
)
from crypto.passkeys.registration import check_signature
from errors import CodedError
from tests.examples import examples
from tests.unit.crypto.passkeys.authenticators import (
    COPIED,
    PRESENT,
    SITE,
    VERIFIED,
    Authenticator,
    client_data,
)

CHALLENGE = hashlib.sha256(b"what is signed").digest()
OTHER = Site("https://desk.example:8443", "desk.example")
KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "eddsa": ed25519.Ed25519PrivateKey.generate,
    "rs256": lambda: rsa.generate_private_key(65537, 2048),
}


def registered(authenticator):
    return verify_registration(SITE, CHALLENGE, *authenticator.create(CHALLENGE))


@pytest.mark.parametrize("make", KEYS.values(), ids=KEYS)
def test_what_is_registered_signs(make):
    mine = Authenticator(make())
    passkey = registered(mine)
    assert (passkey.credential, passkey.copied) == (mine.credential, False)
    assert passkey_fingerprint(passkey.public_key) == hashlib.sha256(passkey.public_key).hexdigest()
    counter = verify_assertion(
        SITE, passkey.public_key, CHALLENGE, mine.sign(CHALLENGE), passkey.counter
    )
    assert counter == passkey.counter + 1
    strange = Authenticator(make()).sign(CHALLENGE)
    with pytest.raises(AssertionDoesNotHold, match="signature"):
        verify_assertion(SITE, passkey.public_key, CHALLENGE, strange, 0)


def test_a_passkey_that_may_leave_its_device_says_so():
    assert registered(Authenticator(flags=PRESENT | VERIFIED | COPIED)).copied


def test_what_a_browser_asks_besides_changes_nothing():
    """Browsers ask for credProtect by themselves; other members of a key are left out of its fingerprint."""
    mine = Authenticator()
    plain = registered(mine)
    more = verify_registration(
        SITE, CHALLENGE, *mine.create(CHALLENGE, more=b"\xa1kcredProtect\x03")
    )
    assert more.public_key == plain.public_key
    key = dict(mine.cose()) | {2: b"a name", 4: [1]}
    assert (
        verify_registration(SITE, CHALLENGE, *mine.create(CHALLENGE, key=key)).public_key
        == plain.public_key
    )


WRONG = {
    "type": lambda a: a.sign(CHALLENGE, client=client_data("create", CHALLENGE)),
    "challenge": lambda a: a.sign(hashlib.sha256(b"another").digest()),
    "origin": lambda a: a.sign(CHALLENGE, OTHER),
    "origin-": lambda a: a.sign(CHALLENGE, client=client_data("get", CHALLENGE, crossOrigin=True)),
    "site": lambda a: a.sign(CHALLENGE, data=a.data(Site("", "evil.example"))),
    "presence": lambda a: a.sign(CHALLENGE, data=a.data(flags=VERIFIED)),
    "verification": lambda a: a.sign(CHALLENGE, data=a.data(flags=PRESENT)),
    "signature": lambda a: Authenticator().sign(CHALLENGE),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_hold(what):
    mine = Authenticator()
    key = registered(mine).public_key
    with pytest.raises(AssertionDoesNotHold) as found:
        verify_assertion(SITE, key, CHALLENGE, WRONG[what](mine), 0)
    assert found.value.facts["what"] == what.rstrip("-")


def test_a_registration_elsewhere_is_none_here():
    mine = Authenticator()
    for site in (OTHER, Site("https://evil.example", "evil.example")):
        with pytest.raises(AssertionDoesNotHold, match="origin"):
            verify_registration(SITE, CHALLENGE, *mine.create(CHALLENGE, site))
    with pytest.raises(AssertionDoesNotHold, match="challenge"):
        verify_registration(SITE, CHALLENGE, *mine.create(b"another challenge"))
    with pytest.raises(AssertionDoesNotHold, match="verification"):
        registered(Authenticator(flags=PRESENT))


def test_a_counter_has_to_grow_where_there_is_one():
    mine = Authenticator()
    passkey = registered(mine)
    twin = mine.copy()
    first = mine.sign(CHALLENGE)
    counter = verify_assertion(SITE, passkey.public_key, CHALLENGE, first, passkey.counter)
    for again in (first, twin.sign(CHALLENGE)):
        with pytest.raises(CounterStoodStill):
            verify_assertion(SITE, passkey.public_key, CHALLENGE, again, counter)
    still = Authenticator(counts=False)
    key = registered(still).public_key
    for _ in range(2):
        assert verify_assertion(SITE, key, CHALLENGE, still.sign(CHALLENGE), 0) == 0
    with pytest.raises(CounterStoodStill):  # it counted before
        verify_assertion(SITE, key, CHALLENGE, still.sign(CHALLENGE), 3)


def test_keys_that_are_not_asked_for():
    mine = Authenticator()
    short = Authenticator(rsa.generate_private_key(65537, 1024))
    unsuitable = [dict(short.cose()), {1: 2, 3: -47}, dict(mine.cose()) | {-1: 8}, {1: 2}]
    for key in unsuitable:
        with pytest.raises(PasskeyUnsuitable):
            verify_registration(SITE, CHALLENGE, *mine.create(CHALLENGE, key=key))
    off_the_curve = dict(mine.cose()) | {-2: bytes(32), -3: bytes(32)}
    for key in (off_the_curve, dict(mine.cose()) | {-2: 7}, [1], 7):
        with pytest.raises(PasskeyUnreadable):
            verify_registration(SITE, CHALLENGE, *mine.create(CHALLENGE, key=key))


def test_what_is_kept_says_nothing_but_what_it_has_to():
    added = "do not compare clientDataJSON against a template. See https://goo.gl/yabPex"
    for more in ({}, {"other_keys_can_be_added_here": added}):
        check_nothing_else(client_data("get", CHALLENGE, **more))
    for more in ({"note": "María"}, {"other_keys_can_be_added_here": "María"}, {"topOrigin": "x"}):
        with pytest.raises(PasskeyUnreadable):
            check_nothing_else(client_data("get", CHALLENGE, **more))


@pytest.mark.parametrize("text", ["", "a", "a=", "a b", "ab+/", "AB", "Zg==", None, 7, "A" * 9000])
def test_base64url_has_one_spelling(text):
    with pytest.raises(PasskeyUnreadable):
        from_base64url(text)


@given(st.binary(min_size=1, max_size=99))
def test_base64url_there_and_back(data):
    assert from_base64url(to_base64url(data)) == data


@pytest.mark.parametrize(
    "origin", ["http://desk.example", "https://Desk.example", "https://desk.example/", "desk", "https://a b", ""]
)  # fmt: skip
def test_a_site_is_an_https_origin(origin):
    assert Site.of(origin) is None
    assert Site.of("https://desk.example:8443") == OTHER


def test_options_are_json_and_ask_for_a_verified_person():
    asked = registration_options(SITE, "Desk", "person-1", CHALLENGE, [b"one"])
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["excludeCredentials"] == [{"type": "public-key", "id": to_base64url(b"one")}]
    assert b"person" not in from_base64url(asked["user"]["id"])
    asked_to_sign = assertion_options(SITE, CHALLENGE, [b"one"])
    assert asked_to_sign["userVerification"] == "required"
    assert json.loads(json.dumps([asked, asked_to_sign])) == [asked, asked_to_sign]


# § 16.2 of W3C Web Authentication, level 3: ES256 without attestation. Its person was not verified.
VECTOR_KEY = bytes.fromhex(
    "a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b0345"
    "8abf879717c12cc68ed73290af2e2664796b9220"
)
VECTOR_CREDENTIAL = bytes.fromhex(
    "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4"
)
VECTOR_NAME = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b5"
VECTOR_ATTESTATION = bytes.fromhex(
    f"a363666d74646e6f6e656761747453746d74a068617574684461746158a4{VECTOR_NAME}59000000008446ccb9ab1db374750b2367ff6f3a1f0020"
) + VECTOR_CREDENTIAL + VECTOR_KEY  # fmt: skip
VECTOR_CREATED = (
    b'{"type":"webauthn.create","challenge":"AMMPt4UxxGTStncdq417YDwBFi8vpIa-pw8oOuVW4TA","origin":"https://example.org",'
    b'"crossOrigin":false,"extraData":"clientDataJSON may be extended with additional fields in the future, such as this: '
    b'BkQeDjdcTBrXBiAwJTLE5Q=="}'
)
VECTOR_GOT = (
    b'{"type":"webauthn.get","challenge":"OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01Ag","origin":"https://e'
    b'xample.org","crossOrigin":false}'
)
VECTOR_SIGNATURE = bytes.fromhex(
    "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78c6"
    "e486013f937295ea13653e331e87"
)


def test_the_vectors_of_the_specification(monkeypatch):
    site = Site("https://example.org", "example.org")
    asked = from_base64url(json.loads(VECTOR_CREATED)["challenge"])
    signed = from_base64url(json.loads(VECTOR_GOT)["challenge"])
    data = bytes.fromhex(f"{VECTOR_NAME}1900000000")
    given = Assertion(VECTOR_CREDENTIAL, data, VECTOR_GOT, VECTOR_SIGNATURE)
    with pytest.raises(AssertionDoesNotHold, match="verification"):
        verify_registration(site, asked, VECTOR_CREATED, VECTOR_ATTESTATION)
    with pytest.raises(AssertionDoesNotHold, match="verification"):
        verify_assertion(site, VECTOR_KEY, signed, given, 0)
    monkeypatch.setattr("crypto.passkeys.reading._VERIFIED", 0x01)  # as if that were asked for
    found = verify_registration(site, asked, VECTOR_CREATED, VECTOR_ATTESTATION)
    assert (found.credential, found.public_key) == (VECTOR_CREDENTIAL, VECTOR_KEY)
    assert found.copied
    assert verify_assertion(site, found.public_key, signed, given, 0) == 0


def second_opinion(mine, given):
    """Whether fido2's server takes an assertion."""
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=SITE.name, name="Desk"), verify_origin=SITE.origin.__eq__
    )
    state = {
        "challenge": to_base64url(CHALLENGE),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }
    known = AttestedCredentialData.create(bytes(16), mine.credential, mine.cose())
    try:
        said = AuthenticatorAssertionResponse(
            client_data=CollectedClientData(given.client),
            authenticator_data=AuthenticatorData(given.authenticator),
            signature=given.signature,
        )
        answer = AuthenticationResponse(raw_id=mine.credential, response=said)
        server.authenticate_complete(state, [known], answer)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error):
        return False
    return True


MINE = Authenticator()
GOOD = MINE.sign(CHALLENGE)
edits = st.lists(
    st.tuples(
        st.sampled_from(["authenticator", "client", "signature"]),
        st.integers(0, 200),
        st.integers(0, 3),
        st.binary(max_size=3),
    ),
    max_size=3,
)


@examples(300)
@given(edits, st.booleans())
def test_near_a_good_answer_nobody_takes_what_the_other_library_refuses(changes, sign_again):
    found = {name: getattr(GOOD, name) for name in ("authenticator", "client", "signature")}
    for name, at, length, put in changes:
        found[name] = found[name][:at] + put + found[name][at + length :]
    if sign_again:  # by the right key: what is left to tell them apart is what was signed
        message = found["authenticator"] + hashlib.sha256(found["client"]).digest()
        found["signature"] = MINE.signed(message)
    given = Assertion(GOOD.credential, **found)
    ours = False
    with contextlib.suppress(CodedError):
        verify_assertion(SITE, registered(MINE.copy()).public_key, CHALLENGE, given, 0)
        ours = True
    if ours:
        assert second_opinion(MINE, given)
    elif all(found[n] == getattr(GOOD, n) for n in ("authenticator", "client")):
        assert not second_opinion(MINE, given)
    assert second_opinion(MINE, GOOD)


@examples(300)
@given(edits)
def test_near_a_registration_there_are_coded_errors_alone(changes):
    client, attestation = MINE.copy().create(CHALLENGE)
    found = {"authenticator": attestation, "client": client, "signature": b""}
    for name, at, length, put in changes:
        found[name] = found[name][:at] + put + found[name][at + length :]
    with contextlib.suppress(CodedError):
        verify_registration(SITE, CHALLENGE, found["client"], found["authenticator"])
    with contextlib.suppress(CodedError):
        check_signature(found["authenticator"], b"", b"")
