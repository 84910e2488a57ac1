"""One prefix of an S3-compatible bucket: whole objects in, whole objects out, through pyarrow's file system.

What comes in is encrypted already. Every error of pyarrow is replaced: its texts quote keys and hosts. What pyarrow can't do
(versions, uploads that were never ended, who else may read) is done by `pipelines.storage.bucket_admin`.
"""

import contextlib
import functools
import hashlib
import os
import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from crypto import files
from errors.coded import CodedError
from pipelines.home import Bucket as Settings
from pipelines.storage.errors import (
    BucketAnswered,
    BucketBusy,
    BucketDenied,
    BucketMissing,
    BucketUnreachable,
    BucketUntrusted,
    ObjectChanged,
    ObjectMissing,
    ObjectTruncated,
)
from pipelines.storage.location import Location, credentials, server

_BLOCK = 8 << 20  # bytes sent or received at a time
_ERROR = re.compile(r"AWS Error (\w+)")
_STATUS = re.compile(r"HTTP status (\d{3})")
_CURL = re.compile(r"curlCode: (\d+)")
_TLS = {"35", "51", "53", "54", "58", "59", "60", "64", "66", "77", "80", "83", "90", "91"}
_DENIED = {
    "ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "EXPIRED_TOKEN", "INVALID_CLIENT_TOKEN_ID",
    "INVALID_SIGNATURE", "REQUEST_EXPIRED", "REQUEST_TIME_TOO_SKEWED", "UNRECOGNIZED_CLIENT", "MISSING_AUTHENTICATION_TOKEN",
}  # fmt: skip
_BUSY = {"SLOW_DOWN", "SERVICE_UNAVAILABLE", "INTERNAL_FAILURE", "THROTTLING"}


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
    def _files(self) -> Any:
        from pyarrow import fs

        # Otherwise the SDK asks the cloud's metadata address for what it is told here.
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
        with contextlib.suppress(Exception):  # somebody was first
            fs.initialize_s3(fs.S3LogLevel.Off)
        asked, keys = server(self.settings), credentials(self.settings)
        assert asked is not None  # `location_of` has looked
        return fs.S3FileSystem(
            access_key=keys.access,
            secret_key=keys.secret,
            session_token=keys.token,
            region=self.settings.region,
            scheme=asked.scheme,
            endpoint_override=asked.netloc or None,
            tls_ca_file_path=self.settings.ca_file or None,
            connect_timeout=self.settings.patience_seconds,
            request_timeout=self.settings.patience_seconds,  # the SDK's own gives up after 3 seconds
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=self.settings.attempts),
            allow_delayed_open=True,  # a small object is one request: there, or not
        )

    def sizes(self, under: str = "") -> Mapping[str, int]:
        """Names and lengths in bytes of all complete objects under a folder of the prefix."""
        from pyarrow import fs

        base = self.location.path(under).rstrip("/")
        with coded():
            found = self._files.get_file_info(
                fs.FileSelector(base, recursive=True, allow_not_found=True)
            )
        cut = len(self.location.path(""))
        return {i.path[cut:]: int(i.size) for i in found if i.type == fs.FileType.File}

    def put(self, name: str, source: Path) -> None:
        """Send a file; the object appears whole after the last byte, or not at all."""
        with coded(), source.open("rb") as file:
            self._send(name, iter(lambda: file.read(_BLOCK), b""))

    def put_small(self, name: str, content: bytes) -> None:
        """Send a small object in one request."""
        with coded():
            self._send(name, iter((content,)))

    def _send(self, name: str, blocks: Iterator[bytes]) -> None:
        sink = self._files.open_output_stream(self.location.path(name))
        try:
            for block in blocks:
                sink.write(block)
            sink.close()
        except BaseException:
            # Otherwise pyarrow does it when the stream is collected, and writes to stderr that it can't. What
            # is completed so by half has a name that its length belies, and no manifest names it.
            with contextlib.suppress(Exception):
                sink.close()
            raise

    def small(self, name: str, longest: int) -> bytes | None:
        """Read a small object; None where there is none.

        Raises:
            ObjectTruncated: it is longer than any of ours.
        """
        with coded():
            try:
                with self._files.open_input_stream(self.location.path(name)) as source:
                    content: bytes = source.read(longest + 1)
            except FileNotFoundError:
                return None
        if len(content) > longest:
            raise ObjectTruncated
        return content

    def fetch(self, name: str, target: Path, *, sha256: str, size: int) -> None:
        """Bring an object; the file appears, 0600, when its length and its digest are right.

        Raises:
            ObjectMissing, ObjectTruncated, ObjectChanged: it is not what was written (exit 5).
        """
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.written_whole(target) as partial:
            length, digest = self._received(name, partial, size)
            if length != size:
                raise ObjectTruncated
            if digest != sha256:
                raise ObjectChanged

    def _received(self, name: str, partial: Path, size: int) -> tuple[int, str]:
        """Length and SHA-256 of what came, at most one block more than was expected."""
        seen, length = hashlib.sha256(), 0
        with coded(), partial.open("wb") as sink:
            try:
                with self._files.open_input_stream(self.location.path(name)) as source:
                    while length <= size and (block := source.read(_BLOCK)):
                        seen.update(block)
                        length += len(block)
                        sink.write(block)
            except FileNotFoundError:
                raise ObjectMissing from None
        return length, seen.hexdigest()


@contextlib.contextmanager
def coded() -> Generator[None, None, None]:
    """Replace what pyarrow's file system says by the error of its cause, without its text."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and "AWS Error" not in str(error):
            raise  # the disk's own
        found = _cause(str(error))
    else:
        return
    raise found from None


def _cause(text: str) -> CodedError:
    """The error that a text of pyarrow's speaks of; only codes of it are kept."""
    name = match[1] if (match := _ERROR.search(text)) else ""
    status = match[1] if (match := _STATUS.search(text)) else ""
    curl = match[1] if (match := _CURL.search(text)) else ""
    if curl in _TLS:
        return BucketUntrusted()
    if curl or name in {"NETWORK_CONNECTION", "REQUEST_TIMEOUT"}:
        return BucketUnreachable()
    if name in _BUSY or status[:1] == "5" or status == "429":
        return BucketBusy()
    if name in _DENIED or status in {"401", "403"}:
        return BucketDenied()
    if name == "NO_SUCH_BUCKET":
        return BucketMissing()
    if name in {"NO_SUCH_KEY", "RESOURCE_NOT_FOUND"}:
        return ObjectMissing()
    return BucketAnswered(answer=name if name not in {"", "UNKNOWN"} else status or "unknown")
