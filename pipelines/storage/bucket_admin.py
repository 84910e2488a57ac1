"""What a bucket needs besides reading and writing, and pyarrow can't do: nothing deleted stays readable.

Deleting removes every version; uploads that were never ended are given up, since they are stored, and billed, unseen. Who else may
read, and whether versions are kept, is for ``doctor``. By botocore (extra ``[s3]``), under the same credentials.
"""

import contextlib
import functools
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, Literal

from errors.coded import CodedError
from pipelines.home import Bucket as Settings
from pipelines.storage.errors import (
    BucketAnswered,
    BucketBusy,
    BucketDenied,
    BucketExtraMissing,
    BucketMissing,
    BucketUnreachable,
    BucketUntrusted,
)
from pipelines.storage.location import Location, credentials, server

_AT_ONCE = 1000  # keys of one DeleteObjects request
_UNABLE = {"NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented"}
_BY_CODE: Mapping[str, type[CodedError]] = {
    "NoSuchBucket": BucketMissing,
    "SlowDown": BucketBusy,
    "ServiceUnavailable": BucketBusy,
    "InternalError": BucketBusy,
    "RequestTimeTooSkewed": BucketDenied,
    "ExpiredToken": BucketDenied,
    "InvalidToken": BucketDenied,
}
Answer = Literal["yes", "no", "unknown"]


@functools.cache
def _session() -> Any:
    """It reads the description of S3 once."""
    import botocore.session

    return botocore.session.Session()


class BucketAdmin:
    """Deletes for good what lies under one prefix, and looks at the bucket around it."""

    def __init__(self, settings: Settings, location: Location) -> None:
        self._settings = settings
        self.location = location

    @functools.cached_property
    def _client(self) -> Any:
        try:
            from botocore.config import Config
        except ImportError:
            raise BucketExtraMissing from None
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
        asked, keys = server(self._settings), credentials(self._settings)
        assert asked is not None  # `location_of` has looked
        return _session().create_client(
            "s3",
            region_name=self._settings.region,
            endpoint_url=asked.url,
            verify=self._settings.ca_file or None,
            aws_access_key_id=keys.access,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            config=Config(
                connect_timeout=self._settings.patience_seconds,
                read_timeout=self._settings.patience_seconds,
                retries={"total_max_attempts": self._settings.attempts, "mode": "standard"},
                proxies={},
                ignore_configured_endpoint_urls=True,
                s3={"addressing_style": "path" if asked.netloc else "auto"},
                request_checksum_calculation="when_required",
            ),
        )

    def remove(self, under: str) -> int:
        """Delete every version of every object under a folder of the prefix, and its unended uploads; how many."""
        return self.remove_exactly(self._versions(under)) + self.give_up(under)

    def remove_names(self, names: Iterable[str]) -> int:
        """Delete every version of these objects; how many."""
        wanted = set(names)
        folders = sorted({name.rsplit("/", 1)[0] + "/" for name in wanted})
        keys = {self.location.key(name) for name in wanted}
        found = (v for folder in folders for v in self._versions(folder) if v["Key"] in keys)
        return self.remove_exactly(found)

    def superseded(self, under: str = "") -> Iterator[dict[str, str]]:
        """Versions that are not the newest, and marks of deletion: what only looks deleted."""
        return (v for v, newest, mark in self._told(under) if mark or not newest)

    def remove_exactly(self, versions: Iterable[dict[str, str]]) -> int:
        """Delete these versions for good; how many."""
        listed, count = list(versions), 0
        for at in range(0, len(listed), _AT_ONCE):
            chosen = listed[at : at + _AT_ONCE]
            with _coded():
                told = self._client.delete_objects(
                    Bucket=self.location.bucket, Delete={"Objects": chosen, "Quiet": True}
                )
            for problem in told.get("Errors", ()):
                raise _BY_CODE.get(str(problem.get("Code")), BucketDenied)
            count += len(chosen)
        return count

    def give_up(self, under: str = "") -> int:
        """End uploads that nobody will end; for who knows that none is under way. How many there were."""
        count = 0
        pages = self._pages("list_multipart_uploads", under)
        for upload in [u for page in pages for u in page.get("Uploads", ())]:
            with _coded():
                self._client.abort_multipart_upload(
                    Bucket=self.location.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
            count += 1
        return count

    def uploads(self, under: str = "") -> list[str]:
        """Names of objects whose upload was begun and not ended."""
        pages = self._pages("list_multipart_uploads", under)
        cut = len(self.location.key(""))
        return [str(u["Key"])[cut:] for page in pages for u in page.get("Uploads", ())]

    def keeps_versions(self) -> Answer:
        """Whether the bucket keeps what is overwritten or deleted."""
        with contextlib.suppress(_Unable, BucketDenied), _coded():
            told = self._client.get_bucket_versioning(Bucket=self.location.bucket)
            return "yes" if told.get("Status") == "Enabled" else "no"
        return "unknown"

    def closed_to_the_public(self) -> Answer:
        """Whether the bucket itself bars public access, whatever a policy or an object's list says."""
        with contextlib.suppress(_Unable, BucketDenied):
            try:
                with _coded():
                    told = self._client.get_public_access_block(Bucket=self.location.bucket)
            except BucketAnswered as error:
                absent = error.facts.get("answer") == "NoSuchPublicAccessBlockConfiguration"
                return "no" if absent else "unknown"
            block = told["PublicAccessBlockConfiguration"]
            return "yes" if block and all(block.values()) else "no"
        return "unknown"

    def _versions(self, under: str) -> Iterator[dict[str, str]]:
        return (version for version, _, _ in self._told(under))

    def _told(self, under: str) -> Iterator[tuple[dict[str, str], bool, bool]]:
        """(key and version, whether it is the newest, whether it is a mark of deletion)."""
        try:
            for page in self._pages("list_object_versions", under):
                for kind in ("Versions", "DeleteMarkers"):
                    for v in page.get(kind, ()):
                        named = {"Key": str(v["Key"]), "VersionId": str(v["VersionId"])}
                        yield named, bool(v["IsLatest"]), kind == "DeleteMarkers"
        except _Unable:  # a server without versions
            for page in self._pages("list_objects_v2", under):
                for v in page.get("Contents", ()):
                    yield {"Key": str(v["Key"])}, True, False

    def _pages(self, what: str, under: str) -> Iterator[dict[str, Any]]:
        with _coded():
            pages = self._client.get_paginator(what).paginate(
                Bucket=self.location.bucket, Prefix=self.location.key(under)
            )
            yield from pages


class _Unable(Exception):
    """The server does not know this request."""


@contextlib.contextmanager
def _coded() -> Generator[None, None, None]:
    """Replace what botocore says: its texts quote keys, hosts and the access key."""
    import botocore.exceptions as told

    try:
        yield
    except told.ClientError as error:
        found = _cause(error.response)
    except told.SSLError:
        found = BucketUntrusted()
    except (told.HTTPClientError, told.ConnectionError):
        found = BucketUnreachable()
    except told.BotoCoreError as error:
        found = BucketAnswered(answer=type(error).__name__)
    else:
        return
    raise found from None


def _cause(response: Mapping[str, Any]) -> Exception:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _UNABLE or status == 501:
        return _Unable()
    if found := _BY_CODE.get(code):
        return found()
    if status in (401, 403):
        return BucketDenied()
    if status >= 500 or status == 429:
        return BucketBusy()
    return BucketAnswered(answer=code if code.isalnum() else str(status))
