"""One prefix of an S3-compatible bucket, by botocore (extra ``[s3]``): whole objects in and out, and what is deleted is gone.

What comes in is encrypted already. Large objects go in parts and come in blocks, so that memory does not grow with them. Deleting
removes every version; uploads that were never ended are given up, since they are stored, and billed, unseen. Every error of
botocore is replaced by the one of its cause: its texts quote keys, hosts and the access key.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from crypto import files
from errors import CodedError
from pipelines.home import Bucket as Settings
from pipelines.storage import errors
from pipelines.storage.location import Location, credentials, server

_BLOCK = 8 << 20  # bytes sent or received at a time
_MOST_PARTS = 10_000  # of one upload: S3's own limit
_PARTS_AT_ONCE = 4  # of one upload, each in memory
_KEYS_AT_ONCE = 1000  # of one DeleteObjects request: S3's own limit
_UNABLE = "NotImplemented"
_UNABLE_CODES = {_UNABLE, "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented"}
_BY_CODE: Mapping[str, type[CodedError]] = {
    "NoSuchBucket": errors.BucketMissing,
    "NoSuchKey": errors.ObjectMissing,
    "SlowDown": errors.BucketBusy,
    "ServiceUnavailable": errors.BucketBusy,
    "InternalError": errors.BucketBusy,
    "RequestTimeout": errors.BucketUnreachable,
    "RequestTimeTooSkewed": errors.BucketDenied,
    "ExpiredToken": errors.BucketDenied,
    "InvalidToken": errors.BucketDenied,
}
Answer = Literal["yes", "no", "unknown"]


@functools.cache
def _session() -> Any:
    """It reads the description of S3 once."""
    import botocore.session

    return botocore.session.Session()


class Bucket:
    """The objects under one prefix.

    Args:
        settings: how it is reached.
        location: which bucket and prefix.
    """

    def __init__(self, settings: Settings, location: Location) -> None:
        self.settings = settings
        self.location = location

    @functools.cached_property
    def client(self) -> Any:
        """Botocore's client for S3, under the settings' credentials.

        Raises:
            BucketExtraMissing: botocore is not installed.
            CredentialsMissing: there are none, or half of them.
        """
        try:
            from botocore.config import Config
        except ImportError:
            raise errors.BucketExtraMissing from None
        # Botocore is told everything here; it asks neither the cloud's metadata address nor files of its own.
        os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
        os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
        asked, keys = server(self.settings), credentials(self.settings)
        assert asked is not None  # `location_of` has looked
        return _session().create_client(
            "s3",
            region_name=self.settings.region,
            endpoint_url=asked.url,
            verify=self.settings.ca_file or None,
            aws_access_key_id=keys.access,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            config=Config(
                connect_timeout=self.settings.patience_seconds,
                read_timeout=self.settings.patience_seconds,
                retries={"total_max_attempts": self.settings.attempts, "mode": "standard"},
                proxies={},
                ignore_configured_endpoint_urls=True,
                s3={"addressing_style": "path" if asked.netloc else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def pages(self, operation: str, under: str) -> Iterator[dict[str, Any]]:
        """The pages of an operation that lists what lies under a prefix of the prefix."""
        client = self.client
        with coded():
            pages = client.get_paginator(operation).paginate(
                Bucket=self.location.bucket, Prefix=self.location.key(under)
            )
            yield from pages

    def sizes(self, under: str = "") -> Mapping[str, int]:
        """Names and lengths in bytes of all complete objects under a folder of the prefix."""
        folder = f"{under.rstrip('/')}/" if under else ""
        cut = len(self.location.key(""))
        return {
            str(found["Key"])[cut:]: int(found["Size"])
            for page in self.pages("list_objects_v2", folder)
            for found in page.get("Contents", ())
            if not found["Key"].endswith("/")  # what some tools leave for a folder
        }

    def put(self, name: str, source: Path) -> None:
        """Send a file; the object appears whole after the last byte, or not at all."""
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _BLOCK:
                self.put_small(name, file.read())
                return
            length = max(_BLOCK, -(-size // _MOST_PARTS))
            self._put_parts(name, iter(lambda: file.read(length), b""))

    def put_small(self, name: str, content: bytes) -> None:
        """Send a small object in one request."""
        client = self.client
        with coded():
            client.put_object(**self._object(name), Body=content)

    def _put_parts(self, name: str, blocks: Iterator[bytes]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        client, numbered = self.client, enumerate(blocks, 1)
        with coded():
            upload = client.create_multipart_upload(**self._object(name))["UploadId"]

        def send(part: tuple[int, bytes]) -> dict[str, object]:
            number, block = part
            sent = client.upload_part(
                **self._object(name), UploadId=upload, PartNumber=number, Body=block
            )
            return {"PartNumber": number, "ETag": sent["ETag"]}

        try:
            with coded(), ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
                parts: list[dict[str, object]] = []
                while some := list(islice(numbered, _PARTS_AT_ONCE)):
                    parts += pool.map(send, some)
                client.complete_multipart_upload(
                    **self._object(name), UploadId=upload, MultipartUpload={"Parts": parts}
                )
        except BaseException:
            # What can't be given up now is given up by `bucket sweep`.
            with contextlib.suppress(Exception):
                client.abort_multipart_upload(**self._object(name), UploadId=upload)
            raise

    def small(self, name: str, longest: int) -> bytes | None:
        """Read a small object; None where there is none.

        Raises:
            ObjectTruncated: it is longer than any of ours.
        """
        content = b""
        try:
            for block in self._blocks(name, longest + 1):
                content += block
                if len(content) > longest:
                    raise errors.ObjectTruncated
        except errors.ObjectMissing:
            return None
        return content

    def fetch(self, name: str, target: Path, *, sha256: str, size: int) -> None:
        """Fetch an object; the file appears, 0600, when its length and its digest are right.

        Raises:
            ObjectMissing, ObjectTruncated, ObjectChanged: it is not what was written (exit 5).
        """
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.written_whole(target) as partial, partial.open("wb") as sink:
            seen, length = hashlib.sha256(), 0
            for block in self._blocks(name, _BLOCK):
                seen.update(block)
                length += len(block)
                if length > size:
                    raise errors.ObjectTruncated
                sink.write(block)
            if length != size:
                raise errors.ObjectTruncated
            if seen.hexdigest() != sha256:
                raise errors.ObjectChanged

    def _blocks(self, name: str, longest: int) -> Iterator[bytes]:
        """An object's bytes, at most so many at a time; where the connection breaks it is taken up again."""
        client, at = self.client, 0
        for attempt in range(1, self.settings.attempts + 1):
            begin = {"Range": f"bytes={at}-"} if at else {}
            with coded():
                source = client.get_object(**self._object(name), **begin)["Body"]
            try:
                with contextlib.closing(source), coded():
                    while block := source.read(longest):
                        at += len(block)
                        yield block
            except errors.BucketUnreachable:
                if attempt == self.settings.attempts:
                    raise
            else:
                return

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.location.bucket, "Key": self.location.key(name)}


class BucketAdmin:
    """Deletes for good what lies under a bucket's prefix, and looks at the bucket around it."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._name = bucket.location.bucket

    def remove(self, under: str) -> int:
        """Delete every version of every object under a folder of the prefix, and its unended uploads; how many."""
        return self.remove_versions(self._versions(under)) + self.abort_uploads(under)

    def remove_names(self, names: Iterable[str]) -> int:
        """Delete every version of these objects; how many."""
        wanted = set(names)
        folders = sorted({name[: name.rfind("/") + 1] or name for name in wanted})
        keys = {self._bucket.location.key(name) for name in wanted}
        found = (v for folder in folders for v in self._versions(folder) if v["Key"] in keys)
        return self.remove_versions(found)

    def remove_superseded(self, wanted: Iterable[str]) -> int:
        """Delete what only looks deleted, of all but these objects; how many.

        That is versions that are not the newest, and marks of deletion.
        """
        keys = {self._bucket.location.key(name) for name in wanted}
        return self.remove_versions(
            version
            for version, newest, mark in self._listed("")
            if (mark or not newest) and version["Key"] not in keys
        )

    def remove_versions(self, versions: Iterable[dict[str, str]]) -> int:
        """Delete these versions for good; how many."""
        listed, count = list(versions), 0
        for at in range(0, len(listed), _KEYS_AT_ONCE):
            chosen = listed[at : at + _KEYS_AT_ONCE]
            with coded():
                answer = self._bucket.client.delete_objects(
                    Bucket=self._name, Delete={"Objects": chosen, "Quiet": True}
                )
            for problem in answer.get("Errors", ()):
                raise _BY_CODE.get(str(problem.get("Code")), errors.BucketDenied)
            count += len(chosen)
        return count

    def abort_uploads(self, under: str = "") -> int:
        """End uploads that nobody will end; for who knows that none is under way. How many there were."""
        count = 0
        for upload in list(self._uploads(under)):
            with coded():
                self._bucket.client.abort_multipart_upload(
                    Bucket=self._name, Key=upload["Key"], UploadId=upload["UploadId"]
                )
            count += 1
        return count

    def uploads(self, under: str = "") -> list[str]:
        """Names of objects whose upload was begun and not ended."""
        cut = len(self._bucket.location.key(""))
        return [str(upload["Key"])[cut:] for upload in self._uploads(under)]

    def _uploads(self, under: str) -> Iterator[dict[str, Any]]:
        for page in self._bucket.pages("list_multipart_uploads", under):
            yield from page.get("Uploads", ())

    def keeps_versions(self) -> Answer:
        """Whether the bucket keeps what is overwritten or deleted."""
        try:
            with coded():
                answer = self._bucket.client.get_bucket_versioning(Bucket=self._name)
        except errors.BucketDenied:
            return "unknown"
        except errors.BucketAnswered as error:
            if not _is_unable(error):
                raise
            return "unknown"
        return "yes" if answer.get("Status") == "Enabled" else "no"

    def closed_to_the_public(self) -> Answer:
        """Whether the bucket itself bars public access, whatever a policy or an object's list says."""
        try:
            with coded():
                answer = self._bucket.client.get_public_access_block(Bucket=self._name)
        except errors.BucketDenied:
            return "unknown"
        except errors.BucketAnswered as error:
            absent = error.facts.get("answer") == "NoSuchPublicAccessBlockConfiguration"
            return "no" if absent else "unknown"
        block = answer["PublicAccessBlockConfiguration"]
        return "yes" if block and all(block.values()) else "no"

    def _versions(self, under: str) -> Iterator[dict[str, str]]:
        return (version for version, _, _ in self._listed(under))

    def _listed(self, under: str) -> Iterator[tuple[dict[str, str], bool, bool]]:
        """(key and version, whether it is the newest, whether it is a mark of deletion)."""
        try:
            for page in self._bucket.pages("list_object_versions", under):
                for kind in ("Versions", "DeleteMarkers"):
                    for v in page.get(kind, ()):
                        version = {"Key": str(v["Key"]), "VersionId": str(v["VersionId"])}
                        yield version, bool(v["IsLatest"]), kind == "DeleteMarkers"
        except errors.BucketAnswered as error:
            if not _is_unable(error):
                raise
            # a server without versions
            for page in self._bucket.pages("list_objects_v2", under):
                for v in page.get("Contents", ()):
                    yield {"Key": str(v["Key"])}, True, False


def _is_unable(error: errors.BucketAnswered) -> bool:
    """Whether the server does not know the request."""
    return error.facts.get("answer") == _UNABLE


@contextlib.contextmanager
def coded() -> Generator[None, None, None]:
    """Replace what botocore says by the error of its cause, without its text."""
    import botocore.exceptions as botocore

    try:
        yield
    except botocore.ClientError as error:
        found = _cause(error.response)
    except botocore.SSLError:
        found = errors.BucketUntrusted()
    except (botocore.HTTPClientError, botocore.ConnectionError, botocore.IncompleteReadError):
        found = errors.BucketUnreachable()
    except botocore.BotoCoreError as error:
        found = errors.BucketAnswered(answer=type(error).__name__)
    else:
        return
    raise found from None


def _cause(response: Mapping[str, Any]) -> CodedError:
    """The error that an answer of the server's speaks of; only its code is kept."""
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _UNABLE_CODES or status == 501:
        return errors.BucketAnswered(answer=_UNABLE)
    if found := _BY_CODE.get(code):
        return found()
    if status in (401, 403):
        return errors.BucketDenied()
    if status >= 500 or status == 429:
        return errors.BucketBusy()
    return errors.BucketAnswered(answer=code if code.isalnum() else str(status))
