"""What ``doctor`` looks at where register or staging lie in a bucket: reached, ours, writable, closed, swept."""

import secrets
from collections.abc import Iterator

from errors.coded import CodedError
from pipelines.deployment.doctor.doctor import Finding
from pipelines.home import Home
from pipelines.session import Session
from pipelines.storage import BucketDenied, Shelf, named, unsafe


def look_at_bucket(home: Home) -> Iterator[Finding]:
    """Look at the places of the settings; one line where there is none."""
    settings = home.settings().bucket
    if not named(settings):
        yield Finding("bucket", "good", "none: register and staging lie in this home")
        return
    if wrong := unsafe(settings):
        yield Finding("bucket", "bad", f"incomplete or unsafe: {', '.join(wrong)} of [bucket]")
        return
    session = Session(home)
    try:
        for purpose in named(settings):
            found = session.object_store(purpose)
            assert found is not None  # it is named
            try:
                yield from _place(purpose, found)
            except CodedError as error:
                yield Finding(f"{purpose}'s bucket", "bad", str(error))
    finally:
        session.close()


def _place(purpose: str, found: Shelf) -> Iterator[Finding]:
    what = f"{purpose}'s bucket"
    found.claim()
    _write_and_delete(found)
    yield Finding(what, "good", "reached, ours, can be written to and deleted from")
    closed = found.keeping.closed_to_the_public()
    words = {
        "yes": "public access is barred",
        "no": "public access is not barred by the bucket itself (PublicAccessBlock)",
        "unknown": "the server does not say whether public access is barred: see its policy",
    }
    yield Finding(
        f"{what}, public",
        "bad" if closed == "no" else "good" if closed == "yes" else "note",
        words[closed],
    )
    kept = found.keeping.keeps_versions()
    told = {
        "yes": "versions are kept: what is deleted is deleted in each version",
        "no": "no versions are kept: what somebody else deletes is gone",
        "unknown": "the server does not say whether versions are kept",
    }
    yield Finding(f"{what}, versions", "note" if kept == "unknown" else "good", told[kept])
    unended = len(found.keeping.uploads())
    yield Finding(
        f"{what}, unended uploads",
        "note" if unended else "good",
        f"{unended}: `bucket sweep` gives them up when nobody runs" if unended else "none",
    )


def _write_and_delete(found: Shelf) -> None:
    """Leave an object and delete it again; what may not be deleted can't be forgotten either."""
    name = f"doctor/{secrets.token_hex(8)}"
    found.bucket.put_small(name, b"doctor\n")
    if found.keeping.remove_names([name]) == 0:
        raise BucketDenied
