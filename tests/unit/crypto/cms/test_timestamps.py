"""Time stamps of RFC 3161: those of `openssl ts` hold, and nothing else does."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from crypto.cms import check_timestamp, timestamp_request, timestamps, token_of
from crypto.errors import NotACertificate, TimestampDoesNotHold, TimestampUnreadable
from tests.examples import examples
from tests.tsa import RIGHT_USE, make_ca, make_signer, reply

CONTENT = b"checkpoint"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tsa")
    make_ca(folder)
    make_signer(folder, "tsa")
    return folder


def pem(tsa, name="ca"):
    return (tsa / f"{name}.pem").read_bytes()


def stamped(tsa, signer="tsa", **how):
    request, nonce = timestamp_request(CONTENT)
    return token_of(reply(tsa, request, signer, **how)), nonce


@pytest.fixture(scope="module")
def good(tsa):
    return stamped(tsa)


def verified_by_openssl(tsa, token, ca="ca"):
    """What `openssl ts -verify` says: the oracle."""
    (tsa / "token").write_bytes(token)
    (tsa / "data").write_bytes(CONTENT)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-data", tsa / "data", "-in", tsa / "token", "-token_in", "-CAfile", tsa / f"{ca}.pem"],
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def refused(what, *given, **more):
    with pytest.raises(TimestampDoesNotHold) as caught:
        check_timestamp(*given, **more)
    assert caught.value.facts["what"] == what
    assert caught.value.exit == 5


def test_openssl_reads_our_request(tsa):
    request, nonce = timestamp_request(CONTENT)
    (tsa / "q").write_bytes(request)
    told = subprocess.run(["openssl", "ts", "-query", "-in", tsa / "q", "-text"], capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert f"0x{nonce:X}" in told
    assert "Certificate required: yes" in told
    assert timestamp_request(CONTENT)[1] != nonce


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("ess", ["sha1", "sha256", "sha512"])
def test_a_token_of_openssl_holds(tsa, digest, ess):
    token, nonce = stamped(tsa, digest=digest, ess=ess)
    found = check_timestamp(token, CONTENT, pem(tsa), nonce=nonce)
    assert abs(datetime.now(UTC) - found.time) < timedelta(seconds=60)
    assert found.accuracy == timedelta(seconds=1.5)
    assert verified_by_openssl(tsa, token)


@pytest.mark.long
def test_rsa_and_a_pinned_signer_hold(tsa):
    make_signer(tsa, "rsa", key=("rsa:2048",))
    token, nonce = stamped(tsa, "rsa")
    check_timestamp(token, CONTENT, pem(tsa), nonce=nonce)
    check_timestamp(token, CONTENT, pem(tsa, "rsa"), nonce=nonce)  # the signer's own certificate
    make_signer(tsa, "weak", key=("rsa:1024",))
    refused("signature", stamped(tsa, "weak")[0], CONTENT, pem(tsa))


def test_what_is_of_something_else_does_not_hold(tsa, good):
    token, nonce = good
    refused("content", token, CONTENT + b".", pem(tsa))
    refused("nonce", token, CONTENT, pem(tsa), nonce=nonce + 1)  # an earlier answer


USES = {
    "basicConstraints=CA:FALSE": False,
    "extendedKeyUsage=timeStamping": False,
    "extendedKeyUsage=critical,timeStamping,serverAuth": False,
    RIGHT_USE: True,
}


@pytest.mark.parametrize("use", USES)
def test_a_certificate_that_is_not_for_time_alone_is_no_signers(tsa, use):
    """`openssl ts -reply` signs with none of the wrong ones, so that the rule is asked itself."""
    make_signer(tsa, "use", use=use)
    made, ca = (x509.load_pem_x509_certificate(pem(tsa, name)) for name in ("use", "ca"))
    for carried, pinned in (([ca], [ca]), ([], [ca]), ([made], [made])):
        assert timestamps._leads_to(made, carried, pinned, datetime.now(UTC)) is USES[use]
    assert not timestamps._leads_to(made, [ca], [], datetime.now(UTC))


def test_who_is_not_pinned_does_not_hold(tsa, good, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    make_ca(other)  # of the same name
    make_signer(other, "tsa")
    refused("chain", good[0], CONTENT, pem(other))
    token, _ = stamped(other)
    refused("chain", token, CONTENT, pem(tsa))
    assert not verified_by_openssl(tsa, token)
    for nobody in (b"", b"-----BEGIN CERTIFICATE-----\n", b"x" * 100_000):
        with pytest.raises(NotACertificate):
            check_timestamp(good[0], CONTENT, nobody)


def test_a_signer_is_no_authority_over_signers(tsa):
    make_signer(tsa, "below", ca="tsa")  # issued by a time stamper's key
    token, _ = stamped(tsa, "below")
    refused("chain", token, CONTENT, pem(tsa))


def test_a_certificate_that_is_over_does_not_hold(tsa):
    make_signer(tsa, "old", days=-1)
    token, _ = stamped(tsa, "old")
    refused("chain", token, CONTENT, pem(tsa))


def test_a_rejection_is_no_token(tsa):
    request, _ = timestamp_request(CONTENT)
    answer = reply(tsa, request.replace(bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040299")))  # fmt: skip
    with pytest.raises(TimestampUnreadable) as caught:
        token_of(answer)
    assert caught.value.facts["what"] == "rejected"


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"\x30\x80\x00\x00", b"\x30\x03\x02\x01\x00", b"\x00" * 100_000]
)
def test_what_is_no_answer_is_unreadable(answer):
    with pytest.raises(TimestampUnreadable):
        token_of(answer)


@examples(300)
@given(data=st.data())
def test_no_changed_token_tells_another_time(tsa, good, data):
    token, nonce = good
    told = check_timestamp(token, CONTENT, pem(tsa), nonce=nonce)
    at = data.draw(st.integers(0, len(token) - 1))
    bits = data.draw(st.integers(1, 255))
    changed = bytearray(token)
    changed[at] ^= bits
    cut = data.draw(st.sampled_from([bytes(changed), token[:at], token + bytes([bits])]))
    try:
        found = check_timestamp(cut, CONTENT, pem(tsa), nonce=nonce)
    except (TimestampDoesNotHold, TimestampUnreadable):
        return
    assert found == told
