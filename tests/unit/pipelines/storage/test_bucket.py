"""Sets of files in a bucket of a real S3 server: whole or not seen, compared before use, each cause its own error."""

import hashlib
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.home.settings import Bucket as Settings
from pipelines.operations.interruptions import as_interruption
from pipelines.storage import errors
from pipelines.storage.bucket import Bucket
from pipelines.storage.location import (
    Credentials,
    credentials,
    location_of,
    server,
    unsafe_settings,
)
from pipelines.storage.object_store import MANIFEST, ObjectStore
from tests.examples import first_of
from tests.integration.s3_server import BUCKET, s3_server

pytestmark = pytest.mark.machine  # an S3 server on the loopback
SET = "CARPOS/CARPOS-20261126-001"


def keyed(label, data):
    return hashlib.sha256(b"key" + label.encode() + data).hexdigest()


@pytest.fixture(scope="module")
def s3():
    with s3_server() as running:
        yield running


@pytest.fixture
def given_keys(s3, monkeypatch):
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    yield
    s3.trouble = None
    s3.empty()


@pytest.fixture
def store(s3, given_keys):
    return _store(s3)


def _store(s3, digest=keyed, purpose="register", **more):
    settings = Settings.model_validate(s3.settings(**more))
    where = location_of(settings, purpose)
    assert where is not None
    return ObjectStore(Bucket(settings, where), purpose, digest)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "here").mkdir()
    made = {"person.parquet": os.urandom(70_000), "order.parquet": b""}
    for name, content in made.items():
        (tmp_path / "here" / name).write_bytes(content)
    return [tmp_path / "here" / name for name in made]


@pytest.fixture
def with_a_large_one(files):
    """Two parts of an upload, besides what is sent in one request."""
    large = files[0].with_name("large.parquet")
    large.write_bytes(os.urandom(11 << 20))
    return [*files, large]


def _puts(s3):
    return [key for method, key in s3.asked if method in {"PUT", "POST"} and "delete" not in key]


# ------------------------------------------------------------------ whole, or not there


def test_a_set_comes_back_byte_for_byte_and_the_manifest_is_last(store, s3, files, tmp_path):
    s3.asked.clear()
    assert store.keep(SET, files) == 2
    assert _puts(s3)[-1] == f"register/{SET}/{MANIFEST}"
    for path in files:
        target = tmp_path / "there" / path.name
        store.fetch(SET, path.name, target)
        assert target.read_bytes() == path.read_bytes()
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_is_complete_is_not_sent_twice(store, s3, files):
    store.keep(SET, files)
    s3.asked.clear()
    assert store.keep(SET, files) == 0
    assert _puts(s3) == []


@pytest.mark.parametrize("after", first_of(range(7)))
def test_an_upload_that_breaks_anywhere_is_not_seen_and_goes_on(
    after, store, s3, with_a_large_one, tmp_path
):
    left = [after]

    def trouble(method, key):
        if method not in {"PUT", "POST"}:
            return None
        left[0] -= 1
        return "cut" if left[0] < 0 else None

    store.claim()
    s3.trouble = trouble
    with pytest.raises(errors.BucketUnreachable):
        store.keep(SET, with_a_large_one)
    s3.trouble = None
    again = _store(s3)
    assert again.manifest(SET) is None
    assert not again.holds(SET)
    with pytest.raises(errors.ObjectMissing):
        again.fetch(SET, with_a_large_one[0].name, tmp_path / "there")
    assert not (tmp_path / "there").exists()
    again.keep(SET, with_a_large_one)
    assert again.holds(SET)


def test_forgetting_leaves_no_version_and_no_half_upload(store, s3, files):
    s3.client().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    try:
        store.keep(SET, files)
        store.keep("CARPOS/other", files[:1])
        key = f"register/{SET}/{files[0].name}.0"
        s3.put(key, b"half")
        s3.delete(key)  # only looks deleted
        s3.client().create_multipart_upload(Bucket=BUCKET, Key=f"register/{SET}/begun")
        assert store.admin.uploads() == [f"{SET}/begun"]
        store.forget(SET)
        assert [k for k, _ in s3.versions() if k.startswith(f"register/{SET}/")] == []
        assert store.admin.uploads() == []
        assert store.holds("CARPOS/other")
        assert store.admin.keeps_versions() == "yes"
    finally:
        s3.client().put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
        )


class _Breaking:
    """The body of an answer whose connection breaks after so many bytes."""

    def __init__(self, content, after):
        self._content, self._after = content, after

    def read(self, longest):
        from botocore.exceptions import ResponseStreamingError

        block, self._content = self._content[:longest], self._content[longest:]
        self._after -= len(block)
        if self._after < 0:
            raise ResponseStreamingError(error="cut")
        return block

    def close(self):
        pass


@pytest.mark.parametrize(("attempts", "whole"), [(3, True), (2, False)])
def test_a_download_that_breaks_is_taken_up_where_it_was(attempts, whole, s3, given_keys, tmp_path):
    content, asked = os.urandom(20 << 20), []

    class Client:
        def get_object(self, **about):
            begin = about.get("Range", "bytes=0-")
            asked.append(int(begin.removeprefix("bytes=").removesuffix("-")))
            return {"Body": _Breaking(content[asked[-1] :], 9 << 20)}

    bucket = _store(s3, attempts=attempts).bucket
    bucket.client = Client()
    target, digest = tmp_path / "there", hashlib.sha256(content).hexdigest()
    if whole:
        bucket.fetch("large", target, sha256=digest, size=len(content))
        assert target.read_bytes() == content
    else:
        with pytest.raises(errors.BucketUnreachable):
            bucket.fetch("large", target, sha256=digest, size=len(content))
        assert not target.exists()
    assert asked == [0, 8 << 20, 16 << 20][:attempts]


# ------------------------------------------------------------------ changed in the bucket


def _cut(content):
    return content[:-1]


def _grown(content):
    return content + b"\0"


def _flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "error"),
    first_of(
        [
            (_flipped, errors.ObjectChanged),
            (_cut, errors.ObjectTruncated),
            (_grown, errors.ObjectTruncated),
            (lambda _: None, errors.ObjectMissing),
        ],
        2,
        several=True,
    ),
)
def test_an_object_that_is_not_the_one_written_is_refused(
    change, error, store, s3, files, tmp_path
):
    store.keep(SET, files)
    (key,) = [k for k in s3.objects() if "/person.parquet." in k]
    changed = change(s3.objects()[key])
    s3.delete(key) if changed is None else s3.put(key, changed)
    with pytest.raises(error) as caught:
        store.fetch(SET, "person.parquet", tmp_path / "there" / "person.parquet")
    assert list((tmp_path / "there").iterdir()) == []
    assert int(caught.value.exit) == 5
    assert as_interruption(caught.value) is None


def test_a_manifest_of_another_key_set_or_purpose_is_refused(store, s3, files):
    store.keep(SET, files)
    whole = s3.objects()[f"register/{SET}/{MANIFEST}"]
    s3.put("register/CARPOS/moved/MANIFEST.json", whole)
    s3.put(f"register/{SET}/{MANIFEST}", whole.replace(b"70000", b"70001"))
    for of_set in ("CARPOS/moved", SET):
        with pytest.raises(errors.ManifestDoesNotHold):
            store.manifest(of_set)
    s3.put(f"register/{SET}/{MANIFEST}", b'{"body": []}')
    with pytest.raises(errors.ManifestDoesNotHold):
        store.manifest(SET)


def test_a_prefix_is_one_homes_and_never_shared(store, s3, files):
    store.keep(SET, files)
    other = _store(s3, digest=lambda label, data: keyed(label, b"another home" + data))
    for attempt in (lambda: other.keep(SET, files), lambda: other.forget(SET), other.sets):
        with pytest.raises(errors.PrefixTaken):
            attempt()
    s3.put("mine/register/holiday.jpg", b"")
    with pytest.raises(errors.PrefixTaken):
        _store(s3, prefix="mine").claim()
    assert store.holds(SET)


# ------------------------------------------------------------------ the server, the connection, the keys


def other_keyed(label, data):
    return keyed(label, b"another home" + data)


@pytest.mark.parametrize("when", first_of(["whole", "begun"]))
def test_of_two_homes_that_take_an_empty_prefix_at_once_one_has_it(s3, store, when):
    """The other one looks round when nobody was there, and comes to write after the first, or while it writes."""
    other = _store(s3, digest=other_keyed)
    put = other.bucket.put_small

    def late(name, content):
        other.bucket.put_small = put
        if when == "whole":
            store.claim()
        else:
            store.bucket.put_small("CLAIM.0123456789abcdef", b"{}")
        put(name, content)

    other.bucket.put_small = late
    with pytest.raises(errors.PrefixTaken):
        other.claim()
    kept = {name for name in s3.objects() if "CLAIM" not in name}
    assert kept == ({"register/HOME.json"} if when == "whole" else set())
    if when == "whole":
        _store(s3).claim()  # it is still the first one's
        assert not any("CLAIM" in name for name in s3.objects())


def test_a_claim_that_was_cut_short_is_taken_up(s3, store):
    put = store.bucket.put_small

    def cut(name, content):
        put(name, content)
        raise KeyboardInterrupt

    store.bucket.put_small, remove = cut, store.admin.remove_names
    store.admin.remove_names = lambda _names: None
    with pytest.raises(KeyboardInterrupt):
        store.claim()
    store.bucket.put_small, store.admin.remove_names = put, remove
    store.claim()
    assert set(s3.objects()) == {"register/HOME.json"}


@pytest.mark.parametrize(
    ("answer", "error"),
    first_of(
        [
            ("503", errors.BucketBusy),
            ("403", errors.BucketDenied),
            ("cut", errors.BucketUnreachable),
            ("500", errors.BucketBusy),
            ("429", errors.BucketBusy),
            ("418", errors.BucketAnswered),
        ],
        3,
        several=True,
    ),
)
def test_each_answer_is_one_error_and_an_interruption(answer, error, store, s3, files, tmp_path):
    store.keep(SET, files)
    s3.trouble = lambda method, key: answer
    for attempt in (
        lambda: _store(s3).keep(SET, files),
        lambda: store.fetch(SET, files[0].name, tmp_path / "there"),
        lambda: store.holds(SET),
        lambda: store.admin.remove(f"{SET}/"),
    ):
        with pytest.raises(error) as caught:
            attempt()
        assert as_interruption(caught.value) is caught.value
        assert s3.access not in str(caught.value) + repr(
            caught.value.__context__ and caught.value.__cause__
        )
    assert not (tmp_path / "there").exists()


@pytest.mark.long
def test_a_slow_server_is_waited_for_as_long_as_the_settings_say(s3, given_keys):
    s3.trouble = lambda method, key: "slow" if "HOME.json" in key else None
    assert _store(s3).bucket.small("HOME.json", 999) is None
    with pytest.raises(errors.BucketUnreachable):
        _store(s3, patience_seconds=1).bucket.small("HOME.json", 999)


def test_no_server_no_bucket_wrong_key(s3, given_keys, monkeypatch, files):
    with pytest.raises(errors.BucketUnreachable):
        _store(s3, endpoint="http://127.0.0.1:9").keep(SET, files)
    with pytest.raises(errors.BucketMissing):
        _store(s3, register_url="s3://nowhere/register").keep(SET, files)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(errors.BucketDenied):
        _store(s3).keep(SET, files)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(errors.CredentialsMissing):
        _store(s3).keep(SET, files)


def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(s3, given_keys, tmp_path, files):
    import subprocess

    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    words += ["-subj", "/CN=s3", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", *words, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    with s3_server(certificate, key) as closed:
        with pytest.raises(errors.BucketUntrusted):
            _store(closed).claim()
        with pytest.raises(errors.BucketUntrusted):
            _store(closed).admin.uploads()
        assert closed.asked == []
        closed.trouble = lambda method, key: "503"
        with pytest.raises(errors.BucketBusy):  # trusted: it is spoken to
            _store(closed, ca_file=str(certificate)).claim()
        with pytest.raises(errors.BucketBusy):
            _store(closed, ca_file=str(certificate)).admin.uploads()


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, []),
        ({"endpoint": "http://10.0.0.1:9000"}, ["endpoint"]),
        ({"endpoint": "http://localhost:9000"}, []),
        ({"endpoint": "http://[::1]:9000"}, []),
        ({"endpoint": "https://s3.example.gov"}, []),
        ({"endpoint": "https://key:secret@s3.example.gov"}, ["endpoint"]),
        ({"endpoint": "https://s3.example.gov/path"}, ["endpoint"]),
        ({"endpoint": "s3.example.gov"}, ["endpoint"]),
        ({"endpoint": "http://127.0.0.1.example.com"}, ["endpoint"]),
        ({"register_url": "s3://bucket"}, ["register_url"]),
        ({"register_url": "/somewhere"}, ["register_url"]),
        ({"register_url": "s3://key:secret@bucket/prefix"}, ["register_url"]),
        ({"staging_url": "s3://bucket/../other"}, ["staging_url"]),
        ({"staging_url": "s3://bucket/one"}, ["staging_url"]),
        ({"staging_url": "s3://bucket/one/two"}, ["staging_url"]),
        ({"staging_url": "s3://bucket/onetwo"}, []),
        ({"ca_file": "/nowhere.pem"}, ["ca_file"]),
        ({"credentials_file": "/nowhere"}, ["credentials_file"]),
    ],
)
def test_places_that_can_t_be_used_are_named(changed, wrong):
    good = {"register_url": "s3://bucket/one", "staging_url": "s3://bucket/other"}
    settings = Settings.model_validate(good | changed)
    assert unsafe_settings(settings) == wrong
    if wrong:
        with pytest.raises(errors.BucketUnsafe):
            location_of(settings, "register")


WRITTEN = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")))  # settings refuse the others


@given(WRITTEN, WRITTEN)
def test_no_endpoint_is_asked_in_the_clear_but_this_machine(host, port):
    found = server(Settings(endpoint=f"http://{host}:{port}"))
    assert (
        found is None
        or found.netloc.rsplit(":", 1)[0].strip("[]").lower()
        in {
            "localhost",
            "::1",
        }
        or found.netloc.startswith("127.")
    )


def test_credentials_are_read_from_a_closed_file_and_never_shown(tmp_path):
    path = tmp_path / "keys"
    path.write_text(
        "[default]\naws_access_key_id = A%1\naws_secret_access_key = S%(x)s\naws_session_token = T\n"
    )
    settings = Settings(credentials_file=str(path))
    path.chmod(0o640)
    assert unsafe_settings(settings) == ["credentials_file"]
    path.chmod(0o600)
    assert unsafe_settings(settings) == []
    found = credentials(settings)
    assert found == Credentials("A%1", "S%(x)s", "T")
    assert repr(found) == str(found) == "<Credentials hidden>"
    path.write_text("[default]\naws_access_key_id = A\nS3CRET")
    with pytest.raises(errors.CredentialsMissing) as caught:
        credentials(settings)
    assert caught.value.__suppress_context__
